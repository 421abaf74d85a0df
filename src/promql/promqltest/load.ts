// Loads the series of a script's `load` command into a store.

import {parseFloat} from '../../formats/float.ts';
import {ClassicHistogram, classicPart} from '../../model/histogram/classic.ts';
import {validate} from '../../model/histogram/validate.ts';
import {formatLabels, labelOf, type Labels, metricNameLabel, withLabel} from '../../model/labels.ts';
import {type MemoryValue, stale} from '../../storage/memory.ts';
import type {LoadCommand, LoadedSeries} from './script.ts';
import type {Point} from './series.ts';

/** What samples are loaded into: MemoryStore, or another store. */
export interface LoadTarget {
  /** `startMs` is 0 where it is not known. */
  append(labels: Labels, timeMs: number, value: MemoryValue, startMs: number): void;
}

/** Throws RangeError where a sample is no valid one, or classic histograms are none. */
export function load(store: LoadTarget, {series, stepMs, withCustomBuckets}: LoadCommand): void {
  // Of two lines for one series the later counts.
  const last = new Map(series.map((each) => [formatLabels(each.labels), each]));
  for (const {labels, points, startOffsetsMs} of last.values()) {
    for (const [index, point] of points.entries()) {
      const value = valueOf(point);
      if (value === null) continue;
      const timeMs = index * stepMs;
      const offsetMs = startOffsetsMs?.[index] ?? null;
      store.append(labels, timeMs, value, offsetMs === null ? 0 : timeMs + offsetMs);
    }
  }
  if (withCustomBuckets) loadClassic(store, [...last.values()], stepMs);
}

function valueOf(point: Point): MemoryValue | null {
  if (point.kind === 'absent') return null;
  if (point.kind === 'stale') return stale;
  if (point.kind === 'float') return point.value;
  validate(point.histogram);
  return point.histogram;
}

interface ClassicSeries {
  labels: Labels;
  byIndex: Map<number, ClassicHistogram>;
}

/** Adds the classic histograms among the series once more, as native ones with custom buckets. */
function loadClassic(store: LoadTarget, series: readonly LoadedSeries[], stepMs: number): void {
  const classics = new Map<string, ClassicSeries>();
  for (const each of series) collect(classics, each);
  for (const {labels, byIndex} of classics.values()) {
    for (const index of [...byIndex.keys()].sort((left, right) => left - right)) {
      const histogram = byIndex.get(index)!.convert();
      validate(histogram);
      store.append(labels, index * stepMs, histogram, 0);
    }
  }
}

function collect(classics: Map<string, ClassicSeries>, {labels, points}: LoadedSeries): void {
  const name = classicPart(labelOf(labels, metricNameLabel));
  if (name === null) return;
  const bound = name.part === 'bucket' ? boundOf(labelOf(labels, 'le')) : 0;
  if (bound === null) return;
  const base = withLabel(withLabel(labels, 'le', ''), metricNameLabel, name.base);
  const key = formatLabels(base);
  const classic = classics.get(key) ?? {labels: base, byIndex: new Map()};
  classics.set(key, classic);
  for (const [index, point] of points.entries()) {
    if (point.kind !== 'float' && point.kind !== 'stale') continue;
    const value = point.kind === 'float' ? point.value : NaN;
    const histogram = classic.byIndex.get(index) ?? new ClassicHistogram();
    classic.byIndex.set(index, histogram);
    if (name.part === 'bucket') histogram.setBucket(bound, value);
    else if (name.part === 'count') histogram.setCount(value);
    else histogram.setSum(value);
  }
}

function boundOf(le: string): number | null {
  try {
    const bound = parseFloat(le);
    return bound === bound ? bound : null;
  } catch {
    return null;
  }
}
