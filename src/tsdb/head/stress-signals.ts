// What stress.test.ts and its threads tell each other.

export interface StressData {
  role: 'writer' | 'reader';
  wasm: WebAssembly.Memory;
  /** Words, see below. */
  signals: SharedArrayBuffer;
  seed: number;
}

/** Words of the signals: the test says stop; the writer is there; its newest committed step; series it removed; series read. */
export const stopSignal = 0;
export const readySignal = 1;
export const stepSignal = 2;
export const removedSignal = 3;
export const readSignal = 4;

export type StressReport =
  | {role: 'writer'; steps: number; created: number; removed: number; samples: number; chunksRemoved: number}
  | {role: 'reader'; selects: number; series: number; samples: number}
  | {role: 'writer' | 'reader'; error: string};
