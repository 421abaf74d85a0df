import assert from 'node:assert/strict';
import test from 'node:test';
import {setImmediate as tick, setTimeout as sleep} from 'node:timers/promises';
import type {QueryAnswer, QueryRequest, QuerySource} from '../api/backend.ts';
import {QueryPool, type QueryPoolOptions, type QueryWorker, type WorkerAnswer} from './querypool.ts';

const never = new AbortController().signal;
const source: QuerySource = {client: 'a', group: ''};

function request(query: string, timeoutMs = 0): QueryRequest {
  return {kind: 'instant', query, timeMs: 0, timeoutMs, limit: 0, stats: ''};
}

/** A worker whose queries end when the test says so. */
class FakeWorker implements QueryWorker {
  running: {query: string; finish: (answer: WorkerAnswer) => void; fail: (error: Error) => void} | null =
    null;
  cancels = 0;
  /** Does not react to being told to give up. */
  deaf = false;
  terminated = false;

  get alive(): boolean {
    return !this.terminated;
  }

  run(each: QueryRequest): Promise<WorkerAnswer> {
    assert.equal(this.running, null, 'one query at a time');
    return new Promise((resolve, reject) => {
      const query = 'query' in each ? each.query : '';
      this.running = {query, finish: resolve, fail: reject};
    });
  }

  cancel(): void {
    this.cancels++;
    if (!this.deaf) this.finish('canceled');
  }

  terminate(): void {
    this.terminated = true;
    this.running?.fail(new Error('terminated'));
  }

  finish(outcome: WorkerAnswer['outcome'] = 'ok'): void {
    const {query, finish} = this.running!;
    this.running = null;
    finish({
      status: 200,
      body: Buffer.from(query),
      slices: {inner_eval: 1},
      samplesRead: 10,
      seconds: 0.001,
      heldBytes: 0,
      outcome,
    });
  }
}

function poolOf(options: Partial<QueryPoolOptions> = {}): {pool: QueryPool; workers: FakeWorker[]} {
  const workers: FakeWorker[] = [];
  const pool = new QueryPool({
    workersMax: 2,
    reliefMax: 0,
    idleMs: 5,
    concurrencyMax: 20,
    timeoutMs: 60_000,
    graceMs: 10,
    startWorker: () => {
      const worker = new FakeWorker();
      workers.push(worker);
      return worker;
    },
    errorAnswer: (errorType, message) => ({status: 599, body: Buffer.from(`${errorType}: ${message}`)}),
    ...options,
  });
  return {pool, workers};
}

async function textOf(answer: Promise<QueryAnswer>): Promise<string> {
  return Buffer.from((await answer).body).toString();
}

test('QueryPool starts a worker only when all others are busy, and queues past the limit in order', async () => {
  const {pool, workers} = poolOf();
  const answers = ['a', 'b', 'c', 'd'].map((query) => textOf(pool.run(request(query), never, source)));
  assert.deepEqual(
    workers.map((worker) => worker.running?.query),
    ['a', 'b'],
  );
  assert.equal((await pool.statistics()).queries, 4);
  workers[1]!.finish();
  await tick();
  assert.equal(workers[1]!.running?.query, 'c');
  workers[0]!.finish();
  await tick();
  assert.equal(workers[0]!.running?.query, 'd');
  for (const worker of workers) worker.finish();
  assert.deepEqual(await Promise.all(answers), ['a', 'b', 'c', 'd']);
  const {samplesRead, slices} = await pool.statistics();
  assert.equal(samplesRead, 40);
  assert.equal(slices.find(({slice}) => slice === 'inner_eval')!.count, 4);
});

test('QueryPool answers light queries at once, by what they took before', async () => {
  const expected: number[] = [];
  const {pool, workers} = poolOf({
    answerLight: (_, costSeconds) => {
      expected.push(costSeconds);
      if (costSeconds > 0.1) return null;
      const body = Buffer.from('light');
      return {
        status: 200,
        body,
        slices: {inner_eval: 1},
        samplesRead: 10,
        seconds: 0.2,
        heldBytes: 0,
        outcome: 'ok',
      };
    },
  });
  assert.equal(pool.light(request('a')), null);
  const first = textOf(pool.run(request('a'), never, source));
  workers[0]!.finish();
  assert.equal(await first, 'a');
  const answer = pool.light(request('a'))!;
  assert.equal(Buffer.from(answer.body).toString(), 'light');
  answer.release!();
  const {samplesRead, queries} = await pool.statistics();
  assert.deepEqual({samplesRead, queries}, {samplesRead: 20, queries: 0});
  // It took longer here than a worker needs, and again: the next time it is a worker's.
  pool.light(request('a'))!.release!();
  assert.equal(pool.light(request('a')), null);
  assert.deepEqual(expected, [0.25, 0.001, 0.001]);
});

test('QueryPool keeps --query.max-concurrency', async () => {
  const {pool, workers} = poolOf({concurrencyMax: 1});
  const first = textOf(pool.run(request('a'), never, source));
  const second = textOf(pool.run(request('b'), never, source));
  assert.equal(workers.length, 1);
  workers[0]!.finish();
  assert.equal(await first, 'a');
  workers[0]!.finish();
  assert.equal(await second, 'b');
  assert.equal(workers.length, 1);
});

