// Times of the week, month and year in which routes are muted or active.
import type * as z from 'zod';
import {FlowSequence, type YamlMap, type YamlValue} from '../base/yaml-write.ts';
import {type Field, list, scalarField, section, text} from '../model/fields.ts';
import {loadLocation, type Location, utc} from '../template/time.ts';
import {linesOf} from './fields.ts';

/** Both ends belong to it. */
export interface Range {
  readonly begin: number;
  readonly end: number;
}

/** All that is there must be so; of each list one item must. */
export interface TimeInterval {
  /** Minutes of the day; the end does not belong to it. */
  readonly times: readonly Range[];
  /** 0 is Sunday. */
  readonly weekdays: readonly Range[];
  /** From 1, or from the end of the month: -1 is its last day. */
  readonly daysOfMonth: readonly Range[];
  readonly months: readonly Range[];
  readonly years: readonly Range[];
  readonly location: Location;
}

const weekdays = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
const months = 'january february march april may june july august september october november december'.split(
  ' ',
);

export function containsTime(interval: TimeInterval, ms: number): boolean {
  const seconds = Math.floor(ms / 1000);
  const wall = new Date((seconds + interval.location.at(seconds).offset) * 1000);
  const minute = wall.getUTCHours() * 60 + wall.getUTCMinutes();
  const isIn = (ranges: readonly Range[], value: number): boolean =>
    ranges.length === 0 || ranges.some(({begin, end}) => value >= begin && value <= end);
  return (
    (interval.times.length === 0 || interval.times.some(({begin, end}) => minute >= begin && minute < end)) &&
    containsDay(interval.daysOfMonth, wall) &&
    isIn(interval.months, wall.getUTCMonth() + 1) &&
    isIn(interval.weekdays, wall.getUTCDay()) &&
    isIn(interval.years, wall.getUTCFullYear())
  );
}

function containsDay(ranges: readonly Range[], wall: Date): boolean {
  if (ranges.length === 0) return true;
  const days = new Date(Date.UTC(wall.getUTCFullYear(), wall.getUTCMonth() + 1, 0)).getUTCDate();
  const day = wall.getUTCDate();
  const fromStart = (each: number): number => (each < 0 ? days + each + 1 : each);
  return ranges.some(
    ({begin, end}) =>
      fromStart(begin) <= days && day >= fromStart(begin) && day <= Math.min(fromStart(end), days),
  );
}

function rangeField(
  read: (member: string) => number,
  check: (range: Range, text: string) => void,
): Field<Range> {
  return scalarField<Range>('string', {begin: 0, end: 0}, (scalar) => {
    const lower = scalar.text.toLowerCase();
    const parts = lower.split(':');
    if (parts.length > 2) throw new SyntaxError(`couldn't parse range ${lower}, invalid format`);
    const begin = read(parts[0]!);
    const range = {begin, end: parts.length === 1 ? begin : read(parts[1]!)};
    check(range, scalar.text);
    return range;
  });
}

/** As Go's strconv.Atoi. */
function readNumber(member: string): number {
  if (!/^[+-]?[0-9]+$/.test(member))
    throw new SyntaxError(`strconv.Atoi: parsing ${JSON.stringify(member)}: invalid syntax`);
  return Number(member);
}

const weekdayRange = rangeField(
  (member) => {
    const day = weekdays.indexOf(member);
    if (day < 0) throw new SyntaxError(`${member} is not a valid weekday`);
    return day;
  },
  ({begin, end}) => {
    if (begin > end) throw new SyntaxError('start day cannot be before end day');
  },
);

const dayOfMonthRange = rangeField(readNumber, ({begin, end}) => {
  for (const day of [begin, end]) {
    if (day === 0 || day < -31 || day > 31)
      throw new SyntaxError(`${day} is not a valid day of the month: out of range`);
  }
  if (begin < 0 && end > 0) throw new SyntaxError('end day must be negative if start day is negative');
  // The shortest month has 28 days.
  const fromStart = (day: number): number => (day < 0 ? 28 + day : day);
  if (fromStart(begin) > fromStart(end))
    throw new SyntaxError(`end day ${end} is always before start day ${begin}`);
});

