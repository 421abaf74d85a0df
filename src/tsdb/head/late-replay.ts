import type {LoggedHistogram, ReplaySink} from '../log.ts';
import type {Head} from './head.ts';
import {slotAddress} from './series.ts';

/** Fills the head from its log of late samples, after the other log. */
export class LateReplay implements ReplaySink {
  /** Samples and markers that name no series. */
  unknownRefs = 0;
  readonly #head: Head;
  readonly #slotOf: (ref: number) => number;
  /** Late chunks that are in files, with the slots of their series. */
  readonly #loaded: ReadonlyMap<number, number>;

  constructor(head: Head, slotOf: (ref: number) => number, loaded: ReadonlyMap<number, number>) {
    this.#head = head;
    this.#slotOf = slotOf;
    this.#loaded = loaded;
  }

  series(): void {}

  samples(
    refs: Float64Array,
    times: Float64Array,
    values: Float64Array,
    count: number,
    startTimes: Float64Array | null = null,
  ): void {
    // Whole words, so that no NaN changes on its way.
    const words = new Uint32Array(values.buffer, values.byteOffset, count * 2);
    const {u32} = this.#head.memory;
    for (let i = 0; i < count; i++) {
      const slot = this.#slotOf(refs[i]!);
      if (slot === -1) {
        this.unknownRefs++;
        continue;
      }
      const sampleTimes = {timeMs: times[i]!, startMs: startTimes?.[i] ?? 0};
      this.#head.late.replay(slotAddress(u32, slot), sampleTimes, words[2 * i]!, words[2 * i + 1]!);
    }
  }

  histograms(samples: readonly LoggedHistogram[]): void {
    for (const sample of samples) {
      const slot = this.#slotOf(sample.ref);
      if (slot === -1) this.unknownRefs++;
      else this.#head.late.replayHistogram(slotAddress(this.#head.memory.u32, slot), sample);
    }
  }

  metadata(): void {}

  exemplar(): void {}

  tombstone(): void {}

  /** A marker of a chunk that is not there, lost with the power, says nothing: the samples before it are still needed. */
  marker(ref: number, reference: number): void {
    const slot = this.#slotOf(ref);
    if (slot === -1) this.unknownRefs++;
    else if (this.#loaded.get(reference) === slot)
      this.#head.late.replayMarker(slotAddress(this.#head.memory.u32, slot));
  }
}
