// Wal and replay(): what the head logs comes back, whatever happens to the files in between.
import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../../base/random.ts';
import {SizeClassArena} from '../../kernels/arena.ts';
import {loadKernels} from '../../kernels/kernels.ts';
import {arenaStart, LinearMemory} from '../../kernels/memory.ts';
import {FloatHistogram} from '../../model/histogram.ts';
import {formatTestExpression} from '../../model/histogram/format.ts';
import type {Labels} from '../../model/labels.ts';
import {systemClock} from '../../sys/clock.ts';
import type {Clock} from '../../sys/clock.ts';
import {SimulatedFileSystem} from '../../sys/fs-simulated.ts';
import type {Logger} from '../../sys/log.ts';
import {noLogger} from '../../sys/log.ts';
import type {LoggedHistogram, ReplaySink} from '../log.ts';
import type {Compression} from './compression.ts';
import {pageBytes, recordType} from './format.ts';
import {Framer} from './framer.ts';
import {PageBuffer} from './page-buffer.ts';
import type {ReplayResult} from './replay.ts';
import {replay} from './replay.ts';
import {listSegments} from './segments.ts';
import {Wal} from './wal.ts';

const dir = '/data/wal';
const corruptDir = '/data/wal.corrupt';
const capacity = 20_000;

const memory = LinearMemory.reserve(2 ** 24);
const kernels = loadKernels(memory);
const refs = arenaStart;
const times = refs + 8 * capacity;
const values = times + 8 * capacity;
const walStart = 2 ** 20;
const replayStart = 2 ** 23;

/** No timer of a killed log goes off. */
const stillClock: Clock = {...systemClock, after: () => () => {}};

interface WalTestOptions {
  startTimes?: boolean;
  segment?: number;
  segmentBytes?: number;
  compression?: Compression;
}

function openWal(fs: SimulatedFileSystem, options: WalTestOptions = {}): Wal {
  // There is one at a time; killed ones give nothing back.
  const linear = {memory, kernels, arena: new SizeClassArena(memory, walStart, replayStart)};
  return new Wal({fs, dir, segment: 0, log: noLogger, clock: stillClock, linear, ...options});
}

type Sample = [ref: number, time: number, value: number];

function logSamples(wal: Wal, samples: Sample[]): void {
  samples.forEach(([ref, time, value], i) => {
    memory.f64[refs / 8 + i] = ref;
    memory.f64[times / 8 + i] = time;
    memory.f64[values / 8 + i] = value;
  });
  wal.samples(refs, times, values, samples.length);
  memory.f64.fill(NaN, refs / 8, refs / 8 + samples.length);
}

/** Writes down what it is given. */
class Snitch implements ReplaySink {
  entries: string[] = [];
  runs = 0;

  series(ref: number, labels: Labels): void {
    this.entries.push(`series ${ref} ${JSON.stringify(labels)}`);
  }

  samples(refColumn: Float64Array, timeColumn: Float64Array, valueColumn: Float64Array, count: number): void {
    this.runs++;
    const words = new Uint32Array(valueColumn.buffer);
    for (let i = 0; i < count; i++) {
      const bits = words[2 * i + 1]!.toString(16) + words[2 * i]!.toString(16).padStart(8, '0');
      this.entries.push(`sample ${refColumn[i]} ${timeColumn[i]} ${bits}`);
    }
  }

  histograms(samples: readonly LoggedHistogram[]): void {
    for (const {ref, timeMs, startMs, histogram, integer} of samples) {
      const text = histogram === null ? 'stale' : formatTestExpression(histogram);
      this.entries.push(`${integer ? 'integer' : 'float'} ${ref} ${timeMs} ${startMs} ${text}`);
    }
  }

  metadata(ref: number, type: string, unit: string, help: string): void {
    this.entries.push(`metadata ${ref} ${type} ${unit} ${help}`);
  }

  exemplar(ref: number, time: number, value: number, labels: Labels): void {
    this.entries.push(`exemplar ${ref} ${time} ${value} ${JSON.stringify(labels)}`);
  }

  tombstone(ref: number, mint: number, maxt: number): void {
    this.entries.push(`tombstone ${ref} ${mint} ${maxt}`);
  }
}

