// Segments read by a thread of their own: the same records and the same damage as without it.
import assert from 'node:assert/strict';
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'node:test';
import {SizeClassArena} from '../../kernels/arena.ts';
import {crc32c} from '../../kernels/crc32c.ts';
import {loadKernels} from '../../kernels/kernels.ts';
import {arenaStart, LinearMemory} from '../../kernels/memory.ts';
import {systemClock} from '../../sys/clock.ts';
import {nodeFileSystem} from '../../sys/fs.ts';
import {noLogger} from '../../sys/log.ts';
import type {LogMemory} from './page-buffer.ts';
import {replay, type ReplayResult} from './replay.ts';
import {Wal} from './wal.ts';

function openMemory(): LogMemory {
  const memory = LinearMemory.reserve(2 ** 26);
  return {
    memory,
    kernels: loadKernels(memory),
    arena: new SizeClassArena(memory, arenaStart, memory.byteLength),
  };
}

/** More than the least for which a thread is started. */
async function writeLog(dir: string, {count = 4096, rounds = 1400, noiseMask = -1} = {}): Promise<void> {
  const linear = openMemory();
  const {memory, arena} = linear;
  const wal = new Wal({
    fs: nodeFileSystem,
    dir,
    segment: 0,
    log: noLogger,
    clock: systemClock,
    linear,
    segmentBytes: 8 * 2 ** 20,
  });
  const [refs, times, values] = [arena.alloc(8 * count), arena.alloc(8 * count), arena.alloc(8 * count)];
  for (let ref = 1; ref <= count; ref++) wal.series(ref, ['__name__', `metric_${ref}`]);
  let noise = 1;
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < count; i++) {
      noise = Math.imul(noise, 0x9e3779b1) + 1;
      memory.f64[(refs >>> 3) + i] = i + 1;
      memory.f64[(times >>> 3) + i] = 1000 * round;
      memory.i32[(values >>> 2) + 2 * i] = noise & noiseMask;
      memory.i32[(values >>> 2) + 2 * i + 1] = 0x40000000 | (noise >>> 8);
    }
    wal.samples(refs, times, values, count);
    wal.flush();
  }
  await wal.close();
}

interface Found extends Partial<ReplayResult> {
  hash: number;
  last: number;
}

async function read(dir: string, linear: LogMemory | null): Promise<Found> {
  let hash = 0;
  let last = 0;
  const result = await replay({
    fs: nodeFileSystem,
    dir,
    corruptDir: `${dir}.corrupt`,
    sink: {
      series: (ref) => (hash = Math.imul(hash ^ ref, 31)),
      samples(refs, times, values, length) {
        const words = new Int32Array(values.buffer, values.byteOffset, 2 * length);
        for (let i = 0; i < length; i += 17) hash = Math.imul(hash ^ refs[i]! ^ words[2 * i]!, 31);
        last = times[length - 1]!;
      },
      histograms() {},
      metadata() {},
      exemplar() {},
      tombstone() {},
    },
    log: noLogger,
    clock: systemClock,
    linear,
    readOnly: true,
  });
  const {segments, samples, series, bytesCut, tornTails, corruptions} = result;
  return {segments, samples, series, bytesCut, tornTails, corruptions, hash, last};
}

test('replay() with a thread that reads ahead finds what it finds without', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'narthex-readahead-'));
  try {
    await writeLog(dir);
    const linear = openMemory();
    const before = linear.arena.bytesInUse;
    // Without the linear memory there is no thread.
    const sound = await read(dir, null);
    assert.equal(sound.samples, 1400 * 4096);
    assert.deepEqual(await read(dir, linear), sound);
    assert.equal(linear.arena.bytesInUse, before);

    // A flipped bit in the middle, and the end cut off.
    const file = openSync(join(dir, '00000002'), 'r+');
    writeSync(file, Uint8Array.of(0xff), 0, 1, 3_000_000);
    closeSync(file);
    const last = join(dir, readdirSync(dir).sort().at(-1)!);
    writeFileSync(last, readFileSync(last).subarray(0, -40_000));
    const damaged = await read(dir, null);
    assert.equal(damaged.corruptions!.length, 1);
    assert.equal(damaged.tornTails, 1);
    assert.ok(damaged.samples! < sound.samples!);
    assert.deepEqual(await read(dir, linear), damaged);
  } finally {
    rmSync(dir, {recursive: true, force: true});
  }
});

/** Damages what snappy has made of the first record at or behind `offset` that lies in one fragment, and makes the checksum right again. */
function damageCompressed(path: string, offset: number): void {
  const bytes = readFileSync(path);
  let at = offset - (offset % 32_768);
  for (; at < offset || (bytes[at]! & 7) !== 1; at += 7 + bytes.readUInt16BE(at + 1)) {
    // A page ends with zeros.
    if (bytes[at] === 0) at += 32_768 - (at % 32_768);
  }
  assert.equal(bytes[at]! & 8, 8, 'it is compressed');
  const data = at + 7;
  const end = data + bytes.readUInt16BE(at + 1);
  // A copy from before the beginning.
  bytes.set([0xff, 0xff, 0xff, 0xff, 0xff], data + 3);
  bytes.writeUInt32BE(crc32c(bytes, data, end), at + 3);
  writeFileSync(path, bytes);
}

test('replay() with a thread that reads ahead leaves out what does not expand, and goes on behind it', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'narthex-readahead-'));
  try {
    // Records that lie in one fragment are handed over as they are stored, as long as little is ahead.
    await writeLog(dir, {count: 500, rounds: 12_000, noiseMask: 0});
    const linear = openMemory();
    const sound = await read(dir, null);
    damageCompressed(join(dir, '00000000'), 10_000);
    damageCompressed(join(dir, '00000003'), 1_000_000);
    damageCompressed(join(dir, '00000003'), 1_100_000);
    const damaged = await read(dir, null);
    assert.equal(damaged.corruptions!.length, 2, 'a segment each');
    assert.equal(damaged.samples, sound.samples! - 3 * 500);
    assert.deepEqual(await read(dir, linear), damaged);
  } finally {
    rmSync(dir, {recursive: true, force: true});
  }
});

test('replay() ends its thread where the sink throws', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'narthex-readahead-'));
  try {
    await writeLog(dir);
    const linear = openMemory();
    const failing = replay({
      fs: nodeFileSystem,
      dir,
      corruptDir: `${dir}.corrupt`,
      sink: {
        series() {},
        samples() {
          throw new RangeError('full');
        },
        histograms() {},
        metadata() {},
        exemplar() {},
        tombstone() {},
      },
      log: noLogger,
      clock: systemClock,
      linear,
      readOnly: true,
    });
    await assert.rejects(failing, /full/);
  } finally {
    rmSync(dir, {recursive: true, force: true});
  }
});
