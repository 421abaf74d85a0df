import type {ExpositionFormat} from '../formats/exposition.ts';
import {LineParser, lineKind} from '../formats/exposition.ts';
import {normalNaNHigh, normalNaNLow} from '../model/value.ts';
import type {Labels} from '../model/labels.ts';
import {
  entryLastSeen,
  entryPack,
  entrySlot,
  flagHonorTimestamps,
  flagOpenMetrics,
  flagTrackTimestamps,
  kindComment,
  kindDropped,
  kindPending,
  lineBytesMax,
  none,
  packTypeShift,
  scanDone,
  scanFull,
  scanNoHash,
  slackBytes,
  stateAdded,
  stateBytes,
  stateDuplicates,
  stateEnd,
  stateFlags,
  stateHits,
  stateKnownSince,
  stateLimitHit,
  stateMoved,
  stateOutOfBounds,
  statePosition,
  statePredicted,
  statePrevious,
  stateSampleLimit,
  stateScrape,
  stateSeen,
  stateSeriesAdded,
  stateStaged,
  stateStagedCapacity,
  stateStagedEntries,
  stateStagedTimes,
  stateStagedValues,
  stateTable,
  stateTimestamp,
  stateTimestampMax,
  stateTotal,
  stateTracked,
  stateTrackedAgain,
  stateType,
  stateValue,
  tableFirst,
  typeHistogram,
  typeOther,
  typeSummary,
} from '../kernels/scrape-layout.ts';
import type {LabelResolver} from './labels.ts';
import type {LineTable} from './linetable.ts';
import type {ScrapeMemory} from './memory.ts';

/** Bytes that are taken from a chunk at a time. */
const pieceBytes = 65_536;
/** Label sets kept for series that are new in a scrape; those beyond are read once more from their keys. */
const pendingLabelsMax = 20_000;

export interface ScanOptions {
  table: LineTable;
  format: ExpositionFormat;
  honorTimestamps: boolean;
  trackTimestampsStaleness: boolean;
  /** Time of samples that bring none, and the latest one that is taken; whole milliseconds. */
  timestampMs: number;
  timestampMaxMs: number;
  /** 0 = none. */
  sampleLimit: number;
  /** Number of this scrape of the table, rising from 1, and that of the last one that went well. */
  scrape: number;
  knownSince: number;
  resolve: LabelResolver;
}

/**
 * Reads one body as it arrives, through a window in the shared memory, and stages its samples: kernels recognise the lines
 * of the previous scrape, LineParser reads the rest. Nothing reaches the store before the whole body has proved sound.
 */