function sampleEntry([ref, time, value]: Sample): string {
  const words = new Uint32Array(Float64Array.of(value).buffer);
  return `sample ${ref} ${time} ${words[1]!.toString(16)}${words[0]!.toString(16).padStart(8, '0')}`;
}

interface Replayed {
  entries: string[];
  result: ReplayResult;
  lines: string[];
}

async function replayAll(fs: SimulatedFileSystem, sink = new Snitch()): Promise<Replayed> {
  const lines: string[] = [];
  const line = (level: string) => (msg: string, fields?: Record<string, unknown>) => {
    lines.push(`${level} ${msg} ${JSON.stringify(fields ?? {})}`);
  };
  const log: Logger = {
    debug: line('debug'),
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    child: () => log,
  };
  const arena = new SizeClassArena(memory, replayStart, memory.byteLength);
  const {openCount} = fs;
  const result = await replay({
    fs,
    dir,
    corruptDir,
    sink,
    log,
    clock: stillClock,
    linear: {memory, kernels, arena},
  });
  assert.equal(arena.bytesInUse, 0);
  assert.equal(fs.openCount, openCount);
  return {entries: sink.entries, result, lines};
}

test('Wal writes these bytes', async () => {
  const fs = new SimulatedFileSystem();
  const wal = openWal(fs, {compression: 'none'});
  wal.series(1, ['a', 'b']);
  wal.series(2, ['a', 'c']);
  logSamples(wal, [[1, 1000, 1]]);
  logSamples(wal, [[2, 1001, 0.5]]);
  wal.metadata(1, 'counter', '', 'x');
  wal.flush();
  // The first fragment is the series' record, then one record for both calls of samples, then the metadata.
  const hex = fs.contents(`${dir}/00000000`).toHex();
  assert.equal(
    hex.replaceAll(/(01[0-9a-f]{4})[0-9a-f]{8}(?=0[126])/g, '$1 crc '),
    '01001b crc 01000000000000000101016101620000000000000002010161' +
      '0163' +
      '010025 crc 02000000000000000100000000000003e800003ff000000000000002023fe0000000000000' +
      '010011 crc 060101020455' +
      '4e4954000448454c500178',
  );
  await wal.close();
  assert.equal(fs.contents(`${dir}/00000000`).length, pageBytes);
});

test('replay() gives everything in the order of the log', async () => {
  const fs = new SimulatedFileSystem();
  const wal = openWal(fs);
  const staleMarker = new Float64Array(Uint32Array.of(2, 0x7ff00000).buffer)[0]!;
  const expected: string[] = [];
  wal.series(1, ['__name__', 'up', 'job', 'é']);
  expected.push('series 1 ["__name__","up","job","é"]');
  for (const sample of [
    [1, 1000, 1.5],
    [1, 2000, -0],
    [1, 3000, staleMarker],
  ] as Sample[]) {
    logSamples(wal, [sample]);
    expected.push(sampleEntry(sample));
  }
  wal.tombstone(1, -5, 1500);
  expected.push('tombstone 1 -5 1500');
  wal.metadata(1, 'gauge', 'bytes', 'Help.');
  expected.push('metadata 1 gauge bytes Help.');
  wal.exemplar(1, 1000, 1, ['trace_id', 'x']);
  expected.push('exemplar 1 1000 1 ["trace_id","x"]');
  wal.series(2, ['__name__', 'down']);
  expected.push('series 2 ["__name__","down"]');
  wal.flush();
  const {entries, result} = await replayAll(fs);
  assert.deepEqual(entries, expected);
  const {series, samples, metadata, tombstones, exemplars, corruptions, tornTails, nextSegment} = result;
  assert.deepEqual(
    {series, samples, metadata, tombstones, exemplars, corruptions, tornTails, nextSegment},
    {
      series: 2,
      samples: 3,
      metadata: 1,
      tombstones: 1,
      exemplars: 1,
      corruptions: [],
      tornTails: 0,
      nextSegment: 1,
    },
  );
  await wal.close();
});

