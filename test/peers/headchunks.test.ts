// Files of head chunks: those of Prometheus read, and written again with the same bytes; data folders both ways.
import assert from 'node:assert/strict';
import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'node:test';
import {nodeFileSystem} from '../../src/sys/fs.ts';
import {noLogger} from '../../src/sys/log.ts';
import type {Db} from '../../src/tsdb/db.ts';
import {chunkReference, headChunkPath} from '../../src/tsdb/headchunks/format.ts';
import {HeadChunkReader} from '../../src/tsdb/headchunks/reader.ts';
import {scanHeadChunks} from '../../src/tsdb/headchunks/scan.ts';
import {HeadChunkWriter} from '../../src/tsdb/headchunks/writer.ts';
import {pushSamples} from '../../tools/remotewrite.ts';
import {assertSame, contentsOf, contentsOfServer, openDb} from '../lib/datafolder.ts';
import {startPrometheus, type StartedServer} from '../lib/narthex.ts';

const seriesCount = 500;
const samplesPerSeries = 400;

test('Files of head chunks of Prometheus are read, and written again byte by byte', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'narthex-peer-headchunks-'));
  try {
    const dataFolder = join(folder, 'data');
    const prometheus = await startPrometheus({dataFolder});
    const start = Date.now() - samplesPerSeries * 5000;
    const times = Float64Array.from({length: samplesPerSeries}, (_, i) => start + 5000 * i);
    await pushSamples(
      prometheus.url,
      Array.from({length: seriesCount}, (_, series) => ({
        labels: ['__name__', 'metric', 'series', String(series)],
        times,
        values: times.map((time, i) => (series % 2 === 0 ? i * series : Math.sin(time + series))),
      })),
    );
    await prometheus.stop();

    const dir = join(dataFolder, 'chunks_head');
    const copyDir = join(folder, 'copy');
    const reader = new HeadChunkReader(nodeFileSystem, dir);
    const writer = new HeadChunkWriter({fs: nodeFileSystem, dir: copyDir, log: noLogger, lastFile: 0});
    const scan = scanHeadChunks(nodeFileSystem, dir, (chunk) => {
      reader.read(chunk.file, chunk.offset);
      assert.equal(reader.end - reader.start, chunk.bytes);
      assert.ok(chunk.minTime >= start && chunk.maxTime >= chunk.minTime);
      assert.ok(chunk.samples > 0 && chunk.encoding === 1 && !chunk.outOfOrder);
      const reference = writer.write(chunk, reader.bytes, reader.start, reader.end);
      assert.equal(reference, chunkReference(chunk.file, chunk.offset));
    });
    writer.close();
    reader.close();
    assert.equal(scan.damage, null);
    assert.ok(scan.chunks >= 2 * seriesCount);
    assert.equal(scan.lastFile, 1);
    const [copy, original] = [copyDir, dir].map((each) => readFileSync(headChunkPath(each, 1)));
    assert.ok(copy!.equals(original!));
  } finally {
    rmSync(folder, {recursive: true, force: true});
  }
});

function append(db: Db, name: string, times: readonly number[]): void {
  const appender = db.appender();
  const ref = {slot: 0, generation: 0};
  for (const time of times) {
    for (let i = 0; i < 50; i++) {
      appender.series(['__name__', name, 'series', String(i)], ref);
      const at = appender.batch.length++;
      appender.batch.slots[at] = ref.slot;
      appender.batch.generations[at] = ref.generation;
      appender.batch.times[at] = time;
      appender.batch.values[at] = Math.sin(time + i);
    }
    assert.equal(appender.commit().accepted, 50);
  }
}

async function mappedChunks(server: StartedServer): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  assert.match(text, /^prometheus_tsdb_mmap_chunk_corruptions_total 0$/m);
  return Number(/^prometheus_tsdb_head_chunks (\d+)/m.exec(text)?.[1]);
}

test('A data folder with head chunks goes from Narthex to Prometheus, on to Narthex, and back', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'narthex-peer-headchunks-'));
  try {
    const dataFolder = join(folder, 'data');
    const start = Date.now() - 3_000_000;
    const times = Array.from({length: 600}, (_, i) => start + 5000 * i);
    const first = await openDb(dataFolder);
    append(first, 'metric', times.slice(0, 400));
    const written = contentsOf(first);
    await first.close();

    const prometheus = await startPrometheus({dataFolder});
    assertSame(await contentsOfServer(prometheus), written);
    assert.ok((await mappedChunks(prometheus)) >= 50 * 4);
    await pushSamples(
      prometheus.url,
      Array.from({length: 50}, (_, series) => ({
        labels: ['__name__', 'metric', 'series', String(series)],
        times: Float64Array.from(times.slice(400, 550)),
        values: Float64Array.from(times.slice(400, 550), (time) => Math.sin(time + series)),
      })),
    );
    const more = await contentsOfServer(prometheus);
    assert.equal(more.size, 50);
    for (const lines of more.values()) assert.equal(lines.length, 550);
    await prometheus.stop();

    const again = await openDb(dataFolder);
    assert.ok(again.chunksLoaded >= 50 * 3);
    assert.equal(again.statistics().corruptions, 0);
    assert.equal(again.head.files!.damages, 0);
    assertSame(contentsOf(again), more);
    append(again, 'metric', times.slice(550));
    append(again, 'metric_late', times.slice(550));
    const all = contentsOf(again);
    await again.close();

    const last = await startPrometheus({dataFolder});
    try {
      assertSame(await contentsOfServer(last), all);
      await mappedChunks(last);
    } finally {
      await last.stop();
    }
  } finally {
    rmSync(folder, {recursive: true, force: true});
  }
});
