// Time zones: Go's time.Location.
import {zoneNamesOf} from './zone-names.ts';

export interface ZoneAt {
  /** UTC, CEST, +03 */
  readonly name: string;
  /** Seconds east of UTC. */
  readonly offset: number;
}

export interface Location {
  readonly name: string;
  readonly at: (unixSeconds: number) => ZoneAt;
}

const utcZone: ZoneAt = {name: 'UTC', offset: 0};
export const utc: Location = {name: 'UTC', at: () => utcZone};

/** time.FixedZone */
export function fixedZone(name: string, offset: number): Location {
  const zone = {name, offset};
  return {name, at: () => zone};
}

const known = new Map<string, Location>();
/** Zones that are remembered; there are about 600 names. */
const knownMax = 1000;

/** A zone of the tz database, '' and 'UTC' being UTC and 'Local' the zone of this machine. Throws RangeError with Go's words. */
export function loadLocation(name: string): Location {
  if (name === '' || name === 'UTC') return utc;
  const found = known.get(name);
  if (found !== undefined) return found;
  if (name.includes('..') || name.startsWith('/') || name.startsWith('\\')) {
    throw new RangeError('time: invalid location name');
  }
  let location: Location;
  try {
    location = zoneOf(name, name === 'Local' ? new Intl.DateTimeFormat().resolvedOptions().timeZone : name);
  } catch {
    throw new RangeError(`unknown time zone ${name}`);
  }
  if (known.size < knownMax) known.set(name, location);
  return location;
}

function zoneOf(name: string, zone: string): Location {
  // Engines also know names of offsets, such as +03:00, and write names in any case; the tz database does neither.
  if (/^[+-]/.test(zone)) throw new RangeError(`unknown time zone ${zone}`);
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    era: 'short',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  const offsetAt = (seconds: number): number => offsetOf(format, seconds);
  return {
    name,
    at(unixSeconds) {
      const offset = offsetAt(unixSeconds);
      return {name: nameOf(zone, offset, unixSeconds, offsetAt), offset};
    },
  };
}

/** What the engine can tell times of. */
const secondsMax = 8.64e12;

function offsetOf(format: Intl.DateTimeFormat, seconds: number): number {
  const inside = Math.max(-secondsMax, Math.min(secondsMax, seconds));
  const parts: Record<string, string> = {};
  for (const {type, value} of format.formatToParts(inside * 1000)) parts[type] = value;
  const number = (type: string): number => Number(parts[type]);
  const year = parts['era'] === 'BC' ? 1 - number('year') : number('year');
  const wall = new Date(0);
  wall.setUTCFullYear(year, number('month') - 1, number('day'));
  wall.setUTCHours(number('hour'), number('minute'), number('second'));
  return wall.getTime() / 1000 - inside;
}

function nameOf(
  zone: string,
  offset: number,
  unixSeconds: number,
  offsetAt: (seconds: number) => number,
): string {
  const names = zoneNamesOf(zone);
  if (names === null) return nameOfOffset(offset);
  if (names.standard === names.daylight) return names.standard;
  const halfYear = 15_768_000;
  const isDaylight = offset > Math.min(offsetAt(unixSeconds - halfYear), offsetAt(unixSeconds + halfYear));
  return isDaylight ? names.daylight : names.standard;
}

/** +03, +0545 */
function nameOfOffset(offset: number): string {
  const minutes = Math.floor(Math.abs(offset) / 60);
  const two = (value: number): string => String(value).padStart(2, '0');
  const rest = minutes % 60;
  return `${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}${rest === 0 ? '' : two(rest)}`;
}
