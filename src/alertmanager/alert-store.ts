// All alerts that were received and are not forgotten, by fingerprint. There may be very many: what is said of them is in
// columns, and texts are numbers.
import {copied} from '../base/columns.ts';
import {type Labels, labelOf} from '../model/labels.ts';
import {
  type Alert,
  alertNameLabel,
  type AlertState,
  type AlertTimes,
  Fingerprint,
  fingerprintInto,
  hashOfLabels,
  isResolvedAt,
  updateTimes,
} from './alert.ts';
import {CountedSymbols, packIds, unpackedLength, unpackId} from './counted-symbols.ts';
import type {Group} from './group.ts';

const none = 0xffffffff;
const roomFirst = 256;

/** By slot. */
class Columns {
  readonly symbols = new CountedSymbols();
  fingerprintHighs = new Uint32Array(roomFirst);
  fingerprintLows = new Uint32Array(roomFirst);
  /** 0 = not computed yet. */
  hashes = new BigUint64Array(roomFirst);
  startsAtMs = new Float64Array(roomFirst);
  endsAtMs = new Float64Array(roomFirst);
  updatedAtMs = new Float64Array(roomFirst);
  isTimeout = new Uint8Array(roomFirst);
  reports = new Uint32Array(roomFirst);
  generatorUrls = new Uint32Array(roomFirst);
  /** Of alerts in the same bucket, or of slots that are free. */
  next = new Uint32Array(roomFirst);

  get room(): number {
    return this.next.length;
  }

  grow(): void {
    const room = 2 * this.room;
    this.fingerprintHighs = copied(this.fingerprintHighs, new Uint32Array(room));
    this.fingerprintLows = copied(this.fingerprintLows, new Uint32Array(room));
    this.hashes = copied(this.hashes, new BigUint64Array(room));
    this.startsAtMs = copied(this.startsAtMs, new Float64Array(room));
    this.endsAtMs = copied(this.endsAtMs, new Float64Array(room));
    this.updatedAtMs = copied(this.updatedAtMs, new Float64Array(room));
    this.isTimeout = copied(this.isTimeout, new Uint8Array(room));
    this.reports = copied(this.reports, new Uint32Array(room));
    this.generatorUrls = copied(this.generatorUrls, new Uint32Array(room));
    this.next = copied(this.next, new Uint32Array(room));
  }
}

/** What forgotten alerts say: they have ended long ago. */
const forgotten = new Columns();
forgotten.symbols.take('');

/** The texts of a report, taken from wherever they are. They are known to be good. */
export interface ReportTexts {
  fingerprintInto(fingerprint: Fingerprint): void;
  /** Whether the alert has these annotations and this generator URL. */
  isSaidOf(alert: StoredAlert): boolean;
  /** Packed numbers of texts. */
  takeLabels(symbols: CountedSymbols): string;
  takeAnnotations(symbols: CountedSymbols): string;
  takeUrl(symbols: CountedSymbols): number;
}

/** The same of texts that are strings. */
export class StringTexts implements ReportTexts {
  readonly #labels: Labels;
  readonly #state: Readonly<Pick<AlertState, 'annotations' | 'generatorUrl'>>;

  constructor(labels: Labels, state: Readonly<Pick<AlertState, 'annotations' | 'generatorUrl'>>) {
    this.#labels = labels;
    this.#state = state;
  }

