import {Worker} from 'node:worker_threads';
import {Caller} from '../sys/rpc.ts';
import type {CompactionResult} from '../tsdb/block/compactor.ts';
import type {DeletionRequest} from '../tsdb/administration.ts';
import type {CompactionRange, CompactorCalls} from '../tsdb/compactions.ts';
import type {CompactorThreadData} from './compactor-thread.ts';

export interface CompactorClientOptions extends Omit<CompactorThreadData, 'cancel'> {
  /** Called when the thread is gone, whatever the reason, with its id: its place among the readers is free to clear. */
  onEnd: (threadId: number) => void;
}

/** Starts the compactor thread when there is something to do, and ends it afterwards: its memory goes back to the system. */
export class CompactorClient implements CompactorCalls {
  readonly #options: CompactorClientOptions;
  readonly #cancel = new Int32Array(new SharedArrayBuffer(4));
  #worker: Worker | null = null;
  #caller: Caller | null = null;

  constructor(options: CompactorClientOptions) {
    this.#options = options;
  }

  writeHead(range: CompactionRange & {dir?: string}): Promise<CompactionResult> {
    return this.#call('writeHead', range);
  }

  writeLate(range: CompactionRange & {reference: number}): Promise<CompactionResult> {
    return this.#call('writeLate', range);
  }

  writeStale(range: CompactionRange & {refs: Float64Array}): Promise<CompactionResult> {
    return this.#call('writeStale', range);
  }

  compact(ulids: readonly string[]): Promise<CompactionResult> {
    return this.#call('compact', ulids);
  }

  clean(ulid: string): Promise<CompactionResult> {
    return this.#call('clean', ulid);
  }

  async rest(): Promise<void> {
    await this.#worker?.terminate();
  }

  cancel(): void {
    Atomics.store(this.#cancel, 0, 1);
  }

  deleteSamples(request: DeletionRequest & {ulid: string}): Promise<number> {
    return this.#call('deleteSamples', request);
  }

  #call<T>(method: string, argument: unknown): Promise<T> {
    this.#caller ??= this.#start();
    return this.#caller.call(method, argument);
  }

  #start(): Caller {
    const {onEnd, ...options} = this.#options;
    const workerData: CompactorThreadData = {...options, cancel: this.#cancel};
    const worker = new Worker(new URL('./compactor-thread.ts', import.meta.url), {
      workerData,
      name: 'compactor',
    });
    const caller = new Caller(worker);
    const {threadId} = worker;
    let failure = new Error('the compactor thread ended');
    worker.on('error', (error: Error) => (failure = error));
    worker.on('exit', () => {
      caller.close(failure);
      if (this.#worker === worker) {
        this.#worker = null;
        this.#caller = null;
      }
      onEnd(threadId);
    });
    this.#worker = worker;
    return caller;
  }
}
