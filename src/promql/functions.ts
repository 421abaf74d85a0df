// The signatures of PromQL's functions; what they compute is the engine's business.

import type {ValueType} from './ast.ts';

export interface FunctionSignature {
  readonly name: string;
  readonly argTypes: readonly ValueType[];
  /**
   * How many more arguments than `argTypes.length - 1` may be given: 0 = exactly `argTypes.length`, -1 = any number.
   * The last of `argTypes` is the type of all further ones.
   */
  readonly variadic: number;
  readonly returnType: ValueType;
  /** Needs `--enable-feature=promql-experimental-functions`. */
  readonly experimental: boolean;
}

const types: Readonly<Record<string, ValueType>> = {
  v: 'vector',
  m: 'matrix',
  s: 'scalar',
  t: 'string',
};

// name(arguments) with v = instant vector, m = range vector, s = scalar, t = string (text); `?` after the last argument
// makes it optional, `*` lets it occur any number of times, `{n}` up to n times. `:s` returns a scalar instead of an
// instant vector, `!` marks an experimental function.
const table = `
  abs(v) absent(v) absent_over_time(m) acos(v) acosh(v) asin(v) asinh(v) atan(v) atanh(v) avg_over_time(m)
  ceil(v) changes(m) clamp(vss) clamp_max(vs) clamp_min(vs) cos(v) cosh(v) count_over_time(m)
  day_of_month(v?) day_of_week(v?) day_of_year(v?) days_in_month(v?) deg(v) delta(m) deriv(m)
  double_exponential_smoothing(mss)! end():s! exp(v) first_over_time(m) floor(v)
  histogram_avg(v) histogram_count(v) histogram_fraction(ssv) histogram_quantile(sv) histogram_quantiles(vtss{9})!
  histogram_stddev(v) histogram_stdvar(v) histogram_sum(v) hour(v?) idelta(m) increase(m) info(vv?)! irate(m)
  label_join(vttt*) label_replace(vtttt) last_over_time(m) ln(v) log10(v) log2(v)
  mad_over_time(m)! max_of(ss):s! max_over_time(m) min_of(ss):s! min_over_time(m) minute(v?) month(v?)
  pi():s predict_linear(ms) present_over_time(m) quantile_over_time(sm) rad(v) range():s! rate(m) resets(m) round(vs?)
  scalar(v):s sgn(v) sin(v) sinh(v) sort(v) sort_by_label(vt*)! sort_by_label_desc(vt*)! sort_desc(v) sqrt(v)
  start():s! start_timestamp(v)! stddev_over_time(m) stdvar_over_time(m) step():s! sum_over_time(m)
  tan(v) tanh(v) time():s timestamp(v)
  ts_of_first_over_time(m)! ts_of_last_over_time(m)! ts_of_max_over_time(m)! ts_of_min_over_time(m)!
  vector(s) year(v?)`;

export const functions: ReadonlyMap<string, FunctionSignature> = parseTable(table);

function parseTable(text: string): Map<string, FunctionSignature> {
  const found = new Map<string, FunctionSignature>();
  for (const entry of text.trim().split(/\s+/)) {
    const [, name, args, more, count, returns, mark] =
      /^(\w+)\((\w*)(\?|\*|\{(\d+)\})?\)(?::(\w))?(!)?$/.exec(entry)!;
    const variadic = more === undefined ? 0 : more === '?' ? 1 : more === '*' ? -1 : Number(count);
    found.set(name!, {
      name: name!,
      argTypes: Array.from(args!, (each) => types[each]!),
      variadic,
      returnType: types[returns ?? 'v']!,
      experimental: mark !== undefined,
    });
  }
  return found;
}