test('Wal cuts many samples into records of a few thousand', async () => {
  const fs = new SimulatedFileSystem();
  const wal = openWal(fs);
  const samples = Array.from({length: capacity}, (_, i): Sample => [
    i + 1,
    1_700_000_000_000 + (i % 3),
    i / 7,
  ]);
  logSamples(wal, samples);
  wal.flush();
  assert.equal(wal.statistics.records, 5);
  assert.ok(wal.statistics.recordBytesSaved > 0);
  const {entries, result} = await replayAll(fs);
  assert.equal(result.records[recordType.samples], 5);
  assert.deepEqual(entries, samples.map(sampleEntry));
  await wal.close();
});

for (const compression of ['none', 'snappy', 'zstd'] as const) {
  test(`what is logged with ${compression} comes back, over several segments and starts, for any seed`, async () => {
    for (let seed = 0; seed < 3; seed++) {
      const random = new Random(seed);
      const fs = new SimulatedFileSystem();
      const expected: string[] = [];
      for (let start = 0; start < 3; start++) {
        const {entries, result} = await replayAll(fs);
        assert.deepEqual(entries, expected, `seed ${seed}`);
        const wal = openWal(fs, {compression, segment: result.nextSegment, segmentBytes: 4 * pageBytes});
        for (let batch = random.below(15); batch > 0; batch--) logRandomBatch(wal, random, expected);
        if (random.below(2) === 0) await wal.close();
        else fs.kill();
      }
      const {entries} = await replayAll(fs);
      assert.deepEqual(entries, expected, `seed ${seed}`);
    }
  });
}

function logRandomBatch(wal: Wal, random: Random, expected: string[]): void {
  for (let calls = random.below(6); calls > 0; calls--) {
    const ref = 1 + random.below(1000);
    const kind = random.below(5);
    if (kind === 0) {
      const labels = [
        '__name__',
        `m${ref}`,
        'x',
        'y'.repeat(1 + random.below(random.below(5) === 0 ? 90_000 : 100)),
      ];
      wal.series(ref, labels);
      expected.push(`series ${ref} ${JSON.stringify(labels)}`);
    } else if (kind === 1) {
      wal.metadata(ref, 'counter', 'u', `help ${ref}`);
      expected.push(`metadata ${ref} counter u help ${ref}`);
    } else {
      const samples = Array.from(
        {length: 1 + random.below(random.below(5) === 0 ? 6000 : 50)},
        (): Sample => [1 + random.below(1e6), 1e12 + random.below(1e6), random.float()],
      );
      logSamples(wal, samples);
      for (const sample of samples) expected.push(sampleEntry(sample));
    }
  }
  wal.flush();
}

/** Batches of one record each, of which the entries are known. */
async function someSegments(seed = 1, batches = 60): Promise<{fs: SimulatedFileSystem; entries: string[]}> {
  const fs = new SimulatedFileSystem();
  const wal = openWal(fs, {segmentBytes: 2 * pageBytes});
  const random = new Random(seed);
  for (let batch = 0; batch < batches; batch++) {
    const samples = Array.from({length: 100 + random.below(500)}, (_, i): Sample => [
      i + 1,
      1000 * batch,
      random.float(),
    ]);
    logSamples(wal, samples);
    wal.flush();
  }
  fs.kill();
  const {entries} = await replayAll(fs);
  return {fs, entries};
}

test('replay() cuts off a record that its writer could not end, at any byte, and says so', async () => {
  const {fs, entries} = await someSegments(1, 6);
  const {path} = listSegments(fs, dir).at(-1)!;
  const whole = fs.contents(path);
  for (let cut = 1; cut < 400; cut += 13) {
    fs.put(path, whole.slice(0, whole.length - cut));
    const {entries: found, result, lines} = await replayAll(fs);
    assert.ok(found.length < entries.length);
    assert.deepEqual(found, entries.slice(0, found.length));
    assert.equal(result.tornTails, 1);
    assert.equal(result.corruptions.length, 0);
    assert.ok(lines.some((line) => /^warn WAL ends inside a record.*"offset":\d+,"bytes":\d+/.test(line)));
    assert.ok(!lines.some((line) => line.startsWith('error')));
    // Repaired: the next start finds nothing to say.
    const again = await replayAll(fs);
    assert.deepEqual(again.entries, found);
    assert.equal(again.result.tornTails, 0);
  }
  assert.equal(fs.status(corruptDir), null);
});

