import {setImmediate} from 'node:timers/promises';

/** Work that is not over by then lets other work in. */
const stretchMs = 8;

/** Keeps long work from holding up the event loop. */
export class Breather {
  #since = performance.now();

  get tired(): boolean {
    return performance.now() - this.#since > stretchMs;
  }

  /** Lets other work in, if this has gone on for long. */
  async rest(): Promise<void> {
    if (!this.tired) return;
    await setImmediate();
    this.#since = performance.now();
  }
}
