import {Worker} from 'node:worker_threads';
import type {QueryRequest} from '../api/backend.ts';
import {Caller} from '../sys/rpc.ts';
import type {EvaluateRequest} from './query-answers.ts';
import type {QueryWorker, WorkerAnswer} from './querypool.ts';
import type {QueryThreadData} from './query-thread.ts';

export interface QueryClientOptions extends Omit<QueryThreadData, 'cancel'> {
  /** Step of subqueries that name none, as the configuration has it now. */
  evaluationIntervalMs: () => number;
  /** Called once when the thread is gone, whatever the reason, with its id: its place among the readers is free to clear. */
  onEnd: (threadId: number) => void;
}

/** A nursery that the temporary objects of a query fit into; results are not in the heap but in typed arrays. */
const resourceLimits = {maxYoungGenerationSizeMb: 32};

/** Starts a query thread. */
export function startQueryWorker({onEnd, evaluationIntervalMs, ...options}: QueryClientOptions): QueryWorker {
  const cancel = new Int32Array(new SharedArrayBuffer(4));
  const workerData: QueryThreadData = {...options, cancel};
  const worker = new Worker(new URL('./query-thread.ts', import.meta.url), {
    workerData,
    name: 'query',
    resourceLimits,
  });
  const caller = new Caller(worker);
  const {threadId} = worker;
  let alive = true;
  worker.on('error', (error: Error) => caller.close(error));
  worker.on('exit', (code) => {
    alive = false;
    caller.close(new Error(`it ended with code ${code}`));
    onEnd(threadId);
  });
  return {
    get alive(): boolean {
      return alive;
    },
    run(request: QueryRequest, {deadlineMs, queueSeconds}): Promise<WorkerAnswer> {
      Atomics.store(cancel, 0, 0);
      const evaluate: EvaluateRequest = {
        request,
        deadlineMs,
        queueSeconds,
        defaultEvalIntervalMs: evaluationIntervalMs(),
      };
      return caller.call<WorkerAnswer>('run', evaluate);
    },
    cancel: () => void Atomics.store(cancel, 0, 1),
    terminate: () => void worker.terminate(),
  };
}
