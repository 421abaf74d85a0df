// Go's layouts of times: the moment 2006-01-02 15:04:05 MST, written as the others are to be written.
import {quoteGo} from '../../base/quote.ts';
import {type Civil, civilOf, dayNames, daysOfDate, monthNames, type Time, timeOfWall} from './civil.ts';
import {fixedZone, type Location, utc} from './location.ts';

// Longer chunks first. `Jan` and `Mon` are no chunks before a small letter; a fraction is one before no further digit.
const chunkPattern =
  /January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|0[1-6]|002|15|1|_(?=2006)|2006|2|_2|__2|3|4|5|PM|pm|-070000|-07:00:00|-0700|-07:00|-07|Z070000|Z07:00:00|Z0700|Z07:00|Z07|[.,](?:0+|9+)(?![0-9])/g;

interface Part {
  readonly literal: string;
  /** '' at the end of the layout. */
  readonly chunk: string;
}

function partsOf(layout: string): Part[] {
  const parts: Part[] = [];
  let start = 0;
  for (const match of layout.matchAll(chunkPattern)) {
    // In _2006 the dash is text.
    if (match[0] === '_') continue;
    parts.push({literal: layout.slice(start, match.index), chunk: match[0]});
    start = match.index + match[0].length;
  }
  parts.push({literal: layout.slice(start), chunk: ''});
  return parts;
}

