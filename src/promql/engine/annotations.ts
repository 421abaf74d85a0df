// Remarks on a query that do not stop it. The texts are Prometheus's, since clients and people match on them.

import {quoteGo} from '../../base/quote.ts';
import type {BinaryOp, PositionRange} from '../ast.ts';
import {formatPosition} from '../parser/position.ts';
import {formatShortest, formatFixedDigits} from '../../base/format.ts';
import type {EvaluationOrder, Remarker} from './evaluationorder.ts';

export type AnnotationLevel = 'warning' | 'info';

export type HistogramOperation = 'addition' | 'subtraction' | 'aggregation';
export type NaNObservations = 'nan' | 'skew' | 'fraction';

export type SampleType = 'float' | 'histogram';

/** What is remarked on two samples that do not go together, or not without loss. */
export type PairRemark =
  | {kind: 'types'; left: SampleType; right: SampleType}
  | {kind: 'layout'}
  | {kind: 'collision' | 'bounds'; operation: 'addition' | 'subtraction'};

interface Annotation {
  level: AnnotationLevel;
  /** Without position: equal texts are one annotation. */
  text: string;
  range: PositionRange;
  repaired: RepairedBuckets | null;
  /** How often it was remarked, where that is part of the text; else 0. */
  occurrences: number;
}

/** Where and how far buckets of a classic histogram had to be raised. */
interface RepairedBuckets {
  minTimeMs: number;
  maxTimeMs: number;
  minBucket: number;
  maxBucket: number;
  maxDifference: number;
  count: number;
}

/** How many of each level an answer carries. */
export const annotationsShownMax = 10;

export class Annotations {
  /** Of the query; null where nothing is known of it. */
  order: EvaluationOrder | null = null;
  readonly #byText = new Map<string, Annotation>();
  /** Sets that collect the texts of all that is added meanwhile. */
  readonly #collecting: Set<string>[] = [];

  get size(): number {
    return this.#byText.size;
  }

