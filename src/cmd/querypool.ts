import type {QueryAnswer, QueryBackend, QueryRequest} from '../api/backend.ts';
import type {QuerySliceStatistics, QueryStatistics} from '../api/statistics.ts';
import {Summary} from '../sys/summary.ts';

/** A query worker as the pool sees it: one query at a time. */
export interface QueryWorker {
  /** Evaluates; `deadlineMs` is on the clock of Date.now(). Rejects when the worker has died. */
  run(request: QueryRequest, times: {deadlineMs: number; queueSeconds: number}): Promise<WorkerAnswer>;
  /** Makes the running query end soon, with an answer that nobody looks at. */
  cancel(): void;
  /** False once the worker has ended, for whatever reason. */
  readonly alive: boolean;
  /** Ends the worker at once and gives back what it held. */
  terminate(): void;
}

export interface WorkerAnswer extends QueryAnswer {
  /** Seconds of the query's parts, by Prometheus's slice names. */
  slices: Record<string, number>;
  samplesRead: number;
  outcome: 'ok' | 'error' | 'timeout' | 'canceled' | 'over budget';
}

export interface QueryPoolOptions {
  /** Workers at most; each is started when all others are busy. */
  workersMax: number;
  /** Queries evaluated at the same time at most (--query.max-concurrency). */
  concurrencyMax: number;
  /** --query.timeout, queueing included. */
  timeoutMs: number;
  /** A worker that has not answered so long after its deadline is ended. */
  graceMs: number;
  startWorker: () => QueryWorker;
  /** The answer to a query that ended without a worker's. */
  errorAnswer: (errorType: 'timeout' | 'canceled' | 'internal', message: string) => QueryAnswer;
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
 * Hands queries to workers, first come, first served. A query waits in the queue at most until its own deadline; one whose
 * client has gone is taken out of the queue, or cancelled in its worker; a worker that hangs or dies is replaced and its
 * query answered with an error, so that no query can take the others down.
 */
export class QueryPool implements QueryBackend {
  readonly #options: QueryPoolOptions;
  readonly #now: () => number;
  readonly #queue: Job[] = [];
  readonly #idle: QueryWorker[] = [];
  readonly #all = new Set<QueryWorker>();
  readonly #slices = new Map<string, Summary>();
  #running = 0;
  #samplesRead = 0;
  #timedOut = 0;
  #overBudget = 0;
  #cancelled = 0;
  #closed = false;

  constructor(options: QueryPoolOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    for (const slice of ['inner_eval', 'prepare_time', 'queue_time', 'result_sort'])
      this.#slices.set(slice, new Summary());
  }

  run(request: QueryRequest, signal: AbortSignal): Promise<QueryAnswer> {
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
        if (!this.#takeFromQueue(job)) return; // It runs: the worker's own listener cancels it.
        this.#cancelled++;
        settle(this.#canceledAnswer());
      };
      const queueTimer = setTimeout(() => {
        if (!this.#takeFromQueue(job)) return;
        this.#timedOut++;
        settle(this.#options.errorAnswer('timeout', 'query timed out in query queue'));
      }, timeoutMs);
      const job: Job = {request, signal, enqueuedMs, deadlineMs: enqueuedMs + timeoutMs, settle, queueTimer};
      signal.addEventListener('abort', leave, {once: true});
      this.#queue.push(job);
      this.#dispatch();
    });
  }

  /** Starts the first worker before there is a query, so that the first one does not wait for it. */
  warm(): void {
    if (this.#all.size > 0 || this.#closed) return;
    const worker = this.#start();
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
    });
  }

  /** Refuses what waits, ends what runs. */
  close(): void {
    this.#closed = true;
    for (const job of this.#queue.splice(0)) job.settle(this.#canceledAnswer());
    for (const worker of this.#all) worker.terminate();
    this.#all.clear();
    this.#idle.length = 0;
  }

  #dispatch(): void {
    while (this.#queue.length > 0 && this.#running < this.#options.concurrencyMax && !this.#closed) {
      const worker = this.#takeIdle() ?? this.#start();
      if (worker === null) return;
      const job = this.#queue.shift()!;
      clearTimeout(job.queueTimer);
      void this.#evaluate(worker, job);
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

  #start(): QueryWorker | null {
    if (this.#all.size >= this.#options.workersMax) return null;
    const worker = this.#options.startWorker();
    this.#all.add(worker);
    return worker;
  }

  async #evaluate(worker: QueryWorker, job: Job): Promise<void> {
    this.#running++;
    const queueSeconds = (this.#now() - job.enqueuedMs) / 1000;
    this.#slices.get('queue_time')!.observe(queueSeconds);
    const cancel = (): void => worker.cancel();
    job.signal.addEventListener('abort', cancel, {once: true});
    let hung = false;
    const watchdog = setTimeout(
      () => {
        hung = true;
        worker.terminate();
      },
      Math.max(0, job.deadlineMs - this.#now()) + this.#options.graceMs,
    );
    try {
      const answer = await worker.run(job.request, {deadlineMs: job.deadlineMs, queueSeconds});
      this.#account(answer);
      this.#idle.push(worker);
      job.settle({status: answer.status, body: answer.body});
    } catch (cause) {
      this.#all.delete(worker);
      worker.terminate();
      job.settle(this.#answerOfLost(hung, cause));
    } finally {
      clearTimeout(watchdog);
      job.signal.removeEventListener('abort', cancel);
      this.#running--;
      this.#dispatch();
    }
  }

  #answerOfLost(hung: boolean, cause: unknown): QueryAnswer {
    if (this.#closed) return this.#canceledAnswer();
    if (hung) {
      this.#timedOut++;
      return this.#options.errorAnswer('timeout', 'query timed out in expression evaluation');
    }
    const reason = cause instanceof Error ? cause.message : String(cause);
    return this.#options.errorAnswer('internal', `the thread that evaluated the query ended: ${reason}`);
  }

  #account(answer: WorkerAnswer): void {
    for (const [slice, seconds] of Object.entries(answer.slices)) this.#slices.get(slice)?.observe(seconds);
    this.#samplesRead += answer.samplesRead;
    if (answer.outcome === 'timeout') this.#timedOut++;
    if (answer.outcome === 'canceled') this.#cancelled++;
    if (answer.outcome === 'over budget') this.#overBudget++;
  }

  #takeFromQueue(job: Job): boolean {
    const index = this.#queue.indexOf(job);
    if (index < 0) return false;
    this.#queue.splice(index, 1);
    return true;
  }

  #canceledAnswer(): QueryAnswer {
    return this.#options.errorAnswer('canceled', 'query was canceled in query execution');
  }
}
