// Whatever the bytes of a block are, it is read or refused with a BlockDamage: no crash, no endless loop, no large allocation.
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import {Random} from '../../base/random.ts';
import {crc32c} from '../../kernels/crc32c.ts';
import {Matcher} from '../../model/matcher.ts';
import {Symbols} from '../../storage/symbols.ts';
import {SimulatedFileSystem} from '../../sys/fs-simulated.ts';
import {BlockSource} from './blocksource.ts';
import {writeBlock} from './blockwriter.ts';
import {BlockDamage} from './damage.ts';
import {newMeta, parseMeta} from './meta.ts';
import {BlockQuerier} from './querier.ts';
import {parseTombstones, Tombstones, writeTombstones} from './tombstones.ts';
import {rewriteAsVersion1} from './testing/indexv1.ts';
import {makeScratch, openBlock, randomSeries, readAll, writeModel} from './testing/blocks.ts';

const scratch = makeScratch();

function makeStore(seed: number): {fs: SimulatedFileSystem; dir: string} {
  const fs = new SimulatedFileSystem();
  fs.makeDirectory('/data');
  const series = randomSeries(new Random(seed), {count: 40, from: 0, to: 2000, stepMs: 90});
  const dir = `/data/${writeModel(fs, '/data', series, scratch, {samplesPerChunk: 6})}`;
  const tombstones = new Tombstones();
  tombstones.add(openBlock(fs, dir).index.postings('', '')[3]!, 100, 200);
  writeTombstones(fs, dir, tombstones);
  return {fs, dir};
}

/** Reads all there is in every way. Gives null, or the error. */
function readEverything(fs: SimulatedFileSystem, dir: string): Error | null {
  let block;
  try {
    block = openBlock(fs, dir);
    const symbols = new Symbols();
    const querier = new BlockQuerier({block, symbols, scratch});
    try {
      readAll(querier, symbols);
      readAll(querier, symbols, [new Matcher('=~', 'instance', 'host-1.*'), new Matcher('!=', 'job', 'a')]);
      querier.labelNames([new Matcher('=', 'job', 'a')]);
      querier.labelValues('instance', []);
      const {index} = block;
      for (const name of ['', ...index.table.names]) {
        index.table.walk(name, '', (_, offset) => index.postingsAt(offset).length >= 0);
      }
      const source = new BlockSource(block, scratch);
      fs.remove('/copy');
      fs.makeDirectory('/copy');
      writeBlock({fs, dir: '/copy', meta: newMeta(block.meta.ulid, 0, 4000), sources: [source], scratch});
      source.close();
    } finally {
      querier.close();
    }
    return null;
  } catch (error) {
    return error as Error;
  } finally {
    block?.close();
  }
}

const files = ['index', 'chunks/000001', 'tombstones', 'meta.json'];

test('one changed byte anywhere in the index, the chunks or the tombstones is found', () => {
  const {fs, dir} = makeStore(1);
  assert.equal(readEverything(fs, dir), null);
  const random = new Random(7);
  const missed: string[] = [];
  for (const name of files.slice(0, 3)) {
    const path = `${dir}/${name}`;
    const whole = fs.contents(path);
    for (let i = 0; i < Math.min(1200, whole.length); i++) {
      const at = whole.length <= 1200 ? i : random.below(whole.length);
      const bytes = whole.slice();
      bytes[at]! ^= 1 << random.below(8);
      fs.put(path, bytes);
      const error = readEverything(fs, dir);
      if (error === null) missed.push(`${name} ${at}`);
      else assert.ok(error instanceof BlockDamage, `${name} ${at}: ${error.stack}`);
    }
    fs.put(path, whole);
  }
  // Padding is not covered by a checksum: between the parts of the index, and in the header of a segment.
  const index = fs.contents(`${dir}/index`);
  const outside = missed.filter((place) => {
    const [name, at] = place.split(' ');
    return name === 'index' ? index[Number(at)] !== 0 : name !== 'chunks/000001' || Number(at) > 7;
  });
  assert.deepEqual(outside, []);
});

test('files that are cut short are refused', () => {
  const {fs, dir} = makeStore(2);
  for (const name of files) {
    const path = `${dir}/${name}`;
    const whole = fs.contents(path);
    const step = Math.max(1, Math.floor(whole.length / 100));
    for (let length = 0; length < whole.length; length += step) {
      fs.put(path, whole.subarray(0, length));
      const error = readEverything(fs, dir);
      assert.ok(error instanceof BlockDamage, `${name} of ${length} bytes: ${error?.stack}`);
    }
    fs.put(path, whole);
  }
});

/** Makes the checksums of all sections of an index right again, so that the parsers behind them see the bytes. */
function fixChecksums(bytes: Uint8Array, toc: {symbols: number; postingsTable: number}): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  for (const offset of [toc.symbols, toc.postingsTable]) {
    const end = offset + 4 + view.getUint32(offset);
    if (end + 4 <= bytes.length) view.setUint32(end, crc32c(bytes, offset + 4, end));
  }
}

