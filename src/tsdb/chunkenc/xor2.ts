// XOR2 chunks (tsdb/docs/format/chunks.md): floats with optional start timestamps. What changed of the time and whether the
// value changed share one prefix, so that a sample like the one before takes one bit.
//
//     samples:u16  firstKnown:1 changedAt:7  stream of bits

import {assert} from '../../base/assert.ts';
import {BitReader, BitWriter} from './bits.ts';
import {StartTimes} from './starts.ts';
import {leadingZeros, trailingZeros, writeWindow, XorValues} from './xorvalues.ts';
import {staleNaNHigh, staleNaNLow} from '../../model/value.ts';

const headerBytes = 3;
const samplesMax = 65_535;

/** Makes one chunk, sample by sample; times rise. */
export class Xor2Appender {
  samples = 0;
  /** Time of the newest sample. */
  time = 0;
  readonly #out: BitWriter;
  #timeDelta = 0;
  #starts = new StartTimes();
  /** The newest value that is no stale marker, and the window of its change. */
  #value = new XorValues(1);

  constructor() {
    this.#out = new BitWriter(128);
    this.#out.write(0, 24);
  }

  /** Goes on with a chunk that another appender has made, of which `samples` are there. */
  static resume(chunk: Uint8Array, samples: number): Xor2Appender {
    const appender = new Xor2Appender();
    const reader = new Xor2Reader(chunk, samples);
    while (reader.next()) continue;
    appender.samples = samples;
    appender.time = reader.time;
    appender.#timeDelta = reader.timeDelta;
    appender.#starts = reader.starts;
    appender.#value = reader.baseline;
    appender.#out.load(chunk.subarray(0, (reader.bit + 7) >>> 3), reader.bit);
    return appender;
  }

  get byteLength(): number {
    return this.#out.byteLength;
  }

  /** Memory that the appender takes, roughly. */
  get stateBytes(): number {
    return 512 + this.#out.bytes.length;
  }

  /** The chunk; valid until the next append(). */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#out.bytes.subarray(0, this.#out.byteLength);
  }

  /** Appends a value by the halves of its bits. `start` is 0 where it is not known. */
  append(time: number, high: number, low: number, start: number): void {
    assert(this.samples < samplesMax, 'a chunk has room');
    const out = this.#out;
    const before = this.time;
    const stale = high === staleNaNHigh && low === staleNaNLow;
    const delta = time - before;
    if (this.samples === 0) {
      out.writeVarint(time);
      out.write64(high, low);
    } else if (this.samples === 1) {
      out.writeUvarint(delta);
      this.#writeValue(high, low, stale);
    } else this.#writeJoint(delta - this.#timeDelta, {high, low, stale});
    if (!stale) this.#value.setWords(0, high, low);
    this.#timeDelta = this.samples === 0 ? 0 : delta;
    this.time = time;
    this.#starts.write(out, this.samples, start, {time, before});
    this.samples++;
    out.bytes[0] = this.samples >>> 8;
    out.bytes[1] = this.samples;
    out.bytes[2] = this.#starts.header;
  }

  #writeJoint(change: number, {high, low, stale}: {high: number; low: number; stale: boolean}): void {
    const out = this.#out;
    if (change === 0) {
      if (stale) return out.write(0b11111, 5);
      if (!this.#differs(high, low)) return out.write(0, 1);
      out.write(0b10, 2);
      return this.#writeChange(high, low, {reuse: 0b0, reuseBits: 1, renew: 0b1, renewBits: 1});
    }
    if (change >= -4096 && change < 4096) out.write((0b110 << 13) | (change & 0x1fff), 16);
    else if (change >= -524_288 && change < 524_288) out.write((0b1110 << 20) | (change & 0xfffff), 24);
    else {
      out.write(0b11110, 5);
      out.write64(Math.floor(change / 2 ** 32), change);
    }
    this.#writeValue(high, low, stale);
  }

  #writeValue(high: number, low: number, stale: boolean): void {
    if (stale) this.#out.write(0b111, 3);
    else if (!this.#differs(high, low)) this.#out.write(0, 1);
    else this.#writeChange(high, low, {reuse: 0b10, reuseBits: 2, renew: 0b110, renewBits: 3});
  }

  #differs(high: number, low: number): boolean {
    return this.#value.words[0] !== low || this.#value.words[1] !== high;
  }

  #writeChange(
    high: number,
    low: number,
    codes: {reuse: number; reuseBits: number; renew: number; renewBits: number},
  ): void {
    const out = this.#out;
    const value = this.#value;
    const change = {high: (high ^ value.words[1]!) >>> 0, low: (low ^ value.words[0]!) >>> 0};
    const leading = Math.min(leadingZeros(change.high, change.low), 31);
    const trailing = trailingZeros(change.high, change.low);
    if (value.hasWindow(0) && leading >= value.leading(0) && trailing >= value.trailing(0)) {
      out.write(codes.reuse, codes.reuseBits);
      return writeWindow(out, {...change, leading: value.leading(0), trailing: value.trailing(0)});
    }
    value.setWindow(0, leading, trailing);
    out.write(codes.renew, codes.renewBits);
    out.write((leading << 6) | ((64 - leading - trailing) & 63), 11);
    writeWindow(out, {...change, leading, trailing});
  }
}

