// Native histograms as test files write them: `{{schema:1 count:5 sum:2.5 z_bucket:1 buckets:[1 0 3] n_buckets:[1]}}`.

import {quoteGo} from '../../base/quote.ts';
import {counterReset, type CounterResetHint, FloatHistogram, type Span} from '../../model/histogram.ts';
import {add, areCompatible, sub} from '../../model/histogram/arithmetic.ts';
import {parseNumber} from '../parser/literals.ts';

export interface DescribedHistogram {
  histogram: FloatHistogram;
  /** Whether the description has a `counter_reset_hint`; results are compared with it only then. */
  hasHint: boolean;
}

const hints: ReadonlyMap<string, CounterResetHint> = new Map([
  ['unknown', counterReset.unknown],
  ['reset', counterReset.reset],
  ['not_reset', counterReset.notReset],
  ['gauge', counterReset.gauge],
]);

type Kind = 'whole' | 'width' | 'number' | 'list' | 'hint';

const kinds: ReadonlyMap<string, Kind> = new Map([
  ['schema', 'whole'],
  ['sum', 'number'],
  ['count', 'number'],
  ['z_bucket', 'number'],
  ['z_bucket_w', 'width'],
  ['custom_values', 'list'],
  ['buckets', 'list'],
  ['offset', 'whole'],
  ['n_buckets', 'list'],
  ['n_offset', 'whole'],
  ['counter_reset_hint', 'hint'],
]);

/** Of numbers; other than elsewhere, one that begins with a point or a plus is none. */
const numberForm = String.raw`-?(?:\d[\d_]*\.?[\d_]*(?:e[+-]?\d+)?|inf|nan)`;

const forms: Readonly<Record<Kind, RegExp>> = {
  whole: /^-?\d{1,9}$/,
  width: new RegExp(`^(?!-)${numberForm}$`, 'i'),
  number: new RegExp(`^${numberForm}$`, 'i'),
  list: new RegExp(`^\\[(?!.*-inf)${numberForm}(?:\\s+${numberForm})*\\s*\\]$`, 'i'),
  hint: new RegExp(`^(?:${[...hints.keys()].join('|')})$`, 'i'),
};

/** One description with its double braces. Throws SyntaxError. */
export function parseHistogram(text: string): DescribedHistogram {
  const fields = parseFields(text);
  const number = (name: string): number => (fields.has(name) ? signedNumber(fields.get(name)!) : 0);
  const list = (name: string): number[] => parseList(fields.get(name) ?? '[]');
  const positive = list('buckets');
  const negative = list('n_buckets');
  const hint = fields.get('counter_reset_hint');
  const histogram = new FloatHistogram({
    counterResetHint: hint === undefined ? counterReset.unknown : hints.get(hint.toLowerCase())!,
    schema: number('schema'),
    sum: number('sum'),
    count: number('count'),
    zeroCount: number('z_bucket'),
    zeroThreshold: number('z_bucket_w'),
    customValues: list('custom_values'),
    positiveSpans: spansOf(number('offset'), positive.length),
    positiveBuckets: Float64Array.from(positive),
    negativeSpans: spansOf(number('n_offset'), negative.length),
    negativeBuckets: Float64Array.from(negative),
  });
  return {histogram, hasHint: hint !== undefined};
}

/** The values of the fields as they are written, checked for their form. */
function parseFields(text: string): Map<string, string> {
  const inner = /^\{\{(?!\s+[^\s}])(.*)\}\}$/s.exec(text)?.[1]?.trim();
  if (inner === undefined) throw new SyntaxError(`${quoteGo(text)} is no histogram`);
  const fields = new Map<string, string>();
  for (const item of inner.match(/[^\s[]+(?:\[[^\]]*\]?\S*)?|\S+/g) ?? []) {
    const colon = item.indexOf(':');
    const name = item.slice(0, Math.max(0, colon)).toLowerCase();
    const kind = kinds.get(name);
    if (kind === undefined) throw new SyntaxError(`bad histogram descriptor found: ${quoteGo(item)}`);
    if (fields.has(name)) throw new SyntaxError(`duplicate key ${quoteGo(name)} in histogram`);
    const value = item.slice(colon + 1);
    if (!forms[kind].test(value)) throw new SyntaxError(`error parsing ${name}: ${quoteGo(value)}`);
    fields.set(name, value);
  }
  return fields;
}

function parseList(text: string): number[] {
  return (text.slice(1, -1).match(/\S+/g) ?? []).map(signedNumber);
}

export function signedNumber(text: string): number {
  const negative = text.startsWith('-');
  const value = parseNumber(text.replace(/^[+-]/, ''));
  return negative ? -value : value;
}

function spansOf(offset: number, length: number): readonly Span[] {
  return length === 0 ? [] : [{offset, length}];
}

/** `{{…}}`, `{{…}}x3`, `{{…}}+{{…}}x3`, `{{…}}-{{…}}x3` as one histogram for each point. Throws SyntaxError. */
export function parseHistogramSeries(
  item: string,
  countOf: (digits: string) => number,
): DescribedHistogram[] {
  const match = /^(\{\{.*?\}\})(?:(?:([+-])(\{\{.*?\}\}))?x(\d+))?$/s.exec(item);
  if (match === null) throw new SyntaxError(`${quoteGo(item)} is no histogram`);
  const [, first, sign, step, times] = match;
  const base = parseHistogram(first!);
  const last = countOf(times ?? '0');
  if (step === undefined) return Array.from({length: last + 1}, () => base);
  const {histogram: change, hasHint} = parseHistogram(step);
  const points = [{histogram: base.histogram, hasHint}];
  let current = base.histogram;
  for (let i = 1; i <= last; i++) {
    if (current.schema > change.schema || !areCompatible(current, change)) {
      throw new SyntaxError(
        `error combining histograms: cannot merge from schema ${change.schema} to ${current.schema}`,
      );
    }
    current = (sign === '+' ? add(current, change) : sub(current, change)).histogram;
    points.push({histogram: current, hasHint});
  }
  return points;
}
