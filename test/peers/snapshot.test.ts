// Snapshots of the memory on shutdown, both ways.
import assert from 'node:assert/strict';
import {mkdtempSync, readdirSync, rmSync, truncateSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'node:test';
import {Random} from '../../src/base/random.ts';
import {addSample} from '../../src/storage/appender.ts';
import type {Db} from '../../src/tsdb/db.ts';
import {pushSamples} from '../../tools/remotewrite.ts';
import {assertSame, contentsOf, contentsOfServer, openDb} from '../lib/datafolder.ts';
import {startPrometheus} from '../lib/narthex.ts';

const seriesCount = 40;
const flags = ['--enable-feature=memory-snapshot-on-shutdown'];

function append(db: Db, times: readonly number[], random: Random): void {
  const appender = db.appender();
  const ref = {slot: 0, generation: 0};
  for (const time of times) {
    for (let i = 0; i < seriesCount; i++) {
      appender.series(['__name__', 'metric', 'series', String(i)], ref);
      addSample(appender.batch, ref, time, i % 2 === 0 ? time * i : random.float());
    }
    assert.equal(appender.commit().accepted, seriesCount);
  }
}

function snapshotsOf(dataFolder: string): string[] {
  return readdirSync(dataFolder).filter((name) => name.startsWith('chunk_snapshot.'));
}

/** Makes the log useless, so that only the snapshot can be read. */
function emptyLog(dataFolder: string): void {
  const dir = join(dataFolder, 'wal');
  for (const name of readdirSync(dir)) if (/^\d+$/.test(name)) truncateSync(join(dir, name), 0);
}

test('A snapshot of Narthex is read by Prometheus, and one of Prometheus by Narthex', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'narthex-peer-snapshot-'));
  try {
    const dataFolder = join(folder, 'data');
    const random = new Random(1);
    const start = Date.now() - 2_000_000;
    const times = Array.from({length: 400}, (_, i) => start + 5000 * i);
    const first = await openDb(dataFolder, {snapshots: true});
    append(first, times.slice(0, 200), random);
    const written = contentsOf(first);
    await first.close();
    assert.equal(snapshotsOf(dataFolder).length, 1);
    emptyLog(dataFolder);

    const prometheus = await startPrometheus({dataFolder, flags});
    assertSame(await contentsOfServer(prometheus), written);
    await pushSamples(
      prometheus.url,
      Array.from({length: seriesCount}, (_, series) => ({
        labels: ['__name__', 'metric', 'series', String(series)],
        times: Float64Array.from(times.slice(200, 300)),
        values: Float64Array.from(times.slice(200, 300), (time) => Math.sin(time + series)),
      })),
    );
    const more = await contentsOfServer(prometheus);
    for (const lines of more.values()) assert.equal(lines.length, 300);
    await prometheus.stop();
    assert.equal(snapshotsOf(dataFolder).length, 1);
    emptyLog(dataFolder);

    const again = await openDb(dataFolder, {snapshots: true});
    assertSame(contentsOf(again), more);
    assert.equal(again.replayed.samples, 0);
    append(again, times.slice(300), random);
    const all = contentsOf(again);
    await again.close();

    const last = await startPrometheus({dataFolder, flags});
    try {
      assertSame(await contentsOfServer(last), all);
    } finally {
      await last.stop();
    }
  } finally {
    rmSync(folder, {recursive: true, force: true});
  }
});
