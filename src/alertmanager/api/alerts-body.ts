// The body of POST /alerts, as Prometheus and most others write it, read without making a tree of objects first: alerts come in
// batches of hundreds, most of them the same as a minute ago, and nearly all of their texts are known.
//
// A first pass checks the whole body and notes where its texts are. Of a second one comes one alert after the other, whose texts
// are made only where somebody asks for them: what is said of a known alert is compared with it byte by byte. What is written in
// another way (names twice, null, unknown fields) is left to JSON.parse(), and so are all mistakes.
import {copied} from '../../base/columns.ts';
import type {Fingerprint} from '../alert.ts';
import type {ReportTexts, StoredAlert} from '../alert-store.ts';
import type {ReceivedAlert} from '../alertmanager.ts';
import {type CountedSymbols, hashOfAscii, isText, packIds} from '../counted-symbols.ts';

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

/**
 * The alerts of a body, each valid until the next one, and all until the next body is read; null where it must be read in
 * another way.
 */
export function readAlertsFast(body: Uint8Array, rules: BodyRules): Iterable<ReceivedAlert> | null {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const reader = new BodyReader(bytes, rules);
  return reader.read() ? alertsOf(bytes, marks) : null;
}

/** Words of a text: where it begins and ends, and what it has of these. */
const textWords = 3;
/** Something that no label's name in its classic form has, a digit at its beginning aside. */
const unnamed = 1;
/** More than plain ASCII. */
const odd = 2;

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

