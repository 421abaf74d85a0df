// Arithmetic and comparisons between two vectors. One side ("one") has at most one series per match group at each step and
// is kept; the other ("many") is matched series by series. The groups are numbers found once per series, not per step.

import type {BinaryExpr, TrimOp, VectorMatching} from '../../ast.ts';
import type {LabelIds} from '../../../storage/querier.ts';
import {formatLabels} from '../../../model/labels.ts';
import type {PairRemark} from '../annotations.ts';
import type {QueryContext} from '../context.ts';
import {executionError, sameLabelsetMessage} from '../error.ts';
import type {Grid} from '../grid.ts';
import {keepLabels, labelTexts, removeLabels, valueOf} from '../labelset.ts';
import {Matrix, MatrixCursor, materialize, MergedMatrix} from '../matrix.ts';
import {
  absent,
  columnBytes,
  countPoints,
  float,
  histogram,
  type HistogramColumn,
  newRow,
  type MutableRow,
  type Operator,
  type Row,
  samplesOf,
} from '../row.ts';
import {isArithmetic, type ElementOp} from './arithmetic.ts';
import {combine} from './combine.ts';
import type {Operation} from './combinemixed.ts';
import {Grouping} from './grouping.ts';
import {keepsApart} from './map.ts';

export class VectorBinary implements Operator {
  readonly singleName: boolean;
  row: Row;
  readonly #context: QueryContext;
  readonly #match: MatchedPairs;
  readonly #many: Operator;
  readonly #one: Operator;
  readonly #grid: Grid;
  readonly #steps: number;
  readonly #streams: boolean;
  readonly #out: MutableRow;
  #cursor: MatrixCursor | null = null;
  #started = false;
  #held = 0;
  /** The rows of the "one" side that match the current series and are still to be combined with it. */
  #partners: readonly number[] = [];
  #partner = 0;

  constructor(context: QueryContext, expr: BinaryExpr, sides: {left: Operator; right: Operator; grid: Grid}) {
    const matching = expr.matching!;
    const swapped = matching.card === 'one-to-many';
    this.#context = context;
    this.#many = swapped ? sides.right : sides.left;
    this.#one = swapped ? sides.left : sides.right;
    this.#grid = sides.grid;
    this.#steps = sides.grid.count;
    this.#match = new MatchedPairs(context, expr, this.#steps);
    this.#out = newRow(this.#steps);
    this.row = this.#out;
    // Results are surely apart where each series of the "many" side is alone in its group, or keeps its own labels.
    const fills = matching.fill.left !== null || matching.fill.right !== null;
    const whole = matching.card === 'one-to-one' ? !matching.on && matching.labels.length === 0 : true;
    this.#streams = !fills && whole && matching.include.length === 0 && this.#many.singleName;
    this.singleName = this.#streams;
    context.mayRepeatLabels ||= !this.#streams && keepsApart(context, sides.grid);
  }