export class BodyScan {
  readonly state: number;
  readonly #world: ScrapeMemory;
  readonly #u32: Uint32Array;
  readonly #f64: Float64Array;
  readonly #parsers: Record<ExpositionFormat, LineParser> = {
    text: new LineParser('text'),
    openmetrics: new LineParser('openmetrics'),
  };
  readonly #decoder = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true});
  readonly #pendingLabels = new Map<number, Labels>();
  #options!: ScanOptions;
  #parser!: LineParser;
  /** [window, window + windowSize) holds the bytes from the start of the first unread line on: `pending` of them. */
  #window = 0;
  #windowSize = 0;
  #pending = 0;
  /** With so many pending bytes a line that did not end is tried again. */
  #retryAt = 0;
  #newlinesBefore = 0;
  #ended = false;
  #bytesRead = 0;
  #linesParsed = 0;

  constructor(world: ScrapeMemory) {
    this.#world = world;
    this.#u32 = world.memory.u32;
    this.#f64 = world.memory.f64;
    this.state = world.arena.alloc(stateBytes);
    this.#u32.fill(0, this.state / 4, (this.state + stateBytes) / 4);
  }

  begin(options: ScanOptions): void {
    this.#options = options;
    this.#parser = this.#parsers[options.format];
    this.#pendingLabels.clear();
    this.#pending = 0;
    this.#retryAt = 0;
    this.#newlinesBefore = 0;
    this.#ended = false;
    this.#bytesRead = 0;
    this.#linesParsed = 0;
    this.#u32.fill(0, this.state / 4, (this.state + stateBytes) / 4);
    this.#set(stateTable, options.table.address);
    this.#set(statePrevious, none);
    this.#set(statePredicted, this.#u32[(options.table.address + tableFirst) / 4]!);
    this.#set(stateScrape, options.scrape);
    this.#set(stateKnownSince, options.knownSince);
    this.#set(stateSampleLimit, options.sampleLimit === 0 ? none : options.sampleLimit);
    this.#set(stateType, typeOther);
    this.#set(
      stateFlags,
      (options.format === 'openmetrics' ? flagOpenMetrics : 0) |
        (options.honorTimestamps ? flagHonorTimestamps : 0) |
        (options.trackTimestampsStaleness ? flagTrackTimestamps : 0),
    );
    this.#f64[(this.state + stateTimestamp) / 8] = options.timestampMs;
    this.#f64[(this.state + stateTimestampMax) / 8] = options.timestampMaxMs;
  }

  /** Takes the next bytes of the body. Throws SyntaxError, RangeError or TypeError, with the line, where it is broken. */
  feed(chunk: Uint8Array): void {
    this.#bytesRead += chunk.length;
    for (let at = 0; at < chunk.length; at += pieceBytes) {
      this.#feedPiece(
        chunk.length <= pieceBytes ? chunk : chunk.subarray(at, Math.min(chunk.length, at + pieceBytes)),
      );
    }
  }

  /** The body is complete. Throws as feed() does. */
  finish(): void {
    const {memory} = this.#world;
    const openMetrics = this.#options.format === 'openmetrics';
    if (this.#pending > 0) {
      if (memory.u8[this.#window + this.#pending - 1] === 0x0a) {
        this.#scan(this.#window + this.#pending, true);
      } else if (openMetrics) {
        // A view of the window only: without a newline the search would go on through all of the memory.
        const newline = memory.u8.subarray(this.#window, this.#window + this.#pending).lastIndexOf(0x0a);
        if (newline >= 0) this.#scan(this.#window + newline + 1, false);
        if (this.#pending > 0) this.#lastLine();
      } else {
        this.#makeRoom(1);
        memory.u8[this.#window + this.#pending++] = 0x0a;
        this.#scan(this.#window + this.#pending, true);
      }
    }
    if (openMetrics && !this.#ended && this.#bytesRead > 0) throw this.#error('data does not end with # EOF');
  }

  /** Gives window and staging back; to be called when the scrape is over. */
  release(): void {
    this.#pendingLabels.clear();
    this.#parser = this.#parsers.text;
    const {arena} = this.#world;
    if (this.#windowSize > 0) arena.free(this.#window, this.#windowSize);
    const capacity = this.get(stateStagedCapacity);
    if (capacity > 0) this.#freeStaging(capacity);
    this.#windowSize = 0;
    this.#set(stateStagedCapacity, 0);
  }

  free(): void {
    this.release();
    this.#world.arena.free(this.state, stateBytes);
  }

  /** Bytes fed so far, decompressed. */
  get bytesRead(): number {
    return this.#bytesRead;
  }

  /** Samples in the body, dropped ones included; those after relabeling; series that were not in the scrape before. */
  get total(): number {
    return this.get(stateTotal);
  }
  get added(): number {
    return this.get(stateAdded);
  }
  get seriesAdded(): number {
    return this.get(stateSeriesAdded);
  }
  get duplicates(): number {
    return this.get(stateDuplicates);
  }
  get outOfBounds(): number {
    return this.get(stateOutOfBounds);
  }
  get tracksTimestamps(): boolean {
    return this.#options.trackTimestampsStaleness;
  }
  get limitHit(): boolean {
    return this.get(stateLimitHit) !== 0;
  }
  get staged(): number {
    return this.get(stateStaged);
  }
  get tracked(): number {
    return this.get(stateTracked);
  }
  get trackedAgain(): number {
    return this.get(stateTrackedAgain);
  }
  /** Entries of the table that this body has, comments included. */
  get seen(): number {
    return this.get(stateSeen);
  }
  /** Lines that were where they were expected, lines found elsewhere, and lines read the slow way. */
  get linesPredicted(): number {
    return this.get(stateHits);
  }
  get linesMoved(): number {
    return this.get(stateMoved);
  }
  get linesParsed(): number {
    return this.#linesParsed;
  }

  /** Labels of the series of entry `index`, read again from its key where they are not at hand. */
  labelsOf(index: number): Labels {
    const kept = this.#pendingLabels.get(index);
    if (kept !== undefined) return kept;
    const {table, resolve} = this.#options;
    const length = table.copyKey(index);
    const key = this.#decoder.decode(this.#world.copyOut(this.#world.scratch, length));
    const type = (this.#u32[(table.entry(index) + entryPack) / 4]! >>> packTypeShift) & 3;
    this.#parser.familyType = typeNames[type]!;
    this.#parser.parse(`${key} 0`);
    return resolve(this.#parser.labels(), this.#parser.emptyNames())!;
  }

  #feedPiece(piece: Uint8Array): void {
    if (this.#ended && piece.length > 0) throw this.#error('unexpected data after # EOF');
    const newline = piece.lastIndexOf(0x0a);
    this.#makeRoom(piece.length);
    this.#world.memory.u8.set(piece, this.#window + this.#pending);
    const before = this.#pending;
    this.#pending += piece.length;
    if (newline >= 0 && this.#pending >= this.#retryAt) {
      this.#retryAt = 0;
      this.#scan(this.#window + before + newline + 1, false);
    }
    if (this.#pending > lineBytesMax) {
      throw this.#error(`the line is longer than ${lineBytesMax} bytes`);
    }
  }

  /** Reads the lines of the window up to `end`, and moves what is left to its start. */
  #scan(end: number, final: boolean): void {
    this.#set(statePosition, this.#window);
    this.#set(stateEnd, end);
    for (;;) {
      const reason = this.#ended ? scanDone : this.#world.kernels.scanLines(this.state);
      if (reason === scanDone) break;
      if (reason === scanFull) this.#growStaging();
      else if (reason === scanNoHash) this.#options.table.ensureHash();
      else if (!this.#slowLine(end, final)) break;
    }
    const position = this.get(statePosition);
    const windowEnd = this.#window + this.#pending;
    if (this.#ended && position < windowEnd) throw this.#error('unexpected data after # EOF');
    this.#newlinesBefore += this.#world.kernels.countNewlines(this.#window, position - this.#window);
    this.#pending = windowEnd - position;
    this.#set(statePosition, this.#window);
    if (this.#pending > 0 && position > this.#window) {
      this.#world.memory.u8.copyWithin(this.#window, position, windowEnd);
    }
  }

  /** Reads the line at the position with the parser; false where it goes on beyond `end`. */
  #slowLine(end: number, final: boolean): boolean {
    const u8 = this.#world.memory.u8;
    const position = this.get(statePosition);
    const parser = this.#parser;
    parser.familyType = typeNames[this.get(stateType)]!;
    let lineEnd = u8.indexOf(0x0a, position) + 1;
    let text = this.#decode(position, lineEnd);
    let kind = this.#parse(text);
    while (kind === lineKind.incomplete) {
      if (lineEnd === end) {
        if (final) throw this.#error('quoted text does not end');
        this.#retryAt = 2 * (this.#window + this.#pending - position);
        return false;
      }
      // The quotes hold a newline. Taking twice as much each time keeps the work linear.
      const next = u8.indexOf(0x0a, Math.min(end - 1, 2 * lineEnd - position)) + 1;
      lineEnd = next === 0 || next > end ? end : next;
      text = this.#decode(position, lineEnd);
      kind = this.#parse(text);
    }
    this.#linesParsed++;
    // As many characters as bytes: all are ASCII.
    const ascii = text.length === lineEnd - position;
    const consumed = ascii ? parser.end : byteLength(text, parser.end);
    if (consumed > lineBytesMax) throw this.#error(`the line is longer than ${lineBytesMax} bytes`);

    if (kind === lineKind.sample)
      this.#sample(position, ascii ? parser.seriesEnd : byteLength(text, parser.seriesEnd));
    else if (kind === lineKind.end) this.#ended = true;
    else if (kind !== lineKind.blank) this.#comment(text, position, consumed, kind);
    this.#set(statePosition, position + consumed);
    return true;
  }

  /** The only line of OpenMetrics that needs no newline is `# EOF`. */
  #lastLine(): void {
    const kind = this.#parse(this.#decode(this.#window, this.#window + this.#pending));
    if (kind === lineKind.incomplete) throw this.#error('quoted text does not end');
    if (kind !== lineKind.end) throw this.#error('data does not end with # EOF');
    this.#ended = true;
  }

  /** Takes the sample that the parser has read at `position`; its key has `length` bytes. */
  #sample(position: number, length: number): void {
    const parser = this.#parser;
    const {table} = this.#options;
    const type = this.get(stateType);
    let index = table.find(position, length, type);
    if (index < 0) {
      let labels: Labels | null;
      try {
        labels = this.#options.resolve(parser.labels(), parser.emptyNames());
      } catch (cause) {
        // As in Prometheus it has been scraped, though to no avail.
        this.#set(stateTotal, this.total + 1);
        throw this.#error(cause);
      }
      if (this.limitHit || this.get(stateTotal) >= none - 1) {
        // Beyond the limit series are counted, not remembered.
        this.#set(stateTotal, this.total + 1);
        if (labels !== null) this.#set(stateAdded, this.added + 1);
        this.#set(statePredicted, none);
        return;
      }
      const kind = labels === null ? kindDropped : kindPending;
      index = table.add(position, length, kind | ((parser.typeMatters ? type : 0) << packTypeShift));
      if (labels !== null && this.#pendingLabels.size < pendingLabelsMax)
        this.#pendingLabels.set(index, labels);
    }
    const value = (this.state + stateValue) / 4;
    if (Number.isNaN(parser.value)) {
      this.#u32[value] = normalNaNLow;
      this.#u32[value + 1] = normalNaNHigh;
    } else {
      this.#f64[value / 2] = parser.value;
    }
    const {kernels} = this.#world;
    kernels.stageSample(this.state, index, parser.hasTimestamp ? 1 : 0, parser.timestampMs);
    kernels.follow(this.state, index);
  }

  #comment(text: string, position: number, consumed: number, kind: number): void {
    const parser = this.#parser;
    let sets = 0;
    if (kind === lineKind.type) {
      sets = typeOf(parser.familyType);
      this.#set(stateType, sets);
    }
    // A name in quotes may hold a newline: such a line is read the slow way each time.
    const line = text.slice(0, parser.end - 1);
    if (line.includes('\n')) return;
    const {comments, memory} = this.#world;
    const id = comments.intern(line, position, consumed - 1, {
      metric: parser.metric,
      kind: kind === lineKind.type ? 'type' : kind === lineKind.help ? 'help' : 'unit',
      text: parser.text,
    });
    const {table} = this.#options;
    let index = table.find(position, consumed - 1, 0);
    if (index < 0) {
      index = table.add(comments.address(id), consumed - 1, kindComment | (sets << packTypeShift));
      memory.u32[(table.entry(index) + entrySlot) / 4] = id;
    }
    const seen = (table.entry(index) + entryLastSeen) / 4;
    if (memory.u32[seen] !== this.#options.scrape) {
      memory.u32[seen] = this.#options.scrape;
      this.#set(stateSeen, this.seen + 1);
    }
    this.#world.kernels.follow(this.state, index);
  }

  #parse(text: string): number {
    try {
      return this.#parser.parse(text);
    } catch (cause) {
      throw this.#error(cause);
    }
  }

  #decode(start: number, end: number): string {
    try {
      return this.#decoder.decode(this.#world.copyOut(start, end - start));
    } catch {
      throw this.#error('invalid UTF-8');
    }
  }

  /** An error at the line of the position. */
  #error(cause: unknown): unknown {
    const position = this.get(statePosition) - this.#window;
    const within = position > 0 ? this.#world.kernels.countNewlines(this.#window, position) : 0;
    const line = this.#newlinesBefore + within + 1;
    if (typeof cause === 'string') return new SyntaxError(`line ${line}: ${cause}`);
    if (cause instanceof Error) cause.message = `line ${line}: ${cause.message}`;
    return cause;
  }

  #makeRoom(bytes: number): void {
    const wanted = this.#pending + bytes + slackBytes + 1;
    if (wanted <= this.#windowSize) return;
    const {arena, memory} = this.#world;
    const size = Math.max(wanted, Math.min(2 * this.#windowSize, pieceBytes + lineBytesMax), 16_384);
    const window = arena.alloc(size);
    if (this.#windowSize > 0) {
      memory.u8.copyWithin(window, this.#window, this.#window + this.#pending);
      arena.free(this.#window, this.#windowSize);
    }
    this.#window = window;
    this.#windowSize = size;
    this.#set(statePosition, window);
  }

  #growStaging(): void {
    const {memory} = this.#world;
    const before = this.get(stateStagedCapacity);
    const staged = this.staged;
    const capacity = Math.max(before + (before >>> 1), this.#options.table.count + 16, 64);
    const addresses = this.#world.allocAll([4 * capacity, 8 * capacity, 8 * capacity]);
    for (const [i, field] of stagedColumns.entries()) {
      const old = this.get(field);
      const width = i === 0 ? 4 : 8;
      memory.u8.copyWithin(addresses[i]!, old, old + width * staged);
    }
    if (before > 0) this.#freeStaging(before);
    for (const [i, field] of stagedColumns.entries()) this.#set(field, addresses[i]!);
    this.#set(stateStagedCapacity, capacity);
  }

  #freeStaging(capacity: number): void {
    const {arena} = this.#world;
    arena.free(this.get(stateStagedEntries), 4 * capacity);
    arena.free(this.get(stateStagedTimes), 8 * capacity);
    arena.free(this.get(stateStagedValues), 8 * capacity);
  }

  get(field: number): number {
    return this.#u32[(this.state + field) / 4]!;
  }

  #set(field: number, value: number): void {
    this.#u32[(this.state + field) / 4] = value;
  }
}

const stagedColumns = [stateStagedEntries, stateStagedTimes, stateStagedValues];

/** By type constant of the layout; all types that do not matter are one. */
const typeNames = ['', '', 'histogram', 'summary'];

function typeOf(name: string): number {
  return name === 'histogram' ? typeHistogram : name === 'summary' ? typeSummary : typeOther;
}

const encoder = new TextEncoder();

function byteLength(text: string, end: number): number {
  return encoder.encode(text.slice(0, end)).length;
}
