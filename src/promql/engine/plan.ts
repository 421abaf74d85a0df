// From a syntax tree to operators. Scalars are evaluated here at once, into a column of numbers; vectors become operators,
// which compute nothing before they are asked for their first series.

import type {AggregateExpr, BinaryExpr, Call, Expr, MatrixSelector, SubqueryExpr, TrimOp} from '../ast.ts';
import {formatExpr} from '../parser/printer.ts';
import {typeOf} from '../parser/types.ts';
import type {PairRemark} from './annotations.ts';
import {tooManySamples, type QueryContext} from './context.ts';
import {selectorsWithoutBuckets} from './histogramstatistics.ts';
import {executionError, isFailure} from './error.ts';
import {nowhere} from './evaluationorder.ts';
import {instantGrid, type Grid} from './grid.ts';
import {isStepInvariant, withoutParens} from './invariance.ts';
import {Matrix, MatrixCursor} from './matrix.ts';
import {clampTo, dateFunctions, largerOf, mathFunctions, roundTo, smallerOf} from './mathfunctions.ts';
import {aggregateQuantile, Aggregate} from './operators/aggregate.ts';
import {computeScalar, isArithmetic, type ElementOp} from './operators/arithmetic.ts';
import {VectorBinary} from './operators/binary.ts';
import {combine} from './operators/combine.ts';
import type {Operation} from './operators/combinemixed.ts';
import {CountValues} from './operators/countvalues.ts';
import {histogramFraction, histogramQuantile} from './operators/histogram.ts';
import {info, infoTimes} from './operators/info.ts';
import {
  AfterRows,
  Broadcast,
  Deferred,
  mapFloats,
  keepsApart,
  mapHistograms,
  MapRows,
  mapValues,
  mergeSteps,
  type RowFunction,
} from './operators/map.ts';
import {AbsentSteps, RangeFunction} from './operators/range.ts';
import {labelJoin, labelReplace} from './operators/relabel.ts';
import {
  InstantSelector,
  StoredColumns,
  type ColumnSource,
  type SelectorAnswer,
} from './operators/selector.ts';
import {LeftSide, RightSide} from './operators/sides.ts';
import {setOperator} from './operators/sets.ts';
import {SharedRows} from './operators/shared.ts';
import {ExtendedColumns, SmoothedSelector} from './operators/smoothed.ts';
import {subqueryGrid, SubqueryColumns, SubqueryReads} from './operators/subquery.ts';
import {aggregateK, limitRatio} from './operators/topk.ts';
import {
  absentLabels,
  absentVector,
  scalarOf,
  sortByLabels,
  sortByValue,
  vectorOf,
} from './operators/vectorfunctions.ts';
import {startTimeFunctions, windowFunctionOf} from './rangefunctions.ts';
import {RepeatedExprs} from './repeated.ts';
import {negate} from '../../model/histogram/arithmetic.ts';
import {histogramAverage, histogramStandardDeviation, histogramVariance} from './nativehistogram.ts';
import {absent, countPoints, float, type Operator} from './row.ts';
import {extensionOf} from './windows/extended.ts';

/** Bytes for a step of a row (value and kind), and of two columns beside it. */
const rowBytes = 9;
const columnsBytes = 16;

/** What else is a metric of its own has no name. */
const keepNames: ReadonlySet<string> = new Set(['first_over_time', 'last_over_time', 'absent_over_time']);

export class Planner {
  readonly #context: QueryContext;
  readonly #defaultSubqueryStepMs: number;
  readonly #withoutBuckets: ReadonlySet<Expr>;
  readonly #repeated: RepeatedExprs;
  readonly #shared = new Map<string, SharedRows>();

  /** `root` is the whole of the query. */
  constructor(context: QueryContext, root: Expr, defaultSubqueryStepMs: number) {
    this.#context = context;
    this.#defaultSubqueryStepMs = defaultSubqueryStepMs;
    this.#withoutBuckets = selectorsWithoutBuckets(root);
    this.#repeated = new RepeatedExprs(root, this.#withoutBuckets);
  }

