import {Worker} from 'node:worker_threads';
import type {QueryRequest} from '../api/backend.ts';
import {giveBack} from '../sys/garbage.ts';
import {Caller} from '../sys/rpc.ts';
import {heapLimits} from './query-memory.ts';
import type {EvaluateRequest} from './query-answers.ts';
import type {QueryWorker, WorkerAnswer} from './querypool.ts';
import type {QueryThreadData} from './query-thread.ts';

export interface QueryClientOptions extends Omit<QueryThreadData, 'cancel'> {
  /** Step of subqueries that name none, as the configuration has it now. */
  evaluationIntervalMs: () => number;
  /** Called once when the thread is gone, whatever the reason, with its id: its places among those who read and hold are free to clear. */
  onEnd: (threadId: number) => void;
  /** The bytes of an answer have arrived here, and the thread holds nothing more. Returns what is to be called once they are not needed. */
  onAnswer: (bytes: number) => () => void;
}

/** Starts a query thread. */
export function startQueryWorker(all: QueryClientOptions): QueryWorker {
  const {onEnd, onAnswer, evaluationIntervalMs, ...options} = all;
  const cancel = new Int32Array(new SharedArrayBuffer(4));
  const workerData: QueryThreadData = {...options, cancel};
  const worker = new Worker(new URL('./query-thread.ts', import.meta.url), {
    workerData,
    name: 'query',
    resourceLimits: heapLimits(options.maxBytes),
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
    async run(request: QueryRequest, {deadlineMs, queueSeconds}): Promise<WorkerAnswer> {
      Atomics.store(cancel, 0, 0);
      const evaluate: EvaluateRequest = {
        request,
        deadlineMs,
        queueSeconds,
        defaultEvalIntervalMs: evaluationIntervalMs(),
      };
      const answer = await caller.call<WorkerAnswer>('run', evaluate);
      const noted = onAnswer(answer.body.byteLength);
      const release = (): void => {
        noted();
        giveBack(answer.body);
      };
      return {...answer, release};
    },
    cancel: () => void Atomics.store(cancel, 0, 1),
    terminate: () => void worker.terminate(),
  };
}