test('replay() takes a torn end for one although a later start has made an empty segment', async () => {
  const {fs, entries} = await someSegments(1, 6);
  const segments = listSegments(fs, dir);
  const {path, number} = segments.at(-1)!;
  fs.put(path, fs.contents(path).slice(0, -5));
  fs.put(`${dir}/${String(number + 1).padStart(8, '0')}`, new Uint8Array(0));
  const {result, entries: found} = await replayAll(fs);
  assert.equal(result.tornTails, 1);
  assert.equal(result.nextSegment, number + 2);
  assert.deepEqual(found, entries.slice(0, found.length));
});

test('replay() loses only the damaged record of a damaged segment, keeps a copy, and repairs the segment', async () => {
  const {fs, entries} = await someSegments();
  const segments = listSegments(fs, dir);
  assert.ok(segments.length >= 4);
  const {path, number} = segments[1]!;
  const damaged = fs.contents(path);
  damaged[20_000]! ^= 4;
  fs.put(path, damaged);
  const {entries: found, result, lines} = await replayAll(fs);
  const kept = new Set(found);
  const lost = entries.length - kept.size;
  assert.ok(lost > 0 && lost <= 600, `${lost} samples lost`);
  assert.deepEqual(
    found,
    entries.filter((entry) => kept.has(entry)),
  );
  assert.equal(result.corruptions.length, 1);
  assert.equal(result.corruptions[0]!.segment, number);
  assert.match(result.corruptions[0]!.reason, /unexpected checksum/);
  assert.ok(
    lines.some((line) =>
      /^error WAL is damaged.*"segment":"\/data\/wal\/00000001","offset":\d+,"bytes":\d+/.test(line),
    ),
  );
  const copies = fs.list(corruptDir);
  assert.equal(copies.length, 1);
  assert.deepEqual(fs.contents(`${corruptDir}/${copies[0]}`), damaged);
  // The segment is sound now, and the later ones were not touched.
  const again = await replayAll(fs);
  assert.deepEqual(again.entries, found);
  assert.deepEqual(again.result.corruptions, []);
  assert.equal(again.result.nextSegment, segments.length);
});

test('replay() cuts damage at the end of a segment and keeps what it cut', async () => {
  const {fs, entries} = await someSegments(2, 6);
  const {path} = listSegments(fs, dir).at(-1)!;
  const damaged = fs.contents(path);
  damaged[damaged.length - 3]! ^= 1;
  fs.put(path, damaged);
  const {entries: found, result} = await replayAll(fs);
  assert.deepEqual(found, entries.slice(0, found.length));
  assert.equal(result.corruptions.length, 1);
  const copy = fs.contents(`${corruptDir}/${fs.list(corruptDir)[0]}`);
  assert.deepEqual(copy, damaged.slice(-copy.length));
  assert.equal(fs.contents(path).length + copy.length, damaged.length);
  assert.deepEqual((await replayAll(fs)).result.corruptions, []);
});

test('replay() skips a record that is sound as bytes and is none, and takes it out', async () => {
  const fs = new SimulatedFileSystem();
  const records = [
    '010000000000000001010161',
    '01000000000000000201016101620000',
    '0100000000000000030101610163',
  ];
  fs.put(`${dir}/00000000`, frame(records.map((hex) => Uint8Array.fromHex(hex))));
  const {entries, result} = await replayAll(fs);
  assert.deepEqual(entries, ['series 3 ["a","c"]']);
  assert.equal(result.corruptions.length, 1);
  assert.match(result.corruptions[0]!.reason, /^decode series: /);
  const again = await replayAll(fs);
  assert.deepEqual(again.entries, entries);
  assert.deepEqual(again.result.corruptions, []);
});

function frame(records: Uint8Array[]): Uint8Array {
  let bytes = new Uint8Array(0);
  const framer = new Framer(
    new PageBuffer(8 * pageBytes),
    (buffer, start, end) => (bytes = buffer.slice(start, end)),
  );
  for (const record of records) framer.append(0, record, 0, record.length);
  framer.flush();
  return bytes;
}

