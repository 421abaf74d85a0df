// Functions over instant vectors that need all series, or none: absent, scalar, vector, sort and their kin.

import type {Matcher} from '../../../model/matcher.ts';
import {guarded} from '../../../storage/guardedsort.ts';
import type {LabelIds} from '../../../storage/querier.ts';
import type {Expr} from '../../ast.ts';
import type {QueryContext} from '../context.ts';
import type {Grid} from '../grid.ts';
import {compareLabelIds, noLabelIds, valueOf} from '../labelset.ts';
import {Matrix, MatrixCursor, materialize} from '../matrix.ts';
import {compareNatural} from '../naturalorder.ts';
import {absent, float, newRow, type Operator, samplesOf} from '../row.ts';
import {singleRow} from './map.ts';
import {ValueHeap} from './valueheap.ts';

/** absent(): 1 at each step where no series has a value. */
export function absentVector(context: QueryContext, child: Operator, labels: LabelIds, grid: Grid): Operator {
  const seen = new Uint8Array(grid.count);
  let held = 0;
  while (child.next()) {
    const {row} = child;
    held += samplesOf(row);
    for (let step = 0; step < seen.length; step++) if (row.kinds[step] !== absent) seen[step] = 1;
  }
  context.releaseSamples(held);
  return singleRow(context, new Matrix(context, grid.count), labels, (values, kinds) => {
    values.fill(1);
    for (let step = 0; step < seen.length; step++) kinds[step] = seen[step] === 0 ? float : absent;
  });
}

/** What absent() knows of the labels of the series that it misses: those that one matcher alone sets equal. */
export function absentLabels(context: QueryContext, expr: Expr): LabelIds {
  const matchers = inSelectionOrder(matchersOf(expr));
  let labels = noLabelIds;
  const seen = new Set<string>();
  for (const {name, type, value} of matchers) {
    if (name === '__name__') continue;
    const sets = type === '=' && !seen.has(name);
    if (sets) seen.add(name);
    labels = context.names.with(
      labels,
      context.symbols.intern(name),
      sets ? context.symbols.intern(value) : 0,
    );
  }
  return labels;
}

/** Prometheus's index moves matchers that only take series away behind the others, which shows here. */
function inSelectionOrder(matchers: readonly Matcher[]): readonly Matcher[] {
  const needed = new Set(matchers.filter((each) => !each.matches('')).map(({name}) => name));
  const takesAway = (each: Matcher): boolean =>
    !needed.has(each.name) || (each.type.startsWith('!') && each.matches(''));
  return [...matchers.filter((each) => !takesAway(each)), ...matchers.filter(takesAway)];
}

function matchersOf(expr: Expr): readonly Matcher[] {
  if (expr.kind === 'vectorSelector') return expr.matchers;
  return expr.kind === 'matrixSelector' ? expr.selector.matchers : [];
}

/** scalar(): the value of the only series, NaN where there is none or several. */
export function scalarOf(context: QueryContext, child: Operator, grid: Grid): Float64Array {
  const values = new Float64Array(grid.count).fill(NaN);
  const counts = new Uint8Array(grid.count);
  let held = 0;
  while (child.next()) {
    const {row} = child;
    held += samplesOf(row);
    for (let step = 0; step < counts.length; step++) {
      if (row.kinds[step] !== float) continue;
      values[step] = counts[step] === 0 ? row.values[step]! : NaN;
      counts[step] = 1;
    }
  }
  context.releaseSamples(held);
  return values;
}

/** A scalar as a vector of one series without labels. */
export function vectorOf(context: QueryContext, scalar: Float64Array, grid: Grid): Operator {
  return singleRow(context, new Matrix(context, grid.count), noLabelIds, (values, kinds) => {
    values.set(scalar);
    kinds.fill(float);
  });
}

/** sort() and sort_desc() of an instant query; NaN last in both. */
export function sortByValue(
  context: QueryContext,
  child: Operator,
  {grid, descending}: {grid: Grid; descending: boolean},
): Operator {
  const input = materialize(context, child, grid.count);
  context.takeBytes(sortedRowBytes * input.length);
  const heap = new ValueHeap(descending ? 'smallestFirst' : 'largestFirst');
  for (let row = 0; row < input.length; row++) {
    if (input.kindAt(row, 0) === float) {
      heap.values.push(input.valueAt(row, 0));
      heap.items.push(row);
    }
  }
  heap.sort(context);
  return reorder(context, input, heap.items, child.singleName);
}

/** sort_by_label() and sort_by_label_desc() of an instant query: by the given labels in natural order, then by all. */
export function sortByLabels(
  context: QueryContext,
  child: Operator,
  {grid, labels, descending}: {grid: Grid; labels: readonly string[]; descending: boolean},
): Operator {
  const {symbols} = context;
  const input = materialize(context, child, grid.count);
  const names = labels.map((label) => symbols.intern(label));
  const direction = descending ? -1 : 1;
  context.takeBytes(sortedRowBytes * input.length);
  const order = input.labels.map((_, row) => row);
  const compare = (left: number, right: number): number => {
    const a = input.labels[left]!;
    const b = input.labels[right]!;
    for (const name of names) {
      const aValue = valueOf(a, name);
      const bValue = valueOf(b, name);
      if (aValue === bValue) continue;
      return direction * compareNatural(symbols.text(aValue), symbols.text(bValue));
    }
    return direction * compareLabelIds(symbols, a, b);
  };
  order.sort(guarded(compare, context));
  return reorder(context, input, order, child.singleName);
}

/** Numbers by which rows are sorted, with copies. */
const sortedRowBytes = 64;

function reorder(
  context: QueryContext,
  input: Matrix,
  order: readonly number[],
  singleName: boolean,
): Operator {
  const result = new Matrix(context, input.steps);
  const cursor = newRow(input.steps);
  for (const row of order) {
    context.check();
    cursor.labels = input.labels[row]!;
    cursor.dropName = input.dropNames[row]!;
    cursor.points = input.points[row]!;
    input.copyRow(row, cursor.values, cursor.kinds);
    cursor.histograms = input.histogramsOf(row);
    result.append(cursor);
  }
  input.release();
  return new MatrixCursor(result, singleName);
}
