// Samples of a record as the thread that reads ahead hands them over where it has looked their series up:
//
//     total:u32  count:u32  times:f64 × room  values:u64 × room  slots:u32 × room
//
// `total` samples are in the record, of which `count` are not known yet. Where there are none of these, there are no columns.
import type {LinearMemory} from '../../kernels/memory.ts';
import type {LogMemory} from './page-buffer.ts';
import {ringRecordBytesMax} from './recordring.ts';
import {SamplesDecoder, type SamplesTable} from './samplesdecoder.ts';
import type {LentSamplesTable} from './samplestable.ts';

const headerBytes = 8;
const sampleBytes = 20;

/** As many fit into one entry of the ring. */
const samplesMax = Math.floor((ringRecordBytesMax - headerBytes) / sampleBytes);

/** Addresses of columns, and how many samples they have. */
export interface DecodedSamples {
  /** Samples of the record. */
  total: number;
  /** Those in the columns. */
  count: number;
  times: number;
  values: number;
  slots: number;
}

/** What an entry of `length` bytes at `address` has. */
export function readDecoded({u32}: LinearMemory, address: number, length: number): DecodedSamples {
  const room = (length - headerBytes) / sampleBytes;
  const times = address + headerBytes;
  const values = times + 8 * room;
  return {
    total: u32[address >>> 2]!,
    count: u32[(address + 4) >>> 2]!,
    times,
    values,
    slots: values + 8 * room,
  };
}

/** Makes such entries of records in the linear memory. */
export class SamplesAhead {
  /** Of the entry that decode() made. */
  readonly address: number;
  length = 0;
  readonly #memory: LinearMemory;
  readonly #decoder: SamplesDecoder;
  readonly #table: LentSamplesTable;
  readonly #statuses: number;

  constructor(linear: LogMemory, table: LentSamplesTable) {
    this.#memory = linear.memory;
    this.#table = table;
    this.#decoder = new SamplesDecoder(linear);
    this.address = linear.arena.alloc(headerBytes + sampleBytes * samplesMax);
    this.#statuses = linear.arena.alloc(samplesMax);
  }

  /** False where the other side has to read the record: it has the table just now, or not all is as usual. */
  decode(address: number, length: number, version: number): boolean {
    const room = SamplesDecoder.samplesMax(length);
    if (room === 0 || room > samplesMax) return false;
    const table = this.#table.take(version);
    if (table === null) return false;
    try {
      return this.#decode(address, length, room, table);
    } finally {
      this.#table.release();
    }
  }

  #decode(address: number, length: number, room: number, table: SamplesTable): boolean {
    const decoder = this.#decoder;
    const at = decoder.begin(address, length);
    if (at === 0) return false;
    const times = this.address + headerBytes;
    const values = times + 8 * room;
    decoder.useTable(table);
    decoder.useColumns({times, values, slots: values + 8 * room, statuses: this.#statuses}, room);
    const {total, unknown} = decoder;
    const end = address + length;
    if (decoder.read(at, end) !== end || decoder.unknown !== unknown) return false;
    const {u32} = this.#memory;
    u32[this.address >>> 2] = decoder.total - total;
    u32[(this.address + 4) >>> 2] = decoder.written;
    this.length = headerBytes + (decoder.written === 0 ? 0 : sampleBytes * room);
    return true;
  }
}