test('replay() counts and names the records that it does not read', async () => {
  const fs = new SimulatedFileSystem();
  fs.put(`${dir}/00000000`, frame([5, 99, 98].map((type) => Uint8Array.of(type, 1, 2, 3))));
  const {entries, result, lines} = await replayAll(fs);
  assert.deepEqual(entries, []);
  assert.equal(result.recordsSkipped, 3);
  assert.deepEqual(result.corruptions, []);
  const line = lines.find((each) => each.startsWith('warn WAL holds records of kinds'))!;
  assert.deepEqual(JSON.parse(line.slice(line.indexOf('{'))), {
    mmapmarkers: 1,
    unknown: 2,
  });
});

test('replay() reads the newest checkpoint and the segments after it, and says how far it is', async () => {
  const fs = new SimulatedFileSystem();
  const series = (ref: number): Uint8Array => Uint8Array.fromHex(`01000000000000000${ref}0101610162`);
  fs.put(`${dir}/checkpoint.00000002/00000000`, frame([series(1)]));
  fs.put(`${dir}/checkpoint.00000004/00000000`, frame([series(2)]));
  fs.put(`${dir}/checkpoint.00000004/00000001`, frame([series(3)]));
  fs.put(`${dir}/checkpoint.00000009.tmp/00000000`, frame([series(9)]));
  for (const segment of [4, 5, 6]) fs.put(`${dir}/0000000${segment}`, frame([series(segment)]));
  const {entries, result, lines} = await replayAll(fs);
  assert.deepEqual(
    entries.map((entry) => entry.split(' ')[1]),
    ['2', '3', '5', '6'],
  );
  assert.equal(result.nextSegment, 7);
  const loaded = lines
    .filter((line) => line.startsWith('info WAL segment loaded'))
    .map((line) => line.replace(/,"duration".*/, ''));
  assert.deepEqual(loaded, [
    'info WAL segment loaded {"segment":5,"maxSegment":6',
    'info WAL segment loaded {"segment":6,"maxSegment":6',
  ]);
  assert.ok(lines.some((line) => line.startsWith('info WAL checkpoint loaded')));
});

test('replay() makes up for missing segments, which Prometheus would refuse', async () => {
  const {fs} = await someSegments();
  const segments = listSegments(fs, dir);
  fs.remove(segments[1]!.path);
  const {result, lines} = await replayAll(fs);
  assert.equal(result.corruptions.length, 1);
  assert.ok(lines.some((line) => line.startsWith('error WAL segment is missing')));
  assert.equal(listSegments(fs, dir).length, segments.length);
  assert.deepEqual((await replayAll(fs)).result.corruptions, []);
});

test('replay() reads around a page that the disk cannot read', async () => {
  const {fs, entries} = await someSegments();
  const {path} = listSegments(fs, dir)[1]!;
  const read = fs.read.bind(fs);
  const files = new Set<number>();
  const open = fs.open.bind(fs);
  fs.open = (name, mode) => {
    const file = open(name, mode);
    if (name === path) files.add(file);
    else files.delete(file);
    return file;
  };
  fs.read = (file, into, offset, length, position) => {
    if (files.has(file) && position + length > pageBytes)
      throw Object.assign(new Error('EIO: bad sector'), {code: 'EIO'});
    return read(file, into, offset, length, position);
  };
  const {entries: found, result, lines} = await replayAll(fs);
  assert.match(result.corruptions[0]!.reason, /cannot read the page/);
  const kept = new Set(found);
  assert.ok(kept.size > entries.length / 2);
  assert.deepEqual(
    found,
    entries.filter((entry) => kept.has(entry)),
  );
  // It could not be copied, so it was left alone.
  assert.ok(lines.some((line) => line.startsWith('error WAL segment cannot be repaired')));
});

