import type {Exemplar as ReadExemplar, ExpositionFormat} from '../formats/exposition.ts';
import {LineParser, lineKind} from '../formats/exposition.ts';
import {
  lineBytesMax,
  linePack,
  packTypeShift,
  scanDone,
  scanFull,
  scanNoHash,
  slackBytes,
  stateEnd,
  statePosition,
  stateType,
  stateValue,
  typeHistogram,
  typeOther,
  typeSummary,
} from '../kernels/scrape-layout.ts';
import {normalNaNHigh, normalNaNLow} from '../model/value.ts';
import type {Room} from './gunzip.ts';
import {sortPairs} from './labels.ts';
import {type LabelSource, type ScanOptions, ScrapeScan, type StagedExemplar} from './scan.ts';

const noWindow: Room = {address: 0, bytes: 0};

/** Bytes that are taken from a chunk at a time. */
const pieceBytes = 65_536;

/**
 * Reads one body as it arrives, through a window in the shared memory, and stages its samples: kernels recognise the lines
 * of the previous scrape, LineParser reads the rest. Nothing reaches the store before the whole body has proved sound.
 */
export class BodyScan extends ScrapeScan {
  readonly #parsers: Record<ExpositionFormat, LineParser> = {
    text: new LineParser('text'),
    openmetrics: new LineParser('openmetrics'),
  };
  readonly #decoder = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true});
  #parser: LineParser = this.#parsers.text;
  /** The window holds the bytes from the start of the first unread line on: `pending` of them. */
  #window = noWindow;
  #pending = 0;
  /** With so many pending bytes a line that did not end is tried again. */
  #retryAt = 0;
  #newlinesBefore = 0;
  #ended = false;
  readonly #exemplars: StagedExemplar[] = [];

  override begin(options: ScanOptions): void {
    super.begin(options);
    this.#parser = this.#parsers[options.format === 'openmetrics' ? 'openmetrics' : 'text'];
    this.#exemplars.length = 0;
    this.exemplars = this.#exemplars;
    this.#pending = 0;
    this.#retryAt = 0;
    this.#newlinesBefore = 0;
    this.#ended = false;
  }

  /** Errors name the line. */
  override feed(chunk: Uint8Array): void {
    this.bytesRead += chunk.length;
    for (let at = 0; at < chunk.length; at += pieceBytes) {
      this.#feedPiece(
        chunk.length <= pieceBytes ? chunk : chunk.subarray(at, Math.min(chunk.length, at + pieceBytes)),
      );
    }
  }

  override finish(): void {
    const {memory} = this.world;
    const openMetrics = this.options.format === 'openmetrics';
    if (this.#pending > 0) {
      if (memory.u8[this.#window.address + this.#pending - 1] === 0x0a) {
        this.#scan(this.#window.address + this.#pending, true);
      } else if (openMetrics) {
        // A view of the window only: without a newline the search would go on through all of the memory.
        const newline = memory.u8
          .subarray(this.#window.address, this.#window.address + this.#pending)
          .lastIndexOf(0x0a);
        if (newline >= 0) this.#scan(this.#window.address + newline + 1, false);
        if (this.#pending > 0) this.#lastLine();
      } else {
        this.#makeRoom(1);
        memory.u8[this.#window.address + this.#pending++] = 0x0a;
        this.#scan(this.#window.address + this.#pending, true);
      }
    }
    if (openMetrics && !this.#ended && this.bytesRead > 0) throw this.located('data does not end with # EOF');
    this.#giveWindow();
  }

  override release(): void {
    super.release();
    this.#exemplars.length = 0;
    this.#parser = this.#parsers.text;
    this.#giveWindow();
  }

  protected override readLabels(index: number): LabelSource {
    const length = this.options.table.copyKey(index);
    const key = this.#decoder.decode(this.world.copyOut(this.world.scratch, length));
    const type = (this.u32[(this.options.table.line(index) + linePack) / 4]! >>> packTypeShift) & 3;
    this.#parser.familyType = typeNames[type]!;
    this.#parser.parse(`${key} 0`);
    return this.#parser;
  }

  #feedPiece(piece: Uint8Array): void {
    if (this.#ended && piece.length > 0) throw this.located('unexpected data after # EOF');
    const newline = piece.lastIndexOf(0x0a);
    this.#makeRoom(piece.length);
    this.world.memory.u8.set(piece, this.#window.address + this.#pending);
    const before = this.#pending;
    this.#pending += piece.length;
    if (newline >= 0 && this.#pending >= this.#retryAt) {
      this.#retryAt = 0;
      this.#scan(this.#window.address + before + newline + 1, false);
    }
    if (this.#pending > lineBytesMax) {
      throw this.located(`the line is longer than ${lineBytesMax} bytes`);
    }
  }

  /** Reads the lines of the window up to `end`, and moves what is left to its start. */
  #scan(end: number, final: boolean): void {
    this.set(statePosition, this.#window.address);
    this.set(stateEnd, end);
    for (;;) {
      const reason = this.#ended ? scanDone : this.world.kernels.scanLines(this.state);
      if (reason === scanDone) break;
      if (reason === scanFull) this.growStaging();
      else if (reason === scanNoHash) this.options.table.ensureHash();
      else if (!this.#slowLine(end, final)) break;
    }
    const position = this.get(statePosition);
    const windowEnd = this.#window.address + this.#pending;
    if (this.#ended && position < windowEnd) throw this.located('unexpected data after # EOF');
    this.#newlinesBefore += this.world.kernels.countNewlines(
      this.#window.address,
      position - this.#window.address,
    );
    this.#pending = windowEnd - position;
    this.set(statePosition, this.#window.address);
    if (this.#pending > 0 && position > this.#window.address) {
      this.world.memory.u8.copyWithin(this.#window.address, position, windowEnd);
    }
  }

  /** Reads the line at the position with the parser; false where it goes on beyond `end`. */
  #slowLine(end: number, final: boolean): boolean {
    const u8 = this.world.memory.u8;
    const position = this.get(statePosition);
    const parser = this.#parser;
    parser.familyType = typeNames[this.get(stateType)]!;
    let lineEnd = u8.indexOf(0x0a, position) + 1;
    let text = this.#decode(position, lineEnd);
    let kind = this.#parse(text);
    while (kind === lineKind.incomplete) {
      if (lineEnd === end) {
        if (final) throw this.located('quoted text does not end');
        this.#retryAt = 2 * (this.#window.address + this.#pending - position);
        return false;
      }
      // The quotes hold a newline. Taking twice as much each time keeps the work linear.
      const next = u8.indexOf(0x0a, Math.min(end - 1, 2 * lineEnd - position)) + 1;
      lineEnd = next === 0 || next > end ? end : next;
      text = this.#decode(position, lineEnd);
      kind = this.#parse(text);
    }
    this.linesParsed++;
    // As many characters as bytes: all are ASCII.
    const ascii = text.length === lineEnd - position;
    const consumed = ascii ? parser.end : byteLength(text, parser.end);
    if (consumed > lineBytesMax) throw this.located(`the line is longer than ${lineBytesMax} bytes`);

    if (kind === lineKind.sample)
      this.#sample(position, ascii ? parser.seriesEnd : byteLength(text, parser.seriesEnd));
    else if (kind === lineKind.end) this.#ended = true;
    else if (kind !== lineKind.blank) this.#comment(text, position, consumed, kind);
    this.set(statePosition, position + consumed);
    return true;
  }

  /** The only line of OpenMetrics that needs no newline is `# EOF`. */
  #lastLine(): void {
    const kind = this.#parse(this.#decode(this.#window.address, this.#window.address + this.#pending));
    if (kind === lineKind.incomplete) throw this.located('quoted text does not end');
    if (kind !== lineKind.end) throw this.located('data does not end with # EOF');
    this.#ended = true;
  }

  /** Takes the sample that the parser has read at `position`; its key has `length` bytes. */
  #sample(position: number, length: number): void {
    const parser = this.#parser;
    const index = this.entryOf(position, length, this.get(stateType), parser);
    if (index < 0) return;
    const value = (this.state + stateValue) / 4;
    if (Number.isNaN(parser.value)) {
      this.u32[value] = normalNaNLow;
      this.u32[value + 1] = normalNaNHigh;
    } else {
      this.f64[value / 2] = parser.value;
    }
    const {kernels} = this.world;
    kernels.stageSample(this.state, index, parser.hasTimestamp ? 1 : 0, parser.timestampMs);
    kernels.follow(this.state, index);
    if (parser.exemplar !== null && this.details.exemplars) this.#exemplar(index, parser.exemplar);
  }

  /** An exemplar without a time of its own has that of its sample. */
  #exemplar(index: number, {labels, value, timestampMs}: ReadExemplar): void {
    const {options} = this;
    const hasTime = this.#parser.hasTimestamp && options.honorTimestamps;
    const sampleMs = hasTime ? this.#parser.timestampMs : options.timestampMs;
    const timeMs = Number.isNaN(timestampMs) ? sampleMs : timestampMs;
    this.#exemplars.push({index, exemplar: {labels: sortPairs([...labels]), value, timeMs}});
  }

  #comment(text: string, position: number, consumed: number, kind: number): void {
    const parser = this.#parser;
    let sets = 0;
    if (kind === lineKind.type) {
      sets = typeOf(parser.familyType);
      this.set(stateType, sets);
    }
    // A name in quotes may hold a newline: such a line is read the slow way each time.
    const line = text.slice(0, parser.end - 1);
    if (line.includes('\n')) return;
    const index = this.commentEntry(
      line,
      {address: position, length: consumed - 1, sets},
      {
        metric: parser.metric,
        kind: kind === lineKind.type ? 'type' : kind === lineKind.help ? 'help' : 'unit',
        text: parser.text,
      },
    );
    this.world.kernels.follow(this.state, index);
  }

  #parse(text: string): number {
    try {
      return this.#parser.parse(text);
    } catch (cause) {
      throw this.located(cause);
    }
  }

  #decode(start: number, end: number): string {
    try {
      return this.#decoder.decode(this.world.copyOut(start, end - start));
    } catch {
      throw this.located('invalid UTF-8');
    }
  }

  /** An error at the line of the position. */
  protected override located(cause: unknown): unknown {
    const position = this.get(statePosition) - this.#window.address;
    const within = position > 0 ? this.world.kernels.countNewlines(this.#window.address, position) : 0;
    const line = this.#newlinesBefore + within + 1;
    if (typeof cause === 'string') return new SyntaxError(`line ${line}: ${cause}`);
    if (cause instanceof Error) cause.message = `line ${line}: ${cause.message}`;
    return cause;
  }

  #makeRoom(bytes: number): void {
    const wanted = this.#pending + bytes + slackBytes + 1;
    if (wanted <= this.#window.bytes) return;
    const size = Math.max(wanted, Math.min(2 * this.#window.bytes, pieceBytes + lineBytesMax), 16_384);
    const window = this.world.takeWindow(size);
    if (this.#pending > 0) {
      const {address} = this.#window;
      this.world.memory.u8.copyWithin(window.address, address, address + this.#pending);
    }
    this.#giveWindow();
    this.#window = window;
    this.set(statePosition, window.address);
  }

  #giveWindow(): void {
    if (this.#window.bytes > 0) this.world.giveWindow(this.#window);
    this.#window = noWindow;
  }
}

/** By type constant of the layout; all types that do not matter are one. */
const typeNames = ['', '', 'histogram', 'summary'];

function typeOf(name: string): number {
  return name === 'histogram' ? typeHistogram : name === 'summary' ? typeSummary : typeOther;
}

const encoder = new TextEncoder();

function byteLength(text: string, end: number): number {
  return encoder.encode(text.slice(0, end)).length;
}
