// The body of POST /alerts, as Prometheus and most others write it, read without making a tree of objects first: alerts come in
// batches of hundreds, most of them the same as a minute ago, and nearly all of their texts are known.
//
// A first pass checks the whole body and notes where its texts are; only then alerts are made, one at a time. What is written
// in another way (names twice, null, unknown fields) is left to JSON.parse(), and so are all mistakes.
import {copied} from '../../base/columns.ts';
import type {ReceivedAlert} from '../alertmanager.ts';

const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const backslash = 0x5c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** What reads and checks the parts for which there are rules elsewhere. */
export interface BodyRules {
  /** Milliseconds since 1970; null = not said. Throws where it is no time. */
  readonly readTime: (text: string) => number | null;
  readonly isUrl: (text: string) => boolean;
}

/** The alerts of a body, which are to be taken before the next body is read; null where it must be read in another way. */
export function readAlertsFast(body: Uint8Array, rules: BodyRules): Iterable<ReceivedAlert> | null {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const reader = new BodyReader(bytes, rules);
  return reader.read() ? alertsOf(bytes, marks) : null;
}

/** Words of a text: where it begins and ends, and a hash of its bytes, odd where they are more than plain ASCII. */
const textWords = 3;
const pairWords = 2 * textWords;
/** Words of an alert: where the texts of its labels begin and how many they are, the same of annotations, and its URL. */
const alertWords = 5;
const nothing = 0xffffffff;
const alertsFirst = 256;
/** Words that are kept from one body to the next: those of some 5,000 alerts. */
const textsKeptMax = 1 << 18;
const alertsKeptMax = 1 << 15;
/** Names that are out of order are sorted one by one: labels of which there are more are left to the other way of reading. */
const sortedPairsMax = 64;

/** Where the parts of the last body are. Kept for the next one. */
class Marks {
  texts = new Uint32Array(4096);
  textLength = 0;
  alerts = new Uint32Array(alertsFirst * alertWords);
  /** For each alert startsAt and endsAt; NaN = not said. */
  times = new Float64Array(alertsFirst * 2);
  alertCount = 0;

  clear(): void {
    if (this.texts.length > textsKeptMax) this.texts = new Uint32Array(textsKeptMax);
    if (this.alerts.length > alertsKeptMax) {
      this.alerts = new Uint32Array(alertsFirst * alertWords);
      this.times = new Float64Array(alertsFirst * 2);
    }
    this.textLength = 0;
    this.alertCount = 0;
  }

  makeRoom(): void {
    if (this.textLength + textWords > this.texts.length)
      this.texts = copied(this.texts, new Uint32Array(2 * this.texts.length));
  }

  addAlert(): void {
    if ((this.alertCount + 1) * alertWords > this.alerts.length) {
      this.alerts = copied(this.alerts, new Uint32Array(2 * this.alerts.length));
      this.times = copied(this.times, new Float64Array(2 * this.times.length));
    }
    const first = this.alertCount * alertWords;
    this.alerts[first] = nothing;
    this.alerts[first + 2] = nothing;
    this.alerts[first + 3] = 0;
    this.alerts[first + 4] = nothing;
    this.times.fill(NaN, 2 * this.alertCount, 2 * this.alertCount + 2);
    this.alertCount++;
  }
}

const marks = new Marks();

/** The first pass. Its methods give false where the body is not as it is expected. */
class BodyReader {
  readonly #bytes: Buffer;
  readonly #rules: BodyRules;
  #at = 0;

  constructor(bytes: Buffer, rules: BodyRules) {
    this.#bytes = bytes;
    this.#rules = rules;
    marks.clear();
  }

  read(): boolean {
    return this.#list(openBracket, closeBracket, () => this.#alert()) && this.#next() === undefined;
  }