test('replay() leaves everything as it is where the disk is full', async () => {
  const {fs} = await someSegments();
  const {path} = listSegments(fs, dir)[0]!;
  const damaged = fs.contents(path);
  damaged[100]! ^= 1;
  fs.put(path, damaged);
  fs.fault = (operation) => (operation === 'write' ? {code: 'ENOSPC'} : null);
  const {result, entries} = await replayAll(fs);
  assert.equal(result.corruptions.length, 1);
  fs.fault = () => null;
  assert.deepEqual(fs.contents(path), damaged);
  const again = await replayAll(fs);
  assert.deepEqual(again.entries, entries);
  assert.equal(again.result.corruptions.length, 1);
});

test('replay() keeps a bounded number of damaged copies', async () => {
  const {fs} = await someSegments(1, 6);
  const {path} = listSegments(fs, dir)[0]!;
  const damaged = fs.contents(path);
  damaged[100]! ^= 1;
  for (let i = 0; i < 20; i++) {
    fs.put(path, damaged);
    await replayAll(fs);
  }
  assert.equal(fs.list(corruptDir).length, 16);
});

test('replay() waits once, before the first record that is not of series', async () => {
  const fs = new SimulatedFileSystem();
  const wal = openWal(fs);
  for (let ref = 1; ref <= 3; ref++) wal.series(ref, ['__name__', `m${ref}`]);
  logSamples(wal, [[1, 1000, 1]]);
  wal.series(4, ['__name__', 'm4']);
  logSamples(wal, [[4, 1000, 1]]);
  wal.flush();
  await wal.close();
  const linear = {memory, kernels, arena: new SizeClassArena(memory, replayStart, memory.byteLength)};
  const options = {fs, dir, corruptDir, log: noLogger, clock: stillClock, linear};
  const sink = new Snitch();
  const afterSeries = async (): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve));
    sink.entries.push('after series');
  };
  await replay({...options, sink, afterSeries});
  assert.deepEqual(
    sink.entries.map((entry) => entry.slice(0, 8).trim()),
    ['series 1', 'series 2', 'series 3', 'after se', 'sample 1', 'series 4', 'sample 4'],
  );
  const failing = async (): Promise<void> => Promise.reject(new RangeError('no files'));
  await assert.rejects(replay({...options, sink: new Snitch(), afterSeries: failing}), /no files/);
});

test('replay() hands on what the sink throws', async () => {
  const {fs} = await someSegments(1, 6);
  class Full extends Snitch {
    override samples(): void {
      throw new RangeError('the shared memory is used up');
    }
  }
  await assert.rejects(replayAll(fs, new Full()), {message: 'the shared memory is used up'});
});

test('replay() puts labels in order that are not', async () => {
  const fs = new SimulatedFileSystem();
  // {b="1", a="2", c=""} and a series without labels.
  fs.put(
    `${dir}/00000000`,
    frame([
      Uint8Array.fromHex(
        '01' + '0000000000000001' + '03' + '01620131' + '01610132' + '016300' + '000000000000000200',
      ),
    ]),
  );
  assert.deepEqual((await replayAll(fs)).entries, ['series 1 ["a","2","b","1"]']);
});

test('replay() of any bytes ends, gives nothing that was not written, and a second time finds no damage, for any seed', async () => {
  const {fs, entries} = await someSegments(1, 8);
  const known = new Set(entries);
  const segments = listSegments(fs, dir).map(({path}) => ({path, bytes: fs.contents(path)}));
  for (let seed = 0; seed < 40; seed++) {
    const random = new Random(seed);
    for (const {path, bytes} of segments) {
      const changed = bytes.slice(0, random.below(4) === 0 ? random.below(bytes.length) : bytes.length);
      for (let flips = random.below(4); flips > 0 && changed.length > 0; flips--) {
        const at = random.below(changed.length);
        if (random.below(3) === 0) changed.fill(random.below(2) * 255, at, at + random.below(2000));
        else changed[at]! ^= 1 << random.below(8);
      }
      fs.put(path, changed);
    }
    const {entries: found} = await replayAll(fs);
    for (const entry of found) assert.ok(known.has(entry), `seed ${seed}: ${entry}`);
    const again = await replayAll(fs);
    assert.deepEqual(again.entries, found, `seed ${seed}`);
    assert.deepEqual(again.result.corruptions, [], `seed ${seed}`);
    assert.equal(again.result.tornTails, 0, `seed ${seed}`);
  }
});

