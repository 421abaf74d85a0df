import type {Call} from '../ast.ts';
import {executionError} from './error.ts';
import type {Grid} from './grid.ts';
import {CountEvents, CountOverTime, PickOverTime, PresentOverTime} from './windows/count.ts';
import {ExtremeOverTime} from './windows/extreme.ts';
import {ExtendedRate, type Extension} from './windows/extended.ts';
import {MadOverTime, QuantileOverTime} from './windows/quantile.ts';
import {ExtrapolatedRate, InstantRate} from './windows/rate.ts';
import {Regression} from './windows/regression.ts';
import {DoubleExponentialSmoothing} from './windows/smoothing.ts';
import {AvgOverTime, SumOverTime} from './windows/sum.ts';
import {VarianceOverTime} from './windows/variance.ts';
import type {WindowFunction} from './windows/window.ts';

const simple: Readonly<Record<string, () => WindowFunction>> = {
  absent_over_time: () => new PresentOverTime(),
  avg_over_time: () => new AvgOverTime(),
  changes: () => new CountEvents('change'),
  count_over_time: () => new CountOverTime(),
  delta: () => new ExtrapolatedRate('delta'),
  deriv: () => new Regression(null),
  first_over_time: () => new PickOverTime('first', 'value'),
  idelta: () => new InstantRate('idelta'),
  irate: () => new InstantRate('irate'),
  last_over_time: () => new PickOverTime('last', 'value'),
  mad_over_time: () => new MadOverTime(),
  max_over_time: () => new ExtremeOverTime('max', 'value'),
  min_over_time: () => new ExtremeOverTime('min', 'value'),
  present_over_time: () => new PresentOverTime(),
  resets: () => new CountEvents('reset'),
  stddev_over_time: () => new VarianceOverTime('deviation'),
  stdvar_over_time: () => new VarianceOverTime('variance'),
  sum_over_time: () => new SumOverTime(),
  ts_of_first_over_time: () => new PickOverTime('first', 'time'),
  ts_of_last_over_time: () => new PickOverTime('last', 'time'),
  ts_of_max_over_time: () => new ExtremeOverTime('max', 'time'),
  ts_of_min_over_time: () => new ExtremeOverTime('min', 'time'),
};

/** Functions that look at the start times of samples, where the engine is to use them. */
export const startTimeFunctions: ReadonlySet<string> = new Set(['increase', 'irate', 'rate', 'resets']);

/** What a function over a range vector computes; `scalars` are its other arguments, in order. */
export function windowFunctionOf(
  call: Call,
  options: {
    scalars: readonly Float64Array[];
    grid: Grid;
    extension: Extension | null;
    usesStartTimes: boolean;
  },
): WindowFunction {
  const {scalars, grid, extension, usesStartTimes} = options;
  const {name} = call.func;
  if (extension !== null) {
    // Within a subquery without steps, nothing is evaluated.
    if (grid.count > 0) checkExtension(name, extension);
    if (name === 'delta' || name === 'increase' || name === 'rate') {
      return new ExtendedRate(name, extension.kind);
    }
  }
  switch (name) {
    case 'increase':
    case 'rate':
      return new ExtrapolatedRate(name, usesStartTimes);
    case 'quantile_over_time':
      return new QuantileOverTime(scalars[0]!);
    case 'predict_linear':
      return new Regression({ahead: scalars[0]!, startMs: grid.startMs, stepMs: grid.stepMs});
    case 'double_exponential_smoothing':
      return new DoubleExponentialSmoothing(scalars[0]!, scalars[1]!);
  }
  const make = Object.hasOwn(simple, name) ? simple[name] : undefined;
  if (make === undefined) throw new Error(`BUG: function ${name}() is not planned`);
  return make();
}

/** Other functions would take the samples beyond the range as parts of it. */
const extensible: Readonly<Record<Extension['kind'], readonly string[]>> = {
  anchored: ['changes', 'delta', 'increase', 'rate', 'resets'],
  smoothed: ['delta', 'increase', 'rate'],
};

function checkExtension(name: string, {kind}: Extension): void {
  const names = extensible[kind];
  if (names.includes(name)) return;
  throw executionError(`${kind} modifier can only be used with: ${names.join(', ')} - not with ${name}`);
}
