// Functions of one number, and the parts of dates.

import {civilFromDays} from '../../base/civildate.ts';
import {exp, log, log10, log2} from '../../base/exponentials.ts';
import {acos, acosh, asin, asinh, atan, atanh, cos, cosh, sin, sinh, tan, tanh} from './trigonometry.ts';

function sign(value: number): number {
  return value < 0 ? -1 : value > 0 ? 1 : value;
}

export const mathFunctions: ReadonlyMap<string, (value: number) => number> = new Map([
  ['abs', Math.abs],
  ['acos', acos],
  ['acosh', acosh],
  ['asin', asin],
  ['asinh', asinh],
  ['atan', atan],
  ['atanh', atanh],
  ['ceil', Math.ceil],
  ['cos', cos],
  ['cosh', cosh],
  ['deg', (value: number): number => (value * 180) / Math.PI],
  ['exp', exp],
  ['floor', Math.floor],
  ['ln', log],
  ['log10', log10],
  ['log2', log2],
  ['rad', (value: number): number => (value * Math.PI) / 180],
  ['sgn', sign],
  ['sin', sin],
  ['sinh', sinh],
  ['sqrt', Math.sqrt],
  ['tan', tan],
  ['tanh', tanh],
]);

const daySeconds = 86_400;

/** A date of the proleptic Gregorian calendar, UTC. */
function isLeap(year: number): boolean {
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
}

const daysBeforeMonth = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365];

function daysInMonth(year: number, month: number): number {
  return month === 2 && isLeap(year) ? 29 : daysBeforeMonth[month]! - daysBeforeMonth[month - 1]!;
}

/** Go's calendar begins that many seconds before 1970, and counts in unsigned integers. */
const calendarBeginSeconds = -9_223_372_028_741_760_000;

/**
 * Whole seconds. What does not fit into 64 bits is in Go the smallest integer, and that, lying before the beginning of the
 * calendar, stands for 2^63: a day in December of the year 292277026596.
 */
function wholeSeconds(value: number): number {
  if (!(value >= -(2 ** 63) && value < 2 ** 63)) return 2 ** 63;
  return value < calendarBeginSeconds ? value + 2 ** 64 : Math.trunc(value);
}

function positiveModulo(value: number, modulus: number): number {
  const rest = value % modulus;
  // The sum makes -0 a plain zero.
  return rest < 0 ? rest + modulus : rest + 0;
}

/** Parts of the UTC time at a number of seconds since 1970. */
export const dateFunctions: ReadonlyMap<string, (seconds: number) => number> = new Map([
  ['minute', (value: number): number => Math.floor(positiveModulo(wholeSeconds(value), 3600) / 60)],
  ['hour', (value: number): number => Math.floor(positiveModulo(wholeSeconds(value), daySeconds) / 3600)],
  ['day_of_week', (value: number): number => positiveModulo(dayOf(value) + 4, 7)],
  ['day_of_month', (value: number): number => civilFromDays(dayOf(value)).day],
  ['day_of_year', dayOfYear],
  [
    'days_in_month',
    (value: number): number => {
      const {year, month} = civilFromDays(dayOf(value));
      return daysInMonth(year, month);
    },
  ],
  ['month', (value: number): number => civilFromDays(dayOf(value)).month],
  ['year', (value: number): number => civilFromDays(dayOf(value)).year],
]);

function dayOf(value: number): number {
  return Math.floor(wholeSeconds(value) / daySeconds);
}

function dayOfYear(value: number): number {
  const {year, month, day} = civilFromDays(dayOf(value));
  return daysBeforeMonth[month - 1]! + (month > 2 && isLeap(year) ? 1 : 0) + day;
}

/** To the nearest multiple of `to`, ties upwards. */
export function roundTo(value: number, to: number): number {
  const inverse = 1 / to;
  return Math.floor(value * inverse + 0.5) / inverse;
}

/** Go's math.Max: NaN wins, as in JavaScript, but not over +Inf. */
export function largerOf(a: number, b: number): number {
  return a === Infinity || b === Infinity ? Infinity : Math.max(a, b);
}

/** Go's math.Min: NaN wins, as in JavaScript, but not over -Inf. */
export function smallerOf(a: number, b: number): number {
  return a === -Infinity || b === -Infinity ? -Infinity : Math.min(a, b);
}

export function clampTo(value: number, min: number, max: number): number {
  return largerOf(min, smallerOf(max, value));
}
