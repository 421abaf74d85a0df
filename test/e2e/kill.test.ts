// SIGKILL while remote write goes on at full speed: what was acknowledged is there after the restart.
// NARTHEX_KILLS sets the number of rounds.
import assert from 'node:assert/strict';
import {mkdtempSync, readdirSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {Random} from '../../src/base/random.ts';
import {labelsOf} from '../../src/model/labels.ts';
import {isUlid} from '../../src/tsdb/block/ulid.ts';
import {pushSamples} from '../../tools/remotewrite.ts';
import {query, startNarthex} from '../lib/narthex.ts';

const rounds = Number(process.env['NARTHEX_KILLS'] ?? 4);
const seed = Number(process.env['NARTHEX_SEED'] ?? Date.now() % 1_000_000);
const seriesPerWriter = 200;

/** What became of the samples of a writer, by their index; each is one millisecond after the one before. */
const unknown = 0;
const acknowledged = 1;
type Fates = number[];

test(`every sample acknowledged over remote write is there after SIGKILL (${rounds} rounds, seed ${seed})`, () =>
  killRounds({writers: 3, flags: []}));

// Blocks of a second, so that each start finds a head to move to blocks, and blocks to merge.
test(`the same while blocks are made and merged (${rounds} rounds, seed ${seed})`, () =>
  killRounds({
    writers: 1,
    flags: ['--storage.tsdb.min-block-duration=1s', '--storage.tsdb.max-block-duration=9s'],
  }));

async function killRounds({writers, flags}: {writers: number; flags: string[]}): Promise<void> {
  const random = new Random(seed);
  const dataFolder = mkdtempSync(join(tmpdir(), 'narthex-kill-'));
  const fates: Fates[] = Array.from({length: writers}, () => []);
  const startMs = Date.now() - 3_600_000;
  let checked = 0;
  try {
    for (let round = 0; round <= rounds; round++) {
      const narthex = await startNarthex({dataFolder, flags});
      for (const [writer, each] of fates.entries())
        checked += await verify(narthex.url, writer, startMs, each);
      if (round === rounds) {
        await narthex.stop();
        break;
      }
      let killed = false;
      const loops = fates.map(async (each, writer) => {
        while (!killed) {
          const from = each.length;
          const count = 1 + random.below(20);
          for (let i = 0; i < count; i++) each.push(unknown);
          try {
            await pushSamples(narthex.url, batchOf(writer, startMs, from, count));
          } catch (cause) {
            if (!killed) throw cause;
            return;
          }
          each.fill(acknowledged, from, from + count);
        }
      });
      await sleep(200 + random.below(1200));
      killed = true;
      await narthex.stop('SIGKILL');
      await Promise.all(loops);
    }
    const total = fates.flat().filter((fate) => fate === acknowledged).length * seriesPerWriter;
    assert.ok(total > 0);
    const blocks = readdirSync(dataFolder).filter(isUlid).length;
    if (flags.length > 0) assert.ok(blocks > 0, 'there are blocks');
    process.stdout.write(
      `# ${rounds} kills, ${total} samples acknowledged, ${checked} looked up after restarts, none lost, ${blocks} blocks\n`,
    );
  } finally {
    rmSync(dataFolder, {recursive: true, force: true});
  }
}

function batchOf(
  writer: number,
  startMs: number,
  from: number,
  count: number,
): Parameters<typeof pushSamples>[1] {
  const times = Float64Array.from({length: count}, (_, i) => startMs + from + i);
  return Array.from({length: seriesPerWriter}, (_, series) => ({
    labels: labelsOf({__name__: 'kill_test', writer: String(writer), series: String(series)}),
    times,
    values: Float64Array.from({length: count}, (_, i) => valueOf(series, from + i)),
  }));
}

function valueOf(series: number, index: number): number {
  return 1000 * series + (index % 997);
}

/** Every acknowledged sample is there; one whose answer never came may be; no other is, and no value differs. */
async function verify(url: string, writer: number, startMs: number, fates: Fates): Promise<number> {
  if (fates.length === 0) return 0;
  const seconds = Math.ceil((fates.length + 10) / 1000) + 1;
  const parameters = {time: String((startMs + (seconds - 1) * 1000) / 1000)};
  const answer = await query(url, `kill_test{writer="${writer}"}[${seconds}s]`, parameters);
  assert.equal(answer.status, 'success', String(answer.error));
  let checked = 0;
  const seen = new Set<number>();
  for (const {metric, values} of answer.data.result) {
    const series = Number(metric['series']);
    seen.add(series);
    const present = new Uint8Array(fates.length);
    for (const [time, value] of values) {
      const index = Math.round(time * 1000) - startMs;
      assert.ok(
        index >= 0 && index < fates.length,
        `writer ${writer} series ${series}: a sample at ${time} that nobody sent`,
      );
      assert.equal(Number(value), valueOf(series, index));
      present[index] = 1;
    }
    for (const [index, fate] of fates.entries()) {
      if (fate !== acknowledged) continue;
      assert.equal(
        present[index],
        1,
        `writer ${writer} series ${series} lost acknowledged sample ${index} of ${fates.length}`,
      );
      checked++;
    }
  }
  if (fates.includes(acknowledged)) assert.equal(seen.size, seriesPerWriter);
  return checked;
}
