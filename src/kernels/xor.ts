// Plain twin of kernels/xor.ts: the same bits, written to be read. Values are 64-bit patterns.

/** Bits, most significant first. */
export class BitWriter {
  readonly bytes: number[] = [];
  bits = 0;

  write(value: bigint, n: number): void {
    for (let i = n - 1; i >= 0; i--) {
      if (this.bits % 8 === 0) this.bytes.push(0);
      if ((value >> BigInt(i)) & 1n) this.bytes[this.bytes.length - 1]! |= 0x80 >> (this.bits % 8);
      this.bits++;
    }
  }

  /** LEB128, as Go's binary.PutUvarint. */
  writeUvarint(value: bigint): void {
    for (; value >= 0x80n; value >>= 7n) this.write((value & 0x7fn) | 0x80n, 8);
    this.write(value, 8);
  }
}

export class BitReader {
  at: number;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes;
    this.at = at;
  }

  read(n: number): bigint {
    let value = 0n;
    for (let i = 0; i < n; i++, this.at++) {
      const byte = this.#bytes[this.at >>> 3];
      if (byte === undefined) throw new RangeError(`cut short at bit ${this.at}`);
      value = (value << 1n) | BigInt((byte >>> (7 - (this.at & 7))) & 1);
    }
    return value;
  }

  readUvarint(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.read(8);
      value |= (byte & 0x7fn) << shift;
      if (byte < 0x80n) return BigInt.asUintN(64, value);
    }
  }
}

/** State of the encoder between samples; `leading` 255 = no value delta yet. */
export class XorState {
  count = 0;
  time = 0n;
  timeDelta = 0n;
  value = 0n;
  leading = 255;
  trailing = 0;
}

/** Codes for the change of the time gap: prefix, its length, bits of the change. */
const changeCodes = [
  [0b10n, 2, 14],
  [0b110n, 3, 17],
  [0b1110n, 4, 20],
] as const;

/** Appends one sample to the stream; times rise. */
export function appendXor(out: BitWriter, state: XorState, time: bigint, value: bigint): void {
  const delta = time - state.time;
  if (state.count === 0) {
    out.writeUvarint(BigInt.asUintN(64, (time << 1n) ^ (time >> 63n)));
    out.write(value, 64);
  } else if (state.count === 1) {
    out.writeUvarint(BigInt.asUintN(64, delta));
    appendValue(out, state, value);
    state.timeDelta = delta;
  } else {
    appendChange(out, BigInt.asIntN(64, delta - state.timeDelta));
    appendValue(out, state, value);
    state.timeDelta = delta;
  }
  state.count++;
  state.time = time;
  state.value = value;
}

function appendChange(out: BitWriter, change: bigint): void {
  if (change === 0n) return out.write(0n, 1);
  for (const [prefix, prefixBits, bits] of changeCodes) {
    const limit = 1n << BigInt(bits - 1);
    // The range is lopsided: 2^(n-1) fits, -2^(n-1) does not.
    if (change <= -limit || change > limit) continue;
    out.write(prefix, prefixBits);
    return out.write(change & ((1n << BigInt(bits)) - 1n), bits);
  }
  out.write(0b1111n, 4);
  out.write(BigInt.asUintN(64, change), 64);
}

function appendValue(out: BitWriter, state: XorState, value: bigint): void {
  const xor = value ^ state.value;
  if (xor === 0n) return out.write(0n, 1);
  const digits = xor.toString(2).padStart(64, '0');
  const leading = Math.min(digits.indexOf('1'), 31);
  const trailing = 63 - digits.lastIndexOf('1');
  if (state.leading !== 255 && leading >= state.leading && trailing >= state.trailing) {
    out.write(0b10n, 2);
    return out.write(xor >> BigInt(state.trailing), 64 - state.leading - state.trailing);
  }
  state.leading = leading;
  state.trailing = trailing;
  const significant = 64 - leading - trailing;
  out.write(0b11n, 2);
  out.write(BigInt(leading), 5);
  out.write(BigInt(significant & 63), 6);
  out.write(xor >> BigInt(trailing), significant);
}

/** One whole chunk, header included. */
export function encodeXor(times: ArrayLike<bigint>, values: ArrayLike<bigint>): Uint8Array {
  const out = new BitWriter();
  const state = new XorState();
  out.write(BigInt(times.length), 16);
  for (let i = 0; i < times.length; i++) appendXor(out, state, times[i]!, values[i]!);
  return Uint8Array.from(out.bytes);
}

/** All samples of a chunk, header included. Throws RangeError where it is cut short. */
export function decodeXor(chunk: Uint8Array): {times: bigint[]; values: bigint[]} {
  const reader = new BitReader(chunk);
  const count = Number(reader.read(16));
  const times: bigint[] = [];
  const values: bigint[] = [];
  let time = 0n;
  let delta = 0n;
  let value = 0n;
  const window = {leading: 0, trailing: 0};
  for (let i = 0; i < count; i++) {
    if (i === 0) {
      const zigzag = reader.readUvarint();
      time = (zigzag >> 1n) ^ -(zigzag & 1n);
      value = reader.read(64);
    } else {
      delta = i === 1 ? reader.readUvarint() : delta + readChange(reader);
      time = BigInt.asIntN(64, time + delta);
      value ^= readXor(reader, window);
    }
    times.push(time);
    values.push(value);
  }
  return {times, values};
}

function readChange(reader: BitReader): bigint {
  if (reader.read(1) === 0n) return 0n;
  for (const [, , bits] of changeCodes) {
    if (reader.read(1) === 1n) continue;
    const raw = reader.read(bits);
    return raw > 1n << BigInt(bits - 1) ? raw - (1n << BigInt(bits)) : raw;
  }
  return BigInt.asIntN(64, reader.read(64));
}

function readXor(reader: BitReader, window: {leading: number; trailing: number}): bigint {
  if (reader.read(1) === 0n) return 0n;
  if (reader.read(1) === 1n) {
    window.leading = Number(reader.read(5));
    const significant = Number(reader.read(6)) || 64;
    window.trailing = 64 - window.leading - significant;
  }
  return reader.read(64 - window.leading - window.trailing) << BigInt(window.trailing);
}