test('no bytes of an index whose checksums are right do more harm than a BlockDamage', () => {
  const {fs, dir} = makeStore(3);
  const path = `${dir}/index`;
  const whole = fs.contents(path);
  const {toc} = openBlock(fs, dir).index;
  for (let seed = 0; seed < 1500; seed++) {
    const random = new Random(seed);
    const bytes = whole.slice();
    for (let i = 0; i < 1 + random.below(4); i++) {
      const place = random.pick([toc.symbols + 8, toc.postingsTable + 8]) + random.below(150);
      bytes[place] = random.pick([0, 1, 127, 128, 255, random.below(256)]);
    }
    fixChecksums(bytes, toc);
    fs.put(path, bytes);
    const error = readEverything(fs, dir);
    const known = error === null || error instanceof BlockDamage || error instanceof RangeError;
    assert.ok(known, `seed ${seed}: ${error?.stack}`);
  }
});

test('no bytes of a chunk whose checksum is right do more harm than a BlockDamage', () => {
  const {fs, dir} = makeStore(4);
  const path = `${dir}/chunks/000001`;
  const whole = fs.contents(path);
  for (let seed = 0; seed < 1500; seed++) {
    const random = new Random(seed);
    const bytes = whole.slice();
    // The first chunk: length, encoding, data, checksum.
    const length = bytes[8]!;
    assert.ok(length < 128, 'the length has one byte');
    for (let i = 0; i < 1 + random.below(6); i++) bytes[9 + random.below(length + 1)] = random.below(256);
    const end = 10 + length;
    new DataView(bytes.buffer).setUint32(end, crc32c(bytes, 9, end));
    fs.put(path, bytes);
    const error = readEverything(fs, dir);
    const known = error === null || error instanceof BlockDamage || error instanceof RangeError;
    assert.ok(known, `seed ${seed}: ${error?.stack}`);
  }
});

test('parsers of small files refuse any bytes', () => {
  const refuses = (read: () => unknown): void => {
    try {
      read();
    } catch (error) {
      assert.ok(error instanceof BlockDamage, String((error as Error).stack));
    }
  };
  fc.assert(
    fc.property(fc.uint8Array({maxLength: 60}), (bytes) => {
      refuses(() => parseTombstones(bytes, 't'));
      const framed = new Uint8Array(bytes.length + 9);
      framed.set([0x01, 0x30, 0xba, 0x30, 1]);
      framed.set(bytes, 5);
      new DataView(framed.buffer).setUint32(framed.length - 4, crc32c(framed, 5, framed.length - 4));
      refuses(() => parseTombstones(framed, 't'));
    }),
    {numRuns: 2000},
  );
  fc.assert(
    fc.property(fc.json(), (text: string) => {
      refuses(() => parseMeta(text, 'm'));
    }),
  );
  const field = fc.oneof(fc.integer(), fc.string(), fc.constant(null), fc.array(fc.string()));
  const record = fc.record({ulid: field, minTime: field, maxTime: field, stats: field, compaction: field});
  fc.assert(
    fc.property(record, (meta) => {
      refuses(() => parseMeta(JSON.stringify({...meta, version: 1}), 'm'));
    }),
  );
});

test('a block with an index of the first version is read, merged, and damage of any byte of it is found', () => {
  const {fs, dir} = makeStore(6);
  const all = (): unknown => {
    const block = openBlock(fs, dir);
    const symbols = new Symbols();
    const querier = new BlockQuerier({block, symbols, scratch});
    try {
      const found = [
        readAll(querier, symbols),
        readAll(querier, symbols, [new Matcher('=~', 'instance', 'host-1.*'), new Matcher('!=', 'job', 'a')]),
        querier.labelNames([]),
        querier.labelValues('instance', [new Matcher('=', 'job', 'a')]),
      ];
      return found;
    } finally {
      querier.close();
      block.close();
    }
  };
  const expected = all();
  // What is deleted is named by where its series was.
  writeTombstones(fs, dir, new Tombstones());
  const without = all();
  rewriteAsVersion1(fs, dir);
  assert.equal(openBlock(fs, dir).index.version, 1);
  assert.deepEqual(all(), without);
  assert.notDeepEqual(without, expected);
  assert.equal(readEverything(fs, dir), null, 'it can be written anew');

  const path = `${dir}/index`;
  const whole = fs.contents(path);
  for (let seed = 0; seed < 1500; seed++) {
    const random = new Random(seed);
    const bytes = whole.slice(0, random.below(5) === 0 ? random.below(whole.length) : whole.length);
    if (bytes.length > 0) bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
    fs.put(path, bytes);
    const error = readEverything(fs, dir);
    const known = error instanceof BlockDamage || error instanceof RangeError;
    assert.ok(known, `seed ${seed}: ${error === null ? 'nothing is found' : error.stack}`);
  }
  const {toc} = ((): {toc: Parameters<typeof fixChecksums>[1]} => {
    fs.put(path, whole);
    return openBlock(fs, dir).index;
  })();
  for (let seed = 0; seed < 800; seed++) {
    const random = new Random(seed);
    const bytes = whole.slice();
    for (let i = 0; i < 1 + random.below(4); i++) {
      const place = random.pick([toc.symbols + 8, toc.postingsTable + 8]) + random.below(150);
      bytes[place] = random.pick([0, 1, 127, 128, 255, random.below(256)]);
    }
    fixChecksums(bytes, toc);
    fs.put(path, bytes);
    const error = readEverything(fs, dir);
    const known = error === null || error instanceof BlockDamage || error instanceof RangeError;
    assert.ok(known, `seed ${seed}: ${error?.stack}`);
  }
});