/** What each byte of a text is. */
const kinds = Uint8Array.from({length: 256}, (_, byte) => {
  if (byte >= 0x80) return unnamed | odd;
  return /[a-zA-Z0-9_]/.test(String.fromCharCode(byte)) ? 0 : unnamed;
});

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
    const start = marks.texts[name]!;
    const end = marks.texts[name + 1]!;
    marks.textLength = name;
    const first = (marks.alertCount - 1) * alertWords;
    const is = (field: string): boolean => isText(this.#bytes, start, end, field);
    if (is('labels')) return this.#pairs(first);
    if (is('annotations')) return this.#pairs(first + 2);
    if (is('generatorURL')) return this.#url(first + 4);
    if (is('startsAt')) return this.#time(2 * marks.alertCount - 2);
    return is('endsAt') && this.#time(2 * marks.alertCount - 1);
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
    return (marks.texts[text + 2]! & odd) === 0;
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
    const place = latelyPlaceOf(this.#bytes, url);
    if (place !== none && latelyIsUrl[place] === 1) return true;
    const text = textAt(this.#bytes, url);
    if (text !== '' && !this.#rules.isUrl(text)) return false;
    if (place !== none) latelyIsUrl[place] = 1;
    return true;
  }

  #time(index: number): boolean {
    const start = marks.textLength;
    if (!Number.isNaN(marks.times[index]) || !this.#text()) return false;
    marks.textLength = start;
    const last = lastTimes[index & 1]!;
    if (isText(this.#bytes, marks.texts[start]!, marks.texts[start + 1]!, last.text)) {
      marks.times[index] = last.ms; // Fast path: many alerts have the same.
      return true;
    }
    try {
      const text = this.#bytes.toString('latin1', marks.texts[start]!, marks.texts[start + 1]);
      // Not said counts as not there; said twice, the second is the one that counts.
      marks.times[index] = this.#rules.readTime(text) ?? NaN;
      if (this.#isPlain(start)) lastTimes[index & 1] = {text, ms: marks.times[index]!};
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
    let kind = 0;
    let byte = bytes[at]!;
    for (; byte !== quote; byte = bytes[++at]!) {
      if (byte < 0x20 || at >= bytes.length) return false;
      kind |= kinds[byte]!;
      if (byte !== backslash) continue;
      const length = escapeLength(bytes, at);
      if (length === 0) return false;
      kind |= odd;
      at += length - 1;
    }
    this.#at = at + 1;
    marks.makeRoom();
    const {texts, textLength} = marks;
    texts[textLength] = start;
    texts[textLength + 1] = at;
    texts[textLength + 2] = kind;
    marks.textLength += textWords;
    return true;
  }
}

/** The last texts of startsAt and endsAt, and what they mean. */
const lastTimes = [
  {text: '', ms: NaN},
  {text: '', ms: NaN},
];

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
function* alertsOf(bytes: Buffer, {alertCount}: Marks): Generator<ReceivedAlert> {
  const alert = new BodyAlert(bytes);
  for (let i = 0; i < alertCount; i++) {
    alert.moveTo(i);
    yield alert;
  }
}

/** An alert of a body. */
class BodyAlert implements ReceivedAlert, ReportTexts {
  startsAtMs: number | null = null;
  endsAtMs: number | null = null;
  readonly #bytes: Buffer;
  /** Its labels and annotations: the first text, and how many there are. */
  #labels = 0;
  #labelCount = 0;
  #annotations = 0;
  #annotationCount = 0;
  #url = nothing;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  moveTo(index: number): void {
    const {alerts, times} = marks;
    const first = index * alertWords;
    this.#labels = alerts[first]!;
    this.#labelCount = alerts[first + 1]!;
    this.#annotations = alerts[first + 2]!;
    this.#annotationCount = alerts[first + 3]!;
    this.#url = alerts[first + 4]!;
    const startsAtMs = times[2 * index]!;
    const endsAtMs = times[2 * index + 1]!;
    this.startsAtMs = Number.isNaN(startsAtMs) ? null : startsAtMs;
    this.endsAtMs = Number.isNaN(endsAtMs) ? null : endsAtMs;
  }

  get labels(): string[] {
    return pairsAt(this.#bytes, this.#labels, this.#labelCount, false);
  }

  get annotations(): string[] {
    return pairsAt(this.#bytes, this.#annotations, this.#annotationCount, true);
  }

  get generatorUrl(): string {
    return this.#url === nothing ? '' : textAt(this.#bytes, this.#url);
  }

  /** Itself where its names are good in any mode, and its values are text; null = who wants to know looks at its texts. */
  get texts(): ReportTexts | null {
    return this.#arePlain() ? this : null;
  }

  fingerprintInto(fingerprint: Fingerprint): void {
    const {texts} = marks;
    fingerprint.begin();
    const end = this.#labels + this.#labelCount * textWords;
    for (let name = this.#labels; name < end; name += pairWords) {
      const value = name + textWords;
      if (texts[value] === texts[value + 1]) continue;
      fingerprint.addText(this.#bytes, texts[name]!, texts[name + 1]!);
      fingerprint.addText(this.#bytes, texts[value]!, texts[value + 1]!);
    }
  }

  isSaidOf(alert: StoredAlert): boolean {
    if (alert.annotationTexts !== this.#annotationCount) return false;
    for (let i = 0; i < this.#annotationCount; i++)
      if (!this.#isAt(this.#annotations + i * textWords, alert.annotationText(i))) return false;
    return this.#url === nothing ? alert.generatorUrl === '' : this.#isAt(this.#url, alert.generatorUrl);
  }

  takeLabels(symbols: CountedSymbols): string {
    return this.#take(symbols, this.#labels, this.#labelCount, false);
  }

  takeAnnotations(symbols: CountedSymbols): string {
    return this.#take(symbols, this.#annotations, this.#annotationCount, true);
  }

  takeUrl(symbols: CountedSymbols): number {
    return this.#url === nothing ? symbols.take('') : this.#takeAt(symbols, this.#url);
  }

  #arePlain(): boolean {
    const {texts} = marks;
    let labels = 0;
    for (let i = 0; i < this.#labelCount; i++) {
      const text = this.#labels + i * textWords;
      if (i % 2 === 0 && !this.#isName(text)) return false;
      // An alert has a label that says something.
      if (i % 2 === 1 && texts[text] !== texts[text + 1]) labels++;
      if ((texts[text + 2]! & odd) !== 0) return false;
    }
    for (let i = 0; i < this.#annotationCount; i += 2) {
      const name = this.#annotations + i * textWords;
      if (!this.#isName(name)) return false;
      const value = name + textWords;
      if ((texts[value + 2]! & odd) !== 0 && !textAt(this.#bytes, value).isWellFormed()) return false;
    }
    return labels > 0;
  }

  /** Whether it is a name in all modes of matchers. */
  #isName(text: number): boolean {
    const {texts} = marks;
    const first = this.#bytes[texts[text]!]!;
    return texts[text + 2] === 0 && texts[text + 1] !== texts[text] && (first < 0x30 || first > 0x39);
  }

  #isAt(mark: number, text: string): boolean {
    const {texts} = marks;
    if ((texts[mark + 2]! & odd) !== 0) return textAt(this.#bytes, mark) === text;
    return isText(this.#bytes, texts[mark]!, texts[mark + 1]!, text);
  }

  #take(symbols: CountedSymbols, first: number, count: number, withEmpty: boolean): string {
    const {texts} = marks;
    const ids: number[] = [];
    for (let i = 0; i < count; i += 2) {
      const name = first + i * textWords;
      const value = name + textWords;
      if (!withEmpty && texts[value] === texts[value + 1]) continue;
      ids.push(this.#takeAt(symbols, name), this.#takeAt(symbols, value));
    }
    return packIds(ids);
  }

  #takeAt(symbols: CountedSymbols, mark: number): number {
    const {texts} = marks;
    if ((texts[mark + 2]! & odd) !== 0) return symbols.take(textAt(this.#bytes, mark));
    return symbols.takeAscii(this.#bytes, texts[mark]!, texts[mark + 1]!);
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

/** Texts that are URLs or more than ASCII and came lately, by their hash: bytes as they stand in bodies, and what they mean. */
const lately = 4096;
const latelyRaw = Array.from({length: lately}, () => '');
const latelyTexts = Array.from({length: lately}, () => '');
const latelyIsUrl = new Uint8Array(lately);
/** Longer texts are seldom those of many alerts. */
const latelyBytesMax = 1024;
const none = -1;

/** Where such a text is, which is put there if it was not; `none` for one that is too long. */
function latelyPlaceOf(bytes: Buffer, mark: number): number {
  const {texts} = marks;
  const start = texts[mark]!;
  const end = texts[mark + 1]!;
  if (end - start > latelyBytesMax) return none;
  const place = hashOfAscii(bytes, start, end) & (lately - 1);
  if (isText(bytes, start, end, latelyRaw[place]!)) return place;
  const raw = bytes.toString('latin1', start, end);
  latelyRaw[place] = raw;
  latelyTexts[place] = (texts[mark + 2]! & odd) === 0 ? raw : decoded(bytes, start, end);
  latelyIsUrl[place] = 0;
  return place;
}

function textAt(bytes: Buffer, mark: number): string {
  const {texts} = marks;
  const start = texts[mark]!;
  const end = texts[mark + 1]!;
  if ((texts[mark + 2]! & odd) === 0) return bytes.toString('latin1', start, end);
  const place = latelyPlaceOf(bytes, mark);
  return place === none ? decoded(bytes, start, end) : latelyTexts[place]!;
}

function decoded(bytes: Buffer, start: number, end: number): string {
  return JSON.parse(bytes.toString('utf8', start - 1, end + 1)) as string;
}
