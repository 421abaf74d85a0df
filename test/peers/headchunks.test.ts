// Files of head chunks that Prometheus wrote: read, and written again with the same bytes.
import assert from 'node:assert/strict';
import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'node:test';
import {nodeFileSystem} from '../../src/sys/fs.ts';
import {noLogger} from '../../src/sys/log.ts';
import {chunkReference, headChunkPath} from '../../src/tsdb/headchunks/format.ts';
import {HeadChunkReader} from '../../src/tsdb/headchunks/reader.ts';
import {scanHeadChunks} from '../../src/tsdb/headchunks/scan.ts';
import {HeadChunkWriter} from '../../src/tsdb/headchunks/writer.ts';
import {pushSamples} from '../../tools/remotewrite.ts';
import {startPrometheus} from '../lib/narthex.ts';

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
      assert.ok(chunk.minTime >= start && chunk.maxTime > chunk.minTime);
      assert.ok(chunk.samples >= 100 && chunk.encoding === 1 && !chunk.outOfOrder);
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
