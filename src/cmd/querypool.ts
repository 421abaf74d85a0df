import type {QueryAnswer, QueryBackend, QueryRequest, QuerySource} from '../api/backend.ts';
import type {QueryMemoryStatistics, QuerySliceStatistics, QueryStatistics} from '../api/statistics.ts';
import {noteGarbage} from '../sys/garbage.ts';
import {Summary} from '../sys/summary.ts';
import type {ActiveQueries} from './active-queries.ts';
import {FairQueue, type Ticket} from './fairqueue.ts';
import {QueryCosts, unknownSeconds} from './querycosts.ts';

/** A query worker as the pool sees it: one query at a time. */
export interface QueryWorker {
  /** Evaluates; `deadlineMs` is on the clock of Date.now(). Rejects when the worker has died. */
  run(request: QueryRequest, times: {deadlineMs: number; queueSeconds: number}): Promise<WorkerAnswer>;
  /** Makes the running query end soon: with a timeout where its deadline has passed, else as cancelled. */
  cancel(): void;
  /** False once the worker has ended, for whatever reason. */
  readonly alive: boolean;
  /** Ends the worker at once and gives back what it held. */
  terminate(): void;
}

/** More damage than this is not told apart. */
const damagedMax = 10_000;

export interface WorkerAnswer extends QueryAnswer {
  /** Seconds of the query's parts, by Prometheus's slice names. */
  slices: Record<string, number>;
  samplesRead: number;
  /** What evaluating and writing it took. */
  seconds: number;
  /** The most that it held at once, the answer among it. */
  heldBytes: number;
  /** What the thread has found damaged for the first time, in words. */
  damaged?: string[];
  outcome: 'ok' | 'error' | 'timeout' | 'canceled' | 'over budget';
}

/** Why a query ended without a worker's answer. */
export type LostQuery = 'timeout' | 'canceled' | 'internal' | 'execution';

export interface QueryPoolOptions {
  /** Workers that share out what waits; each is started when all others are busy. */
  workersMax: number;
  /** Workers besides, for light queries and for clients of which none runs: so that nobody waits for another's heavy ones. */
  reliefMax: number;
  /** Queries evaluated at the same time at most (--query.max-concurrency). */
  concurrencyMax: number;
  /** --query.timeout, queueing included. */
  timeoutMs: number;
  /** A worker that has not answered so long after it was told to give up is ended. */
  graceMs: number;
  /** A worker beyond `workersMax` is ended when it has been idle for so long. */
  idleMs: number;
  startWorker: () => QueryWorker;
  /** Answers at once, in this thread, what should take `costSeconds`; null where that is a worker's work. `alone`: no worker is busy. */
  answerLight?: (request: QueryRequest, costSeconds: number, alone: boolean) => WorkerAnswer | null;
  /** The answer to a query that ended without a worker's. */
  errorAnswer: (errorType: LostQuery, message: string) => QueryAnswer;
  memory?: () => QueryMemoryStatistics;
  now?: () => number;
}

interface Job {
  request: QueryRequest;
  signal: AbortSignal;
  enqueuedMs: number;
  deadlineMs: number;
  settle: (answer: QueryAnswer) => void;
  queueTimer: NodeJS.Timeout;
}

/**
 * Hands queries to workers, in the order of FairQueue. A query waits in the queue at most until its own deadline; one whose
 * client has gone is taken out of the queue, or cancelled in its worker; a worker that hangs or dies is replaced and its
 * query answered with an error, so that no query can take the others down.
 */
export class QueryPool implements QueryBackend {
  readonly #options: QueryPoolOptions;
  readonly #now: () => number;
  #active: ActiveQueries | null = null;
  readonly #queue = new FairQueue<Job>();
  readonly #costs = new QueryCosts();
  readonly #idle: QueryWorker[] = [];
  readonly #all = new Set<QueryWorker>();
  readonly #slices = new Map<string, Summary>();
  #running = 0;
  #samplesRead = 0;
  #timedOut = 0;
  #overBudget = 0;
  #cancelled = 0;
  /** Each thread tells of what it has found. */
  readonly #damaged = new Set<string>();
  #replaced = 0;
  #closed = false;
  #sweep: NodeJS.Timeout | null = null;

  constructor(options: QueryPoolOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    for (const slice of ['inner_eval', 'prepare_time', 'queue_time', 'result_sort'])
      this.#slices.set(slice, new Summary());
  }

