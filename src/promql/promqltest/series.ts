// Series with their samples as test files write them: `name{label="value"} 1+2x5 _ stale {{schema:0 count:3}}x2`.

import {labelsOf, type Labels} from '../../model/labels.ts';
import {parseMetricSelector} from '../parser/parser.ts';
import {type DescribedHistogram, parseHistogramSeries, signedNumber} from './histogram.ts';

export type Point = AbsentPoint | FloatPoint | StalePoint | HistogramPoint;

export interface AbsentPoint {
  kind: 'absent';
}

export interface FloatPoint {
  kind: 'float';
  value: number;
}

export interface StalePoint {
  kind: 'stale';
}

export interface HistogramPoint extends DescribedHistogram {
  kind: 'histogram';
}

/** Points that one series may have; the longest upstream file stays far below. */
const pointsMax = 1_000_000;

/** Throws SyntaxError. */
export function parseDescription(text: string): {labels: Labels; points: Point[]} {
  const end = metricEnd(text);
  const labels = parseMetric(text.slice(0, end));
  const points: Point[] = [];
  for (const item of splitItems(text.slice(end))) {
    for (const point of parseItem(item)) points.push(point);
    if (points.length > pointsMax) throw new SyntaxError(`more than ${pointsMax} samples`);
  }
  return {labels, points};
}

/** Where the metric ends: after its braces, or at the first blank. */
function metricEnd(text: string): number {
  const brace = text.search(/[\s{]/);
  if (brace < 0) return text.length;
  if (text[brace] !== '{') return brace;
  let quote = '';
  for (let i = brace; i < text.length; i++) {
    const char = text[i]!;
    if (quote !== '') {
      if (char === '\\' && quote !== '`') i++;
      else if (char === quote) quote = '';
    } else if (char === '"' || char === "'" || char === '`') quote = char;
    else if (char === '}') return i + 1;
  }
  throw new SyntaxError(`braces are not closed in ${JSON.stringify(text)}`);
}

function parseMetric(text: string): Labels {
  if (/^\{\s*\}$/.test(text)) return [];
  const entries: [string, string][] = [];
  for (const {name, type, value} of parseMetricSelector(text)) {
    if (type !== '=') throw new SyntaxError(`${name} is not set to a value in ${JSON.stringify(text)}`);
    entries.push([name, value]);
  }
  return labelsOf(entries);
}

/** Items are separated by blanks; a histogram's braces may contain some. */
function splitItems(text: string): string[] {
  return text.match(/(?:\{\{.*?\}\}|\S)+/g) ?? [];
}

function parseItem(item: string): Point[] {
  const blank = /^_(?:x(\d+))?$/.exec(item);
  if (blank !== null) return repeat({kind: 'absent'}, countOf(blank[1] ?? '1'));
  if (item.startsWith('{{')) {
    return parseHistogramSeries(item, countOf).map((each) => ({kind: 'histogram', ...each}));
  }
  if (item === 'stale') return [{kind: 'stale'}];
  const number = String.raw`[+-]?(?:inf|nan|(?:[\d_]+\.?[\d_]*|\.\d+)(?:e[+-]?\d+)?)`;
  const match = new RegExp(`^(${number})(?:(?:([+-]${number.slice(5)}))?x(\\d+))?$`, 'i').exec(item);
  // A word swallows the `x` behind it.
  if (match === null || /(?:inf|nan)x/i.test(item))
    throw new SyntaxError(`${JSON.stringify(item)} is no sample`);
  const [, first, step, times] = match;
  const points: Point[] = [];
  let value = signedNumber(first!);
  const increment = step === undefined ? 0 : signedNumber(step);
  const last = countOf(times ?? '0');
  for (let i = 0; i <= last; i++) {
    points.push({kind: 'float', value});
    if (step !== undefined) value += increment;
  }
  return points;
}

function repeat(point: Point, count: number): Point[] {
  return Array.from({length: count}, () => point);
}

function countOf(digits: string): number {
  const count = Number(digits);
  if (count > pointsMax) throw new SyntaxError(`more than ${pointsMax} samples`);
  return count;
}
