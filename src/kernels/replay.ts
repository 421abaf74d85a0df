// Plain twin of kernels/replay.ts: the same columns from the same record of samples (walsamples.ts draws the bytes).
import {ByteReader} from '../base/varint.ts';
import {statusPending} from './head-layout.ts';
import type {LinearMemory} from './memory.ts';
import {refPlace} from './refplace.ts';
import * as layout from './replay-layout.ts';

const timeMax = 2 ** 53;

/** See the kernel. The record's base ref and time are whole numbers within 2^53. */
export function replaySamples(memory: LinearMemory, context: number, at: number, end: number): number {
  const {u8, u32, f64} = memory;
  const word = (field: number): number => u32[(context + field) >>> 2]!;
  let written = word(layout.replayWritten);
  let total = 0;
  let unknown = 0;
  let unknownRef = f64[(context + layout.replayUnknownRef) >>> 3]!;
  while (at < end && written < word(layout.replayCapacity)) {
    const sample = readSample(memory, context, at, end);
    if (sample === null) return 0;
    const {ref, time, value} = sample;
    at = value + 8;
    total++;
    const place = findPlace(memory, context, ref);
    const known = place === -1 ? Infinity : f64[(word(layout.replayKnown) >>> 3) + place]!;
    if (known === Infinity) unknown++;
    if (place === -1) unknownRef = Math.max(unknownRef, ref);
    const isWanted = time > known && time >= f64[(context + layout.replayMinTime) >>> 3]!;
    if (!isWanted || Math.abs(time) > timeMax) continue;
    u32[(word(layout.replayOutSlots) >>> 2) + written] = u32[(word(layout.replaySlots) >>> 2) + place]!;
    f64[(word(layout.replayOutTimes) >>> 3) + written] = time;
    for (let byte = 0; byte < 8; byte++) {
      u8[word(layout.replayOutValues) + 8 * written + byte] = u8[value + 7 - byte]!;
    }
    u8[word(layout.replayOutStatuses) + written] = statusPending;
    written++;
  }
  u32[(context + layout.replayWritten) >>> 2] = written;
  u32[(context + layout.replayTotal) >>> 2]! += total;
  u32[(context + layout.replayUnknown) >>> 2]! += unknown;
  f64[(context + layout.replayUnknownRef) >>> 3] = unknownRef;
  return at;
}

export function areSamples(memory: LinearMemory, context: number, at: number, end: number): number {
  while (at < end) {
    const sample = readSample(memory, context, at, end);
    if (sample === null) return 0;
    at = sample.value + 8;
  }
  return 1;
}

/** `value` is where it lies. Null where there is no sample. */
function readSample(
  memory: LinearMemory,
  context: number,
  at: number,
  end: number,
): {ref: number; time: number; value: number} | null {
  const bases = new BigInt64Array(memory.wasm.buffer, context + layout.replayBaseRef, 2);
  const reader = new ByteReader(memory.u8, at, end);
  try {
    const ref = Number(bases[0]) + reader.varint();
    const time = Number(bases[1]) + reader.varint();
    const value = reader.skip(8);
    return ref >= 0 && ref <= Number.MAX_SAFE_INTEGER ? {ref, time, value} : null;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function findPlace({u32, wasm}: LinearMemory, context: number, ref: number): number {
  const refs = u32[(context + layout.replayRefs) >>> 2]!;
  const places = u32[(context + layout.replayMask) >>> 2]! + 1;
  const at = refPlace(new Float64Array(wasm.buffer, refs, places), ref);
  return ref === 0 || new Float64Array(wasm.buffer, refs, places)[at] === 0 ? -1 : at;
}