  run(request: QueryRequest, signal: AbortSignal, source: QuerySource): Promise<QueryAnswer> {
    const costSeconds = this.#costs.expect(request);
    const enqueuedMs = this.#now();
    const own = 'timeoutMs' in request && request.timeoutMs > 0 ? request.timeoutMs : Infinity;
    const timeoutMs = Math.min(own, this.#options.timeoutMs);
    return new Promise((resolve) => {
      if (signal.aborted || this.#closed) return resolve(this.#canceledAnswer());
      const settle = (answer: QueryAnswer): void => {
        clearTimeout(job.queueTimer);
        signal.removeEventListener('abort', leave);
        resolve(answer);
      };
      const leave = (): void => {
        if (!this.#queue.remove(ticket)) return; // It runs: the worker's own listener cancels it.
        this.#cancelled++;
        settle(this.#canceledAnswer());
      };
      const queueTimer = setTimeout(() => {
        if (!this.#queue.remove(ticket)) return;
        this.#timedOut++;
        settle(this.#options.errorAnswer('timeout', 'query timed out in query queue'));
      }, timeoutMs);
      const job: Job = {request, signal, enqueuedMs, deadlineMs: enqueuedMs + timeoutMs, settle, queueTimer};
      signal.addEventListener('abort', leave, {once: true});
      const ticket = this.#queue.push(job, source, {costSeconds, nowSeconds: enqueuedMs / 1000});
      this.#dispatch();
    });
  }

  light(request: QueryRequest): QueryAnswer | null {
    if (this.#options.answerLight === undefined || this.#closed) return null;
    const costSeconds = this.#costs.expectHere(request);
    if (costSeconds === Infinity) return null;
    const answer = this.#options.answerLight(request, costSeconds, this.#running === 0);
    if (answer === null) return null;
    const release = (): void => {
      answer.release?.();
      // Nobody has to wait for that.
      this.#slices.get('queue_time')!.observe(0);
      this.#account(answer);
      this.#costs.learnHere(request, answer.seconds);
      noteGarbage(answer.heldBytes);
    };
    return {status: answer.status, body: answer.body, release};
  }

  /** Notes from here on which queries are evaluated. */
  track(active: ActiveQueries): void {
    this.#active = active;
  }

  /** Starts the first worker before there is a query, so that the first one does not wait for it. */
  warm(): void {
    if (this.#all.size > 0 || this.#closed) return;
    const worker = this.#start(this.#options.workersMax);
    if (worker !== null) this.#idle.push(worker);
  }

  statistics(): Promise<QueryStatistics> {
    const slices: QuerySliceStatistics[] = [];
    for (const [slice, summary] of this.#slices) slices.push({slice, ...summary.snapshot()});
    return Promise.resolve({
      queries: this.#queue.length + this.#running,
      concurrentMax: this.#options.concurrencyMax,
      slices,
      samplesRead: this.#samplesRead,
      timedOut: this.#timedOut,
      overBudget: this.#overBudget,
      cancelled: this.#cancelled,
      threadsReplaced: this.#replaced,
      damagedParts: this.#damaged.size,
      ...(this.#options.memory === undefined ? {} : {memory: this.#options.memory()}),
    });
  }

  /** Refuses what waits, ends what runs. */
  close(): void {
    this.#closed = true;
    if (this.#sweep !== null) clearInterval(this.#sweep);
    for (const job of this.#queue.drain()) job.settle(this.#canceledAnswer());
    for (const worker of this.#all) worker.terminate();
    this.#all.clear();
    this.#idle.length = 0;
    this.#active?.close();
  }

  #dispatch(): void {
    while (this.#queue.length > 0 && this.#running < this.#options.concurrencyMax && !this.#closed) {
      const {workersMax, reliefMax} = this.#options;
      const crowded = this.#running >= workersMax;
      if (crowded && this.#running >= workersMax + reliefMax) return;
      const ticket = this.#queue.peek(crowded ? deservesRelief : undefined);
      if (ticket === null) return;
      const worker = this.#takeIdle() ?? this.#start(workersMax + (crowded ? reliefMax : 0));
      if (worker === null) return;
      this.#queue.begin(ticket);
      clearTimeout(ticket.item.queueTimer);
      void this.#evaluate(worker, ticket);
    }
  }

  /** An idle worker; those that have died meanwhile are forgotten. */
  #takeIdle(): QueryWorker | null {
    for (let worker = this.#idle.pop(); worker !== undefined; worker = this.#idle.pop()) {
      if (worker.alive) return worker;
      this.#all.delete(worker);
    }
    return null;
  }

  #start(workersMax: number): QueryWorker | null {
    if (this.#all.size >= workersMax) return null;
    const worker = this.#options.startWorker();
    this.#all.add(worker);
    if (this.#all.size > this.#options.workersMax) this.#sweepLater();
    return worker;
  }

  /** Ends workers beyond the usual number once nothing has needed them for a while. */
  #sweepLater(): void {
    if (this.#sweep !== null) return;
    let needed = true;
    this.#sweep = setInterval(() => {
      const {workersMax} = this.#options;
      if (!needed) {
        while (this.#all.size > workersMax && this.#idle.length > 0) this.#discard(this.#idle.pop()!);
      }
      needed = this.#running > workersMax;
      if (this.#all.size > workersMax || this.#sweep === null) return;
      clearInterval(this.#sweep);
      this.#sweep = null;
    }, this.#options.idleMs);
    this.#sweep.unref();
  }

  #discard(worker: QueryWorker): void {
    this.#all.delete(worker);
    worker.terminate();
  }

  async #evaluate(worker: QueryWorker, ticket: Ticket<Job>): Promise<void> {
    const job = ticket.item;
    const beganMs = this.#now();
    this.#running++;
    const queueSeconds = (beganMs - job.enqueuedMs) / 1000;
    this.#slices.get('queue_time')!.observe(queueSeconds);
    const watch = new Watch(worker, job, {
      leftMs: job.deadlineMs - beganMs,
      graceMs: this.#options.graceMs,
      lost: Promise.withResolvers<'timeout' | 'canceled'>(),
    });
    let costSeconds = NaN;
    const noted = 'query' in job.request ? (this.#active?.insert(job.request.query) ?? -1) : -1;
    try {
      const answer = await Promise.race([
        worker.run(job.request, {deadlineMs: job.deadlineMs, queueSeconds}),
        watch.lost,
      ]);
      if (typeof answer === 'string') {
        this.#replaced++;
        this.#discard(worker);
        job.settle(this.#answerOfLost(answer));
      } else {
        costSeconds = answer.seconds;
        this.#account(answer);
        this.#idle.push(worker);
        const {status, body, value, release} = answer;
        job.settle({status, body, value, release});
      }
    } catch (cause) {
      this.#replaced++;
      this.#discard(worker);
      job.settle(this.#answerOfDead(cause));
    } finally {
      watch.end();
      this.#active?.delete(noted);
      this.#running--;
      const seconds = (this.#now() - beganMs) / 1000;
      this.#queue.finish(ticket, seconds);
      this.#costs.learn(job.request, Number.isNaN(costSeconds) ? seconds : costSeconds);
      this.#dispatch();
    }
  }

  #answerOfLost(why: 'timeout' | 'canceled'): QueryAnswer {
    if (why === 'canceled' || this.#closed) {
      this.#cancelled++;
      return this.#canceledAnswer();
    }
    this.#timedOut++;
    return this.#options.errorAnswer('timeout', 'query timed out in expression evaluation');
  }

  #answerOfDead(cause: unknown): QueryAnswer {
    if (this.#closed) return this.#canceledAnswer();
    const reason = cause instanceof Error ? cause.message : String(cause);
    if ((cause as {code?: unknown}).code === 'ERR_WORKER_OUT_OF_MEMORY') {
      this.#overBudget++;
      return this.#options.errorAnswer('execution', outOfMemoryMessage);
    }
    return this.#options.errorAnswer('internal', `the thread that evaluated the query ended: ${reason}`);
  }

  #account(answer: WorkerAnswer): void {
    for (const slice in answer.slices) this.#slices.get(slice)?.observe(answer.slices[slice]!);
    this.#samplesRead += answer.samplesRead;
    for (const part of answer.damaged ?? []) if (this.#damaged.size < damagedMax) this.#damaged.add(part);
    if (answer.outcome === 'timeout') this.#timedOut++;
    if (answer.outcome === 'canceled') this.#cancelled++;
    if (answer.outcome === 'over budget') this.#overBudget++;
  }

  #canceledAnswer(): QueryAnswer {
    return this.#options.errorAnswer('canceled', 'query was canceled in query execution');
  }
}

const outOfMemoryMessage =
  'query processing would need too much memory: the query thread ran out of it and was started again: ' +
  'select fewer series, a shorter range or a longer step';

/** What need not wait until one of the usual workers is free. */
function deservesRelief({client, costSeconds}: Ticket<Job>): boolean {
  return client.running === 0 || costSeconds < unknownSeconds;
}

/** Tells a worker to give up when the client has gone or the deadline has passed, and tells when it does not. */
class Watch {
  readonly lost: Promise<'timeout' | 'canceled'>;
  readonly #job: Job;
  readonly #onAbort: () => void;
  readonly #deadline: NodeJS.Timeout;
  #grace: NodeJS.Timeout | null = null;

  constructor(
    worker: QueryWorker,
    job: Job,
    options: {leftMs: number; graceMs: number; lost: PromiseWithResolvers<'timeout' | 'canceled'>},
  ) {
    const {leftMs, graceMs, lost} = options;
    const giveUp = (why: 'timeout' | 'canceled'): void => {
      worker.cancel();
      this.#grace ??= setTimeout(() => lost.resolve(why), graceMs);
    };
    this.lost = lost.promise;
    this.#job = job;
    this.#onAbort = () => giveUp('canceled');
    // A timer may be early by less than a millisecond, and then the worker would call it cancelled.
    this.#deadline = setTimeout(() => giveUp('timeout'), Math.max(0, leftMs) + 1);
    job.signal.addEventListener('abort', this.#onAbort, {once: true});
  }

  end(): void {
    clearTimeout(this.#deadline);
    if (this.#grace !== null) clearTimeout(this.#grace);
    this.#job.signal.removeEventListener('abort', this.#onAbort);
  }
}
