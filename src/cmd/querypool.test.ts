import assert from 'node:assert/strict';
import test from 'node:test';
import {setImmediate as tick} from 'node:timers/promises';
import type {QueryAnswer, QueryRequest} from '../api/backend.ts';
import {QueryPool, type QueryPoolOptions, type QueryWorker, type WorkerAnswer} from './querypool.ts';

const never = new AbortController().signal;

function request(query: string, timeoutMs = 0): QueryRequest {
  return {kind: 'instant', query, timeMs: 0, timeoutMs, limit: 0, stats: ''};
}

/** A worker whose queries end when the test says so. */
class FakeWorker implements QueryWorker {
  running: {query: string; finish: (answer: WorkerAnswer) => void; fail: (error: Error) => void} | null =
    null;
  cancels = 0;
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
    this.finish('canceled');
  }

  terminate(): void {
    this.terminated = true;
    this.running?.fail(new Error('terminated'));
  }

  finish(outcome: WorkerAnswer['outcome'] = 'ok'): void {
    const {query, finish} = this.running!;
    this.running = null;
    finish({status: 200, body: Buffer.from(query), slices: {inner_eval: 1}, samplesRead: 10, outcome});
  }
}

function poolOf(options: Partial<QueryPoolOptions> = {}): {pool: QueryPool; workers: FakeWorker[]} {
  const workers: FakeWorker[] = [];
  const pool = new QueryPool({
    workersMax: 2,
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
  const answers = ['a', 'b', 'c', 'd'].map((query) => textOf(pool.run(request(query), never)));
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

test('QueryPool keeps --query.max-concurrency', async () => {
  const {pool, workers} = poolOf({concurrencyMax: 1});
  const first = textOf(pool.run(request('a'), never));
  const second = textOf(pool.run(request('b'), never));
  assert.equal(workers.length, 1);
  workers[0]!.finish();
  assert.equal(await first, 'a');
  workers[0]!.finish();
  assert.equal(await second, 'b');
  assert.equal(workers.length, 1);
});

test('QueryPool answers a query that waited past its timeout', async () => {
  const {pool, workers} = poolOf({workersMax: 1});
  const first = textOf(pool.run(request('a'), never));
  assert.equal(await textOf(pool.run(request('b', 5), never)), 'timeout: query timed out in query queue');
  workers[0]!.finish();
  assert.equal(await first, 'a');
});

test('QueryPool cancels what its client has left, waiting or running', async () => {
  const {pool, workers} = poolOf({workersMax: 1});
  const running = new AbortController();
  const waiting = new AbortController();
  const first = textOf(pool.run(request('a'), running.signal));
  const second = textOf(pool.run(request('b'), waiting.signal));
  const third = textOf(pool.run(request('c'), never));
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

test('QueryPool replaces a worker that hangs or dies', async () => {
  const {pool, workers} = poolOf({workersMax: 1});
  const hung = textOf(pool.run(request('a', 5), never));
  const next = textOf(pool.run(request('b'), never));
  assert.equal(await hung, 'timeout: query timed out in expression evaluation');
  assert.ok(workers[0]!.terminated);
  workers[1]!.running!.fail(new Error('out of memory'));
  assert.match(await next, /^internal: .*out of memory/);
  const last = textOf(pool.run(request('c'), never));
  workers[2]!.finish();
  assert.equal(await last, 'c');
});

test('QueryPool.warm() starts one worker, and an idle one that died is not used', async () => {
  const {pool, workers} = poolOf();
  pool.warm();
  pool.warm();
  assert.equal(workers.length, 1);
  workers[0]!.terminated = true;
  const answer = textOf(pool.run(request('a'), never));
  assert.equal(workers[0]!.running, null);
  workers[1]!.finish();
  assert.equal(await answer, 'a');
});

test('QueryPool.close() settles everything', async () => {
  const {pool} = poolOf({workersMax: 1});
  const answers = [pool.run(request('a'), never), pool.run(request('b'), never)];
  pool.close();
  for (const answer of answers) assert.match(await textOf(answer), /^canceled/);
  assert.match(await textOf(pool.run(request('c'), never)), /^canceled/);
});
