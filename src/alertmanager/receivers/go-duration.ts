// Durations that Go's own parser reads: 1m30s, 1.5h, 300ms. Prometheus's know days and weeks, and no fractions.
import {quoteGo} from '../../base/quote.ts';
import {resolveScalar} from '../../base/yaml-resolve.ts';
import {type Field, mismatch, scalarField} from '../../model/fields.ts';
import {formatGoDuration} from '../../template/time.ts';

const nsOfUnit: Record<string, number> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/** Milliseconds. Throws SyntaxError with Go's words. */
export function parseGoDuration(text: string): number {
  const [, sign, rest] = /^([-+]?)(.*)$/s.exec(text)!;
  if (rest === '0') return 0;
  if (rest === '') throw new SyntaxError(`time: invalid duration ${quoteGo(text)}`);
  let ns = 0;
  let left = rest!;
  while (left !== '') {
    const number = /^(?:\d+\.?\d*|\.\d+)/.exec(left)?.[0];
    if (number === undefined) throw new SyntaxError(`time: invalid duration ${quoteGo(text)}`);
    left = left.slice(number.length);
    const unit = /^[^.\d]*/.exec(left)![0];
    if (unit === '') throw new SyntaxError(`time: missing unit in duration ${quoteGo(text)}`);
    const size = nsOfUnit[unit];
    if (size === undefined)
      throw new SyntaxError(`time: unknown unit ${quoteGo(unit)} in duration ${quoteGo(text)}`);
    left = left.slice(unit.length);
    ns += Number(number) * size;
  }
  if (ns >= 2 ** 63) throw new SyntaxError(`time: invalid duration ${quoteGo(text)}`);
  return ((sign === '-' ? -1 : 1) * ns) / 1e6;
}

/** 1m0s */
export function formatGoMs(ms: number): string {
  return formatGoDuration(BigInt(Math.round(ms * 1e6)));
}

/** A field of type time.Duration: a duration, or a whole number of nanoseconds. Milliseconds. */
export const goDuration: Field<number> = scalarField('time.Duration', 0, (scalar) => {
  const {value} = resolveScalar(scalar);
  if (typeof value === 'number' && Number.isInteger(value)) return value / 1e6;
  if (typeof value !== 'string') throw mismatch(scalar, 'time.Duration');
  try {
    return parseGoDuration(value);
  } catch (cause) {
    const {message} = mismatch(scalar, 'time.Duration');
    throw new SyntaxError(`${message} (a duration is written like 10s or 1m30s)`, {cause});
  }
});

/** A field that reads its text as Go does, whole numbers too. Milliseconds. */
export const goDurationText: Field<number> = scalarField('string', 0, ({text}) => parseGoDuration(text));