  /** Of equal texts, that which Prometheus would add last gives the position. */
  add(level: AnnotationLevel, message: string, range: PositionRange, remarker: Remarker = 'caller'): void {
    const text = `PromQL ${level}: ${message}`;
    for (const texts of this.#collecting) texts.add(text);
    const known = this.#byText.get(text);
    if (known === undefined) this.#byText.set(text, {level, text, range, repaired: null, occurrences: 0});
    else if (!this.#isBefore(range, known.range, remarker)) known.range = range;
  }

  #isBefore(left: PositionRange, right: PositionRange, remarker: Remarker): boolean {
    if (left.start === right.start && left.end === right.end) return false;
    return this.order?.isBefore(left, right, remarker) ?? left.start < right.start;
  }

  /** Adds to `texts` what `evaluate` remarks. */
  collect<T>(texts: Set<string>, evaluate: () => T): T {
    this.#collecting.push(texts);
    const result = evaluate();
    this.#collecting.pop();
    return result;
  }

  /** Moves what was remarked (`texts`) within the place `from` to `to`, where the same stands again. */
  repeat(texts: ReadonlySet<string>, from: PositionRange, to: PositionRange): void {
    const shift = to.start - from.start;
    if (shift <= 0) return;
    for (const text of texts) {
      const annotation = this.#byText.get(text)!;
      const {start, end} = annotation.range;
      if (start < from.start || end > from.end) continue;
      annotation.range = {start: start + shift, end: end + shift};
    }
  }

  /** Texts with positions, at most `max` of each level (0 = all) and one more that counts the others. */
  render(query: string, max = annotationsShownMax): {warnings: string[]; infos: string[]} {
    const warnings: string[] = [];
    const infos: string[] = [];
    for (const annotation of this.#byText.values()) {
      const texts = annotation.level === 'warning' ? warnings : infos;
      texts.push(
        `${annotation.text}${details(annotation)} (${formatPosition(query, annotation.range.start)})`,
      );
    }
    return {warnings: shorten(warnings, 'warning', max), infos: shorten(infos, 'info', max)};
  }

  invalidQuantile(quantile: number, range: PositionRange): void {
    this.add('warning', `quantile value should be between 0 and 1, got ${formatShortest(quantile)}`, range);
  }

  invalidRatio(ratio: number, cap: number, range: PositionRange): void {
    this.add(
      'warning',
      `ratio value should be between -1 and 1, got ${formatShortest(ratio)}, capping to ${formatShortest(cap)}`,
      range,
    );
  }

  badBucketLabel(value: string, metric: string, range: PositionRange): void {
    this.add(
      'warning',
      `bucket label "le" is missing or has a malformed value of ${quoteGo(value)}${forMetric(metric)}`,
      range,
    );
  }

  sortInRangeQuery(range: PositionRange): void {
    this.add(
      'warning',
      'sort is ineffective for range queries since results are always ordered by labels',
      range,
      'expression',
    );
  }

  possibleNonCounter(metric: string, range: PositionRange): void {
    this.add(
      'info',
      `metric might not be a counter, name does not end in _total/_sum/_count/_bucket: ${quoteGo(metric)}`,
      range,
    );
  }

  possibleNonCounterType(metric: string, type: string, range: PositionRange): void {
    this.add(
      'info',
      `metric might not be a counter, __type__ label is not set to "counter" or "histogram", got ${quoteGo(type)}: ${quoteGo(metric)}`,
      range,
    );
  }

  incompatibleTypes(left: string, operator: string, right: string, range: PositionRange): void {
    this.add(
      'info',
      `incompatible sample types encountered for binary operator ${quoteGo(operator)}: ${left} ${operator} ${right}`,
      range,
      'expression',
    );
  }

  /** Counts in how many windows. */
  startTimeOverlap(metric: string, range: PositionRange, count: number): void {
    const text = `PromQL warning: sample has start time that overlaps with previous sample timestamp for metric ${quoteGo(metric)}`;
    const known = this.#byText.get(text);
    if (known !== undefined) known.occurrences += count;
    else this.#byText.set(text, {level: 'warning', text, range, repaired: null, occurrences: count});
  }

  /** What was found of two samples of a binary operator. */
  pair(remark: PairRemark, op: BinaryOp, range: PositionRange): void {
    switch (remark.kind) {
      case 'types':
        return this.incompatibleTypes(remark.left, op, remark.right, range);
      case 'layout':
        return this.add(
          'warning',
          `incompatible bucket layout encountered for binary operator ${op}`,
          range,
          'expression',
        );
      case 'collision':
        return this.counterResetCollision(remark.operation, range);
      case 'bounds':
        return this.mismatchedCustomBuckets(remark.operation, range);
    }
  }

  counterResetCollision(operation: HistogramOperation, range: PositionRange): void {
    this.add('warning', `conflicting counter resets during histogram ${operation}`, range);
  }

  mismatchedCustomBuckets(operation: HistogramOperation, range: PositionRange): void {
    this.add('info', `mismatched custom buckets were reconciled during ${operation}`, range);
  }

  mixedFloatsHistograms(metric: string, range: PositionRange): void {
    const text = `encountered a mix of histograms and floats for metric name ${quoteGo(metric)}`;
    this.add('warning', text, range);
  }

  mixedFloatsHistogramsInAggregation(range: PositionRange): void {
    this.add('warning', 'encountered a mix of histograms and floats for aggregation', range);
  }

  mixedClassicNativeHistograms(metric: string, range: PositionRange): void {
    const text = `vector contains a mix of classic and native histograms${forMetric(metric)}`;
    this.add('warning', text, range);
  }

  mixedExponentialCustomHistograms(metric: string, range: PositionRange): void {
    const text =
      'vector contains a mix of histograms with exponential and custom buckets schemas for metric name ' +
      quoteGo(metric);
    this.add('warning', text, range);
  }

  histogramNotCounter(metric: string, range: PositionRange): void {
    this.add('warning', `this native histogram metric is not a counter: ${quoteGo(metric)}`, range);
  }

  histogramNotGauge(metric: string, range: PositionRange): void {
    this.add('warning', `this native histogram metric is not a gauge: ${quoteGo(metric)}`, range);
  }

  histogramIgnoredInAggregation(aggregation: string, range: PositionRange): void {
    this.add('info', `ignored histogram in ${aggregation} aggregation`, range);
  }

  histogramIgnoredInMixedRange(metric: string, range: PositionRange): void {
    const text =
      'ignored histograms in a range containing both floats and histograms for metric name ' +
      quoteGo(metric);
    this.add('info', text, range);
  }

  /** What NaN observations make of a quantile of a native histogram, or of a fraction. */
  nanObservations(found: NaNObservations, metric: string, range: PositionRange): void {
    const input = found === 'fraction' ? 'histogram_fraction' : 'histogram_quantile';
    const effect = {
      nan: 'result is NaN',
      skew: 'result is skewed higher',
      fraction: 'which are excluded from all fractions',
    }[found];
    this.add('info', `input to ${input} has NaN observations, ${effect}${forMetric(metric)}`, range);
  }

  /** Several of these become one that covers them all, and stands where the first of them does. */
  forcedMonotonicity(
    metric: string,
    range: PositionRange,
    found: {timeMs: number; minBucket: number; maxBucket: number; maxDifference: number},
  ): void {
    const text =
      'PromQL info: input to histogram_quantile needed to be fixed for monotonicity ' +
      `(see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)${forMetric(metric)}`;
    const known = this.#byText.get(text);
    const repaired = known?.repaired ?? null;
    if (known === undefined || repaired === null) {
      const {timeMs, minBucket, maxBucket, maxDifference} = found;
      this.#byText.set(text, {
        level: 'info',
        text,
        range,
        repaired: {minTimeMs: timeMs, maxTimeMs: timeMs, minBucket, maxBucket, maxDifference, count: 1},
        occurrences: 0,
      });
      return;
    }
    if (this.#isBefore(range, known.range, 'caller')) known.range = range;
    repaired.minTimeMs = Math.min(repaired.minTimeMs, found.timeMs);
    repaired.maxTimeMs = Math.max(repaired.maxTimeMs, found.timeMs);
    repaired.minBucket = Math.min(repaired.minBucket, found.minBucket);
    repaired.maxBucket = Math.max(repaired.maxBucket, found.maxBucket);
    repaired.maxDifference = Math.max(repaired.maxDifference, found.maxDifference);
    repaired.count++;
  }
}

function details({repaired, occurrences}: Annotation): string {
  if (repaired === null) return occurrences > 1 ? ` (${occurrences} occurrences)` : '';
  return (
    `, from buckets ${formatShortest(repaired.minBucket)} to ${formatShortest(repaired.maxBucket)}, ` +
    `with a max diff of ${formatFixedDigits(repaired.maxDifference, 2)}, over ${repaired.count} samples ` +
    `from ${formatSecond(repaired.minTimeMs)} to ${formatSecond(repaired.maxTimeMs)}`
  );
}

/** RFC 3339, whole seconds, UTC. */
function formatSecond(timeMs: number): string {
  const date = new Date(Math.trunc(timeMs / 1000) * 1000);
  return Number.isNaN(date.getTime()) ? `${timeMs}ms` : date.toISOString().replace('.000Z', 'Z');
}

function shorten(texts: string[], level: AnnotationLevel, max: number): string[] {
  if (max === 0 || texts.length <= max) return texts;
  return [...texts.slice(0, max), `${texts.length - max} more ${level} annotations omitted`];
}

function forMetric(metric: string): string {
  return metric === '' ? '' : ` for metric name ${quoteGo(metric)}`;
}
