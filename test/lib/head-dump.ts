// All that a head holds, for comparing one with another.
import {SizeClassArena} from '../../src/kernels/arena.ts';
import {loadKernels} from '../../src/kernels/kernels.ts';
import {arenaStart, LinearMemory} from '../../src/kernels/memory.ts';
import type {FloatHistogram} from '../../src/model/histogram.ts';
import {formatTestExpression} from '../../src/model/histogram/format.ts';
import {Matcher} from '../../src/model/matcher.ts';
import type {Head} from '../../src/tsdb/head/head.ts';
import {HeadReader} from '../../src/tsdb/head/reader.ts';
import {isStale} from '../../src/model/value.ts';
import type {SeriesCursor} from '../../src/storage/querier.ts';
import {Symbols} from '../../src/storage/symbols.ts';

export interface DumpedSeries {
  labels: string[];
  times: number[];
  /** The bits of each value, in hexadecimal. */
  bits: string[];
  values: number[];
  /** Values and histograms as text. */
  texts: string[];
  histograms: (FloatHistogram | undefined)[];
  /** Start timestamps, 0 = not known. */
  starts: number[];
}

/** By `JSON.stringify(labels)`. Series without samples are left out. */
export function dumpHead(
  head: Head,
  matchers: Matcher[] = [new Matcher('=~', '__name__', '.+')],
  onDamage: (error: Error) => void = (error) => {
    throw error;
  },
): Map<string, DumpedSeries> {
  const memory = LinearMemory.reserve(2 ** 22);
  const arena = new SizeClassArena(memory, arenaStart, memory.byteLength);
  const reader = new HeadReader(
    head.memory,
    {memory, kernels: loadKernels(memory), arena},
    1,
    head.files?.openReader(),
  );
  reader.onDamage = onDamage;
  const symbols = new Symbols();
  const range = {mint: -Number.MAX_SAFE_INTEGER, maxt: Number.MAX_SAFE_INTEGER};
  const querier = reader.querier(range, symbols);
  const found = new Map<string, DumpedSeries>();
  try {
    const cursor = querier.select(matchers, range);
    while (cursor.next()) {
      const count = cursor.read(range.mint, range.maxt);
      if (count === 0) continue;
      const labels = cursor.labels().map((id) => symbols.text(id));
      const words = cursor.valueWords;
      found.set(JSON.stringify(labels), {
        labels,
        times: [...cursor.times.subarray(0, count)],
        values: [...cursor.values.subarray(0, count)],
        starts: Array.from({length: count}, (_, i) => cursor.startTimes?.[i] ?? 0),
        histograms: Array.from({length: count}, (_, i) => cursor.histograms?.[i]),
        texts: Array.from({length: count}, (_, i) => textOf(cursor, i)),
        bits: Array.from({length: count}, (_, i) => hex(words[2 * i + 1]!) + hex(words[2 * i]!)),
      });
    }
  } finally {
    querier.close();
    reader.release();
  }
  return found;
}

function textOf({histograms, valueWords, values}: SeriesCursor, i: number): string {
  const histogram = histograms?.[i];
  if (histogram !== undefined) return formatTestExpression(histogram);
  return isStale(valueWords, i) ? 'stale' : String(values[i]);
}

function hex(word: number): string {
  return word.toString(16).padStart(8, '0');
}