  /** Items between brackets, with commas between them. */
  #list(open: number, close: number, item: () => boolean): boolean {
    if (this.#next() !== open) return false;
    this.#at++;
    if (this.#next() === close) {
      this.#at++;
      return true;
    }
    for (;;) {
      if (!item()) return false;
      const byte = this.#next();
      this.#at++;
      if (byte === close) return true;
      if (byte !== comma) return false;
    }
  }

  /** The next byte that is no space. */
  #next(): number | undefined {
    const bytes = this.#bytes;
    let byte = bytes[this.#at];
    while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) byte = bytes[++this.#at];
    return byte;
  }

  #alert(): boolean {
    marks.addAlert();
    return (
      this.#list(openBrace, closeBrace, () => this.#field()) &&
      marks.alerts[(marks.alertCount - 1) * alertWords] !== nothing
    );
  }

  #field(): boolean {
    const name = marks.textLength;
    if (!this.#text() || !this.#colon()) return false;
    const field = this.#bytes.toString('latin1', marks.texts[name]!, marks.texts[name + 1]);
    marks.textLength = name;
    const first = (marks.alertCount - 1) * alertWords;
    switch (field) {
      case 'labels':
        return this.#pairs(first);
      case 'annotations':
        return this.#pairs(first + 2);
      case 'generatorURL':
        return this.#url(first + 4);
      case 'startsAt':
        return this.#time(2 * marks.alertCount - 2);
      case 'endsAt':
        return this.#time(2 * marks.alertCount - 1);
      default:
        return false;
    }
  }

  #colon(): boolean {
    if (this.#next() !== colon) return false;
    this.#at++;
    return true;
  }

  #pairs(word: number): boolean {
    if (marks.alerts[word] !== nothing) return false;
    const first = marks.textLength;
    marks.alerts[word] = first;
    const pair = (): boolean => {
      const name = marks.textLength;
      if (!this.#text() || !this.#colon() || !this.#text() || !this.#isPlain(name)) return false;
      if (name === first || this.#isBefore(name - pairWords, name)) return true;
      return name - first < sortedPairsMax * pairWords && this.#sort(first, name);
    };
    if (!this.#list(openBrace, closeBrace, pair)) return false;
    marks.alerts[word + 1] = (marks.textLength - first) / textWords;
    return true;
  }

  /** Brings the last pair to its place among those from `first` on. False where its name is there already. */
  #sort(first: number, last: number): boolean {
    const {texts} = marks;
    let place = last;
    while (place > first && this.#isBefore(last, place - pairWords)) place -= pairWords;
    if (place > first && !this.#isBefore(place - pairWords, last)) return false;
    const pair = texts.slice(last, last + pairWords);
    texts.copyWithin(place + pairWords, place, last);
    texts.set(pair, place);
    return true;
  }

  #isPlain(text: number): boolean {
    return (marks.texts[text + 2]! & 1) === 0;
  }

  #isBefore(left: number, right: number): boolean {
    const bytes = this.#bytes;
    const {texts} = marks;
    const length = texts[left + 1]! - texts[left]!;
    const otherLength = texts[right + 1]! - texts[right]!;
    for (let i = 0; i < length && i < otherLength; i++) {
      const order = bytes[texts[left]! + i]! - bytes[texts[right]! + i]!;
      if (order !== 0) return order < 0;
    }
    return length < otherLength;
  }

  #url(word: number): boolean {
    const url = marks.textLength;
    if (marks.alerts[word] !== nothing || !this.#text()) return false;
    marks.alerts[word] = url;
    const text = textAt(this.#bytes, url);
    return text === '' || this.#rules.isUrl(text);
  }

  #time(index: number): boolean {
    const start = marks.textLength;
    if (!Number.isNaN(marks.times[index]) || !this.#text()) return false;
    marks.textLength = start;
    try {
      // Not said counts as not there; said twice, the second is the one that counts.
      marks.times[index] = this.#rules.readTime(textAt(this.#bytes, start)) ?? NaN;
      return true;
    } catch {
      return false;
    }
  }

  /** Notes a text. */
  #text(): boolean {
    if (this.#next() !== quote) return false;
    const bytes = this.#bytes;
    const start = ++this.#at;
    let at = start;
    let hash = 0x811c9dc5;
    let all = 0;
    let byte = bytes[at]!;
    for (; byte !== quote; byte = bytes[++at]!) {
      if (byte < 0x20 || at >= bytes.length) return false;
      if (byte === backslash) {
        const length = escapeLength(bytes, at);
        if (length === 0) return false;
        all |= 0x80;
        at += length - 1;
        byte = bytes[at]!;
      }
      all |= byte;
      hash = Math.imul(hash ^ byte, 0x01000193);
    }
    this.#at = at + 1;
    marks.makeRoom();
    const {texts, textLength} = marks;
    texts[textLength] = start;
    texts[textLength + 1] = at;
    texts[textLength + 2] = ((hash ^ (hash >>> 15)) & ~1) | (all >>> 7);
    marks.textLength += textWords;
    return true;
  }
}

/** Bytes of an escape; 0 where it is none. */
function escapeLength(bytes: Uint8Array, at: number): number {
  const letter = String.fromCharCode(bytes[at + 1] ?? 0);
  if (letter !== 'u') return '"\\/bfnrt'.includes(letter) ? 2 : 0;
  for (let i = at + 2; i < at + 6; i++) {
    const digit = (bytes[i] ?? 0) | 0x20;
    if (!((digit >= 0x30 && digit <= 0x39) || (digit >= 0x61 && digit <= 0x66))) return 0;
  }
  return 6;
}

/** The second pass. */
function* alertsOf(bytes: Buffer, {alerts, times, alertCount}: Marks): Generator<ReceivedAlert> {
  for (let i = 0; i < alertCount; i++) {
    const first = i * alertWords;
    const url = alerts[first + 4]!;
    const startsAtMs = times[2 * i]!;
    const endsAtMs = times[2 * i + 1]!;
    yield {
      labels: pairsAt(bytes, alerts[first]!, alerts[first + 1]!, false),
      annotations: pairsAt(bytes, alerts[first + 2]!, alerts[first + 3]!, true),
      startsAtMs: Number.isNaN(startsAtMs) ? null : startsAtMs,
      endsAtMs: Number.isNaN(endsAtMs) ? null : endsAtMs,
      generatorUrl: url === nothing ? '' : textAt(bytes, url),
    };
  }
}

function pairsAt(bytes: Buffer, first: number, count: number, withEmpty: boolean): string[] {
  const pairs: string[] = [];
  for (let i = 0; i < count; i += 2) {
    const value = textAt(bytes, first + (i + 1) * textWords);
    if (withEmpty || value !== '') pairs.push(textAt(bytes, first + i * textWords), value);
  }
  return pairs;
}

/** Texts that came lately, by their hash: bytes as they stand in bodies, and what they mean. */
const lately = 4096;
const latelyRaw = Array.from({length: lately}, () => '');
const latelyTexts = Array.from({length: lately}, () => '');
/** Longer texts are seldom those of many alerts. */
const latelyBytesMax = 256;

function textAt(bytes: Buffer, mark: number): string {
  const {texts} = marks;
  const start = texts[mark]!;
  const end = texts[mark + 1]!;
  const hash = texts[mark + 2]!;
  const place = (hash >>> 1) & (lately - 1);
  if (isSame(bytes, start, end, latelyRaw[place]!)) return latelyTexts[place]!;
  const raw = bytes.toString('latin1', start, end);
  const text = (hash & 1) === 0 ? raw : (JSON.parse(bytes.toString('utf8', start - 1, end + 1)) as string);
  if (end - start > latelyBytesMax) return text;
  latelyRaw[place] = raw;
  latelyTexts[place] = text;
  return text;
}

function isSame(bytes: Uint8Array, start: number, end: number, raw: string): boolean {
  if (raw.length !== end - start) return false;
  for (let i = 0; i < raw.length; i++) if (raw.charCodeAt(i) !== bytes[start + i]) return false;
  return true;
}
