// Native histograms of the disk benchmark: durations of requests, whose buckets fill and become more as a service runs.
import {Random} from '../../src/base/random.ts';
import {FloatHistogram} from '../../src/model/histogram.ts';
import {labelsOf, type Labels} from '../../src/model/labels.ts';
import type {WrittenHistogram} from '../../src/remote/histogram.ts';

/** Eight buckets for each power of two, as a growth factor of 1.1 gives. */
const schema = 3;
const firstBucket = -48;
const bucketsMin = 16;
const bucketsMax = 48;
/** One in so many samples has a bucket that was empty before. */
const newBucketOdds = 400;

/** One series; the same samples whenever it is made anew. */
export class HistogramWalk {
  readonly labels: Labels;
  readonly #random: Random;
  #counts = new Float64Array(bucketsMin);
  #sum = 0;

  constructor(labels: Labels, seed: number) {
    this.labels = labels;
    this.#random = new Random(seed);
  }

  next(timeMs: number): WrittenHistogram {
    const random = this.#random;
    if (this.#counts.length < bucketsMax && random.below(newBucketOdds) === 0) {
      const more = new Float64Array(this.#counts.length + 1);
      more.set(this.#counts);
      this.#counts = more;
    }
    const requests = 5 + random.below(40);
    for (let i = 0; i < requests; i++) {
      // The middle is likelier than the ends.
      const bucket = (random.below(this.#counts.length) + random.below(this.#counts.length)) >>> 1;
      this.#counts[bucket]!++;
      this.#sum += 2 ** ((firstBucket + bucket - random.float()) / 8);
    }
    const histogram = new FloatHistogram({
      schema,
      zeroThreshold: 2 ** -128,
      count: this.#counts.reduce((sum, count) => sum + count, 0),
      sum: this.#sum,
      positiveSpans: [{offset: firstBucket, length: this.#counts.length}],
      positiveBuckets: this.#counts.slice(),
    });
    return {timeMs, histogram, integer: true};
  }
}

/** Five on each machine. */
export function describeHistograms(instances: number): HistogramWalk[] {
  const all: HistogramWalk[] = [];
  for (let index = 0; index < instances; index++) {
    for (const handler of ['/', '/login', '/api/items', '/api/orders', '/health']) {
      const labels = labelsOf({
        __name__: 'http_request_duration_seconds',
        handler,
        instance: `host-${String(index).padStart(3, '0')}:9100`,
        job: 'web',
      });
      all.push(new HistogramWalk(labels, 2_000_000 + all.length));
    }
  }
  return all;
}
