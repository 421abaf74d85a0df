// Points in time, written and read in the browser's time zone or in UTC. The written form is the same in every language:
// 2026-11-20 09:05:00, which sorts and can be pasted back.
import {parseDuration} from '../../../src/model/duration.ts';

export const timeZones = ['local', 'utc'] as const;
export type TimeZone = (typeof timeZones)[number];

export interface DateParts {
  year: number;
  /** 1 to 12. */
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
  millisecond: number;
}

export function datePartsOf(timeMs: number, zone: TimeZone): DateParts {
  const date = new Date(timeMs);
  if (zone === 'utc') {
    return {
      year: date.getUTCFullYear(),
      month: date.getUTCMonth() + 1,
      day: date.getUTCDate(),
      hour: date.getUTCHours(),
      minute: date.getUTCMinutes(),
      second: date.getUTCSeconds(),
      millisecond: date.getUTCMilliseconds(),
    };
  }
  return {
    year: date.getFullYear(),
    month: date.getMonth() + 1,
    day: date.getDate(),
    hour: date.getHours(),
    minute: date.getMinutes(),
    second: date.getSeconds(),
    millisecond: date.getMilliseconds(),
  };
}

/** `2026-11-20 09:05:00`, with `.250` where there are milliseconds. */
export function formatTime(timeMs: number, zone: TimeZone): string {
  const parts = datePartsOf(timeMs, zone);
  const fraction = parts.millisecond === 0 ? '' : `.${pad(parts.millisecond, 3)}`;
  return `${formatDate(parts)} ${pad(parts.hour)}:${pad(parts.minute)}:${pad(parts.second)}${fraction}`;
}

export function formatDate(parts: DateParts): string {
  return `${pad(parts.year, 4)}-${pad(parts.month)}-${pad(parts.day)}`;
}

/** `09:05`, or `09:05:30` where seconds matter. */
export function formatClock(parts: DateParts, withSeconds: boolean): string {
  const clock = `${pad(parts.hour)}:${pad(parts.minute)}`;
  return withSeconds ? `${clock}:${pad(parts.second)}` : clock;
}

/** `UTC`, or how far the browser's zone is from it at that time: `UTC+09:00`. */
export function zoneName(zone: TimeZone, timeMs: number): string {
  const minutes = zone === 'utc' ? 0 : -new Date(timeMs).getTimezoneOffset();
  if (minutes === 0) return 'UTC';
  const distance = Math.abs(minutes);
  return `UTC${minutes < 0 ? '-' : '+'}${pad(Math.floor(distance / 60))}:${pad(distance % 60)}`;
}

export interface ReadTimeOptions {
  zone: TimeZone;
  nowMs: number;
}

const written =
  /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?)?\s*(Z|UTC|[+-]\d{2}:?\d{2})?$/i;
const clockOnly = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/;
const relative = /^(?:now\s*)?-\s*([0-9][0-9a-z]*)$/i;
const ago = /^([0-9][0-9a-z]*)\s*(?:ago|前)$/i;
const unixSeconds = /^\d{9,11}(?:\.\d+)?$/;

/**
 * Reads what a person types as a time: a date with or without a clock and an offset, a clock of today, Unix seconds,
 * `now-5m`, `5m ago`. Milliseconds since 1970; null for "now" or nothing at all; undefined for what is not a time.
 */
export function readTime(text: string, {zone, nowMs}: ReadTimeOptions): number | null | undefined {
  const trimmed = text.trim();
  if (trimmed === '' || trimmed.toLowerCase() === 'now') return null;
  if (unixSeconds.test(trimmed)) return Math.round(Number(trimmed) * 1000);
  const back = relative.exec(trimmed) ?? ago.exec(trimmed);
  if (back !== null) return before(nowMs, back[1]!);
  const clock = clockOnly.exec(trimmed);
  if (clock !== null) {
    const today = datePartsOf(nowMs, zone);
    const [hour, minute, second] = [Number(clock[1]), Number(clock[2]), Number(clock[3] ?? 0)];
    return timeOf({...today, hour, minute, second, millisecond: 0}, zone);
  }
  return readWritten(trimmed, zone);
}

function before(nowMs: number, duration: string): number | undefined {
  try {
    return nowMs - parseDuration(duration.toLowerCase());
  } catch {
    return undefined;
  }
}

function readWritten(text: string, zone: TimeZone): number | undefined {
  const match = written.exec(text);
  if (match === null) return undefined;
  const parts: DateParts = {
    year: Number(match[1]),
    month: Number(match[2]),
    day: Number(match[3]),
    hour: Number(match[4] ?? 0),
    minute: Number(match[5] ?? 0),
    second: Number(match[6] ?? 0),
    millisecond: Math.floor(Number(`0.${match[7] ?? '0'}`) * 1000),
  };
  const offset = match[8];
  if (offset === undefined) return timeOf(parts, zone);
  const utcMs = timeOf(parts, 'utc');
  return utcMs === undefined ? undefined : utcMs - offsetMs(offset);
}

function offsetMs(offset: string): number {
  const match = /^([+-])(\d{2}):?(\d{2})$/.exec(offset);
  if (match === null) return 0;
  const minutes = Number(match[2]) * 60 + Number(match[3]);
  return (match[1] === '-' ? -minutes : minutes) * 60_000;
}

/** Undefined for dates that do not exist, such as February 30th. */
function timeOf(parts: DateParts, zone: TimeZone): number | undefined {
  const {year, month, day, hour, minute, second, millisecond} = parts;
  if (month < 1 || month > 12 || hour > 23 || minute > 59 || second > 59) return undefined;
  const date =
    zone === 'utc'
      ? new Date(Date.UTC(year, month - 1, day, hour, minute, second, millisecond))
      : new Date(year, month - 1, day, hour, minute, second, millisecond);
  return datePartsOf(date.getTime(), zone).day === day ? date.getTime() : undefined;
}

function pad(value: number, width = 2): string {
  return String(value).padStart(width, '0');
}