/** Walks the samples of a chunk. */
export class Xor2Reader {
  time = 0;
  timeDelta = 0;
  /** Halves of the value's bits. */
  high = 0;
  low = 0;
  readonly starts = new StartTimes();
  /** The newest value that is no stale marker. */
  readonly baseline = new XorValues(1);
  read = 0;
  readonly samples: number;
  readonly #from: BitReader;

  /** `samples` says how many there are; by default the header does. Throws a RangeError where the header is cut short. */
  constructor(chunk: Uint8Array, samples: number = (chunk[0]! << 8) | chunk[1]!) {
    if (chunk.length < headerBytes) throw new RangeError(`cut short: ${chunk.length} bytes`);
    this.samples = samples;
    this.starts.header = chunk[2]!;
    this.#from = new BitReader(chunk, headerBytes);
  }

  /** Number of the first bit that is not read. */
  get bit(): number {
    return this.#from.bit;
  }

  /** Goes to the next sample. Throws a RangeError where the bytes hold none. */
  next(): boolean {
    if (this.read === this.samples) return false;
    const from = this.#from;
    const before = this.time;
    if (this.read === 0) {
      this.time = from.readVarint();
      this.low = from.read64();
      this.high = from.high;
      if (!isStale(this.high, this.low)) this.baseline.setWords(0, this.high, this.low);
    } else if (this.read === 1) {
      this.timeDelta = from.readUvarint();
      this.time += this.timeDelta;
      this.#readValue();
    } else this.#readJoint();
    this.starts.read(from, this.read, {time: this.time, before});
    this.read++;
    return true;
  }

  #readJoint(): void {
    const from = this.#from;
    const window = from.peek();
    if (window < 0x8000_0000) {
      from.skip(1);
      this.time += this.timeDelta;
      return this.#takeBaseline();
    }
    if (window < 0xc000_0000) {
      this.time += this.timeDelta;
      from.skip(3);
      if ((window & 0x2000_0000) !== 0) this.#readWindow();
      return this.#readBits();
    }
    if (window >= 0xf800_0000) {
      from.skip(5);
      this.time += this.timeDelta;
      return this.#takeStale();
    }
    this.timeDelta += this.#readChange(window);
    this.time += this.timeDelta;
    this.#readValue();
  }

  #readChange(window: number): number {
    const from = this.#from;
    if (window < 0xe000_0000) {
      from.skip(16);
      return (window << 3) >> 19;
    }
    if (window < 0xf000_0000) {
      from.skip(24);
      return (window << 4) >> 12;
    }
    from.skip(5);
    const low = from.read64();
    return (from.high | 0) * 2 ** 32 + low;
  }

  #readValue(): void {
    const from = this.#from;
    const window = from.peek();
    if (window < 0x8000_0000) {
      from.skip(1);
      return this.#takeBaseline();
    }
    if (window < 0xc000_0000) {
      from.skip(2);
      return this.#readBits();
    }
    from.skip(3);
    if (window >= 0xe000_0000) return this.#takeStale();
    this.#readWindow();
    this.#readBits();
  }

  #readWindow(): void {
    const code = this.#from.read(11);
    const leading = code >>> 6;
    const significant = code & 63 || 64;
    if (leading + significant > 64) throw new RangeError(`no window of bits at bit ${this.#from.bit}`);
    this.baseline.setWindow(0, leading, 64 - leading - significant);
  }

  #readBits(): void {
    this.baseline.readBits(this.#from, 0);
    this.#takeBaseline();
  }

  #takeBaseline(): void {
    this.low = this.baseline.words[0]!;
    this.high = this.baseline.words[1]!;
  }

  #takeStale(): void {
    this.low = staleNaNLow;
    this.high = staleNaNHigh;
  }
}

function isStale(high: number, low: number): boolean {
  return high === staleNaNHigh && low === staleNaNLow;
}
