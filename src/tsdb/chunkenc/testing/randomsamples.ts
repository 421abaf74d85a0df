import {Random} from '../../../base/random.ts';
import {
  counterReset,
  type CounterResetHint,
  customBucketsSchema,
  FloatHistogram,
  type Span,
} from '../../../model/histogram.ts';

export interface FloatSample {
  time: number;
  start: number;
  /** Null = stale marker. */
  value: number | null;
}

export interface HistogramSample {
  time: number;
  start: number;
  /** Null = stale marker. */
  histogram: FloatHistogram | null;
}

/** Times with jitter and long gaps, and start timestamps of several habits. */
class Clock {
  time: number;
  start = 0;
  readonly #random: Random;
  readonly #stepMs: number;
  readonly #jitterMs: number;
  readonly #habit: number;

  constructor(random: Random) {
    this.#random = random;
    this.time = 1_700_000_000_000 + random.below(1e6);
    this.#stepMs = random.pick([15_000, 1000, 60_000]);
    this.#jitterMs = random.pick([0, 0, 5, 3000, 300_000]);
    this.#habit = random.below(5);
    if (this.#habit > 0) this.start = random.pick([0, this.time - 5000]);
  }

  tick(): void {
    const random = this.#random;
    const before = this.time;
    if (random.below(3) === 0) this.time += random.below(2 * this.#jitterMs + 1) - this.#jitterMs;
    if (random.below(100) === 0) this.time += 2 ** 33;
    this.time = Math.max(this.time + this.#stepMs, before + 1);
    if (this.#habit === 1) this.start = this.time - 1000 - random.below(500);
    else if (this.#habit === 2 && random.below(10) === 0) this.start = this.time - random.below(100_000);
    else if (this.#habit === 3) this.start = before;
    else if (this.#habit === 4 && random.below(5) === 0) this.start = random.pick([0, this.time - 7]);
  }
}

export function randomFloats(seed: number): FloatSample[] {
  const random = new Random(seed);
  const clock = new Clock(random);
  let value = 0;
  return Array.from({length: 1 + random.below(random.pick([3, 30, 200]))}, () => {
    clock.tick();
    value = random.pick([value, value, value + 1, random.float(), NaN, -value, 1e300, value * 2]);
    return {time: clock.time, start: clock.start, value: random.below(25) === 0 ? null : value};
  });
}

/** A histogram as it is scraped again and again: buckets come and go, counts rise and are reset, layouts change. */
class ChangingHistogram {
  readonly #random: Random;
  readonly #integer: boolean;
  readonly #gauge: boolean;
  readonly #custom: boolean;
  readonly #lasting: boolean;
  readonly #positive = new Map<number, number>();
  readonly #negative = new Map<number, number>();
  #zeroCount = 0;
  #sum = 0;
  #schema: number;
  #zeroThreshold: number;
  #customValues: number[];

  constructor(random: Random, integer: boolean, lasting: boolean) {
    this.#random = random;
    this.#integer = integer;
    this.#lasting = lasting;
    this.#gauge = random.below(4) === 0;
    this.#custom = random.below(4) === 0;
    this.#schema = random.pick([-4, 0, 3, 8]);
    this.#zeroThreshold = random.pick([0, 2 ** -128, 0.001, 1024, 2 ** -243, 2048]);
    this.#customValues = [0.005, 0.1, 1, 2.5, 33_554.43, 33_554.431, 1e9, 1e9 + 0.5].slice(
      0,
      1 + random.below(8),
    );
  }

  next(): FloatHistogram | null {
    const random = this.#random;
    this.#changeBuckets(this.#positive);
    if (!this.#custom) this.#changeBuckets(this.#negative);
    if (random.below(3) === 0) this.#zeroCount += this.#integer ? random.below(5) : random.float();
    if (random.below(60) === 0) this.#zeroCount = 0;
    if (random.below(60) === 0) this.#schema = random.pick([-4, 0, 3, 8]);
    if (random.below(60) === 0) this.#zeroThreshold = random.pick([0, 2 ** -128]);
    if (random.below(80) === 0) this.#customValues = this.#customValues.map((bound) => bound * 2);
    this.#sum += random.pick([0, 1, random.float(), -5]);
    const histogram = this.#make();
    return random.below(25) === 0 ? null : histogram;
  }

  #changeBuckets(buckets: Map<number, number>): void {
    const random = this.#random;
    for (let adds = random.below(3); adds > 0; adds--) {
      const index = this.#custom ? random.below(this.#customValues.length + 1) : random.below(20) - 8;
      const rise = random.below(4) === 0 ? 0 : this.#rise();
      buckets.set(index, Math.min((buckets.get(index) ?? 0) + rise, 2 ** 44));
    }
    if (this.#gauge || random.below(30) === 0) {
      for (const [index, count] of buckets) {
        if (random.below(4) === 0) buckets.set(index, this.#integer ? Math.floor(count / 2) : count / 2);
      }
    }
    const mayDrop = this.#gauge || !this.#lasting;
    const dropEmpty = random.below(12) === 0 && mayDrop;
    const dropOne = random.below(this.#gauge ? 5 : 40) === 0 && mayDrop;
    for (const [index, count] of buckets) if (dropEmpty && count === 0) buckets.delete(index);
    const first = buckets.keys().next();
    if (dropOne && first.done !== true) buckets.delete(first.value);
  }

  #rise(): number {
    const random = this.#random;
    return this.#integer
      ? random.below(random.pick([2, 10, 1000, 2 ** 40]))
      : random.float() * random.pick([1, 1e6]);
  }

  #make(): FloatHistogram {
    const random = this.#random;
    const positive = this.#side(this.#positive);
    const negative = this.#side(this.#negative);
    let count = this.#custom ? 0 : this.#zeroCount;
    for (const bucket of [...positive.counts, ...negative.counts]) count += bucket;
    const hints = [counterReset.unknown, counterReset.reset, counterReset.notReset, counterReset.gauge];
    let hint: CounterResetHint = this.#gauge ? counterReset.gauge : counterReset.unknown;
    if (random.below(40) === 0) hint = random.pick(hints);
    return new FloatHistogram({
      counterResetHint: hint,
      schema: this.#custom ? customBucketsSchema : this.#schema,
      zeroThreshold: this.#custom ? 0 : this.#zeroThreshold,
      zeroCount: this.#custom ? 0 : this.#zeroCount,
      count,
      sum: random.below(30) === 0 ? NaN : this.#sum,
      positiveSpans: positive.spans,
      negativeSpans: negative.spans,
      positiveBuckets: positive.counts,
      negativeBuckets: negative.counts,
      customValues: this.#custom ? this.#customValues : [],
    });
  }

  /** Spans are cut more often than needed, and some are empty. */
  #side(buckets: Map<number, number>): {spans: Span[]; counts: Float64Array<ArrayBuffer>} {
    const random = this.#random;
    const spans: {offset: number; length: number}[] = [];
    const indexes = [...buckets.keys()].sort((left, right) => left - right);
    let end = 0;
    for (const index of indexes) {
      const last = spans.at(-1);
      if (last !== undefined && index === end && random.below(12) > 0) last.length++;
      else if (last !== undefined && index > end && random.below(15) === 0) {
        spans.push({offset: 1, length: 0}, {offset: index - end - 1, length: 1});
      } else spans.push({offset: index - end, length: 1});
      end = index + 1;
    }
    return {spans, counts: Float64Array.from(indexes, (index) => buckets.get(index)!)};
  }
}

/** `lasting`: a counter's buckets do not go again. */
export function randomHistograms(seed: number, integer: boolean, lasting = false): HistogramSample[] {
  const random = new Random(seed);
  const clock = new Clock(random);
  const changing = new ChangingHistogram(random, integer, lasting);
  return Array.from({length: 1 + random.below(random.pick([3, 30, 200]))}, () => {
    clock.tick();
    return {time: clock.time, start: clock.start, histogram: changing.next()};
  });
}