test('Wal.flush() throws on a full disk, and what is logged later stands in order behind what was there', async () => {
  const fs = new SimulatedFileSystem();
  const wal = openWal(fs);
  wal.series(1, ['a', '1']);
  logSamples(wal, [[1, 1, 1]]);
  wal.flush();
  const {position} = wal;
  fs.fault = (operation) => (operation === 'write' ? {code: 'ENOSPC'} : null);
  wal.series(2, ['a', '2']);
  logSamples(wal, [[2, 2, 2]]);
  assert.throws(() => wal.flush(), /cannot write to the write-ahead log in \/data\/wal: ENOSPC/);
  assert.deepEqual(wal.position, position);
  assert.equal(wal.statistics.writesFailed, 1);
  fs.fault = () => null;
  wal.series(3, ['a', '3']);
  logSamples(wal, [[3, 3, 3]]);
  wal.flush();
  const {entries} = await replayAll(fs);
  assert.deepEqual(entries, [
    'series 1 ["a","1"]',
    sampleEntry([1, 1, 1]),
    'series 3 ["a","3"]',
    sampleEntry([3, 3, 3]),
  ]);
  await wal.close();
});

test('Wal logs histograms in records of their types, and what comes first of one series before the rest', async () => {
  for (const startTimes of [false, true]) {
    const fs = new SimulatedFileSystem();
    const wal = openWal(fs, {startTimes, compression: 'none'});
    const histogram = new FloatHistogram({count: 1, sum: 2});
    const sample = (ref: number, timeMs: number, integer: boolean): LoggedHistogram => ({
      ref,
      timeMs,
      startMs: timeMs - 5,
      histogram,
      integer,
    });
    wal.series(1, ['a', 'b']);
    wal.histograms([
      sample(1, 10, true),
      sample(2, 11, false),
      sample(3, 12, true),
      sample(1, 13, false),
      sample(1, 14, true),
    ]);
    wal.flush();
    await wal.close();
    const {entries, result} = await replayAll(fs);
    const text = formatTestExpression(histogram);
    const start = (timeMs: number): number => (startTimes ? timeMs - 5 : 0);
    assert.deepEqual(entries, [
      'series 1 ["a","b"]',
      `integer 1 10 ${start(10)} ${text}`,
      `integer 3 12 ${start(12)} ${text}`,
      `float 2 11 ${start(11)} ${text}`,
      `float 1 13 ${start(13)} ${text}`,
      `integer 1 14 ${start(14)} ${text}`,
    ]);
    assert.equal(result.histograms, 5);
    assert.equal(result.records[startTimes ? 12 : 7], 2);
  }
});

test("Wal logs start timestamps of floats in Prometheus 3.14's bytes", async () => {
  const fs = new SimulatedFileSystem();
  const wal = openWal(fs, {startTimes: true, compression: 'none'});
  const samples: [number, number, number, bigint][] = [
    [300, 1_700_000_000_000, 1_699_999_999_000, 0x3ff0000000000000n],
    [301, 1_700_000_000_000, 1_699_999_999_000, 0x7ff0000000000002n],
    [2, 1_700_000_000_001, 0, 0xbfe0000000000000n],
    [2, 1_700_000_000_002, 1_699_999_998_000, 0x4008000000000000n],
  ];
  const bits = new BigUint64Array(memory.wasm.buffer);
  samples.forEach(([ref, time, , value], i) => {
    memory.f64[refs / 8 + i] = ref;
    memory.f64[times / 8 + i] = time;
    bits[values / 8 + i] = value;
  });
  wal.samples(
    refs,
    times,
    values,
    samples.length,
    Float64Array.from(samples, ([, , start]) => start),
  );
  wal.flush();
  await wal.close();
  const file = fs.contents(`${dir}/00000000`);
  assert.equal(
    file.subarray(7, 7 + 59).toHex(),
    '0bd80480a0abfef962b090abfef9623ff00000000000000200017ff0000000000002d5040200bfe0000000000000000402cf0f4008000000000000',
  );
});
