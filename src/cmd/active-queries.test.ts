import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../base/random.ts';
import {SimulatedFileSystem} from '../sys/fs-simulated.ts';
import type {LogFields, Logger} from '../sys/log.ts';
import {ActiveQueries} from './active-queries.ts';

const path = '/data/queries.active';

interface Line {
  message: string;
  fields: LogFields | undefined;
}

function open(fs: SimulatedFileSystem, max = 3): {queries: ActiveQueries; lines: Line[]} {
  fs.makeDirectory('/data');
  const lines: Line[] = [];
  const note = (message: string, fields?: LogFields): void => void lines.push({message, fields});
  const log: Logger = {debug() {}, info: note, warn: note, error: note, child: () => log};
  return {queries: new ActiveQueries({fs, dir: '/data', max, log, now: () => 1_700_000_000_900}), lines};
}

test('ActiveQueries notes queries as Prometheus does, and tells after a crash which had not ended', () => {
  const fs = new SimulatedFileSystem();
  const {queries, lines} = open(fs);
  assert.deepEqual(lines, []);
  assert.deepEqual([...fs.contents(path)], ['['.charCodeAt(0), ...new Uint8Array(3000)]);
  const first = queries.insert('up < 1 or {a="é"}');
  const second = queries.insert('rate(x[5m])');
  const entry = '{"query":"up \\u003c 1 or {a=\\"é\\"}","timestamp_sec":1700000000}';
  const text = Buffer.from(fs.contents(path)).toString();
  assert.ok(text.startsWith(`[${entry}\0`));
  assert.equal(Buffer.from(fs.contents(path))[1000], ','.charCodeAt(0));
  queries.delete(second);
  fs.kill();
  const again = open(fs);
  assert.deepEqual(again.lines, [
    {message: "These queries didn't finish in the last run:", fields: {queries: `[${entry}]`}},
  ]);
  assert.equal(Buffer.from(fs.contents(path)).indexOf('query'), -1);
  again.queries.delete(first - 1);
  again.queries.close();
  assert.equal(fs.openCount, 0);
});

test('ActiveQueries keeps as much of a query as fits, and no more queries than there are places', () => {
  const fs = new SimulatedFileSystem();
  const {queries} = open(fs);
  for (const query of ['x'.repeat(5000), '"'.repeat(2000), '😀'.repeat(400), '<'.repeat(3000)]) {
    const place = queries.insert(query);
    const bytes = Buffer.from(fs.contents(path)).subarray(1 + place * 1000, 1 + place * 1000 + 999);
    const {query: kept} = JSON.parse(bytes.toString().replaceAll('\0', '')) as {query: string};
    assert.ok(query.startsWith(kept) && kept.length > 100, `${kept.length} of ${query.length}`);
    queries.delete(place);
  }
  assert.deepEqual(
    ['a', 'b', 'c', 'd'].map((query) => queries.insert(query)),
    [0, 1, 2, -1],
  );
  queries.delete(1);
  assert.equal(queries.insert('e'), 1);
});

test('ActiveQueries stands any bytes in its file, and a disk that fails', () => {
  for (let seed = 0; seed < 200; seed++) {
    const random = new Random(seed);
    const fs = new SimulatedFileSystem();
    fs.put(
      path,
      Uint8Array.from({length: random.below(3) === 0 ? 0 : random.below(4000)}, () => random.below(256)),
    );
    const {queries} = open(fs);
    assert.equal(queries.insert('up'), 0, `seed ${seed}`);
  }
  for (const operation of ['open', 'write', 'read']) {
    const fs = new SimulatedFileSystem();
    const {queries} = open(fs);
    fs.fault = (asked) => (asked === operation ? {code: 'EIO'} : null);
    const noted = queries.insert('up');
    queries.delete(noted);
    const failing = open(fs);
    assert.equal(failing.queries.insert('up'), -1);
    assert.equal(failing.lines.length, 1);
  }
});
