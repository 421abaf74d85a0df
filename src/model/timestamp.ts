// Times and durations as the HTTP API takes them: `1600000000.123` seconds or `2020-09-13T12:26:40.123Z`; `15`, `1m30s`.

import {quoteGo} from '../base/quote.ts';
import {parseDuration} from './duration.ts';

/** Bounds of time where a request names none: what a double holds exactly. Times beyond are moved to them. */
export const timeMinMs = -Number.MAX_SAFE_INTEGER;
export const timeMaxMs = Number.MAX_SAFE_INTEGER;

/** What Prometheus prints for its own bounds of time; years of more than four digits are not read otherwise. */
const boundTexts = new Map([
  ['-292273086-05-16T16:47:06Z', timeMinMs],
  ['292277025-08-18T07:12:54.999999999Z', timeMaxMs],
]);

/** Whole milliseconds since 1970. Throws SyntaxError with Prometheus's words. */
export function parseTimestamp(text: string): number {
  const seconds = parseFloatText(text);
  if (Number.isFinite(seconds)) return clamp(millisecondsOf(seconds));
  const time = parseRfc3339(text);
  if (!Number.isNaN(time)) return time;
  const bound = boundTexts.get(text);
  if (bound !== undefined) return bound;
  throw new SyntaxError(`cannot parse ${quoteGo(text)} to a valid timestamp`);
}

/** Milliseconds, with a fraction where one was given. Throws SyntaxError with Prometheus's words. */
export function parseDurationParameter(text: string): number {
  const seconds = parseFloatText(text);
  if (!Number.isNaN(seconds)) {
    if (Math.abs(seconds * 1e9) > 2 ** 63) {
      throw new SyntaxError(`cannot parse ${quoteGo(text)} to a valid duration. It overflows int64`);
    }
    return Math.trunc(seconds * 1e9) / 1e6;
  }
  try {
    return parseDuration(text);
  } catch (cause) {
    throw new SyntaxError(`cannot parse ${quoteGo(text)} to a valid duration`, {cause});
  }
}

/** Rounds to milliseconds in the same steps as Prometheus: the fraction to three digits, then down from nanoseconds. */
function millisecondsOf(seconds: number): number {
  const whole = Math.trunc(seconds);
  const fraction = roundHalfAway((seconds - whole) * 1000) / 1000;
  return whole * 1000 + Math.floor(Math.trunc(fraction * 1e9) / 1e6);
}

function roundHalfAway(value: number): number {
  return Math.sign(value) * Math.round(Math.abs(value));
}

function clamp(ms: number): number {
  return Math.min(timeMaxMs, Math.max(timeMinMs, ms));
}

const decimal = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;
const infinity = /^([+-]?)inf(?:inity)?$/i;

/** A number as Go reads one, without hexadecimals; NaN where `text` is none. */
function parseFloatText(text: string): number {
  if (isDigits(text) || decimal.test(text)) return Number(text);
  const match = infinity.exec(text);
  if (match === null) return NaN;
  return match[1] === '-' ? -Infinity : Infinity;
}

/** The usual case, and quicker to see than by a regular expression. */
function isDigits(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x30 || code > 0x39) return false;
  }
  return text !== '';
}

const rfc3339 =
  /^([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:[.,]([0-9]+))?(?:Z|([+-])([0-9]{2}):([0-9]{2}))$/;

/** NaN where `text` is no RFC 3339 time. Digits below the millisecond are cut off. */
function parseRfc3339(text: string): number {
  const match = rfc3339.exec(text);
  if (match === null) return NaN;
  const [
    ,
    year,
    month,
    day,
    hour,
    minute,
    second,
    fraction = '',
    sign,
    offsetHour = '0',
    offsetMinute = '0',
  ] = match;
  const ms = Number(fraction.padEnd(3, '0').slice(0, 3));
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  date.setUTCHours(Number(hour), Number(minute), Number(second), ms);
  // A day or a minute that does not exist would have run over into the next.
  const exists =
    date.getUTCMonth() === Number(month) - 1 &&
    date.getUTCDate() === Number(day) &&
    Number(hour) < 24 &&
    Number(minute) < 60 &&
    Number(second) < 60 &&
    Number(offsetHour) < 24 &&
    Number(offsetMinute) < 60;
  if (!exists) return NaN;
  const offsetMs = (Number(offsetHour) * 60 + Number(offsetMinute)) * 60_000;
  return date.getTime() - (sign === '-' ? -offsetMs : offsetMs);
}
