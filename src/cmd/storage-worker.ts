import {Worker} from 'node:worker_threads';

/**
 * Starts the storage thread, which does nothing before it is told to open a folder. Its code is loaded meanwhile: the first
 * thing that a start does, since the rest of it has to wait for that.
 */
export function startStorageWorker(): Worker {
  return new Worker(new URL('./storage-thread.ts', import.meta.url), {name: 'storage'});
}
