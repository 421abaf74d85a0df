// The chunks of our head, byte for byte, against those that promtool writes from the same samples.
import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'node:test';
import {Random} from '../../src/base/random.ts';
import {SizeClassArena} from '../../src/kernels/arena.ts';
import {loadKernels} from '../../src/kernels/kernels.ts';
import {arenaStart, LinearMemory} from '../../src/kernels/memory.ts';
import {normalNaNHigh, normalNaNLow} from '../../src/model/value.ts';
import {decodeXor} from '../../src/kernels/xor.ts';
import type {SeriesRef} from '../../src/storage/appender.ts';
import {chunkBytes, sealedEntries} from '../../src/tsdb/head/chunks.ts';
import {Head} from '../../src/tsdb/head/head.ts';
import {slotAddress} from '../../src/tsdb/head/series.ts';
import {requireProgram} from '../lib/narthex.ts';

const blockRangeMs = 7_200_000;

interface Sample {
  timeMs: number;
  /** As OpenMetrics has it. */
  time: string;
  value: number;
}

const nasty = [
  0,
  -0,
  Infinity,
  -Infinity,
  NaN,
  5e-324,
  2.2250738585072014e-308,
  -1.7976931348623157e308,
  1e-300,
  2 ** 53,
];

/** Values of each kind, at intervals with and without jitter, over several blocks. */
function makeSeries(random: Random, kind: number): Sample[] {
  const samples: Sample[] = [];
  const interval = random.pick([5, 15, 60]);
  let seconds = 1_700_000_000 + random.below(100);
  let value = random.below(1000);
  for (let i = 0; i < 700; i++) {
    const time = random.below(3) === 0 ? (seconds + random.below(1000) / 1000).toFixed(3) : `${seconds}`;
    // The same rounding as in the parser of the reference.
    samples.push({timeMs: Math.trunc(Number(time) * 1000), time, value});
    seconds +=
      1 + interval + (kind % 2) * random.below(4) + (random.below(150) === 0 ? random.below(20_000) : 0);
    if (kind === 0) value += random.below(5);
    else if (kind === 1) value = Math.round(random.float() * 10_000) / 100;
    else if (kind === 2) value = random.float();
    else if (kind === 3) value = random.pick(nasty);
    else if (kind === 4) value = random.below(30) === 0 ? random.below(100) : value;
    else value = (random.float() - 0.5) * 10 ** (random.below(600) - 300);
  }
  return samples;
}

function openMetrics(series: readonly Sample[][]): string {
  const lines: string[] = [];
  series.forEach((samples, i) => {
    lines.push(`# TYPE ${nameOf(i)} gauge`);
    for (const {time, value} of samples) {
      const text = Object.is(value, -0) ? '-0' : String(value).replace('Infinity', 'Inf');
      lines.push(`${nameOf(i)} ${text} ${time}`);
    }
  });
  return `${lines.join('\n')}\n# EOF\n`;
}

function nameOf(i: number): string {
  return `series_${String(i).padStart(3, '0')}`;
}

/** The chunks of our head as hex, by block and then by series. */
function ourChunks(series: readonly Sample[][]): string[] {
  const memory = LinearMemory.reserve(64 * 2 ** 20);
  const arena = new SizeClassArena(memory, arenaStart, memory.byteLength);
  // promtool tells its block writer that a block is twice as long as it is, and starts each block with an empty head.
  const head = new Head({memory, arena, kernels: loadKernels(memory), chunkRangeMs: 2 * blockRangeMs});
  const ref: SeriesRef = {slot: 0, generation: 0};
  const chunks: {block: number; series: number; hex: string}[] = [];
  series.forEach((samples, i) => {
    head.appender().series(['__name__', nameOf(i)], ref);
    const slot = slotAddress(memory.u32, ref.slot);
    for (const part of Map.groupBy(samples, ({timeMs}) => Math.floor(timeMs / blockRangeMs)).values()) {
      append(head, ref, part);
      head.chunks.seal(slot);
    }
    for (const entry of sealedEntries(memory, slot)) {
      const block = Math.floor(memory.f64[entry >>> 3]! / blockRangeMs);
      chunks.push({block, series: i, hex: chunkBytes(memory, entry).toHex()});
    }
  });
  assert.equal(head.stats().outOfOrder + head.stats().duplicates, 0);
  return chunks.sort((a, b) => a.block - b.block || a.series - b.series).map(({hex}) => hex);
}

function append(head: Head, ref: SeriesRef, samples: readonly Sample[]): void {
  const {batch} = head.appender();
  samples.forEach(({timeMs, value}, i) => {
    batch.slots[i] = ref.slot;
    batch.generations[i] = ref.generation;
    batch.times[i] = timeMs;
    if (Number.isNaN(value)) batch.valueWords.set([normalNaNLow, normalNaNHigh], 2 * i);
    else batch.values[i] = value;
  });
  batch.length = samples.length;
  // One series after the other: without the lower bound of time that ingestion has.
  head.appender().replay(-Infinity);
}

