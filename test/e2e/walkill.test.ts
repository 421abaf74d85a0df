// SIGKILL at any moment while a process writes to the log at full speed: what was flushed is there. NARTHEX_KILLS sets the rounds.
import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {Random} from '../../src/base/random.ts';
import {systemClock} from '../../src/sys/clock.ts';
import {nodeFileSystem} from '../../src/sys/fs.ts';
import {noLogger} from '../../src/sys/log.ts';
import {replay} from '../../src/tsdb/wal/replay.ts';
import {listSegments} from '../../src/tsdb/wal/segments.ts';

const rounds = Number(process.env['NARTHEX_KILLS'] ?? 4);
const seed = Number(process.env['NARTHEX_SEED'] ?? Date.now() % 1_000_000);
const seriesCount = 300;
const segmentBytes = 64 * 32_768;

/** Starts the writer, kills it after a while, and gives the last batch that it reported, or -1. */
async function writeAndKill(dir: string, afterMs: number): Promise<number> {
  const writer = spawn(
    process.execPath,
    [join(import.meta.dirname, '../lib/wal-writer.ts'), dir, String(seriesCount), String(segmentBytes)],
    {stdio: ['ignore', 'pipe', 'inherit']},
  );
  const ended = new Promise<string | null>((resolve) =>
    writer.once('exit', (_code, signal) => resolve(signal)),
  );
  const reported = new Promise<Buffer[]>((resolve, reject) => {
    const chunks: Buffer[] = [];
    writer.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    writer.stdout.on('end', () => resolve(chunks));
    writer.stdout.on('error', reject);
  });
  await new Promise((resolve) => writer.stdout.once('data', resolve));
  await sleep(afterMs);
  writer.kill('SIGKILL');
  assert.equal(await ended, 'SIGKILL', 'the writer ends by the kill and by nothing else');
  const bytes = Buffer.concat(await reported);
  return bytes.length < 4 ? -1 : bytes.readUInt32BE(bytes.length - (bytes.length % 4) - 4);
}

test(`every batch that was flushed is there after SIGKILL (${rounds} rounds, seed ${seed})`, async () => {
  const random = new Random(seed);
  const dir = mkdtempSync(join(tmpdir(), 'narthex-walkill-'));
  try {
    let samples = 0;
    let torn = 0;
    for (let round = 0; round < rounds; round++) {
      const last = await writeAndKill(dir, random.below(700));
      const live = new Set<number>();
      /** How many samples each batch has. */
      const counts: number[] = [];
      const result = await replay({
        fs: nodeFileSystem,
        dir: `${dir}/wal`,
        corruptDir: `${dir}/wal.corrupt`,
        log: noLogger,
        clock: systemClock,
        sink: {
          series(ref, labels) {
            assert.deepEqual(labels, ['__name__', 'killed', 'series', String(ref)]);
            live.add(ref);
          },
          samples(refs, times, values, count) {
            for (let i = 0; i < count; i++) {
              const batch = times[i]!;
              // Millions of samples: no message is made where all is well.
              if (!live.has(refs[i]!)) assert.fail(`samples of series ${refs[i]} stand before it`);
              if (values[i] !== batch * 1000 + refs[i]! - 1)
                assert.fail(`${values[i]} in batch ${batch} of ${refs[i]}`);
              if (batch < counts.length - 1) assert.fail(`batch ${batch} stands behind ${counts.length - 1}`);
              counts[batch] = (counts[batch] ?? 0) + 1;
            }
          },
          metadata: () => assert.fail('nobody wrote metadata'),
          histograms: () => assert.fail(),
          exemplar: () => assert.fail(),
          tombstone: () => assert.fail('nobody wrote tombstones'),
        },
      });
      assert.deepEqual(result.corruptions, [], `round ${round}`);
      assert.ok(last >= 0, 'the writer has written');
      for (let batch = 0; batch <= last; batch++) {
        const expected = Math.min(seriesCount, 1 + Math.floor(batch / 3));
        if (counts[batch] !== expected) {
          assert.fail(
            `round ${round}: ${counts[batch]} of ${expected} samples of batch ${batch}; flushed were ${last}`,
          );
        }
      }
      assert.ok(
        counts.length <= last + 3,
        'at most the batch at hand is there besides, and one whose report was on its way',
      );
      samples = result.samples;
      torn += result.tornTails;
    }
    const segments = listSegments(nodeFileSystem, `${dir}/wal`).length;
    process.stdout.write(
      `# ${rounds} kills, ${samples} samples in ${segments} segments, ${torn} torn ends, none lost\n`,
    );
  } finally {
    rmSync(dir, {recursive: true, force: true});
  }
});
