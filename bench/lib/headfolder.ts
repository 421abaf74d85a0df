// Makes the data folder of a head that holds hours of samples, as scrapes would have written it: full chunks in files, all samples
// in the log. A process of its own, so that its memory is gone when others are measured:
// `node bench/lib/headfolder.ts FOLDER SERIES SAMPLES STEP_MS END_MS`.
import {SizeClassArena} from '../../src/kernels/arena.ts';
import {loadKernels} from '../../src/kernels/kernels.ts';
import {arenaStart, LinearMemory} from '../../src/kernels/memory.ts';
import {noLogger} from '../../src/sys/log.ts';
import {Db} from '../../src/tsdb/db.ts';
import type {DatasetSeries} from './dataset.ts';
import {manySeries, valueAt} from './feed.ts';

/** Series of a target, which are scraped together. */
const targetSeries = 1000;

export interface HeadPlan {
  folder: string;
  series: number;
  samples: number;
  stepMs: number;
  endMs: number;
}

async function makeHead({folder, series: count, samples, stepMs, endMs}: HeadPlan): Promise<void> {
  const memory = LinearMemory.reserve();
  const kernels = loadKernels(memory);
  const arena = new SizeClassArena(memory, arenaStart, memory.byteLength);
  const db = await Db.open({dir: folder, memory, kernels, arena, log: noLogger});
  const series = manySeries(count);
  const slots = new Uint32Array(count);
  const generations = new Uint32Array(count);
  const commit = commitWith(db, series, {slots, generations});
  for (let first = 0; first < count; first += targetSeries)
    commitSeries(db, series, {first, slots, generations});
  for (let step = 0; step < samples; step++) {
    const timeMs = endMs - (samples - 1 - step) * stepMs;
    for (let first = 0; first < count; first += targetSeries) commit(first, step, timeMs);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await db.close();
}

interface SeriesColumns {
  slots: Uint32Array;
  generations: Uint32Array;
}

function commitSeries(
  db: Db,
  series: readonly DatasetSeries[],
  {first, slots, generations}: SeriesColumns & {first: number},
): void {
  const appender = db.appender();
  const ref = {slot: 0, generation: 0};
  for (let i = first; i < Math.min(first + targetSeries, series.length); i++) {
    appender.series(series[i]!.labels, ref);
    slots[i] = ref.slot;
    generations[i] = ref.generation;
  }
  appender.commit();
}

function commitWith(
  db: Db,
  series: readonly DatasetSeries[],
  {slots, generations}: SeriesColumns,
): (first: number, step: number, timeMs: number) => void {
  const appender = db.appender();
  const {batch} = appender;
  return (first, step, timeMs) => {
    const end = Math.min(first + targetSeries, series.length);
    for (let i = first; i < end; i++) {
      const at = i - first;
      batch.slots[at] = slots[i]!;
      batch.generations[at] = generations[i]!;
      batch.times[at] = timeMs;
      batch.values[at] = valueAt(series[i]!, step);
    }
    batch.length = end - first;
    appender.commit();
  };
}

if (import.meta.main) {
  const [folder, ...numbers] = process.argv.slice(2);
  const [series, samples, stepMs, endMs] = numbers.map(Number);
  await makeHead({folder: folder!, series: series!, samples: samples!, stepMs: stepMs!, endMs: endMs!});
}
