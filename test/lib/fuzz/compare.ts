// Whether two answers say the same.

import type {RawAnswer} from './sides.ts';

export interface Answer {
  status: number;
  errorType?: string;
  error?: string;
  data?: {resultType: string; result: unknown; stats?: {samples: Record<string, unknown>}};
  warnings?: string[];
  infos?: string[];
}

export interface CompareOptions {
  query: string;
  /** The answer was cut to a number of series. */
  limited: boolean;
  /** Whether statistics are compared where there are any. */
  stats: boolean;
  /** How far numbers may be apart, relative to the larger one. */
  tolerance: number;
}

export function parseAnswer({status, text}: RawAnswer): Answer {
  try {
    return {...(JSON.parse(text) as Answer), status};
  } catch {
    return {status, error: `no JSON: ${text.slice(0, 200)}`};
  }
}

/** What is wrong with `got`, or null. Starts with a word that says what kind of thing it is. */
export function differenceOf(got: Answer, expected: Answer, options: CompareOptions): string | null {
  const said = (each: Answer): string => `${each.status} ${each.errorType ?? 'ok'} ${each.error ?? ''}`;
  if (got.status !== expected.status) return `status: ${said(got)}\n  not ${said(expected)}`;
  if (got.errorType !== expected.errorType) return `errorType: ${said(got)}\n  not ${said(expected)}`;
  if (got.error !== expected.error) return `error: ${said(got)}\n  not ${said(expected)}`;
  if (got.status !== 200) return null;
  return (
    compareData(got.data!, expected.data!, options) ??
    compareTexts('warnings', got.warnings, expected.warnings) ??
    compareTexts('infos', got.infos, expected.infos) ??
    (options.stats ? compareStats(got, expected) : null)
  );
}

type Data = NonNullable<Answer['data']>;

function compareData(got: Data, expected: Data, options: CompareOptions): string | null {
  if (got.resultType !== expected.resultType)
    return `resultType: ${got.resultType}, not ${expected.resultType}`;
  const {tolerance} = options;
  if (got.resultType === 'scalar' || got.resultType === 'string')
    return compareValues(got.result, expected.result, 'value', tolerance);
  const gotSeries = got.result as Entry[];
  const expectedSeries = expected.result as Entry[];
  if (options.limited && got.resultType === 'vector') {
    // Which series stay depends on an order that is not defined.
    if (gotSeries.length === expectedSeries.length) return null;
    return `length: ${gotSeries.length} series, not ${expectedSeries.length}`;
  }
  if (got.resultType === 'vector' && /^sort(_desc)?\(/.test(options.query)) {
    // Of equal values any order will do.
    const values = (series: Entry[]): unknown => series.map(({value}) => value);
    const found = compareValues(values(gotSeries), values(expectedSeries), 'order', tolerance);
    if (found !== null) return found;
  }
  const isOrdered = got.resultType === 'matrix' || /^sort_by_label(_desc)?\(/.test(options.query);
  return compareSeries(gotSeries, expectedSeries, isOrdered, tolerance);
}

interface Entry {
  metric: Record<string, string>;
  value?: unknown;
}

function compareSeries(
  got: Entry[],
  expected: Entry[],
  isOrdered: boolean,
  tolerance: number,
): string | null {
  const key = ({metric}: Entry): string =>
    JSON.stringify(Object.entries(metric).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  const gotKeys = got.map(key);
  const expectedKeys = expected.map(key);
  const missing = expectedKeys.filter((each) => !gotKeys.includes(each));
  const extra = gotKeys.filter((each) => !expectedKeys.includes(each));
  if (missing.length > 0 || extra.length > 0)
    return `series: ${missing.length} missing: ${missing.slice(0, 2).join(' ')}, ${extra.length} too many: ${extra.slice(0, 2).join(' ')}`;
  if (got.length !== expected.length) return `length: ${got.length} series, not ${expected.length}`;
  for (const [index, entry] of expected.entries()) {
    const at = gotKeys.indexOf(expectedKeys[index]!);
    if (isOrdered && at !== index) return `order: ${expectedKeys[index]} stands at ${at}, not at ${index}`;
    const found = compareValues(got[at], entry, expectedKeys[index]!, tolerance);
    if (found !== null) return `values: ${found}`;
  }
  return null;
}

function compareValues(got: unknown, expected: unknown, path: string, tolerance: number): string | null {
  if (typeof expected !== 'object' || typeof got !== 'object') {
    if (got === expected || isClose(numberOf(got), numberOf(expected), tolerance)) return null;
    return `${path}: ${String(got)}, not ${String(expected)}`;
  }
  const gotEntries = new Map(Object.entries(got ?? {}));
  const expectedEntries = new Map(Object.entries(expected ?? {}));
  if (Array.isArray(expected) && gotEntries.size !== expectedEntries.size) {
    const brief = (value: unknown): string => JSON.stringify(value).slice(0, 300);
    return `${path}: ${gotEntries.size} entries, not ${expectedEntries.size}: ${brief(got)}, not ${brief(expected)}`;
  }
  for (const each of new Set([...expectedEntries.keys(), ...gotEntries.keys()])) {
    const found = compareValues(
      gotEntries.get(each),
      expectedEntries.get(each),
      `${path}.${each}`,
      tolerance,
    );
    if (found !== null) return found;
  }
  return null;
}

function numberOf(text: unknown): number {
  return Number(String(text).replace('Inf', 'Infinity'));
}

function isClose(got: number, expected: number, tolerance: number): boolean {
  return Math.abs(got - expected) <= tolerance * Math.max(Math.abs(got), Math.abs(expected));
}

/** The order of annotations, and which of them are left out where there are more than ten, is that of a map. */
function compareTexts(what: string, got: string[] = [], expected: string[] = []): string | null {
  if (got.length !== expected.length || !got.some((each) => each.endsWith('annotations omitted'))) {
    const gotText = got.toSorted().join('\n    ');
    const expectedText = expected.toSorted().join('\n    ');
    return gotText === expectedText ? null : `${what}: ${gotText || 'none'}\n  not ${expectedText || 'none'}`;
  }
  return got.at(-1) === expected.at(-1) ? null : `${what}: ${got.at(-1)}, not ${expected.at(-1)}`;
}

function compareStats(got: Answer, expected: Answer): string | null {
  const [ours, theirs] = [got, expected].map(({data}) => data!.stats?.samples['totalQueryableSamples']);
  return ours === theirs ? null : `samples: ${String(ours)} looked at, not ${String(theirs)}`;
}
