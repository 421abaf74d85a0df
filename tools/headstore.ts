// The store of scripts in the language of PromQL tests: a real head, without a log. Memory is used again by the next one.

import {assert} from '../src/base/assert.ts';
import {SizeClassArena} from '../src/kernels/arena.ts';
import {type Kernels, loadKernels} from '../src/kernels/kernels.ts';
import {arenaStart, headerStart, LinearMemory} from '../src/kernels/memory.ts';
import {formatLabels, type Labels} from '../src/model/labels.ts';
import {setStale} from '../src/model/value.ts';
import {load} from '../src/promql/promqltest/load.ts';
import type {ScriptStore} from '../src/promql/promqltest/run.ts';
import type {LoadCommand} from '../src/promql/promqltest/script.ts';
import {sampleStatus, type SeriesRef} from '../src/storage/appender.ts';
import {type MemoryValue, stale} from '../src/storage/memory.ts';
import type {Queryable} from '../src/storage/querier.ts';
import {Head} from '../src/tsdb/head/head.ts';
import {HeadReader} from '../src/tsdb/head/reader.ts';

const megabyte = 2 ** 20;
/** Scripts load whole days at once. */
const chunkRangeMs = 24 * 3_600_000;

interface LoadedSample {
  labels: Labels;
  ref: SeriesRef;
  timeMs: number;
  value: MemoryValue;
  startMs: number;
}

/** A script's store; one at a time. */
export class HeadStore implements ScriptStore {
  readonly queryable: Queryable;
  readonly #head: Head;

  constructor(head: Head, queryable: Queryable) {
    this.#head = head;
    this.queryable = queryable;
  }

  /** Throws RangeError where the head refuses a sample. Series are made in the order of the script, samples come in that of time. */
  load(command: LoadCommand): void {
    const samples: LoadedSample[] = [];
    const refs = new Map<string, SeriesRef>();
    load({append: (...sample) => samples.push(this.#loaded(refs, ...sample))}, command);
    samples.sort((left, right) => left.timeMs - right.timeMs);
    const appender = this.#head.appender();
    let from = 0;
    samples.forEach((sample, i) => {
      this.#add(sample);
      const full =
        appender.batch.length === appender.batch.capacity ||
        appender.histogramCount === appender.histogramsMax;
      if (!full && i + 1 < samples.length) return;
      this.#commit(samples.slice(from, i + 1));
      from = i + 1;
    });
  }

  #loaded(
    refs: Map<string, SeriesRef>,
    labels: Labels,
    timeMs: number,
    value: MemoryValue,
    startMs: number,
  ): LoadedSample {
    const key = formatLabels(labels);
    const ref = refs.get(key) ?? {slot: 0, generation: 0};
    if (!refs.has(key)) this.#head.appender().series(labels, ref);
    refs.set(key, ref);
    return {labels, ref, timeMs, value, startMs};
  }

  #add({ref: {slot, generation}, timeMs, value, startMs}: LoadedSample): void {
    const appender = this.#head.appender();
    if (typeof value === 'object') {
      appender.histogram(slot, generation, timeMs, value, {integer: false, startMs});
      return;
    }
    const {batch} = appender;
    const at = batch.length++;
    batch.slots[at] = slot;
    batch.generations[at] = generation;
    batch.times[at] = timeMs;
    if (value === stale) setStale(batch.valueWords, at);
    else batch.values[at] = value;
    batch.startTimes ??= new Float64Array(batch.capacity);
    batch.startTimes[at] = startMs;
  }

  #commit(samples: readonly LoadedSample[]): void {
    const appender = this.#head.appender();
    if (appender.commit().accepted === samples.length) return;
    let floats = 0;
    let histograms = 0;
    for (const {labels, timeMs, value} of samples) {
      const status =
        typeof value === 'object'
          ? appender.histogramStatuses[histograms++]
          : appender.batch.statuses[floats++];
      if (status === sampleStatus.accepted) continue;
      throw new RangeError(
        `cannot append a sample of ${formatLabels(labels)} at ${timeMs}: ${statusName(status!)}`,
      );
    }
  }
}

function statusName(status: number): string {
  return Object.entries(sampleStatus).find(([, value]) => value === status)![0];
}

/** Makes one store after the other in the same memory: what was made before is gone. */
export class HeadStores {
  readonly #memory = LinearMemory.reserve(128 * megabyte);
  readonly #kernels: Kernels = loadKernels(this.#memory);
  readonly #privateMemory = LinearMemory.reserve(64 * megabyte);
  readonly #privateArena = new SizeClassArena(
    this.#privateMemory,
    arenaStart,
    this.#privateMemory.byteLength,
  );
  readonly #privateKernels: Kernels = loadKernels(this.#privateMemory);
  #reader: HeadReader | null = null;

  next(): HeadStore {
    this.#reader?.release();
    const memory = this.#memory;
    memory.u8.fill(0, headerStart, arenaStart);
    const head = new Head({
      memory,
      kernels: this.#kernels,
      arena: new SizeClassArena(memory, arenaStart, memory.byteLength),
      chunkRangeMs,
      floatEncoding: 'xor2',
      histogramStartTimes: true,
      poison: true,
    });
    const scratch = {
      memory: this.#privateMemory,
      kernels: this.#privateKernels,
      arena: this.#privateArena,
    };
    this.#reader = new HeadReader(memory, scratch, 1);
    assert(this.#privateArena.bytesInUse < 16 * megabyte, 'stores give back what they took');
    return new HeadStore(head, this.#reader);
  }
}