  fingerprintInto(fingerprint: Fingerprint): void {
    fingerprintInto(fingerprint, this.#labels);
  }

  isSaidOf(alert: StoredAlert): boolean {
    const {annotations, generatorUrl} = this.#state;
    if (alert.annotationTexts !== annotations.length) return false;
    for (let i = 0; i < annotations.length; i++) if (alert.annotationText(i) !== annotations[i]) return false;
    return alert.generatorUrl === generatorUrl;
  }

  takeLabels(symbols: CountedSymbols): string {
    return takeAll(symbols, this.#labels);
  }

  takeAnnotations(symbols: CountedSymbols): string {
    return takeAll(symbols, this.#state.annotations);
  }

  takeUrl(symbols: CountedSymbols): number {
    return symbols.take(this.#state.generatorUrl);
  }
}

/** An alert with the groups that it is in, which do not change with its times. Texts are made when they are asked for. */
export class StoredAlert implements Alert {
  /** Whether it is in all groups that it belongs to. */
  isPlaced = false;
  /** Whether it may inhibit others: not known of a new one. */
  maySource = true;
  #groups: Group | Group[] | null = null;
  #columns: Columns;
  #slot: number;
  /** Numbers of texts. */
  #labels: string;
  #annotations: string;

  constructor(columns: Columns, slot: number, labels: string, annotations: string) {
    this.#columns = columns;
    this.#slot = slot;
    this.#labels = labels;
    this.#annotations = annotations;
  }

  get labels(): Labels {
    return this.#texts(this.#labels);
  }

  get annotations(): readonly string[] {
    return this.#texts(this.#annotations);
  }

  get generatorUrl(): string {
    return this.#columns.symbols.text(this.#columns.generatorUrls[this.#slot]!);
  }

  get fingerprint(): string {
    const {fingerprintHighs, fingerprintLows} = this.#columns;
    return new Fingerprint(fingerprintHighs[this.#slot]!, fingerprintLows[this.#slot]!).toString();
  }

  get hash(): bigint {
    const {hashes} = this.#columns;
    return hashes[this.#slot]! || (hashes[this.#slot] = hashOfLabels(this.labels));
  }

  get startsAtMs(): number {
    return this.#columns.startsAtMs[this.#slot]!;
  }

  set startsAtMs(ms: number) {
    this.#columns.startsAtMs[this.#slot] = ms;
  }

  get endsAtMs(): number {
    return this.#columns.endsAtMs[this.#slot]!;
  }

  set endsAtMs(ms: number) {
    this.#columns.endsAtMs[this.#slot] = ms;
  }

  get updatedAtMs(): number {
    return this.#columns.updatedAtMs[this.#slot]!;
  }

  set updatedAtMs(ms: number) {
    this.#columns.updatedAtMs[this.#slot] = ms;
  }

  get isTimeout(): boolean {
    return this.#columns.isTimeout[this.#slot] === 1;
  }

  set isTimeout(is: boolean) {
    this.#columns.isTimeout[this.#slot] = Number(is);
  }

  get reports(): number {
    return this.#columns.reports[this.#slot]!;
  }

  set reports(count: number) {
    this.#columns.reports[this.#slot] = count;
  }

  /** Whether it is in no store any more. */
  get isForgotten(): boolean {
    return this.#columns === forgotten;
  }

  /** How many names and values its annotations are. */
  get annotationTexts(): number {
    return unpackedLength(this.#annotations);
  }

  /** One of them. */
  annotationText(index: number): string {
    return this.#columns.symbols.text(unpackId(this.#annotations, index));
  }

  /** Takes over annotations and generator URL. Most reports say the same as the one before. */
  setTexts(texts: ReportTexts): void {
    if (texts.isSaidOf(this)) return;
    const {symbols, generatorUrls} = this.#columns;
    const url = generatorUrls[this.#slot]!;
    generatorUrls[this.#slot] = texts.takeUrl(symbols);
    symbols.giveBack(url);
    const before = this.#annotations;
    this.#annotations = texts.takeAnnotations(symbols);
    giveBackAll(symbols, before);
  }

  get isInGroups(): boolean {
    return this.#groups !== null;
  }

  /** Notes that it comes into a group; false where it is there already. */
  enter(group: Group): boolean {
    const groups = this.#groups;
    if (groups === null) this.#groups = group;
    else if (!Array.isArray(groups)) {
      if (groups === group) return false;
      this.#groups = [groups, group];
    } else {
      if (groups.includes(group)) return false;
      groups.push(group);
    }
    return true;
  }

  /** A group has told its end, and does not have it any more. */
  leave(group: Group): void {
    const groups = this.#groups;
    const left = Array.isArray(groups) ? groups.filter((each) => each !== group) : [];
    this.#groups = left.length === 0 ? null : left;
    this.isPlaced = false;
  }

  /** There are other groups now. */
  leaveAll(): void {
    this.#groups = null;
    this.isPlaced = false;
  }

  /** Gives back its texts. Who still has it sees that it has ended. */
  forget(): void {
    const {symbols, generatorUrls} = this.#columns;
    giveBackAll(symbols, this.#labels);
    giveBackAll(symbols, this.#annotations);
    symbols.giveBack(generatorUrls[this.#slot]!);
    this.#labels = '';
    this.#annotations = '';
    this.#columns = forgotten;
    this.#slot = 0;
    this.leaveAll();
  }

  #texts(packed: string): string[] {
    const {symbols} = this.#columns;
    const texts: string[] = [];
    for (let i = 0; i < unpackedLength(packed); i++) texts.push(symbols.text(unpackId(packed, i)));
    return texts;
  }
}

function takeAll(symbols: CountedSymbols, texts: readonly string[]): string {
  return packIds(texts.map((text) => symbols.take(text)));
}

function giveBackAll(symbols: CountedSymbols, packed: string): void {
  for (let i = 0; i < unpackedLength(packed); i++) symbols.giveBack(unpackId(packed, i));
}

export class AlertStore {
  readonly #columns = new Columns();
  readonly #alerts: (StoredAlert | null)[] = [];
  #buckets = new Uint32Array(roomFirst).fill(none);
  #free = none;
  #size = 0;
  /** For each name of an alert: fingerprints with the time at which each ends. */
  readonly #perName = new Map<string, Map<string, number>>();
  readonly #perNameMax: number;

  /** `perNameMax`: how many alerts of one name there may be; 0 = no limit. */
  constructor(perNameMax = 0) {
    this.#perNameMax = perNameMax;
  }

  get size(): number {
    return this.#size;
  }

  /** How many different texts the alerts have. */
  get textCount(): number {
    return this.#columns.symbols.size;
  }

  *values(): Generator<StoredAlert> {
    for (const alert of this.#alerts) if (alert !== null) yield alert;
  }

  get(fingerprint: string): StoredAlert | null {
    const slot = this.#find(Fingerprint.parse(fingerprint));
    return slot === none ? null : this.#alerts[slot]!;
  }

  /** Adds a report of an alert to what is known of it. Null where there are too many of its name. */
  put(labels: Labels, report: Readonly<AlertState>, nowMs: number): StoredAlert | null {
    fingerprintInto(scratch, labels);
    if (this.#perNameMax > 0 && !this.#hasRoom(labels, scratch.toString(), report.endsAtMs, nowMs))
      return null;
    return this.#put(new StringTexts(labels, report), report, nowMs);
  }

  /** Whether `putTexts()` may be called. */
  get isWithoutLimit(): boolean {
    return this.#perNameMax === 0;
  }

  /** As put(), where there is no limit. */
  putTexts(texts: ReportTexts, times: Readonly<AlertTimes>, nowMs: number): StoredAlert {
    texts.fingerprintInto(scratch);
    return this.#put(texts, times, nowMs);
  }

  /** By the fingerprint that is in `scratch`. */
  #put(texts: ReportTexts, times: Readonly<AlertTimes>, nowMs: number): StoredAlert {
    const slot = this.#find(scratch);
    if (slot === none) return this.#add(scratch, texts, times);
    const known = this.#alerts[slot]!;
    updateTimes(known, times, nowMs);
    known.setTexts(texts);
    known.reports++;
    return known;
  }

  /** Forgets resolved alerts, once no group is to be notified of their end. */
  collect(nowMs: number): void {
    for (const alert of this.#alerts)
      if (alert !== null && !alert.isInGroups && isResolvedAt(alert, nowMs)) this.#forget(alert);
    for (const [name, ends] of this.#perName)
      if ([...ends.values()].every((endMs) => endMs < nowMs)) this.#perName.delete(name);
  }

  /** The slot of an alert, or `none`. */
  #find({high, low}: Fingerprint): number {
    const {fingerprintHighs, fingerprintLows, next} = this.#columns;
    let slot = this.#buckets[this.#bucketOf(low)]!;
    while (slot !== none && (fingerprintLows[slot] !== low || fingerprintHighs[slot] !== high))
      slot = next[slot]!;
    return slot;
  }

  #add({high, low}: Fingerprint, texts: ReportTexts, times: Readonly<AlertTimes>): StoredAlert {
    const columns = this.#columns;
    const {symbols} = columns;
    const slot = this.#slotOfNew();
    columns.fingerprintHighs[slot] = high;
    columns.fingerprintLows[slot] = low;
    columns.hashes[slot] = 0n;
    columns.startsAtMs[slot] = times.startsAtMs;
    columns.endsAtMs[slot] = times.endsAtMs;
    columns.updatedAtMs[slot] = times.updatedAtMs;
    columns.isTimeout[slot] = Number(times.isTimeout);
    columns.reports[slot] = 1;
    columns.generatorUrls[slot] = texts.takeUrl(symbols);
    this.#enter(slot);
    const alert = new StoredAlert(columns, slot, texts.takeLabels(symbols), texts.takeAnnotations(symbols));
    this.#alerts[slot] = alert;
    this.#size++;
    return alert;
  }

  #slotOfNew(): number {
    if (this.#free !== none) {
      const slot = this.#free;
      this.#free = this.#columns.next[slot]!;
      return slot;
    }
    const slot = this.#alerts.length;
    if (slot === this.#columns.room) this.#grow();
    this.#alerts.push(null);
    return slot;
  }

  /** Called when all slots are taken. */
  #grow(): void {
    this.#columns.grow();
    this.#buckets = new Uint32Array(this.#columns.room).fill(none);
    for (let slot = 0; slot < this.#alerts.length; slot++) this.#enter(slot);
  }

  #enter(slot: number): void {
    const {fingerprintLows, next} = this.#columns;
    const bucket = this.#bucketOf(fingerprintLows[slot]!);
    next[slot] = this.#buckets[bucket]!;
    this.#buckets[bucket] = slot;
  }

  #forget(alert: StoredAlert): void {
    const {next} = this.#columns;
    const fingerprint = Fingerprint.parse(alert.fingerprint);
    const slot = this.#find(fingerprint);
    const bucket = this.#bucketOf(fingerprint.low);
    if (this.#buckets[bucket] === slot) this.#buckets[bucket] = next[slot]!;
    else {
      let before = this.#buckets[bucket]!;
      while (next[before] !== slot) before = next[before]!;
      next[before] = next[slot]!;
    }
    alert.forget();
    this.#alerts[slot] = null;
    next[slot] = this.#free;
    this.#free = slot;
    this.#size--;
  }

  #bucketOf(low: number): number {
    return low & (this.#buckets.length - 1);
  }

  #hasRoom(labels: Labels, fingerprint: string, endsAtMs: number, nowMs: number): boolean {
    const name = labelOf(labels, alertNameLabel);
    let ends = this.#perName.get(name);
    if (ends === undefined) this.#perName.set(name, (ends = new Map()));
    if (!ends.has(fingerprint) && ends.size >= this.#perNameMax) {
      const [oldest, endMs] = [...ends].reduce((least, each) => (each[1] < least[1] ? each : least));
      if (endMs >= nowMs) return false;
      ends.delete(oldest);
    }
    ends.set(fingerprint, endsAtMs);
    return true;
  }
}

const scratch = new Fingerprint(0, 0);
