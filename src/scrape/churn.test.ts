// A tenth of the series is replaced every ten minutes for a day: what was taken for those that are gone is given back.
// `npm run bench -- churn` does it at full size.
import assert from 'node:assert/strict';
import test from 'node:test';
import {SizeClassArena} from '../kernels/arena.ts';
import {loadKernels} from '../kernels/kernels.ts';
import {arenaStart, LinearMemory} from '../kernels/memory.ts';
import {systemClock} from '../sys/clock.ts';
import {SimulatedFileSystem} from '../sys/fs-simulated.ts';
import {noLogger} from '../sys/log.ts';
import {Db} from '../tsdb/db.ts';
import {Churn, type ChurnReport} from './testing-churn.ts';

test('A day of churn leaves memory as it was', async () => {
  const memory = LinearMemory.reserve(2 ** 28);
  const kernels = loadKernels(memory);
  const arena = new SizeClassArena(memory, arenaStart, memory.byteLength);
  const db = await Db.open({
    dir: '/data',
    memory,
    kernels,
    arena,
    log: noLogger,
    clock: {...systemClock, after: () => () => {}},
    fs: new SimulatedFileSystem(),
    lockfile: false,
    walSegmentBytes: 2 ** 20,
  });
  const churn = new Churn({
    db,
    memory,
    kernels,
    arena,
    targets: 2,
    series: 400,
    intervalMs: 120_000,
    replaceMs: 600_000,
  });
  const reports: ChurnReport[] = [];
  await churn.run(24, (report) => reports.push(report));
  const after = (hours: number): ChurnReport => reports.find((report) => report.hours === hours)!;
  const early = after(8);
  const late = after(24);
  // 2 x 400 at the beginning, and 2 x 40 in each of the 143 steps; besides what targets say of themselves.
  assert.ok(late.seriesCreated >= 800 + 143 * 80, `${late.seriesCreated} series were made`);
  for (const field of ['series', 'symbols', 'labelPairs', 'bytesInUse', 'tableBytes'] as const) {
    const text = `${field}: ${early[field]} after 8 hours, ${late[field]} after 24`;
    assert.ok(late[field] <= 1.05 * early[field], text);
  }
  assert.ok(late.bytesReserved <= 1.15 * early.bytesReserved, 'freed memory is used again');
  churn.free();
  await db.close();
});