const monthRange = rangeField(
  (member) => {
    const month = months.indexOf(member) + 1;
    if (month > 0) return month;
    if (!/^[+-]?[0-9]+$/.test(member)) throw new SyntaxError(`${member} is not a valid month`);
    return Number(member);
  },
  ({begin, end}) => {
    if (begin > end)
      throw new SyntaxError(
        `end month ${months[end - 1] ?? ''} is before start month ${months[begin - 1] ?? ''}`,
      );
  },
);

const yearRange = rangeField(readNumber, ({begin, end}) => {
  if (begin > end) throw new SyntaxError(`end year ${end} is before start year ${begin}`);
});

const location: Field<Location> = scalarField('string', utc, (scalar) => {
  // Go says the name in quotes where it has no zone of it.
  return loadLocation(scalar.text);
});

const timeRange = section(() => ({start_time: text.default(''), end_time: text.default('')})).transform(
  ({start_time, end_time}, context): Range => {
    try {
      return timeRangeOf(start_time, end_time);
    } catch (error) {
      context.issues.push({code: 'custom', message: (error as Error).message, input: start_time});
      return {begin: 0, end: 0};
    }
  },
);

function timeRangeOf(start: string, end: string): Range {
  if (start === '' || end === '') throw new SyntaxError('both start and end times must be provided');
  const range = {begin: minuteOf(start), end: minuteOf(end)};
  if (range.begin >= range.end) throw new SyntaxError('start time cannot be equal or greater than end time');
  return range;
}

function minuteOf(time: string): number {
  if (!/^(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00)$/.test(time))
    throw new SyntaxError(`couldn't parse timestamp ${time}, invalid format`);
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3));
}

export const timeIntervalFields = section(() => ({
  times: list(timeRange, '[]timeinterval.TimeRange').default([]),
  weekdays: list(weekdayRange, '[]timeinterval.WeekdayRange').default([]),
  days_of_month: list(dayOfMonthRange, '[]timeinterval.DayOfMonthRange').default([]),
  months: list(monthRange, '[]timeinterval.MonthRange').default([]),
  years: list(yearRange, '[]timeinterval.YearRange').default([]),
  location: location.optional(),
}));

export type TimeIntervalFields = z.output<typeof timeIntervalFields>;

export const namedTimeIntervalsFields = section(() => ({
  name: text.default(''),
  time_intervals: list(timeIntervalFields, '[]timeinterval.TimeInterval').default([]),
}));

export function timeIntervalOf(fields: TimeIntervalFields): TimeInterval {
  return {
    times: fields.times,
    weekdays: fields.weekdays,
    daysOfMonth: fields.days_of_month,
    months: fields.months,
    years: fields.years,
    location: fields.location ?? utc,
  };
}

export function documentOfTimeIntervals(fields: z.output<typeof namedTimeIntervalsFields>): YamlMap {
  const intervals = fields.time_intervals.map((each): YamlValue =>
    linesOf({
      times: each.times.map(
        ({begin, end}): YamlMap =>
          new Map([
            ['start_time', formatMinute(begin)],
            ['end_time', formatMinute(end)],
          ]),
      ),
      weekdays: flowOf(each.weekdays, (day) => weekdays[day]!),
      days_of_month: flowOf(each.days_of_month, String),
      months: flowOf(each.months, String),
      years: flowOf(each.years, String),
      location: each.location === undefined ? undefined : each.location.name,
    }),
  );
  return new Map<string, YamlValue>([
    ['name', fields.name],
    ['time_intervals', intervals],
  ]);
}

function flowOf(ranges: readonly Range[], format: (member: number) => string): FlowSequence | undefined {
  if (ranges.length === 0) return undefined;
  const texts = ranges.map(({begin, end}) =>
    begin === end ? format(begin) : `${format(begin)}:${format(end)}`,
  );
  return new FlowSequence(texts);
}

function formatMinute(minute: number): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
}