  next(): boolean {
    if (!this.#started) this.#start();
    if (this.#cursor !== null) return this.#cursor.next();
    for (;;) {
      while (this.#partner < this.#partners.length) {
        if (this.#combineNext()) return true;
      }
      if (!this.#many.next()) break;
      this.#context.check();
      this.#context.releaseSamples(samplesOf(this.#many.row));
      this.#partners = this.#match.partnersOf(this.#many.row);
      this.#partner = 0;
    }
    this.#match.rejectConflicts();
    this.#match.addRemarks();
    this.#context.releaseSamples(this.#held);
    this.#held = 0;
    return false;
  }

  #start(): void {
    this.#started = true;
    const one = materialize(this.#context, this.#one, this.#steps);
    for (let row = 0; row < one.length; row++) this.#held += one.samplesOf(row);
    this.#match.index(one);
    if (this.#streams) return;
    const collected = new CollectedPairs(this.#context, this.#match, this.#grid);
    while (this.#many.next()) {
      this.#context.check();
      this.#context.releaseSamples(samplesOf(this.#many.row));
      collected.add(this.#many.row);
    }
    collected.finish();
    this.#context.specimens.push(collected);
    this.#context.releaseSamples(this.#held);
    this.#held = 0;
    one.release();
    this.#cursor = new MatrixCursor(collected.matrix, false);
    this.row = this.#cursor.row;
  }

  #combineNext(): boolean {
    const partner = this.#partners[this.#partner++]!;
    const source = this.#many.row;
    const out = this.#out;
    const points = this.#match.combine(source, this.#match.sideOf(partner), out);
    if (points === 0) return false;
    const {labels, dropName} = this.#match.resultLabels(source.labels, this.#match.one.labels[partner]!);
    out.labels = labels;
    out.dropName = dropName;
    out.points = points;
    this.#context.holdSamples(samplesOf(out));
    return true;
  }
}

/** Memory of a group's list of rows. */
const rowsBytes = 80;

/** Columns of one series, without its labels. */
interface Side {
  values: Float64Array;
  kinds: Uint8Array;
  histograms: HistogramColumn | null;
}

/** Knows which series match, and what their combination is called. */
class MatchedPairs {
  readonly matching: VectorMatching;
  readonly groups: Grouping;
  /** Rows of the "one" side by match group. */
  readonly rowsOf: number[][] = [];
  one!: Matrix;
  readonly #context: QueryContext;
  readonly #expr: BinaryExpr;
  readonly #operation: Operation;
  readonly #labelNames: Set<number>;
  readonly #include: number[];
  readonly #steps: number;
  /** Steps where the "many" side has anything; null as long as no conflict depends on it. */
  #anyMany: Uint8Array | null = null;
  /** For each step the first two rows of the "one" side that share a group, or -1. */
  #conflicts: Int32Array | null = null;
  /** The last remark on each step that has any: Prometheus keeps no others. */
  readonly #remarks = new Map<number, PairRemark>();
  /** The steps at which the last pair was no pair, since the operator does not know its types. */
  readonly refused: number[] = [];

  constructor(context: QueryContext, expr: BinaryExpr, steps: number) {
    const matching = expr.matching!;
    const {symbols} = context;
    this.matching = matching;
    this.#context = context;
    this.#expr = expr;
    this.#operation = {
      op: expr.op as ElementOp | TrimOp,
      bool: expr.bool,
      kept: 'left',
      remark: (remark, step) => {
        this.#remarks.set(step, remark);
        if (remark.kind !== 'bounds') this.refused.push(step);
      },
    };
    this.#steps = steps;
    this.groups = new Grouping(context, matching.labels, !matching.on);
    this.#labelNames = new Set(matching.labels.map((name) => symbols.intern(name)));
    this.#include = matching.include.map((name) => symbols.intern(name));
  }

  /**
   * Sorts the "one" side into groups. Several series of a group, which have values at different steps, become one
   * where nothing of their own labels is needed.
   */
  index(one: Matrix): void {
    this.one = one;
    const {length} = one;
    // Which row has taken each step of a group; only for groups of several rows.
    const owners: (Int32Array | undefined)[] = [];
    for (let row = 0; row < length; row++) {
      this.#context.check();
      const group = this.groups.groupOf(one.labels[row]!);
      const rows = this.rowsOf[group];
      if (rows === undefined) {
        this.#context.takeBytes(rowsBytes);
        this.rowsOf[group] = [row];
        continue;
      }
      rows.push(row);
      let owner = owners[group];
      if (owner === undefined) {
        this.#context.takeBytes(columnBytes(4 * this.#steps));
        owner = owners[group] = new Int32Array(this.#steps).fill(-1);
        this.#own(owner, rows[0]!);
      }
      this.#own(owner, row);
    }
    if (this.#include.length > 0) return;
    for (const [group, rows] of this.rowsOf.entries()) {
      if (rows !== undefined && rows.length > 1) this.rowsOf[group] = [this.#merge(rows)];
    }
  }

  /** Takes the steps of a row for it; those that are taken already are conflicts. */
  #own(owner: Int32Array, row: number): void {
    const kinds = this.one.kindsOf(row);
    for (let step = 0; step < owner.length; step++) {
      if (kinds[step] === absent) continue;
      if (owner[step]! < 0) owner[step] = row;
      else this.#noteConflict(step, owner[step]!, row);
    }
  }

  #merge(rows: readonly number[]): number {
    const {one} = this;
    const merged = one.add(one.labels[rows[0]!]!, one.dropNames[rows[0]!]!);
    const values = one.valuesOf(merged);
    const kinds = one.kindsOf(merged);
    for (const row of rows) {
      const sourceValues = one.valuesOf(row);
      const sourceKinds = one.kindsOf(row);
      for (let step = 0; step < kinds.length; step++) {
        if (sourceKinds[step] === absent) continue;
        kinds[step] = sourceKinds[step]!;
        values[step] = sourceValues[step]!;
        if (kinds[step] === histogram) {
          one.makeHistograms(merged)[step] = one.histogramsOf(row)![step];
        }
      }
    }
    one.points[merged] = countPoints(kinds);
    return merged;
  }

  /** Of several conflicts at a step, Prometheus meets that of the earliest second row. */
  #noteConflict(step: number, first: number, second: number): void {
    if (this.#conflicts === null) {
      this.#conflicts = new Int32Array(2 * this.#steps).fill(-1);
      this.#anyMany = new Uint8Array(this.#steps);
    }
    const known = this.#conflicts[2 * step + 1]!;
    if (known >= 0 && known <= second) return;
    this.#conflicts[2 * step] = first;
    this.#conflicts[2 * step + 1] = second;
  }

  partnersOf(many: Row): readonly number[] {
    this.sawMany(many.kinds);
    return this.rowsOf[this.groups.groupOf(many.labels)] ?? [];
  }

  sawMany(kinds: Uint8Array): void {
    const any = this.#anyMany;
    if (any === null) return;
    for (let step = 0; step < any.length; step++) if (kinds[step] !== absent) any[step] = 1;
  }

  /** Throws where two series of the "one" side share a group at a step at which there is something to match. */
  rejectConflicts(lastStep = this.#steps - 1): void {
    const conflicts = this.#conflicts;
    if (conflicts === null) return;
    const {fill} = this.matching;
    const always = fill.left !== null || fill.right !== null;
    for (let step = 0; step <= lastStep; step++) {
      if (conflicts[2 * step]! < 0 || (!always && this.#anyMany![step] === 0)) continue;
      const {symbols} = this.#context;
      const first = this.one.labels[conflicts[2 * step]!]!;
      const second = this.one.labels[conflicts[2 * step + 1]!]!;
      const series = [first, second].map((labels) => formatLabels(labelTexts(symbols, labels)));
      series.sort((left, right) => (left < right ? -1 : left > right ? 1 : 0));
      const group = formatLabels(labelTexts(symbols, this.matchLabels(second)));
      const side = this.matching.card === 'one-to-many' ? 'left' : 'right';
      throw executionError(
        `found duplicate series for the match group ${group} on the ${side} hand-side of the operation: ` +
          `[${series.join(', ')}];many-to-many matching not allowed: matching labels must be unique on one side`,
      );
    }
  }

  /** The labels by which a series was matched. */
  matchLabels(labels: LabelIds): LabelIds {
    if (this.matching.on) return keepLabels(labels, this.#labelNames);
    return removeLabels(labels, new Set([...this.#labelNames, this.#context.names.metricName]));
  }

  /** The columns of a row of the "one" side. */
  sideOf(row: number): Side {
    const {one} = this;
    return {values: one.valuesOf(row), kinds: one.kindsOf(row), histograms: one.histogramsOf(row)};
  }

  combine(many: Side, one: Side, out: MutableRow): number {
    this.refused.length = 0;
    const swapped = this.matching.card === 'one-to-many';
    const operands = swapped ? {left: one, right: many} : {left: many, right: one};
    return combine(this.#operation, operands, out);
  }

  /** Hands out what was remarked, once everything is combined. */
  addRemarks(): void {
    const {op, range} = this.#expr;
    for (const remark of this.#remarks.values()) this.#context.annotations.pair(remark, op, range);
    this.#remarks.clear();
  }

  /** Labels of the result: those of the "many" side, reduced to the match for one-to-one, with those to include. */
  resultLabels(many: LabelIds, one: LabelIds): {labels: LabelIds; dropName: boolean} {
    const {names, delayedNameRemoval} = this.#context;
    const {bool} = this.#expr;
    let labels = many;
    if (isArithmetic(this.#expr.op) || (bool && !delayedNameRemoval)) labels = names.dropName(labels);
    if (this.matching.card === 'one-to-one') {
      labels = this.matching.on
        ? keepLabels(labels, this.#labelNames)
        : this.#labelNames.size === 0
          ? labels
          : removeLabels(labels, this.#labelNames);
    }
    for (const name of this.#include) labels = names.with(labels, name, valueOf(one, name));
    return {labels, dropName: bool};
  }
}

/** An entry of a map with its key. */
const matchedBytes = 120;

/** Results where several series may get the same labels, or where missing partners are filled in. */
class CollectedPairs {
  readonly #context: QueryContext;
  readonly #match: MatchedPairs;
  readonly #steps: number;
  readonly #merged: MergedMatrix;
  readonly #keepsApart: boolean;
  readonly #out: MutableRow;
  /** Steps that have been matched: by group for one-to-one, else by group and result labels. */
  readonly #matched = new Map<string | number, Uint8Array>();
  /** The conflict of the earliest step: of several, that is the one which is reported. At one step, matches come first. */
  #conflict: {step: number; message: string} | null = null;
  /** Steps at which a group has had any match; only kept where the "many" side may be filled in. */
  readonly #matchedGroups = new Map<number, Uint8Array>();
  readonly #both: Uint8Array;

  constructor(context: QueryContext, match: MatchedPairs, grid: Grid) {
    const steps = grid.count;
    this.#context = context;
    this.#match = match;
    this.#steps = steps;
    this.#merged = new MergedMatrix(context, steps);
    this.#keepsApart = keepsApart(context, grid);
    this.#out = newRow(steps);
    this.#both = new Uint8Array(steps);
  }

  get matrix(): Matrix {
    return this.#merged.matrix;
  }

  add(many: Row): void {
    const match = this.#match;
    const partners = match.partnersOf(many);
    const group = match.groups.groupOf(many.labels);
    for (const partner of partners) {
      this.#pair(group, many, {...match.sideOf(partner), labels: match.one.labels[partner]!});
    }
    const fill = match.matching.fill.right;
    if (fill === null) return;
    const kinds = new Uint8Array(this.#steps).fill(float);
    for (const partner of partners) {
      const present = match.one.kindsOf(partner);
      for (let step = 0; step < kinds.length; step++) if (present[step] !== absent) kinds[step] = absent;
    }
    const values = new Float64Array(this.#steps).fill(fill);
    this.#pair(group, many, {values, kinds, histograms: null, labels: match.matchLabels(many.labels)});
  }

  /** After the last series: fills in what was not matched, then throws where anything was not clear. */
  finish(): void {
    this.#fillMany();
    this.#match.rejectConflicts(this.#conflict?.step);
    if (this.#conflict !== null) throw executionError(this.#conflict.message);
    this.#match.addRemarks();
  }

  #noteConflict(step: number, message: string): void {
    const known = this.#conflict;
    const isFirst = known === null || step < known.step;
    if (isFirst || (step === known.step && known.message === sameLabelsetMessage)) {
      this.#conflict = {step, message};
    }
  }

  /** Fills in for series of the "one" side that were not matched. */
  #fillMany(): void {
    const match = this.#match;
    const fill = match.matching.fill.left;
    if (fill === null) return;
    const values = new Float64Array(this.#steps).fill(fill);
    for (const [group, rows] of match.rowsOf.entries()) {
      for (const row of rows ?? []) {
        const kinds = new Uint8Array(this.#steps).fill(float);
        const matched = this.#matchedGroups.get(group);
        if (matched !== undefined) {
          for (let step = 0; step < kinds.length; step++) if (matched[step] !== 0) kinds[step] = absent;
        }
        const labels = match.one.labels[row]!;
        const many = {values, kinds, histograms: null, labels: match.matchLabels(labels)};
        this.#pair(group, many, {...match.sideOf(row), labels});
      }
    }
  }

  #pair(group: number, many: Side & {labels: LabelIds}, one: Side & {labels: LabelIds}): void {
    const match = this.#match;
    const out = this.#out;
    const {labels, dropName} = match.resultLabels(many.labels, one.labels);
    const points = match.combine(many, one, out);
    this.#claim(group, labels, many.kinds, one.kinds);
    if (points === 0) return;
    out.labels = labels;
    out.dropName = dropName;
    out.points = points;
    if (this.#keepsApart) this.matrix.append(out);
    else this.#merged.append(out, (step) => this.#noteConflict(step, sameLabelsetMessage));
    this.#context.holdSamples(samplesOf(out));
  }

  /** Marks the steps that match, also those that a comparison will drop; two matches for one result are an error. */
  #claim(group: number, labels: LabelIds, many: Uint8Array, one: Uint8Array): void {
    const both = this.#both;
    for (let step = 0; step < both.length; step++) {
      both[step] = many[step] !== absent && one[step] !== absent ? 1 : 0;
    }
    for (const step of this.#match.refused) both[step] = 0;
    if (countPoints(both) === 0) return;
    if (this.#match.matching.fill.left !== null) {
      const matched = this.#matchedGroups.get(group);
      if (matched === undefined) {
        this.#context.takeBytes(matchedBytes + columnBytes(this.#steps));
        this.#matchedGroups.set(group, both.slice());
      } else for (let step = 0; step < both.length; step++) matched[step]! |= both[step]!;
    }
    const oneToOne = this.#match.matching.card === 'one-to-one';
    const key = oneToOne ? group : `${group}:${labels.join(',')}`;
    const claimed = this.#matched.get(key);
    if (claimed === undefined) {
      this.#context.takeBytes(matchedBytes + columnBytes(this.#steps));
      this.#matched.set(key, both.slice());
      return;
    }
    for (let step = 0; step < both.length; step++) {
      if (both[step] === 0) continue;
      if (claimed[step] !== 0) {
        this.#noteConflict(
          step,
          oneToOne
            ? 'multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)'
            : 'multiple matches for labels: grouping labels must ensure unique matches',
        );
      }
      claimed[step] = 1;
    }
  }
}
