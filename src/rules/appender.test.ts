import assert from 'node:assert/strict';
import test from 'node:test';
import {dumpHead} from '../../test/lib/head-dump.ts';
import {loadKernels} from '../kernels/kernels.ts';
import {LinearMemory} from '../kernels/memory.ts';
import {FloatHistogram} from '../model/histogram.ts';
import {formatLabels, type Labels, labelsOf} from '../model/labels.ts';
import {systemClock} from '../sys/clock.ts';
import {SimulatedFileSystem} from '../sys/fs-simulated.ts';
import {noLogger} from '../sys/log.ts';
import {Db} from '../tsdb/db.ts';
import {RuleAppender} from './appender.ts';
import {type RuleSeries, RuleSeriesWriter} from './series.ts';

async function openDb(): Promise<Db> {
  const memory = LinearMemory.reserve(2 ** 26);
  return Db.open({
    dir: '/data',
    memory,
    kernels: loadKernels(memory),
    log: noLogger,
    clock: {...systemClock, after: () => () => {}},
    fs: new SimulatedFileSystem(),
    lockfile: false,
  });
}

function series(...samples: [Record<string, string>, number | FloatHistogram][]): RuleSeries {
  const writer = new RuleSeriesWriter();
  for (const [labels, value] of samples) writer.add(labelsOf(labels), value);
  return writer.finish();
}

/** `{labels} time=value …` of each series; S = stale. */
function contents(db: Db): string[] {
  const lines: string[] = [];
  for (const {labels, times, bits, texts} of dumpHead(db.head).values()) {
    const samples = times.map(
      (time, i) =>
        `${time}=${bits[i] === '7ff0000000000002' ? 'S' : texts[i]!.replace(/count:(\d+).*/, 'count:$1')}`,
    );
    lines.push(`${formatLabels(labels as Labels)} ${samples.join(' ')}`);
  }
  return lines.sort();
}

const none = {accepted: 0, outOfOrder: 0, duplicates: 0, tooOld: 0, error: null};

test('RuleAppender marks series stale that the rule does not give any more', async () => {
  const db = await openDb();
  const appender = new RuleAppender(db.head.appender());
  const a = {__name__: 'r', x: 'a'};
  const b = {__name__: 'r', x: 'b'};
  assert.deepEqual(appender.append({rule: 1, timeMs: 1000, series: series([a, 1], [b, 2])}), {
    ...none,
    accepted: 2,
  });
  assert.deepEqual(appender.append({rule: 1, timeMs: 2000, series: series([b, 3])}), {...none, accepted: 1});
  assert.deepEqual(appender.append({rule: 1, timeMs: 3000, series: series()}), none);
  assert.deepEqual(appender.append({rule: 1, timeMs: 4000, series: series([a, 4])}), {...none, accepted: 1});
  assert.deepEqual(contents(db), [
    '{__name__="r", x="a"} 1000=1 2000=S 4000=4',
    '{__name__="r", x="b"} 1000=2 2000=3 3000=S',
  ]);
  await db.close();
});

test('RuleAppender stores samples and stale markers in one commit', async (t) => {
  const db = await openDb();
  const strict = db.head.appender();
  const appender = new RuleAppender(strict);
  const named = (...names: string[]): RuleSeries =>
    series(...names.map((x): [Record<string, string>, number] => [{__name__: 'r', x}, 1]));
  appender.append({rule: 1, timeMs: 1000, series: named('a', 'b', 'c')});
  const {mock} = t.mock.method(strict, 'commit');
  assert.deepEqual(appender.append({rule: 1, timeMs: 2000, series: named('b', 'd')}), {...none, accepted: 2});
  assert.equal(mock.callCount(), 1);
  appender.append({rule: 2, timeMs: 3000, series: series([{__name__: 'r', x: 'd'}, 2])});
  // What is refused has ended for this rule.
  appender.append({rule: 1, timeMs: 3000, series: named('b', 'd')});
  appender.append({rule: 1, timeMs: 4000, series: named('b')});
  assert.deepEqual(contents(db), [
    '{__name__="r", x="a"} 1000=1 2000=S',
    '{__name__="r", x="b"} 1000=1 2000=1 3000=1 4000=1',
    '{__name__="r", x="c"} 1000=1 2000=S',
    '{__name__="r", x="d"} 2000=1 3000=2',
  ]);
  await db.close();
});

test('RuleAppender tells what was refused, and why', async () => {
  const db = await openDb();
  const appender = new RuleAppender(db.head.appender());
  const a = {__name__: 'r', x: 'a'};
  const b = {__name__: 'r', x: 'b'};
  appender.append({rule: 1, timeMs: 2000, series: series([a, 1])});
  assert.deepEqual(appender.append({rule: 2, timeMs: 2000, series: series([a, 2], [b, 1])}), {
    ...none,
    accepted: 1,
    duplicates: 1,
    error: 'duplicate sample for timestamp',
  });
  assert.deepEqual(appender.append({rule: 2, timeMs: 1000, series: series([a, 2])}), {
    ...none,
    outOfOrder: 1,
    error: 'out of order sample',
  });
  await db.close();
});

test('what is late is refused even where others may be late', async () => {
  const db = await openDb();
  db.setOutOfOrderWindow(60_000);
  const appender = new RuleAppender(db.head.appender());
  const a = {__name__: 'r', x: 'a'};
  appender.append({rule: 1, timeMs: 1000, series: series([a, 1])});
  // Another rule goes on with the series: the stale marker of the first one comes too late.
  appender.append({rule: 2, timeMs: 3000, series: series([a, 2])});
  appender.retire([1], 2000);
  appender.retire([1], 4000);
  assert.deepEqual(contents(db), ['{__name__="r", x="a"} 1000=1 3000=2']);
  assert.equal(db.head.appender().takesLate, true);
  appender.retire([2], 4000);
  assert.deepEqual(contents(db), ['{__name__="r", x="a"} 1000=1 3000=2 4000=S']);
  await db.close();
});

test('RuleAppender stores histograms, and their ends', async () => {
  const db = await openDb();
  const appender = new RuleAppender(db.head.appender());
  const h = {__name__: 'h'};
  const f = {__name__: 'f'};
  const histogram = new FloatHistogram({
    count: 3,
    sum: 4,
    positiveSpans: [{offset: 0, length: 1}],
    positiveBuckets: Float64Array.of(3),
  });
  const outcome = appender.append({
    rule: 1,
    timeMs: 1000,
    series: structuredClone(series([f, 1], [h, histogram])),
  });
  assert.deepEqual(outcome, {...none, accepted: 2});
  appender.append({rule: 1, timeMs: 2000, series: series([f, 2])});
  assert.deepEqual(contents(db), ['{__name__="f"} 1000=1 2000=2', '{__name__="h"} 1000={{count:3 2000=S']);
  await db.close();
});

test('RuleAppender takes more series than fit into one batch', async () => {
  const db = await openDb();
  const appender = new RuleAppender(db.head.appender());
  const many = (count: number): RuleSeries =>
    series(
      ...Array.from({length: count}, (_, i): [Record<string, string>, number] => [
        {__name__: 'r', i: String(i)},
        i,
      ]),
    );
  const count = 40_000;
  assert.equal(appender.append({rule: 1, timeMs: 1000, series: many(count)}).accepted, count);
  assert.equal(appender.append({rule: 1, timeMs: 2000, series: many(1)}).accepted, 1);
  const lines = contents(db);
  assert.equal(lines.length, count);
  assert.equal(lines.filter((line) => line.endsWith('2000=S')).length, count - 1);
  await db.close();
});
