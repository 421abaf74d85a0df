import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../../base/random.ts';
import {SeriesBatch} from './seriesbatch.ts';
import {SeriesEntryCache} from './seriesentrycache.ts';

interface Entry {
  ref: number;
  labels: number[];
  chunks: {min: number; max: number; ref: number}[];
}

function randomEntry(random: Random, ref: number): Entry {
  let time = random.below(1000);
  return {
    ref,
    labels: Array.from({length: 2 * random.below(20)}, () => random.below(5000)),
    chunks: Array.from({length: random.below(30)}, () => {
      const min = (time += 1 + random.below(10));
      return {min, max: (time += random.below(10)), ref: random.below(2 ** 31) * 2 ** 20};
    }),
  };
}

function add(batch: SeriesBatch, {ref, labels, chunks}: Entry): void {
  for (let i = 0; i < labels.length; i += 2) batch.addLabel(labels[i]!, labels[i + 1]!);
  for (const chunk of chunks) batch.addChunk(chunk.min, chunk.max, chunk.ref);
  batch.endSeries(ref);
}

/** The entry that a batch has at `series`. */
function entryOf(batch: SeriesBatch, series: number): Entry {
  const chunks: Entry['chunks'] = [];
  for (let i = batch.chunkStart(series); i < batch.chunkEnds[series]!; i++) {
    chunks.push({min: batch.chunkMin[i]!, max: batch.chunkMax[i]!, ref: batch.chunkRefs[i]!});
  }
  const labels = batch.labels.slice(batch.labelStart(series), batch.labelEnds[series]);
  return {ref: batch.refs[series]!, labels: [...labels], chunks};
}

test('SeriesEntryCache gives what it was told to keep, with the chunks of the range, for any seed', () => {
  for (let seed = 0; seed < 10; seed++) {
    const random = new Random(seed);
    const bytesMax = 200_000 + random.below(400_000);
    const cache = new SeriesEntryCache(bytesMax);
    const entries = new Map<string, Entry>();
    const batch = new SeriesBatch();
    let known = 0;
    for (let i = 0; i < 3000; i++) {
      const file = random.below(3);
      const ref = random.below(300);
      const mint = random.below(2) === 0 ? -Infinity : random.below(1500);
      const maxt = random.below(2) === 0 ? Infinity : mint + random.below(500);
      const entry = entries.get(`${file} ${ref}`) ?? randomEntry(random, ref);
      entries.set(`${file} ${ref}`, entry);
      if (random.below(20) === 0) batch.clear();
      const {length} = batch;
      if (cache.copyTo(batch, file, {ref, mint, maxt})) {
        known++;
        const chunks = entry.chunks.filter(({min, max}) => min <= maxt && max >= mint);
        assert.deepEqual(entryOf(batch, length), {...entry, chunks}, `seed ${seed}`);
        continue;
      }
      assert.equal(batch.length, length);
      add(cache.emptyOne(), entry);
      cache.keepOne(file);
      assert.ok(cache.copyTo(batch, file, {ref, mint: -Infinity, maxt: Infinity}));
      assert.deepEqual(entryOf(batch, length), entry, `seed ${seed}`);
      assert.ok(cache.bytes <= bytesMax, `seed ${seed}: ${cache.bytes} bytes of ${bytesMax}`);
    }
    assert.ok(known > 100, `seed ${seed}: ${known} were known`);
  }
});

test('SeriesEntryCache keeps no giants, and gives their room back', () => {
  const cache = new SeriesEntryCache();
  const {bytes} = cache;
  const one = cache.emptyOne();
  for (let i = 0; i < 100_000; i++) one.addChunk(i, i, i);
  one.endSeries(1);
  cache.keepOne(0);
  assert.ok(!cache.copyTo(new SeriesBatch(), 0, {ref: 1, mint: -Infinity, maxt: Infinity}));
  assert.equal(cache.bytes, bytes);
  const next = cache.emptyOne();
  assert.equal(next.length, 0);
  assert.ok(next.bytes < 10_000, `${next.bytes} bytes`);
});
