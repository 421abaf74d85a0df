// The rows of a vector's table: filtered and sorted as the reader asked.
import type {ApiHistogram, VectorSeries} from '../api/types.ts';
import {formatSeries, type LabelSet} from './series-name.ts';

export interface ResultRow {
  labels: LabelSet;
  /** As PromQL; also what a filter looks at. */
  name: string;
  /** The server's own text: nothing is rounded. */
  text: string;
  /** To sort by; NaN for a histogram. */
  value: number;
  histogram: ApiHistogram | null;
}

export function rowsOf(series: readonly VectorSeries[]): ResultRow[] {
  return series.map(({metric, value, histogram}) => {
    const text = value?.[1] ?? '';
    return {
      labels: metric,
      name: formatSeries(metric),
      text,
      value: value === undefined ? NaN : numberOf(text),
      histogram: histogram?.[1] ?? null,
    };
  });
}

function numberOf(text: string): number {
  // The API's words for infinity are not JavaScript's.
  if (text.endsWith('Inf')) return text.startsWith('-') ? -Infinity : Infinity;
  return Number(text);
}

/** By the value, by the whole series, or by one label; null = in the server's order. */
export interface Sorting {
  column: 'value' | 'series' | {label: string};
  descending: boolean;
}

/** The rows in which every word of `filter` stands, sorted. Rows that are equal stay in the server's order. */
export function arrangeRows(
  rows: readonly ResultRow[],
  filter: string,
  sorting: Sorting | null,
): ResultRow[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const shown = rows.filter(({name}) => {
    const text = name.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  if (sorting === null) return shown;
  const compare = comparison(sorting.column);
  const sign = sorting.descending ? -1 : 1;
  return shown.sort((a, b) => sign * compare(a, b));
}

function comparison(column: Sorting['column']): (a: ResultRow, b: ResultRow) => number {
  if (column === 'value') return (a, b) => compareNumbers(a.value, b.value);
  if (column === 'series') return (a, b) => compareTexts(a.name, b.name);
  return (a, b) => compareTexts(a.labels[column.label] ?? '', b.labels[column.label] ?? '');
}

/** NaN is the smallest. */
function compareNumbers(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(b)) - Number(Number.isNaN(a));
  return a < b ? -1 : Number(a > b);
}

const texts = new Intl.Collator('en', {numeric: true});

function compareTexts(a: string, b: string): number {
  return texts.compare(a, b);
}

/** The sorting after a click on a column's head: descending first for values, ascending for texts, then the other, then none. */
export function nextSorting(before: Sorting | null, column: Sorting['column']): Sorting | null {
  const first = column === 'value';
  if (before === null || !sameColumn(before.column, column)) return {column, descending: first};
  return before.descending === first ? {column, descending: !first} : null;
}

export function sameColumn(a: Sorting['column'], b: Sorting['column']): boolean {
  if (typeof a === 'string' || typeof b === 'string') return a === b;
  return a.label === b.label;
}
