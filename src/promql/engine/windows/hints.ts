import {counterReset, type CounterResetHint} from '../../../model/histogram.ts';

/** Whether both a reset and the absence of one are known of histograms that are added up. */
export class HintsSeen {
  #reset = false;
  #notReset = false;

  add(hint: CounterResetHint): void {
    if (hint === counterReset.reset) this.#reset = true;
    if (hint === counterReset.notReset) this.#notReset = true;
  }

  get collide(): boolean {
    return this.#reset && this.#notReset;
  }
}
