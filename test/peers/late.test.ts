// Late samples in a data folder that goes from Narthex to Prometheus and back: the log of late samples, and their chunks.
import assert from 'node:assert/strict';
import {existsSync, mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'node:test';
import {Random} from '../../src/base/random.ts';
import type {Db} from '../../src/tsdb/db.ts';
import {pushSamples} from '../../tools/remotewrite.ts';
import {assertSame, contentsOf, contentsOfServer, openDb} from '../lib/datafolder.ts';
import {startPrometheus, type StartedServer} from '../lib/narthex.ts';

const seriesCount = 30;
const windowMs = 3_600_000;
const config = 'storage: {tsdb: {out_of_order_time_window: 1h}}\n';

function append(db: Db, times: readonly number[]): void {
  const appender = db.appender();
  const ref = {slot: 0, generation: 0};
  for (const time of times) {
    for (let i = 0; i < seriesCount; i++) {
      appender.series(['__name__', 'metric', 'series', String(i)], ref);
      const at = appender.batch.length++;
      appender.batch.slots[at] = ref.slot;
      appender.batch.generations[at] = ref.generation;
      appender.batch.times[at] = time;
      appender.batch.values[at] = Math.sin(time + i);
    }
    assert.equal(appender.commit().accepted, seriesCount);
  }
}

/** Sends each time in a request of its own, so that late ones come late. */
async function push(server: StartedServer, times: readonly number[]): Promise<void> {
  for (const time of times) {
    await pushSamples(
      server.url,
      Array.from({length: seriesCount}, (_, series) => ({
        labels: ['__name__', 'metric', 'series', String(series)],
        times: Float64Array.of(time),
        values: Float64Array.of(Math.sin(time + series)),
      })),
    );
  }
}

function shuffled(times: readonly number[], random: Random): number[] {
  return times
    .map((time) => ({time, place: random.float()}))
    .sort((left, right) => left.place - right.place)
    .map(({time}) => time);
}

test('Late samples go from Narthex to Prometheus, on to Narthex, and back', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'narthex-peer-late-'));
  try {
    const dataFolder = join(folder, 'data');
    const random = new Random(1);
    const start = Date.now() - 2_400_000;
    const times = Array.from({length: 400}, (_, i) => start + 5000 * i);
    const late = (from: number, to: number): number[] =>
      shuffled(
        times.slice(from, to).map((time) => time - 1 - random.below(4000)),
        random,
      );

    const first = await openDb(dataFolder);
    first.setOutOfOrderWindow(windowMs);
    append(first, times.slice(0, 200));
    append(first, late(0, 100));
    const written = contentsOf(first);
    await first.close();
    assert.ok(existsSync(join(dataFolder, 'wbl/00000000')));

    const prometheus = await startPrometheus({dataFolder, config});
    assertSame(await contentsOfServer(prometheus), written);
    await push(prometheus, times.slice(200, 250));
    await push(prometheus, late(100, 200));
    const more = await contentsOfServer(prometheus);
    for (const lines of more.values()) assert.equal(lines.length, 450);
    await prometheus.stop();

    const again = await openDb(dataFolder);
    again.setOutOfOrderWindow(windowMs);
    assertSame(contentsOf(again), more);
    assert.equal(again.statistics().corruptions, 0);
    assert.equal(again.head.files!.damages, 0);
    append(again, times.slice(250));
    append(again, late(200, 300));
    const all = contentsOf(again);
    await again.close();

    const last = await startPrometheus({dataFolder, config});
    try {
      assertSame(await contentsOfServer(last), all);
      const text = await (await fetch(`${last.url}/metrics`)).text();
      assert.match(text, /^prometheus_tsdb_mmap_chunk_corruptions_total 0$/m);
      assert.match(text, /^prometheus_tsdb_wal_corruptions_total 0$/m);
    } finally {
      await last.stop();
    }
  } finally {
    rmSync(folder, {recursive: true, force: true});
  }
});
