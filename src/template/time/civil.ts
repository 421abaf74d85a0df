// The calendar of a moment in a place.
import {civilFromDays} from '../../base/civildate.ts';
import type {Location} from './location.ts';

/** Go's time.Time. */
export interface Time {
  /** Nanoseconds since 1970-01-01T00:00:00Z. */
  readonly ns: bigint;
  readonly location: Location;
}

export interface Civil {
  readonly year: number;
  /** 1 … 12 */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly nanosecond: number;
  /** 0 = Sunday */
  readonly weekday: number;
  /** 1 … 366 */
  readonly yearDay: number;
  readonly zoneName: string;
  /** Seconds east of UTC. */
  readonly offset: number;
}

const nsPerSecond = 1_000_000_000n;
const secondsPerDay = 86_400;

/** Rounded down. */
export function unixSecondsOf(ns: bigint): number {
  return Number(floorDivide(ns, nsPerSecond));
}

export function floorDivide(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  return dividend < 0n && quotient * divisor !== dividend ? quotient - 1n : quotient;
}

export function civilOf({ns, location}: Time): Civil {
  const unixSeconds = unixSecondsOf(ns);
  const {name, offset} = location.at(unixSeconds);
  const wall = unixSeconds + offset;
  const days = Math.floor(wall / secondsPerDay);
  const rest = wall - days * secondsPerDay;
  const date = civilFromDays(days);
  return {
    ...date,
    hour: Math.floor(rest / 3600),
    minute: Math.floor(rest / 60) % 60,
    second: rest % 60,
    nanosecond: Number(ns - BigInt(unixSeconds) * nsPerSecond),
    weekday: (((days + 4) % 7) + 7) % 7,
    yearDay: days - daysOfDate(date.year, 1, 1) + 1,
    zoneName: name,
    offset,
  };
}

/** Days since 1970-01-01. Months and days may lie outside of their ranges. */
export function daysOfDate(year: number, month: number, day: number): number {
  const years = year + Math.floor((month - 1) / 12);
  const index = (((month - 1) % 12) + 12) % 12;
  // Years begin in March here, so that the leap day is the last one.
  const shifted = index < 2 ? years - 1 : years;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * ((index + 10) % 12) + 2) / 5) + day - 1;
  return (
    era * 146_097 +
    yearOfEra * 365 +
    Math.floor(yearOfEra / 4) -
    Math.floor(yearOfEra / 100) +
    dayOfYear -
    719_468
  );
}

export interface WallClock {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
  nanosecond: number;
}

/** time.Date: the moment at which clocks of the place show this; numbers may lie outside of their ranges. */
export function timeOfWall(wall: WallClock, location: Location): Time {
  const days = daysOfDate(wall.year, wall.month, wall.day);
  const seconds = days * secondsPerDay + wall.hour * 3600 + wall.minute * 60 + wall.second;
  let unixSeconds = seconds - location.at(seconds).offset;
  const {offset} = location.at(unixSeconds);
  if (unixSeconds + offset !== seconds) unixSeconds = seconds - offset;
  return {ns: BigInt(unixSeconds) * nsPerSecond + BigInt(wall.nanosecond), location};
}

export const monthNames = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

export const dayNames = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