test('QueryPool answers a query that waited past its timeout', async () => {
  const {pool, workers} = poolOf({workersMax: 1});
  const first = textOf(pool.run(request('a'), never, source));
  assert.equal(
    await textOf(pool.run(request('b', 5), never, source)),
    'timeout: query timed out in query queue',
  );
  workers[0]!.finish();
  assert.equal(await first, 'a');
});

test('QueryPool cancels what its client has left, waiting or running', async () => {
  const {pool, workers} = poolOf({workersMax: 1});
  const running = new AbortController();
  const waiting = new AbortController();
  const first = textOf(pool.run(request('a'), running.signal, source));
  const second = textOf(pool.run(request('b'), waiting.signal, source));
  const third = textOf(pool.run(request('c'), never, source));
  waiting.abort();
  assert.match(await second, /^canceled/);
  assert.equal(workers[0]!.cancels, 0);
  running.abort();
  await first;
  assert.equal(workers[0]!.cancels, 1);
  await tick();
  assert.equal(workers[0]!.running?.query, 'c');
  workers[0]!.finish();
  assert.equal(await third, 'c');
  assert.equal((await pool.statistics()).cancelled, 2);
});

test('QueryPool tells a worker at the deadline, and takes its answer', async () => {
  const {pool, workers} = poolOf();
  const answer = textOf(pool.run(request('a', 5), never, source));
  assert.equal(await answer, 'a');
  assert.equal(workers[0]!.cancels, 1);
  assert.ok(workers[0]!.alive);
});

test('QueryPool ends a worker that does not give up when its client has gone', async () => {
  const {pool, workers} = poolOf({workersMax: 1});
  const gone = new AbortController();
  const first = textOf(pool.run(request('a'), gone.signal, source));
  const second = textOf(pool.run(request('b'), never, source));
  workers[0]!.deaf = true;
  gone.abort();
  assert.match(await first, /^canceled/);
  assert.ok(workers[0]!.terminated);
  workers[1]!.finish();
  assert.equal(await second, 'b');
});

test('QueryPool lets clients take turns, and a light query pass without waiting', async () => {
  const {pool, workers} = poolOf({workersMax: 1, reliefMax: 1});
  const heavy = {client: 'heavy', group: ''};
  const many = Array.from({length: 10}, (_, i) => textOf(pool.run(request(`a${i}`), never, heavy)));
  assert.equal(workers.length, 1);
  // Another client is let in beside; its second query takes its turn.
  const others = ['b0', 'b1'].map((query) =>
    textOf(pool.run(request(query), never, {client: 'light', group: ''})),
  );
  assert.equal(workers[1]!.running?.query, 'b0');
  workers[1]!.finish();
  assert.equal(await others[0], 'b0');
  assert.equal(workers[1]!.running?.query, 'b1');
  workers[1]!.finish();
  assert.equal(await others[1], 'b1');
  assert.equal(workers.filter(({running}) => running !== null).length, 1);
  // Known to be light: it need not wait for its client's own heavy queries.
  const known = textOf(pool.run(request('b0'), never, heavy));
  assert.equal(workers[1]!.running?.query, 'b0');
  workers[1]!.finish();
  await known;
  for (const answer of many) {
    workers[0]!.finish();
    await answer;
  }
});

test('QueryPool ends workers that it needed besides', async () => {
  const {pool, workers} = poolOf({workersMax: 1, reliefMax: 1});
  const answers = ['a', 'b'].map((client) => textOf(pool.run(request(client), never, {client, group: ''})));
  for (const worker of workers) worker.finish();
  await Promise.all(answers);
  assert.equal(workers.length, 2);
  const until = Date.now() + 5000;
  while (workers.every(({alive}) => alive)) {
    assert.ok(Date.now() < until);
    await sleep(5);
  }
  assert.equal(workers.filter(({alive}) => alive).length, 1);
});

test('QueryPool replaces a worker that hangs or dies', async () => {
  const {pool, workers} = poolOf({workersMax: 1});
  const hung = textOf(pool.run(request('a', 5), never, source));
  const next = textOf(pool.run(request('b'), never, source));
  const memory = textOf(pool.run(request('m'), never, source));
  workers[0]!.deaf = true;
  assert.equal(await hung, 'timeout: query timed out in expression evaluation');
  assert.ok(workers[0]!.terminated);
  workers[1]!.running!.fail(new Error('it fell'));
  assert.match(await next, /^internal: .*it fell/);
  workers[2]!.running!.fail(Object.assign(new Error('heap'), {code: 'ERR_WORKER_OUT_OF_MEMORY'}));
  assert.match(await memory, /^execution: query processing would need too much memory/);
  const last = textOf(pool.run(request('c'), never, source));
  workers[3]!.finish();
  assert.equal(await last, 'c');
});

test('QueryPool.warm() starts one worker, and an idle one that died is not used', async () => {
  const {pool, workers} = poolOf();
  pool.warm();
  pool.warm();
  assert.equal(workers.length, 1);
  workers[0]!.terminated = true;
  const answer = textOf(pool.run(request('a'), never, source));
  assert.equal(workers[0]!.running, null);
  workers[1]!.finish();
  assert.equal(await answer, 'a');
});

test('QueryPool.close() settles everything', async () => {
  const {pool} = poolOf({workersMax: 1});
  const answers = [pool.run(request('a'), never, source), pool.run(request('b'), never, source)];
  pool.close();
  for (const answer of answers) assert.match(await textOf(answer), /^canceled/);
  assert.match(await textOf(pool.run(request('c'), never, source)), /^canceled/);
});
