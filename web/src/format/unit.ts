// The unit of a query's values, told from the names in it by Prometheus's naming conventions (base units as a suffix),
// and numbers written in that unit. A wrong unit misleads and none does not, so a doubtful expression has none.
import {formatDuration} from '../../../src/model/duration.ts';

export const units = ['none', 'bytes', 'bytesPerSecond', 'seconds'] as const;
export type Unit = (typeof units)[number];

/** Results of these are counts, times of day or squares, whatever goes in. */
const unitless =
  /\b(?:count|count_values|count_over_time|absent|absent_over_time|present_over_time|changes|resets|timestamp|group|stdvar|stdvar_over_time|sgn|exp|ln|log2|log10|sqrt|time|scalar|vector|minute|hour|month|year|day_of_\w+|days_in_month|histogram_count|histogram_fraction|histogram_stdvar|ts_of_\w+|a?(?:sin|cos|tan)h?|rad|deg|pi|bool)\b/;
const perSecond = /\b(?:rate|irate|deriv)\s*\(/;
const metricName = /[a-zA-Z_:][a-zA-Z0-9_:]*/g;
const bytesName = /_bytes(?:_total|_sum|_bucket)?$/;
const secondsName = /_seconds(?:_total|_sum|_bucket)?$/;
/** Seconds since 1970 rather than a duration. */
const timestampName = /_time(?:stamp)?_seconds$/;

/** The unit of what `expr` yields, or 'none' where that is not plain from the text. */
export function unitOf(expr: string): Unit {
  const bare = expr
    .replace(/"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`/g, '')
    .replace(/#.*/g, '')
    .replace(/\{[^}]*\}/g, '')
    .replace(/\[[^\]]*\]/g, '')
    .replace(/\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, '')
    .replace(/\boffset\s+-?\w+/g, '');
  // Arithmetic may change the unit (bytes / bytes); finding out how is the type checker's work, not a pattern's.
  if (/[+*/%^<>=@!]|\s-|-\s|\batan2\b|\b(?:or|and|unless)\b/.test(bare) || unitless.test(bare)) return 'none';
  const found = new Set<Unit>();
  for (const [name] of bare.matchAll(metricName)) {
    if (bytesName.test(name)) found.add('bytes');
    else if (secondsName.test(name) && !timestampName.test(name)) found.add('seconds');
    else if (timestampName.test(name)) return 'none';
  }
  if (found.size !== 1) return 'none';
  const [unit] = found;
  const quantile = /\bhistogram_quantile\s*\(/.test(bare);
  if (!perSecond.test(bare) || quantile) return unit!;
  return unit === 'bytes' ? 'bytesPerSecond' : 'none';
}

const siSigns = ['', 'k', 'M', 'G', 'T', 'P', 'E'];
const byteSigns = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];

/** A value for reading, to at most five significant digits; the exact one stands in the table. */
export function formatValue(value: number, unit: Unit): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  switch (unit) {
    case 'bytes':
      return scaled(value, 1024, byteSigns, ' ');
    case 'bytesPerSecond':
      return `${scaled(value, 1024, byteSigns, ' ')}/s`;
    case 'seconds':
      return formatSeconds(value);
    case 'none':
      return formatPlain(value);
  }
}

function formatPlain(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && size < 1e-4) return value.toExponential(3).replace(/\.?0+e/, 'e');
  if (size >= 1e5 && size < 1e6) return String(Math.round(value));
  if (size < 1e6) return significant(value);
  return size < 1e21 ? scaled(value, 1000, siSigns, '') : value.toExponential(3).replace(/\.?0+e/, 'e');
}

function formatSeconds(value: number): string {
  const size = Math.abs(value);
  if (size === 0) return '0 s';
  if (size < 1e-6) return `${significant(value * 1e9)} ns`;
  if (size < 1e-3) return `${significant(value * 1e6)} µs`;
  if (size < 1) return `${significant(value * 1e3)} ms`;
  if (size < 120) return `${significant(value)} s`;
  return formatDuration(Math.round(value) * 1000);
}

function scaled(value: number, base: number, signs: readonly string[], space: string): string {
  let power = 0;
  let left = value;
  while (Math.abs(left) >= base && power < signs.length - 1) {
    left /= base;
    power++;
  }
  return `${significant(left)}${space}${signs[power]!}`.trimEnd();
}

function significant(value: number): string {
  return String(Number(value.toPrecision(5)));
}
