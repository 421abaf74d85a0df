// Feeds many series by remote write, for what is measured of heads: values are made as they are sent, so that there is room for them.
import {pushBody} from '../../tools/remotewrite.ts';
import {WriteRequestEncoder} from '../../src/remote/writerequest-encode.ts';
import {countOf} from './count.ts';
import {describeSeries, type DatasetSeries} from './dataset.ts';

/** A request for remote write holds about so many samples. */
const samplesAtOnce = 10_000;
const requestSeriesMax = 2000;

export interface FeedPlan {
  series: DatasetSeries[];
  /** Samples of each series, the last of them at `endMs`. */
  samples: number;
  stepMs: number;
  endMs: number;
  /** Samples of a series in one request. */
  batch: number;
}

/** The first `count` series of as many machines as it takes. */
export function manySeries(count: number): DatasetSeries[] {
  const perInstance = describeSeries(1).length;
  return describeSeries(Math.ceil(count / perInstance)).slice(0, count);
}

/** Pushes everything, oldest first across all series. Gives the seconds that it took. */
export async function feed(baseUrl: string, plan: FeedPlan): Promise<number> {
  const {series, samples, stepMs, endMs, batch} = plan;
  const started = performance.now();
  const encoder = new WriteRequestEncoder();
  for (let from = 0; from < samples; from += batch) {
    const count = Math.min(batch, samples - from);
    const times = Float64Array.from({length: count}, (_, i) => endMs - (samples - 1 - from - i) * stepMs);
    const values = new Float64Array(count);
    const seriesAtOnce = Math.min(requestSeriesMax, Math.ceil(samplesAtOnce / count));
    for (let first = 0; first < series.length; first += seriesAtOnce) {
      encoder.reset();
      for (const each of series.slice(first, first + seriesAtOnce)) {
        for (let i = 0; i < count; i++) values[i] = valueAt(each, from + i);
        encoder.series(each.labels, times, values);
      }
      await pushBody(baseUrl, encoder.body());
    }
  }
  return (performance.now() - started) / 1000;
}

/** Asks the system itself how many series it has at that time: all must be there. */
export function countSeries(baseUrl: string, timeMs: number): Promise<number> {
  return countOf(baseUrl, 'count({__name__!=""})', timeMs);
}

/** Like those of fillValues(), without what comes before. */
export function valueAt({kind, seed}: DatasetSeries, step: number): number {
  if (kind === 'constant') return 1 + (seed % 1000);
  const noise = Math.imul(seed * 4096 + step + 1, 0x9e3779b1) >>> 8;
  if (kind === 'gauge') {
    return Math.round(5000 + (seed % 3000) + 1000 * Math.sin(step / 20 + seed) + (noise % 100)) / 100;
  }
  const rise = 1 + (seed % 40);
  return (seed % 100_000) + rise * step + (noise % rise);
}