export function formatTime(time: Time, layout: string): string {
  const civil = civilOf(time);
  let text = '';
  for (const {literal, chunk} of partsOf(layout)) text += literal + formatChunk(civil, chunk);
  return text;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

function formatChunk(civil: Civil, chunk: string): string {
  switch (chunk) {
    case '':
      return '';
    case 'January':
      return monthNames[civil.month - 1]!;
    case 'Jan':
      return monthNames[civil.month - 1]!.slice(0, 3);
    case 'Monday':
      return dayNames[civil.weekday]!;
    case 'Mon':
      return dayNames[civil.weekday]!.slice(0, 3);
    case 'MST':
      return civil.zoneName === '' ? formatOffset(civil.offset, '-0700') : civil.zoneName;
    case '1':
      return String(civil.month);
    case '01':
      return two(civil.month);
    case '2':
      return String(civil.day);
    case '_2':
      return String(civil.day).padStart(2);
    case '02':
      return two(civil.day);
    case '__2':
      return String(civil.yearDay).padStart(3);
    case '002':
      return String(civil.yearDay).padStart(3, '0');
    case '2006':
      return civil.year < 0
        ? `-${String(-civil.year).padStart(4, '0')}`
        : String(civil.year).padStart(4, '0');
    case '06':
      return two(((civil.year % 100) + 100) % 100);
    case '15':
      return two(civil.hour);
    case '3':
      return String(civil.hour % 12 || 12);
    case '03':
      return two(civil.hour % 12 || 12);
    case '4':
      return String(civil.minute);
    case '04':
      return two(civil.minute);
    case '5':
      return String(civil.second);
    case '05':
      return two(civil.second);
    case 'PM':
      return civil.hour >= 12 ? 'PM' : 'AM';
    case 'pm':
      return civil.hour >= 12 ? 'pm' : 'am';
  }
  if (chunk.startsWith('Z') || chunk.startsWith('-')) return formatOffset(civil.offset, chunk);
  return formatFraction(civil.nanosecond, chunk);
}

function formatOffset(offset: number, chunk: string): string {
  if (chunk.startsWith('Z') && offset === 0) return 'Z';
  const total = Math.abs(offset);
  const separator = chunk.includes(':') ? ':' : '';
  let text = (offset < 0 ? '-' : '+') + two(Math.floor(total / 3600));
  const digits = chunk.replaceAll(/[^0-9]/g, '').length;
  if (digits >= 4) text += separator + two(Math.floor(total / 60) % 60);
  if (digits >= 6) text += separator + two(total % 60);
  return text;
}

function formatFraction(nanosecond: number, chunk: string): string {
  const digits = String(nanosecond)
    .padStart(9, '0')
    .slice(0, chunk.length - 1);
  if (chunk[1] === '0') return chunk[0]! + digits.padEnd(chunk.length - 1, '0');
  const trimmed = digits.replace(/0+$/, '');
  return trimmed === '' ? '' : chunk[0]! + trimmed;
}

/** What was read so far. -1 = not given. */
interface Reading {
  year: number;
  month: number;
  day: number;
  yearDay: number;
  hour: number;
  minute: number;
  second: number;
  nanosecond: number;
  isPm: boolean;
  isAm: boolean;
  zone: Location | null;
  offset: number | null;
  zoneName: string;
}

/** time.ParseInLocation. Throws SyntaxError with Go's words: `parsing time "x" as "2006": cannot parse "x" as "2006"`. */
export function parseTime(layout: string, text: string, location: Location): Time {
  return new Reader(layout, text).read(location);
}

class Reader {
  readonly #layout: string;
  readonly #text: string;
  #rest: string;
  readonly #reading: Reading = {
    year: 0,
    month: -1,
    day: -1,
    yearDay: -1,
    hour: 0,
    minute: 0,
    second: 0,
    nanosecond: 0,
    isPm: false,
    isAm: false,
    zone: null,
    offset: null,
    zoneName: '',
  };

  constructor(layout: string, text: string) {
    this.#layout = layout;
    this.#text = text;
    this.#rest = text;
  }

  read(location: Location): Time {
    const parts = partsOf(this.#layout);
    for (let i = 0; i < parts.length; i++) {
      const {literal, chunk} = parts[i]!;
      this.#skip(literal);
      if (chunk === '') {
        if (this.#rest !== '') this.#fail('', this.#rest, `: extra text: ${quoteGo(this.#rest)}`);
        break;
      }
      const next = parts[i + 1]!.chunk;
      this.#readChunk(chunk, /^[.,]/.test(next));
    }
    return this.#finish(location);
  }

  #fail(chunk: string, rest: string, message = ''): never {
    const what = `parsing time ${quoteGo(this.#text)}`;
    if (message !== '') throw new SyntaxError(what + message);
    throw new SyntaxError(
      `${what} as ${quoteGo(this.#layout)}: cannot parse ${quoteGo(rest)} as ${quoteGo(chunk)}`,
    );
  }

  /** Text that stands as it is; spaces match any number of spaces. */
  #skip(literal: string): void {
    let rest = this.#rest;
    for (let i = 0; i < literal.length;) {
      if (literal[i] === ' ') {
        if (rest !== '' && rest[0] !== ' ') this.#fail(literal, rest);
        while (literal[i] === ' ') i++;
        rest = rest.replace(/^ +/, '');
        continue;
      }
      if (rest === '' || rest[0] !== literal[i]) this.#fail(literal, rest);
      i++;
      rest = rest.slice(1);
    }
    this.#rest = rest;
  }

  #take(pattern: RegExp, chunk: string): string {
    const found = pattern.exec(this.#rest);
    if (found === null) this.#fail(chunk, this.#rest);
    this.#rest = this.#rest.slice(found[0].length);
    return found[0];
  }

  /** One or two digits, `isFixed` = exactly two. */
  #number(chunk: string, isFixed: boolean): number {
    return Number(this.#take(isFixed ? /^[0-9]{2}/ : /^[0-9]{1,2}/, chunk));
  }

  #checkRange(value: number, min: number, max: number, name: string): number {
    if (value < min || value > max) this.#fail('', this.#rest, `: ${name} out of range`);
    return value;
  }

  #lookup(names: readonly string[], chunk: string, length?: number): number {
    const index = names.findIndex((name) =>
      this.#rest.toLowerCase().startsWith(name.slice(0, length).toLowerCase()),
    );
    if (index < 0) this.#fail(chunk, this.#rest);
    this.#rest = this.#rest.slice(names[index]!.slice(0, length).length);
    return index;
  }

  #readChunk(chunk: string, fractionFollows: boolean): void {
    const reading = this.#reading;
    switch (chunk) {
      case '06': {
        const year = this.#number(chunk, true);
        reading.year = year + (year >= 69 ? 1900 : 2000);
        return;
      }
      case '2006':
        reading.year = Number(this.#take(/^[0-9]{4}/, chunk));
        return;
      case 'Jan':
        reading.month = this.#lookup(monthNames, chunk, 3) + 1;
        return;
      case 'January':
        reading.month = this.#lookup(monthNames, chunk) + 1;
        return;
      case '1':
      case '01':
        reading.month = this.#checkRange(this.#number(chunk, chunk === '01'), 1, 12, 'month');
        return;
      case 'Mon':
        this.#lookup(dayNames, chunk, 3);
        return;
      case 'Monday':
        this.#lookup(dayNames, chunk);
        return;
      case '2':
      case '_2':
      case '02':
        if (chunk === '_2') this.#rest = this.#rest.replace(/^ /, '');
        reading.day = this.#number(chunk, chunk === '02');
        return;
      case '__2':
      case '002':
        if (chunk === '__2') this.#rest = this.#rest.replace(/^ {1,2}/, '');
        reading.yearDay = Number(this.#take(chunk === '002' ? /^[0-9]{3}/ : /^[0-9]{1,3}/, chunk));
        return;
      case 'PM':
      case 'pm': {
        const half = this.#take(chunk === 'PM' ? /^[AP]M/ : /^[ap]m/, chunk).toLowerCase();
        reading.isPm = half === 'pm';
        reading.isAm = half === 'am';
        return;
      }
      case 'MST':
        this.#readZoneName(chunk);
        return;
    }
    this.#readClock(chunk, fractionFollows);
  }

  #readClock(chunk: string, fractionFollows: boolean): void {
    const reading = this.#reading;
    switch (chunk) {
      case '15':
        reading.hour = this.#checkRange(this.#number(chunk, false), 0, 23, 'hour');
        return;
      case '3':
      case '03':
        reading.hour = this.#checkRange(this.#number(chunk, chunk === '03'), 0, 12, 'hour');
        return;
      case '4':
      case '04':
        reading.minute = this.#checkRange(this.#number(chunk, chunk === '04'), 0, 59, 'minute');
        return;
      case '5':
      case '05':
        reading.second = this.#checkRange(this.#number(chunk, chunk === '05'), 0, 59, 'second');
        // A fraction may follow the seconds where the layout has none.
        if (!fractionFollows && /^[.,][0-9]/.test(this.#rest)) this.#readFraction(/^[.,][0-9]+/, chunk);
        return;
    }
    if (/^[Z-]/.test(chunk)) this.#readOffset(chunk);
    else if (chunk[1] === '0') this.#readFraction(new RegExp(`^[.,][0-9]{${chunk.length - 1}}`), chunk);
    else if (/^[.,][0-9]/.test(this.#rest)) this.#readFraction(/^[.,][0-9]+/, chunk);
  }

  #readFraction(pattern: RegExp, chunk: string): void {
    this.#reading.nanosecond = Number(this.#take(pattern, chunk).slice(1, 10).padEnd(9, '0'));
  }

  #readOffset(chunk: string): void {
    if (chunk.startsWith('Z') && this.#rest.startsWith('Z')) {
      this.#rest = this.#rest.slice(1);
      this.#reading.zone = utc;
      return;
    }
    const separator = chunk.includes(':') ? ':' : '';
    const count = Math.floor(chunk.replaceAll(/[^0-9]/g, '').length / 2);
    const pattern = new RegExp(`^([+-])([0-9]{2}${`${separator}[0-9]{2}`.repeat(count - 1)})`);
    const taken = this.#take(pattern, chunk);
    const digits = taken.replaceAll(/[^0-9]/g, '').padEnd(6, '0');
    const hours = this.#checkRange(Number(digits.slice(0, 2)), 0, 24, 'time zone offset hour');
    const minutes = this.#checkRange(Number(digits.slice(2, 4)), 0, 60, 'time zone offset minute');
    const seconds = this.#checkRange(Number(digits.slice(4, 6)), 0, 60, 'time zone offset second');
    const total = (hours * 60 + minutes) * 60 + seconds;
    this.#reading.offset = taken.startsWith('-') ? -total : total;
  }

  #readZoneName(chunk: string): void {
    if (this.#rest.startsWith('UTC')) {
      this.#rest = this.#rest.slice(3);
      this.#reading.zone = utc;
      return;
    }
    const pattern =
      /^(?:ChST|MeST|GMT(?:[+-][0-9]{1,2})?|[A-Z]{4}T|WITA|[A-Z]{3}T(?![A-Z])|[A-Z]{3}(?![A-Z])|[+-][0-9]{2})/;
    this.#reading.zoneName = this.#take(pattern, chunk);
  }

  #finish(location: Location): Time {
    const reading = this.#reading;
    if (reading.isPm && reading.hour < 12) reading.hour += 12;
    else if (reading.isAm && reading.hour === 12) reading.hour = 0;
    this.#completeDate();
    if (reading.zone !== null) return timeOfWall(reading, reading.zone);
    if (reading.offset !== null) {
      const {ns} = timeOfWall(reading, fixedZone('', reading.offset));
      const at = location.at(Number(ns / 1_000_000_000n));
      const isHere =
        at.offset === reading.offset && (reading.zoneName === '' || at.name === reading.zoneName);
      return {ns, location: isHere ? location : fixedZone(reading.zoneName, reading.offset)};
    }
    if (reading.zoneName === '') return timeOfWall(reading, location);
    return this.#inNamedZone(location);
  }

  /** A name that the place does not know is a zone without an offset, unless it tells one itself. */
  #inNamedZone(location: Location): Time {
    const {zoneName} = this.#reading;
    const here = timeOfWall(this.#reading, location);
    if (location.at(Number(here.ns / 1_000_000_000n)).name === zoneName) return here;
    const hours = /^GMT([+-][0-9]+)$/.exec(zoneName)?.[1];
    return timeOfWall(this.#reading, fixedZone(zoneName, hours === undefined ? 0 : Number(hours) * 3600));
  }

  #completeDate(): void {
    const reading = this.#reading;
    if (reading.yearDay >= 0) {
      const length = daysOfDate(reading.year + 1, 1, 1) - daysOfDate(reading.year, 1, 1);
      if (reading.yearDay < 1 || reading.yearDay > length) this.#fail('', '', ': day-of-year out of range');
      const start = {...reading, month: 1, day: reading.yearDay, hour: 0, minute: 0, second: 0};
      const {month, day} = civilOf(timeOfWall(start, utc));
      if (reading.month >= 0 && reading.month !== month)
        this.#fail('', '', ': day-of-year does not match month');
      if (reading.day >= 0 && reading.day !== day) this.#fail('', '', ': day-of-year does not match day');
      reading.month = month;
      reading.day = day;
    }
    if (reading.month < 0) reading.month = 1;
    if (reading.day < 0) reading.day = 1;
    const {year, month} = reading;
    const days = daysOfDate(year, month + 1, 1) - daysOfDate(year, month, 1);
    if (reading.day < 1 || reading.day > days) this.#fail('', '', ': day out of range');
  }
}