  /** The series of an instant vector expression over `grid`. */
  vector(whole: Expr, grid: Grid): Operator {
    const expr = withoutParens(whole);
    this.#takeColumns(grid, rowBytes);
    const rows = this.#shareable(expr, grid);
    this.#context.specimens.push(rows);
    return this.#context.explainer?.rows(expr, rows) ?? rows;
  }

  #shareable(expr: Expr, grid: Grid): Operator {
    const text = this.#repeated.textOf(expr);
    if (text === null) return this.#evaluated(expr, grid);
    const key = `${text} @ ${grid.startMs} ${grid.stepMs} ${grid.count}`;
    let shared = this.#shared.get(key);
    if (shared === undefined) {
      shared = new SharedRows(this.#context, expr, {
        evaluate: () => this.#evaluated(expr, grid),
        steps: grid.count,
      });
      this.#shared.set(key, shared);
    } else this.#context.explainer?.repeat(expr);
    return shared.use(expr.range, () => this.#evaluated(expr, grid));
  }

  #evaluated(expr: Expr, grid: Grid): Operator {
    if (!isStepInvariant(expr)) return this.#vector(expr, grid);
    if (grid.count === 0) return new MatrixCursor(new Matrix(this.#context, 0), true);
    if (grid.count === 1) return this.#vector(expr, {...grid, ranged: false});
    const once = this.#countedForEach(grid, () => this.#vector(expr, instantGrid(grid.startMs)));
    return new Broadcast(this.#context, once, grid);
  }

  /** What a single evaluation looks at counts for every step. */
  #countedForEach<T>(grid: Grid, evaluate: () => T): T {
    const context = this.#context;
    const {samplesQueried, samplesPerStep} = context;
    context.samplesPerStep = null;
    const result = context.readingOnce(evaluate);
    context.samplesPerStep = samplesPerStep;
    const queried = context.samplesQueried - samplesQueried;
    context.samplesQueried += queried * (grid.count - 1);
    if (samplesPerStep?.length === grid.count) {
      for (let step = 0; step < grid.count; step++) samplesPerStep[step]! += queried;
    }
    return result;
  }

  /** The values of a scalar expression at each step. */
  scalar(expr: Expr, grid: Grid): Float64Array {
    this.#takeColumns(grid, 8);
    const {explainer} = this.#context;
    if (explainer === null || expr.kind === 'paren') return this.#scalarOnce(expr, grid);
    return explainer.scalar(expr, () => this.#scalarOnce(expr, grid));
  }

  #scalarOnce(expr: Expr, grid: Grid): Float64Array {
    if (expr.kind !== 'number' && grid.count > 1 && isStepInvariant(expr)) {
      const [value] = this.#countedForEach(grid, () => this.#scalar(expr, instantGrid(grid.startMs)));
      return new Float64Array(grid.count).fill(value!);
    }
    return this.#scalar(expr, grid);
  }

  /** The series of a range vector; `whole`: as the result of the query, and not for a function. */
  columns(
    expr: MatrixSelector | SubqueryExpr,
    grid: Grid,
    options: {whole?: boolean; usesStartTimes?: boolean} = {},
  ): ColumnSource {
    const columns = this.#columns(expr, grid, options);
    this.#context.specimens.push(columns);
    return this.#context.explainer?.columns(expr, columns) ?? columns;
  }

  #columns(
    expr: MatrixSelector | SubqueryExpr,
    grid: Grid,
    {whole = false, usesStartTimes = false}: {whole?: boolean; usesStartTimes?: boolean},
  ): ColumnSource {
    if (expr.kind === 'subquery') {
      const inner = subqueryGrid(expr, grid, this.#defaultSubqueryStepMs);
      this.#takeColumns(inner, columnsBytes);
      const {samplesQueried} = this.#context;
      const reads = new SubqueryReads(this.#context, expr, {inner, outer: grid});
      const rows = reads.count(() => this.vector(expr.expr, inner));
      if (!whole) this.#context.samplesQueried = samplesQueried;
      return new SubqueryColumns(this.#context, rows, {grid: inner, reads, countsInner: whole});
    }
    const {selector, rangeMs} = expr;
    const fixedTimeMs = selector.at as number | null;
    const selection = {
      matchers: selector.matchers,
      offsetMs: selector.offsetMs,
      fixedTimeMs,
      withoutBuckets: this.#withoutBuckets.has(selector),
    };
    const extension = extensionOf(selector, this.#context.lookbackDeltaMs);
    if (whole && extension !== null) {
      return new ExtendedColumns(this.#context, selection, {timeMs: grid.startMs, rangeMs, extension});
    }
    return new StoredColumns(this.#context, selection, grid, {rangeMs, extension, usesStartTimes});
  }

  /**
   * Counts the memory of an operator's columns. More steps than a query may hold samples cannot end well, and not even
   * the columns for them should be made.
   */
  #takeColumns(grid: Grid, bytesPerStep: number): void {
    if (grid.count > this.#context.samplesMax) throw tooManySamples();
    this.#context.takeBytes(grid.count * bytesPerStep);
  }

  #vector(expr: Expr, grid: Grid): Operator {
    switch (expr.kind) {
      case 'unary':
        return expr.op === '+' ? this.vector(expr.expr, grid) : this.#negated(expr.expr, grid);
      case 'vectorSelector':
        return this.#selector(expr, grid, 'value');
      case 'aggregate':
        return this.#aggregate(expr, grid);
      case 'binary':
        return this.#binary(expr, grid);
      case 'call':
        return this.#call(expr, grid);
      default:
        throw new Error(`BUG: ${expr.kind} is no instant vector`);
    }
  }

  #selector(expr: Extract<Expr, {kind: 'vectorSelector'}>, grid: Grid, answer: SelectorAnswer): Operator {
    const fixedTimeMs = expr.at as number | null;
    const selection = {
      matchers: expr.matchers,
      offsetMs: expr.offsetMs,
      fixedTimeMs,
      withoutBuckets: this.#withoutBuckets.has(expr),
    };
    if (expr.smoothed && answer === 'value') {
      return new SmoothedSelector(this.#context, selection, {grid, range: expr.range});
    }
    return new InstantSelector(this.#context, selection, grid, answer);
  }

  #negated(expr: Expr, grid: Grid): Operator {
    return this.#map(
      this.vector(expr, grid),
      mapValues((value) => -value, negate),
      grid,
    );
  }

  /** Applies a function to each value; the result has no name, so series may become one. */
  #map(child: Operator, compute: RowFunction, grid: Grid, dropsName = true): Operator {
    const context = this.#context;
    const mapped = new MapRows(context, child, compute, {grid, dropsName});
    const {delayedNameRemoval: delayed, mayRepeatLabels} = context;
    if (child.singleName || (delayed ? !mayRepeatLabels : !dropsName)) return mapped;
    return mergeSteps(context, mapped, {grid, nameless: !delayed});
  }

  #scalar(expr: Expr, grid: Grid): Float64Array {
    const column = new Float64Array(grid.count);
    switch (expr.kind) {
      case 'number':
        return column.fill(expr.value);
      case 'paren':
        return this.scalar(expr.expr, grid);
      case 'unary': {
        column.set(this.scalar(expr.expr, grid));
        if (expr.op === '-') for (let step = 0; step < column.length; step++) column[step] = -column[step]!;
        return column;
      }
      case 'binary': {
        const left = this.scalar(expr.left, grid);
        const right = this.scalar(expr.right, grid);
        if (expr.op === '</' || expr.op === '>/') {
          throw executionError(`operator "${expr.op}" not allowed for Scalar operations`);
        }
        const op = expr.op as ElementOp;
        for (let step = 0; step < column.length; step++) {
          column[step] = computeScalar(op, left[step]!, right[step]!);
        }
        return column;
      }
      case 'call':
        return this.#scalarCall(expr, grid, column);
      default:
        throw new Error(`BUG: ${expr.kind} is no scalar`);
    }
  }

  #scalarCall(call: Call, grid: Grid, column: Float64Array): Float64Array {
    const {args} = call;
    switch (call.func.name) {
      case 'pi':
        return column.fill(Math.PI);
      case 'time':
        for (let step = 0; step < column.length; step++) {
          column[step] = (grid.startMs + step * grid.stepMs) / 1000;
        }
        return column;
      case 'scalar':
        return scalarOf(this.#context, this.vector(args[0]!, grid), grid);
      case 'max_of':
      case 'min_of': {
        const choose = call.func.name === 'max_of' ? largerOf : smallerOf;
        const left = this.scalar(args[0]!, grid);
        const right = this.scalar(args[1]!, grid);
        for (let step = 0; step < column.length; step++) column[step] = choose(left[step]!, right[step]!);
        return column;
      }
      default:
        throw notPlanned(call);
    }
  }

  #aggregate(expr: AggregateExpr, grid: Grid): Operator {
    const context = this.#context;
    const inner = withoutParens(expr.expr);
    switch (expr.op) {
      case 'count_values': {
        const label = textOf(expr.param!);
        if (label === '' || !label.isWellFormed()) {
          throw executionError(`invalid label name ${formatExpr(withoutParens(expr.param!))}`);
        }
        return new CountValues(context, expr, this.vector(inner, grid), {grid, label});
      }
      case 'quantile': {
        const quantiles = this.scalar(expr.param!, grid);
        const child = this.vector(inner, grid);
        return new Deferred(false, () => aggregateQuantile(context, expr, child, {grid, quantiles}));
      }
      case 'topk':
      case 'bottomk':
      case 'limitk': {
        const parameters = this.scalar(expr.param!, grid);
        const child = this.vector(inner, grid);
        return new Deferred(false, () => aggregateK(context, expr, child, {grid, parameters}));
      }
      case 'limit_ratio': {
        const parameters = this.scalar(expr.param!, grid);
        const child = this.vector(inner, grid);
        return new Deferred(false, () => limitRatio(context, expr, child, {grid, parameters}));
      }
      default:
        return new Aggregate(context, expr, this.vector(inner, grid), grid);
    }
  }

  #binary(expr: BinaryExpr, grid: Grid): Operator {
    const leftScalar = typeOf(expr.left) === 'scalar';
    const rightScalar = typeOf(expr.right) === 'scalar';
    if (leftScalar || rightScalar) return this.#vectorScalar(expr, grid, leftScalar);
    const left = new LeftSide(this.#context, this.vector(expr.left, grid));
    const right = new RightSide(
      left.before(() => this.vector(expr.right, grid)),
      left,
    );
    const sides = {left, right, grid};
    if (expr.matching!.card === 'many-to-many') return setOperator(this.#context, expr, sides);
    return new VectorBinary(this.#context, expr, sides);
  }

  #vectorScalar(expr: BinaryExpr, grid: Grid, leftScalar: boolean): Operator {
    const {scalar, child} = leftScalar
      ? {scalar: this.scalar(expr.left, grid), child: this.vector(expr.right, grid)}
      : this.#vectorBeforeScalar(expr, grid);
    const column = {values: scalar, kinds: null, histograms: null};
    // As between vectors, only the last remark on a step is made.
    const remarks = new Map<number, PairRemark>();
    const {annotations} = this.#context;
    const whole = new AfterRows(child, () => {
      for (const remark of remarks.values()) annotations.pair(remark, expr.op, expr.range);
    });
    const operation: Operation = {
      op: expr.op as ElementOp | TrimOp,
      bool: expr.bool,
      kept: leftScalar ? 'right' : 'left',
      remark: (remark, step) => remarks.set(step, remark),
    };
    const compute: RowFunction = (source, out) =>
      combine(operation, leftScalar ? {left: column, right: source} : {left: source, right: column}, out);
    return this.#map(whole, compute, grid, expr.bool || isArithmetic(expr.op));
  }

  #call(call: Call, grid: Grid): Operator {
    const {name} = call.func;
    const compute = mathFunctions.get(name);
    if (compute !== undefined) return this.#map(this.vector(call.args[0]!, grid), mapFloats(compute), grid);
    const date = dateFunctions.get(name);
    if (date !== undefined) return this.#date(call, date, grid);
    const rangeIndex = call.func.argTypes.indexOf('matrix');
    if (rangeIndex >= 0) return this.#rangeCall(call, rangeIndex, grid);
    return this.#vectorCall(call, grid);
  }

  #date(call: Call, compute: (seconds: number) => number, grid: Grid): Operator {
    if (call.args.length > 0) return this.#map(this.vector(call.args[0]!, grid), mapFloats(compute), grid);
    const column = new Float64Array(grid.count);
    for (let step = 0; step < column.length; step++) {
      column[step] = compute(Math.trunc((grid.startMs + step * grid.stepMs) / 1000));
    }
    return vectorOf(this.#context, column, grid);
  }

  #rangeCall(call: Call, rangeIndex: number, grid: Grid): Operator {
    const context = this.#context;
    const {name} = call.func;
    const arg = withoutParens(call.args[rangeIndex]!) as MatrixSelector | SubqueryExpr;
    const scalars = this.#afterSubquery(arg, grid, () =>
      call.args
        .filter((_, index) => index !== rangeIndex)
        .map((each) => this.scalar(withoutParens(each), grid)),
    );
    const extension = arg.kind === 'subquery' ? null : extensionOf(arg.selector, context.lookbackDeltaMs);
    const usesStartTimes = context.startTimestamps && startTimeFunctions.has(name);
    const compute = windowFunctionOf(call, {scalars, grid, extension, usesStartTimes});
    this.#takeColumns(grid, columnsBytes);
    const keepsName = keepNames.has(name);
    context.tracksDroppedNames ||= keepsName && arg.kind === 'subquery';
    const source = this.columns(arg, grid, {usesStartTimes});
    const at = arg.kind === 'subquery' ? arg.at : arg.selector.at;
    const counter = name === 'rate' || name === 'increase';
    // As in Prometheus, which evaluates a subquery into a selector that stands nowhere.
    const remarksRange = arg.kind === 'subquery' ? nowhere : arg.range;
    const operator = new RangeFunction(context, source, {
      grid,
      rangeMs: arg.rangeMs,
      offsetMs: arg.kind === 'subquery' ? arg.offsetMs : arg.selector.offsetMs,
      fixedTimeMs:
        at === null
          ? null
          : (at as number) - (arg.kind === 'subquery' ? arg.offsetMs : arg.selector.offsetMs),
      name,
      compute,
      extension,
      range: rangeIndex === 0 ? remarksRange : withoutParens(call.args[0]!).range,
      keepsName,
      counterRange: counter ? remarksRange : null,
      quantiles:
        name === 'quantile_over_time'
          ? {values: scalars[0]!, range: withoutParens(call.args[0]!).range}
          : null,
    });
    if (name !== 'absent_over_time') return operator;
    return new AbsentSteps(context, operator, grid, absentLabels(context, arg));
  }

  /** Evaluates the scalars beside a range vector. Where that fails, a subquery is evaluated in case it fails too: it comes first. */
  #afterSubquery<T>(arg: MatrixSelector | SubqueryExpr, grid: Grid, evaluate: () => T): T {
    try {
      return evaluate();
    } catch (error) {
      if (arg.kind === 'subquery' && isFailure(error)) {
        const source = this.columns(arg, grid);
        while (source.next()) this.#context.check();
      }
      throw error;
    }
  }

  #vectorCall(call: Call, grid: Grid): Operator {
    const context = this.#context;
    const {args, func} = call;
    const vector = (index: number): Operator => this.vector(withoutParens(args[index]!), grid);
    const scalar = (index: number): Float64Array => this.scalar(withoutParens(args[index]!), grid);
    switch (func.name) {
      case 'absent': {
        const child = vector(0);
        const labels = absentLabels(context, withoutParens(args[0]!));
        return new Deferred(true, () => absentVector(context, child, labels, grid));
      }
      case 'vector':
        return vectorOf(context, scalar(0), grid);
      case 'timestamp':
        return this.#timestamp(withoutParens(args[0]!), grid);
      case 'start_timestamp':
        return this.#startTimestamp(withoutParens(args[0]!), grid);
      case 'round': {
        const {child, scalars} = this.#vectorAndScalars(vector(0), args.slice(1), grid);
        const to = scalars[0] ?? new Float64Array(grid.count).fill(1);
        return this.#mapSteps(child, (value, step) => roundTo(value, to[step]!), grid);
      }
      case 'clamp':
      case 'clamp_min':
      case 'clamp_max': {
        const {child, scalars} = this.#vectorAndScalars(vector(0), args.slice(1), grid);
        const endless = (bound: number): Float64Array => new Float64Array(grid.count).fill(bound);
        const min = func.name === 'clamp_max' ? endless(-Infinity) : scalars[0]!;
        const max = func.name === 'clamp_min' ? endless(Infinity) : scalars.at(-1)!;
        return this.#clamp(child, min, max, grid);
      }
      case 'sort':
      case 'sort_desc':
        return this.#sorted(call, vector(0), grid);
      case 'sort_by_label':
      case 'sort_by_label_desc':
        return this.#sorted(call, vector(0), grid);
      case 'label_replace': {
        const [, target, replacement, source, pattern] = args.map((arg, i) => (i === 0 ? '' : textOf(arg)));
        const spec = {target: target!, replacement: replacement!, source: source!, pattern: pattern!};
        return labelReplace(context, () => vector(0), spec, grid);
      }
      case 'label_join': {
        const [target, separator, ...sources] = args.slice(1).map(textOf);
        const spec = {target: target!, separator: separator!, sources};
        return labelJoin(context, () => vector(0), spec, grid);
      }
      case 'histogram_quantile': {
        const quantiles = [{values: scalar(0), range: withoutParens(args[0]!).range}];
        const spec = {quantiles, label: null, vectorExpr: withoutParens(args[1]!)};
        const child = vector(1);
        return this.#ofHistograms(grid, () => histogramQuantile(context, child, spec, grid));
      }
      case 'histogram_quantiles': {
        const {child, scalars} = this.#vectorAndScalars(vector(0), args.slice(2), grid);
        const quantiles = scalars.map((values, i) => ({values, range: withoutParens(args[i + 2]!).range}));
        const spec = {quantiles, label: textOf(args[1]!), vectorExpr: withoutParens(args[0]!)};
        return this.#ofHistograms(grid, () => histogramQuantile(context, child, spec, grid));
      }
      case 'histogram_fraction': {
        const spec = {lower: scalar(0), upper: scalar(1), vectorExpr: withoutParens(args[2]!)};
        const child = vector(2);
        return this.#ofHistograms(grid, () => histogramFraction(context, child, spec, grid));
      }
      case 'info': {
        const child = vector(0);
        const selector = args[1];
        const matchers = selector?.kind === 'vectorSelector' ? selector.matchers : null;
        const spec = {grid, matchers, times: infoTimes(args[0]!)};
        return new Deferred(child.singleName, () => info(context, child, spec));
      }
      case 'histogram_count':
        return this.#map(
          vector(0),
          mapHistograms(({count}) => count),
          grid,
        );
      case 'histogram_sum':
        return this.#map(
          vector(0),
          mapHistograms(({sum}) => sum),
          grid,
        );
      case 'histogram_avg':
        return this.#map(vector(0), mapHistograms(histogramAverage), grid);
      case 'histogram_stdvar':
        return this.#map(vector(0), mapHistograms(histogramVariance), grid);
      case 'histogram_stddev':
        return this.#map(vector(0), mapHistograms(histogramStandardDeviation), grid);
      default:
        throw notPlanned(call);
    }
  }

  #vectorBeforeScalar({left, right}: BinaryExpr, grid: Grid): {scalar: Float64Array; child: Operator} {
    const child = new LeftSide(this.#context, this.vector(left, grid));
    return {scalar: child.before(() => this.scalar(right, grid)), child};
  }

  /** Whether labels come twice is seen when they are asked for, and those above have to know before. */
  #ofHistograms(grid: Grid, open: () => Operator): Operator {
    this.#context.mayRepeatLabels ||= keepsApart(this.#context, grid);
    return new Deferred(false, open);
  }

  /** A vector and the scalars behind it, which are evaluated first, and whose errors come second. */
  #vectorAndScalars(
    vector: Operator,
    args: readonly Expr[],
    grid: Grid,
  ): {child: Operator; scalars: Float64Array[]} {
    const child = new LeftSide(this.#context, vector);
    return {child, scalars: child.before(() => args.map((each) => this.scalar(withoutParens(each), grid)))};
  }

  /** sort() and its kin; the result of a range query is sorted by all labels whatever they do. */
  #sorted(call: Call, child: Operator, grid: Grid): Operator {
    const context = this.#context;
    const {name} = call.func;
    if (grid.ranged === true) {
      context.annotations.sortInRangeQuery(call.range);
      // They drop histograms all the same.
      return name.startsWith('sort_by_label') ? child : this.#map(child, floatsOf, grid, false);
    }
    const descending = name.endsWith('_desc');
    if (!name.startsWith('sort_by_label')) {
      return new Deferred(child.singleName, () => sortByValue(context, child, {grid, descending}));
    }
    const labels = call.args.slice(1).map(textOf);
    return new Deferred(child.singleName, () => sortByLabels(context, child, {grid, labels, descending}));
  }

  #mapSteps(child: Operator, compute: (value: number, step: number) => number, grid: Grid): Operator {
    const apply: RowFunction = (source, {values, kinds}) => {
      let points = 0;
      for (let step = 0; step < kinds.length; step++) {
        kinds[step] = absent;
        if (source.kinds[step] !== float) continue;
        kinds[step] = float;
        values[step] = compute(source.values[step]!, step);
        points++;
      }
      return points;
    };
    return this.#map(child, apply, grid);
  }

  #clamp(child: Operator, min: Float64Array, max: Float64Array, grid: Grid): Operator {
    const apply: RowFunction = (source, {values, kinds}) => {
      let points = 0;
      for (let step = 0; step < kinds.length; step++) {
        kinds[step] = absent;
        // Bounds that exclude everything leave nothing.
        if (source.kinds[step] !== float || max[step]! < min[step]!) continue;
        kinds[step] = float;
        values[step] = clampTo(source.values[step]!, min[step]!, max[step]!);
        points++;
      }
      return points;
    };
    return this.#map(child, apply, grid);
  }

  /** The time of a selector's samples; of anything else, the time of evaluation. */
  #timestamp(arg: Expr, grid: Grid): Operator {
    if (arg.kind === 'vectorSelector') {
      return this.#map(this.#selector(arg, grid, 'time'), identity, grid);
    }
    const ofStep: RowFunction = (source, {values, kinds}) => {
      for (let step = 0; step < kinds.length; step++) {
        kinds[step] = source.kinds[step] === absent ? absent : float;
        values[step] = (grid.startMs + step * grid.stepMs) / 1000;
      }
      return source.points;
    };
    return this.#map(this.vector(arg, grid), ofStep, grid);
  }

  /** The start time of a selector's samples; nothing of anything else, nor without the feature. */
  #startTimestamp(arg: Expr, grid: Grid): Operator {
    const stored = arg.kind === 'vectorSelector';
    const child = stored ? this.#selector(arg, grid, 'startTime') : this.vector(arg, grid);
    return this.#map(child, stored && this.#context.startTimestamps ? identity : () => 0, grid);
  }
}

const floatsOf: RowFunction = (source, {values, kinds}) => {
  values.set(source.values);
  for (let step = 0; step < kinds.length; step++) kinds[step] = source.kinds[step] === float ? float : absent;
  return countPoints(kinds);
};

const identity: RowFunction = (source, {values, kinds}) => {
  values.set(source.values);
  kinds.set(source.kinds);
  return source.points;
};

function textOf(expr: Expr): string {
  const inner = withoutParens(expr);
  if (inner.kind !== 'string') throw new Error(`BUG: ${inner.kind} is no string`);
  return inner.value;
}

function notPlanned(call: Call): Error {
  return new Error(`BUG: function ${call.func.name}() is not planned`);
}