/** What our encoder makes of the samples of each chunk. */
function encodedAgain(chunks: readonly string[]): string[] {
  const memory = LinearMemory.reserve(64 * 2 ** 20);
  const kernels = loadKernels(memory);
  const valueBits = new BigUint64Array(memory.wasm.buffer);
  const [timesAt, valuesAt, state, chunk] = [131_072, 135_168, 139_264, 143_360];
  return chunks.map((hex) => {
    const {times, values} = decodeXor(Uint8Array.fromHex(hex));
    times.forEach((time, i) => (memory.f64[timesAt / 8 + i] = Number(time)));
    valueBits.set(values, valuesAt / 8);
    const bytes = kernels.xorEncode(timesAt, valuesAt, times.length, state, chunk);
    return memory.u8.subarray(chunk, chunk + bytes).toHex();
  });
}

/** The chunks in the blocks under `folder`, oldest block first. */
function theirChunks(folder: string): string[] {
  const blocks = readdirSync(folder)
    .filter((name) => name.length === 26)
    .map((name) => {
      const meta = JSON.parse(readFileSync(join(folder, name, 'meta.json'), 'utf8')) as {minTime: number};
      return {name, minTime: meta.minTime};
    })
    .sort((a, b) => a.minTime - b.minTime);
  return blocks.flatMap(({name}) => readSegment(readFileSync(join(folder, name, 'chunks', '000001'))));
}

/** magic:u32 version:u8 padding:3, then length:uvarint encoding:u8 data crc:u32 each. */
function readSegment(bytes: Uint8Array): string[] {
  const chunks: string[] = [];
  for (let at = 8; at < bytes.length;) {
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]!;
      length |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    assert.equal(bytes[at], 1, 'the chunk is an XOR chunk');
    chunks.push(bytes.subarray(at + 1, at + 1 + length).toHex());
    at += 1 + length + 4;
  }
  return chunks;
}

/** Whether promtool limits the bytes of a chunk, as Prometheus does from 2.44 on. */
function limitsBytes(promtool: string): boolean {
  const {stdout} = spawnSync(promtool, ['--version'], {encoding: 'utf8'});
  const [, major, minor] = /version (\d+)\.(\d+)/.exec(stdout) ?? [];
  assert.ok(major !== undefined, `promtool says its version: ${stdout}`);
  return Number(major) > 2 || Number(minor) >= 44;
}

/** Writes blocks with promtool and returns their chunks. */
function promtoolChunks(promtool: string, series: readonly Sample[][]): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'narthex-xor-'));
  try {
    writeFileSync(join(folder, 'samples.om'), openMetrics(series));
    const blocks = join(folder, 'blocks');
    const args = ['tsdb', 'create-blocks-from', 'openmetrics', join(folder, 'samples.om'), blocks];
    const made = spawnSync(promtool, args, {encoding: 'utf8'});
    assert.equal(made.status, 0, made.stderr);
    return theirChunks(blocks);
  } finally {
    rmSync(folder, {recursive: true});
  }
}

/** Versions before 2.44 leave a spare zero byte where the bits end with a byte. */
function sameChunk(ours: string, theirs: string, message: string): void {
  if (theirs !== `${ours}00`) assert.equal(ours, theirs, message);
}

const seed = Number(process.env['SEED'] ?? 2026);

test('the head makes the chunks of promtool, byte for byte', () => {
  const promtool = process.env['PROMTOOL'] ?? requireProgram('promtool', 'prometheus');
  const random = new Random(seed);
  // Values that take many bytes show the limit of bytes, where there is one.
  const kinds = limitsBytes(promtool) ? [0, 1, 2, 3, 4, 5] : [0, 4];
  const series = Array.from({length: 48}, (_, i) => makeSeries(random, kinds[i % kinds.length]!));
  const [ours, theirs] = [ourChunks(series), promtoolChunks(promtool, series)];
  assert.ok(theirs.length > 300, `${theirs.length} chunks`);
  assert.equal(ours.length, theirs.length, `seed ${seed}`);
  ours.forEach((chunk, i) => sameChunk(chunk, theirs[i]!, `seed ${seed}: chunk ${i}`));
});

test('xorEncode() makes the chunks of promtool, byte for byte', () => {
  const promtool = process.env['PROMTOOL'] ?? requireProgram('promtool', 'prometheus');
  const random = new Random(seed + 1);
  const series = Array.from({length: 24}, (_, i) => makeSeries(random, i % 6));
  const chunks = promtoolChunks(promtool, series);
  assert.ok(chunks.length > 100, `${chunks.length} chunks`);
  encodedAgain(chunks).forEach((chunk, i) => sameChunk(chunk, chunks[i]!, `seed ${seed}: chunk ${i}`));
});
