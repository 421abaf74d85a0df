// Go's time.Time and time.Duration, with their methods, as templates see them.
import {civilOf, dayNames, floorDivide, monthNames, type Time, timeOfWall} from './time/civil.ts';
import {formatTime} from './time/layout.ts';
import {loadLocation, type Location, utc} from './time/location.ts';
import {
  boolType,
  defineMethod,
  float64Type,
  int64Type,
  intType,
  named,
  pointerTo,
  stringType,
  structType,
  type Type,
  uint64Type,
} from './type.ts';

export type {Time} from './time/civil.ts';
export {parseTime} from './time/layout.ts';
export {loadLocation, type Location, utc} from './time/location.ts';

/** The zero time.Time is 0001-01-01T00:00:00Z. */
export const zeroTime: Time = {ns: -62_135_596_800_000_000_000n, location: utc};

/** Of milliseconds since 1970. */
export function timeOfMs(ms: number, location: Location = utc): Time {
  return {ns: BigInt(Math.trunc(ms)) * 1_000_000n, location};
}

const locationType = structType<Location>('time.Location', {name: stringType});
defineMethod(locationType, 'String', [], stringType, (location) => location.name, {needsPointer: true});

/** Nanoseconds. */
export const durationType: Type<bigint> = named('time.Duration', int64Type);
const monthType = named('time.Month', intType);
const weekdayType = named('time.Weekday', intType);
export const timeType: Type<Time> = structType<Time>(
  'time.Time',
  {wall: uint64Type, ext: int64Type, loc: pointerTo(locationType)},
  {properties: {wall: 'ns', ext: 'ns', loc: 'location'}, zero: () => zeroTime},
);

defineMethod(
  monthType,
  'String',
  [],
  stringType,
  (month) => monthNames[Number(month) - 1] ?? `%!Month(${month})`,
);
defineMethod(weekdayType, 'String', [], stringType, (day) => dayNames[Number(day)] ?? `%!Weekday(${day})`);

const second = 1_000_000_000n;

defineMethod(durationType, 'String', [], stringType, formatGoDuration);
defineMethod(durationType, 'Nanoseconds', [], int64Type, (ns) => ns);
defineMethod(durationType, 'Microseconds', [], int64Type, (ns) => ns / 1000n);
defineMethod(durationType, 'Milliseconds', [], int64Type, (ns) => ns / 1_000_000n);
defineMethod(durationType, 'Seconds', [], float64Type, (ns) => inUnits(ns, second));
defineMethod(durationType, 'Minutes', [], float64Type, (ns) => inUnits(ns, 60n * second));
defineMethod(durationType, 'Hours', [], float64Type, (ns) => inUnits(ns, 3600n * second));
defineMethod(durationType, 'Truncate', [durationType], durationType, (ns, to) =>
  to <= 0n ? ns : ns - (ns % to),
);
defineMethod(durationType, 'Round', [durationType], durationType, roundDuration);
defineMethod(durationType, 'Abs', [], durationType, (ns) => (ns < 0n ? -ns : ns));

/** As Go divides: whole units and the rest apart. */
export function inUnits(ns: bigint, unit: bigint): number {
  return Number(ns / unit) + Number(ns % unit) / Number(unit);
}

/** Halves away from zero. */
function roundDuration(ns: bigint, to: bigint): bigint {
  if (to <= 0n) return ns;
  const rest = ns % to;
  const isUp = 2n * (rest < 0n ? -rest : rest) >= to;
  if (!isUp) return ns - rest;
  return ns - rest + (ns < 0n ? -to : to);
}

/** 1h2m3.5s, 1.5ms */
export function formatGoDuration(ns: bigint): string {
  if (ns === 0n) return '0s';
  const sign = ns < 0n ? '-' : '';
  const left = ns < 0n ? -ns : ns;
  if (left < 1000n) return `${sign}${left}ns`;
  if (left < 1_000_000n) return `${sign}${decimal(left, 3)}µs`;
  if (left < second) return `${sign}${decimal(left, 6)}ms`;
  const minutes = left / (60n * second);
  const seconds = `${decimal(left % (60n * second), 9)}s`;
  if (minutes === 0n) return sign + seconds;
  const hours = minutes / 60n;
  return `${sign}${hours === 0n ? '' : `${hours}h`}${minutes % 60n}m${seconds}`;
}

function decimal(value: bigint, places: number): string {
  const digits = value.toString().padStart(places + 1, '0');
  const fraction = digits.slice(-places).replace(/0+$/, '');
  return `${digits.slice(0, -places)}${fraction === '' ? '' : `.${fraction}`}`;
}

