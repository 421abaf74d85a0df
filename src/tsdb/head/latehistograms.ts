import {assert} from '../../base/assert.ts';
import type {LinearMemory} from '../../kernels/memory.ts';
import {counterReset, type FloatHistogram} from '../../model/histogram.ts';
import {areWholeCounts} from '../chunkenc/columns.ts';
import {type Encoding, histogramEncoding, resetHeader} from '../chunkenc/encoding.ts';
import {HistogramAppender, histogramKind, HistogramReader} from '../chunkenc/histogram.ts';
import {type Annexes, annexLateHistograms, blockRows} from './annex.ts';
import type {Chunks} from './chunks.ts';
import {LateBlock} from './lateblock.ts';
import {sealedData, tagMask} from './taggedchunks.ts';

export interface LateHistogram {
  timeMs: number;
  /** 0 = not known. */
  startMs: number;
  /** Null = stale marker. */
  histogram: FloatHistogram | null;
  integer: boolean;
}

/** A chunk of late histograms, to be written. */
export interface LateChunk {
  encoding: Encoding;
  bytes: Uint8Array;
  samples: number;
  minTime: number;
  maxTime: number;
}

/** The late histogram whose chunk is at `chunk` in the shared memory (an address with the encoding). For any thread. */
export function readLateHistogram({u8, u32}: LinearMemory, chunk: number): LateHistogram {
  const block = (chunk & ~tagMask) >>> 0;
  const kind = histogramKind((chunk & tagMask) as Encoding);
  const bytes = u8.subarray(block + sealedData, block + sealedData + u32[block >>> 2]!);
  const reader = new HistogramReader(bytes, kind, 1);
  assert(reader.next(), 'the chunk of a late histogram has one');
  const {columns, starts} = reader;
  const base = {timeMs: columns.time, startMs: starts.start, integer: kind.integer};
  if (columns.isStale) return {...base, histogram: null};
  const histogram = reader.histogram();
  const isReset = reader.resetHeader === resetHeader.reset;
  return {...base, histogram: isReset ? histogram.with({counterResetHint: counterReset.reset}) : histogram};
}

/** Late histograms of series in memory, each in a chunk of its own: few series have any, and these few. For the writing thread. */
export class LateHistograms {
  readonly rows: LateBlock;
  readonly #memory: LinearMemory;
  readonly #chunks: Chunks;

  constructor(head: {memory: LinearMemory; annexes: Annexes; chunks: Chunks}) {
    this.rows = new LateBlock(head, annexLateHistograms);
    this.#memory = head.memory;
    this.#chunks = head.chunks;
  }

  /** There is none with its time. Counts too large for whole numbers are kept as floats. */
  insert(slot: number, {timeMs, startMs, histogram, integer}: LateHistogram): void {
    const {tagged} = this.#chunks;
    const whole = integer && (histogram === null || areWholeCounts(histogram));
    const appender = new HistogramAppender({integer: whole, starts: tagged.histogramStarts});
    appender.begin(timeMs, histogram, startMs, null);
    this.rows.insert(slot, timeMs, tagged.copy(appender.bytes, appender.encoding), 0);
  }

  /** Takes all of a series away. */
  clear(slot: number): void {
    const chunks = this.#chunksOf(slot);
    this.rows.clear(slot);
    for (const chunk of chunks) this.#chunks.tagged.retire(chunk);
  }

  /** Chunks with all that the series has, in the order of their times, as Prometheus makes them (tsdb/ooo_head.go). */
  encode(slot: number): LateChunk[] {
    const made: LateChunk[] = [];
    let appender: HistogramAppender | null = null;
    let minTime = 0;
    const end = (): void => {
      if (appender === null) return;
      const {encoding, bytes, samples, time} = appender;
      made.push({encoding, bytes: bytes.slice(), samples, minTime, maxTime: time});
    };
    for (const chunk of this.#chunksOf(slot)) {
      const {timeMs, startMs, histogram, integer} = readLateHistogram(this.#memory, chunk);
      const kind = {integer, starts: this.#chunks.tagged.histogramStarts};
      if (appender === null || appender.encoding !== histogramEncoding(kind)) {
        end();
        appender = new HistogramAppender(kind);
        appender.begin(timeMs, histogram, startMs, null);
        minTime = timeMs;
        continue;
      }
      const next: HistogramAppender | null = appender.append(timeMs, histogram, startMs);
      if (next === null) continue;
      end();
      appender = next;
      minTime = timeMs;
    }
    end();
    return made;
  }

  #chunksOf(slot: number): number[] {
    const block = this.rows.find(slot);
    if (block === 0) return [];
    const {u32} = this.#memory;
    const count = u32[block >>> 2]!;
    const words = 2 * ((blockRows(block) >>> 3) + count);
    return Array.from({length: count}, (_, i) => u32[words + 2 * i]!);
  }
}
