/** Copies of chunks in the shared memory that no series has yet, in columns, 36 bytes each. */
export class PendingChunks {
  length = 0;
  slots = new Uint32Array(1024);
  /** Address, with the encoding's number in its lowest bits as in an index entry. */
  chunks = new Uint32Array(1024);
  bytes = new Uint16Array(1024);
  samples = new Uint16Array(1024);
  minTimes = new Float64Array(1024);
  maxTimes = new Float64Array(1024);
  /** Halves of the last value. */
  lastLows = new Uint32Array(1024);
  lastHighs = new Uint32Array(1024);

  add(chunk: PendingChunk): void {
    const at = this.length++;
    if (at === this.slots.length) this.#grow();
    this.slots[at] = chunk.slot;
    this.chunks[at] = chunk.chunk;
    this.bytes[at] = chunk.bytes;
    this.samples[at] = chunk.samples;
    this.minTimes[at] = chunk.minTime;
    this.maxTimes[at] = chunk.maxTime;
    this.lastLows[at] = chunk.lastLow;
    this.lastHighs[at] = chunk.lastHigh;
  }

  get(at: number): PendingChunk {
    return {
      slot: this.slots[at]!,
      chunk: this.chunks[at]!,
      bytes: this.bytes[at]!,
      samples: this.samples[at]!,
      minTime: this.minTimes[at]!,
      maxTime: this.maxTimes[at]!,
      lastLow: this.lastLows[at]!,
      lastHigh: this.lastHighs[at]!,
    };
  }

  #grow(): void {
    const count = 2 * this.slots.length;
    this.slots = wider(this.slots, new Uint32Array(count));
    this.chunks = wider(this.chunks, new Uint32Array(count));
    this.bytes = wider(this.bytes, new Uint16Array(count));
    this.samples = wider(this.samples, new Uint16Array(count));
    this.minTimes = wider(this.minTimes, new Float64Array(count));
    this.maxTimes = wider(this.maxTimes, new Float64Array(count));
    this.lastLows = wider(this.lastLows, new Uint32Array(count));
    this.lastHighs = wider(this.lastHighs, new Uint32Array(count));
  }
}

export interface PendingChunk {
  slot: number;
  chunk: number;
  bytes: number;
  samples: number;
  minTime: number;
  maxTime: number;
  lastLow: number;
  lastHigh: number;
}

function wider<T extends Uint16Array | Uint32Array | Float64Array>(column: T, into: T): T {
  into.set(column);
  return into;
}