/** 2026-01-02 15:04:05.5 +0000 UTC */
export function formatGoTime(time: Time): string {
  return formatTime(time, '2006-01-02 15:04:05.999999999 -0700 MST');
}

/** RFC 3339 with as many digits as needed, as Go's JSON has it. */
export function formatRfc3339(time: Time): string {
  return formatTime(time, '2006-01-02T15:04:05.999999999Z07:00');
}

const durationMax = 2n ** 63n - 1n;

/** The difference, or the longest duration where it is longer. */
export function subtractTimes(left: Time, right: Time): bigint {
  const ns = left.ns - right.ns;
  if (ns > durationMax) return durationMax;
  return ns < -durationMax - 1n ? -durationMax - 1n : ns;
}

defineMethod(timeType, 'String', [], stringType, formatGoTime);
defineMethod(timeType, 'Format', [stringType], stringType, formatTime);
defineMethod(timeType, 'IsZero', [], boolType, ({ns}) => ns === zeroTime.ns);
defineMethod(timeType, 'After', [timeType], boolType, ({ns}, other) => ns > other.ns);
defineMethod(timeType, 'Before', [timeType], boolType, ({ns}, other) => ns < other.ns);
defineMethod(timeType, 'Equal', [timeType], boolType, ({ns}, other) => ns === other.ns);
defineMethod(timeType, 'Compare', [timeType], intType, ({ns}, other) =>
  ns < other.ns ? -1n : ns > other.ns ? 1n : 0n,
);
defineMethod(timeType, 'Add', [durationType], timeType, ({ns, location}, duration) => ({
  ns: ns + duration,
  location,
}));
defineMethod(timeType, 'Sub', [timeType], durationType, subtractTimes);
defineMethod(timeType, 'AddDate', [intType, intType, intType], timeType, (time, years, months, days) => {
  const civil = civilOf(time);
  return timeOfWall(
    {
      ...civil,
      year: civil.year + Number(years),
      month: civil.month + Number(months),
      day: civil.day + Number(days),
    },
    time.location,
  );
});
defineMethod(timeType, 'UTC', [], timeType, ({ns}) => ({ns, location: utc}));
defineMethod(timeType, 'Local', [], timeType, ({ns}) => ({ns, location: loadLocation('Local')}));
defineMethod(timeType, 'In', [pointerTo(locationType)], timeType, ({ns}, location) => {
  if (location === null) throw new TypeError('time: missing Location in call to Time.In');
  return {ns, location};
});
defineMethod(timeType, 'Location', [], pointerTo(locationType), ({location}) => location);
defineMethod(timeType, 'Unix', [], int64Type, ({ns}) => floorDivide(ns, second));
defineMethod(timeType, 'UnixMilli', [], int64Type, ({ns}) => floorDivide(ns, 1_000_000n));
defineMethod(timeType, 'UnixMicro', [], int64Type, ({ns}) => floorDivide(ns, 1000n));
defineMethod(timeType, 'UnixNano', [], int64Type, ({ns}) => BigInt.asIntN(64, ns));
defineMethod(timeType, 'Year', [], intType, (time) => BigInt(civilOf(time).year));
defineMethod(timeType, 'Month', [], monthType, (time) => BigInt(civilOf(time).month));
defineMethod(timeType, 'Day', [], intType, (time) => BigInt(civilOf(time).day));
defineMethod(timeType, 'Weekday', [], weekdayType, (time) => BigInt(civilOf(time).weekday));
defineMethod(timeType, 'Hour', [], intType, (time) => BigInt(civilOf(time).hour));
defineMethod(timeType, 'Minute', [], intType, (time) => BigInt(civilOf(time).minute));
defineMethod(timeType, 'Second', [], intType, (time) => BigInt(civilOf(time).second));
defineMethod(timeType, 'Nanosecond', [], intType, (time) => BigInt(civilOf(time).nanosecond));
defineMethod(timeType, 'YearDay', [], intType, (time) => BigInt(civilOf(time).yearDay));
defineMethod(timeType, 'Truncate', [durationType], timeType, ({ns, location}, to) => {
  if (to <= 0n) return {ns, location};
  // Counted from the zero time.
  return {ns: ns - ((ns - zeroTime.ns) % to), location};
});
defineMethod(timeType, 'Round', [durationType], timeType, ({ns, location}, to) => {
  if (to <= 0n) return {ns, location};
  const rest = (ns - zeroTime.ns) % to;
  return {ns: 2n * rest < to ? ns - rest : ns - rest + to, location};
});
