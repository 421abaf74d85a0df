// Plain twin of kernels/append.ts: the same changes to the same bytes, written to be read.
import * as layout from './head-layout.ts';
import type {LinearMemory} from './memory.ts';
import {appendXor, BitWriter, XorState} from './xor.ts';

const staleBits = 0x7ff0000000000002n;

/** Fields of a slot, a fragment or the context, by address and offset. */
class Fields {
  readonly memory: LinearMemory;
  readonly bits64: BigUint64Array;

  constructor(memory: LinearMemory) {
    this.memory = memory;
    this.bits64 = new BigUint64Array(memory.wasm.buffer);
  }

  u32(address: number): number {
    return this.memory.u32[address >>> 2]!;
  }

  f64(address: number): number {
    return this.memory.f64[address >>> 3]!;
  }

  u64(address: number): bigint {
    return this.bits64[address >>> 3]!;
  }

  setU32(address: number, value: number): void {
    this.memory.u32[address >>> 2] = value;
  }

  setF64(address: number, value: number): void {
    this.memory.f64[address >>> 3] = value;
  }

  setU64(address: number, value: bigint): void {
    this.bits64[address >>> 3] = BigInt.asUintN(64, value);
  }

  count(address: number): void {
    this.setU32(address, this.u32(address) + 1);
  }

  /** Address of the slot of sample `i` of the batch; -1 where the number is no slot. */
  slot(context: number, i: number): number {
    const number = this.u32(this.u32(context + layout.appendSlots) + 4 * i);
    if (number >= this.u32(context + layout.appendSlotCount)) return -1;
    const segment = this.u32(
      this.u32(context + layout.appendDirectory) + 4 * (number >>> layout.segmentSlotsLog2),
    );
    return segment + (number % (1 << layout.segmentSlotsLog2)) * layout.slotBytes;
  }
}

const refusals = new Map([
  [layout.statusOutOfOrder, layout.appendOutOfOrder],
  [layout.statusDuplicate, layout.appendDuplicates],
  [layout.statusOutOfBounds, layout.appendOutOfBounds],
  [layout.statusNoSeries, layout.appendNoSeries],
]);

export function checkBatch(memory: LinearMemory, context: number, length: number): number {
  const fields = new Fields(memory);
  let logged = 0;
  for (let i = 0; i < length; i++) {
    const time = fields.f64(fields.u32(context + layout.appendTimes) + 8 * i);
    const value = fields.u64(fields.u32(context + layout.appendValues) + 8 * i);
    const slot = fields.slot(context, i);
    const status = checkSample(fields, context, {i, slot, time, value});
    memory.u8[fields.u32(context + layout.appendStatuses) + i] = status;
    const refused = refusals.get(status);
    if (refused !== undefined) fields.count(context + refused);
    else if (time > fields.f64(slot + layout.slotLastTime)) {
      fields.setF64(
        fields.u32(context + layout.appendLogRefs) + 8 * logged,
        fields.f64(slot + layout.slotRef),
      );
      fields.setF64(fields.u32(context + layout.appendLogTimes) + 8 * logged, time);
      fields.setU64(fields.u32(context + layout.appendLogValues) + 8 * logged, value);
      logged++;
    }
  }
  return logged;
}

interface Sample {
  i: number;
  slot: number;
  time: number;
  value: bigint;
}

function checkSample(fields: Fields, context: number, {i, slot, time, value}: Sample): number {
  const inBounds = time >= fields.f64(context + layout.appendMinValid) && Math.abs(time) <= 2 ** 53;
  if (!inBounds) return layout.statusOutOfBounds;
  const generation = fields.u32(fields.u32(context + layout.appendGenerations) + 4 * i);
  const alive =
    slot !== -1 &&
    fields.u32(slot + layout.slotGeneration) === generation &&
    fields.u32(slot + layout.slotLabels) !== 0;
  if (!alive) return layout.statusNoSeries;
  return checkOrder(fields, slot, time, value) ?? layout.statusPending;
}

/** What a sample is that is not newer than its series; null for one that is, or for the newest one once more. */
function checkOrder(fields: Fields, slot: number, time: number, value: bigint): number | null {
  const last = fields.f64(slot + layout.slotLastTime);
  if (time < last) return layout.statusOutOfOrder;
  if (time === last && value !== fields.u64(slot + layout.slotLastValue)) return layout.statusDuplicate;
  return null;
}

export function appendBatch(memory: LinearMemory, context: number, from: number, length: number): number {
  const fields = new Fields(memory);
  const statuses = fields.u32(context + layout.appendStatuses);
  fields.setU32(context + layout.appendStop, layout.stopDone);
  for (let i = from; i < length; i++) {
    if (memory.u8[statuses + i] !== layout.statusPending) continue;
    const slot = fields.slot(context, i);
    const time = fields.f64(fields.u32(context + layout.appendTimes) + 8 * i);
    const value = fields.u64(fields.u32(context + layout.appendValues) + 8 * i);
    const refused = checkOrder(fields, slot, time, value);
    const known = time === fields.f64(slot + layout.slotLastTime);
    if (refused === null && !known) {
      const stop = stopBefore(fields, context, slot, time);
      if (stop !== layout.stopDone) {
        fields.setU32(context + layout.appendStop, stop);
        return i;
      }
      appendSample(fields, context, slot, time, value);
    }
    memory.u8[statuses + i] = refused ?? layout.statusAccepted;
    fields.count(context + (refused === null ? layout.appendAccepted : refusals.get(refused)!));
  }
  return length;
}

function stopBefore(fields: Fields, context: number, slot: number, time: number): number {
  if (fields.u32(context + layout.appendPool) === 0) return layout.stopFragments;
  const {u16} = fields.memory;
  const count = u16[(slot + layout.slotOpenCount) >>> 1]!;
  if (count === 0) {
    fields.count(context + layout.appendChunksCreated);
    return layout.stopDone;
  }
  const bytes = 2 + Math.ceil(layout.openBits(u16[(slot + layout.slotOpenPlace) >>> 1]!) / 8);
  if (bytes > layout.chunkBytesBeforeAppend) return layout.stopSeal;
  if (count === layout.chunkSamples / 4) {
    const start = openFirstTime(fields, fields.u32(slot + layout.slotOpen));
    const last = fields.f64(slot + layout.slotLastTime);
    fields.setF64(slot + layout.slotNextAt, expectedEnd(start, last, fields.f64(slot + layout.slotNextAt)));
  }
  const full = time >= fields.f64(slot + layout.slotNextAt) || count >= layout.chunkSamples * 2;
  return full ? layout.stopSeal : layout.stopDone;
}

/**
 * Prometheus's computeChunkEndTime (tsdb/head_append.go): a quarter of a chunk's samples took from `start` to `last`; the time up
 * to `end` is cut into equal parts as long as four times that.
 */
export function expectedEnd(start: number, last: number, end: number): number {
  const chunks = (end - start) / ((last - start + 1) * 4);
  return chunks <= 1 ? end : Math.trunc(start + (end - start) / Math.floor(chunks));
}

function openFirstTime(fields: Fields, tail: number): number {
  for (let previous = fields.u32(tail); previous !== 0; previous = fields.u32(tail)) tail = previous;
  let zigzag = 0n;
  for (let at = tail + layout.fragmentData, shift = 0n; ; at++, shift += 7n) {
    const byte = fields.memory.u8[at]!;
    zigzag |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  return Number((zigzag >> 1n) ^ -(zigzag & 1n));
}

function appendSample(fields: Fields, context: number, slot: number, time: number, value: bigint): void {
  const {u8, u16} = fields.memory;
  const state = new XorState();
  state.count = u16[(slot + layout.slotOpenCount) >>> 1]!;
  state.value = fields.u64(slot + layout.slotLastValue);
  const stale = Number(value === staleBits) - Number(state.value === staleBits);
  if (state.count > 0) {
    state.time = BigInt(fields.f64(slot + layout.slotLastTime));
    state.timeDelta = BigInt.asIntN(64, fields.u64(slot + layout.slotTimeDelta));
    state.leading = u8[slot + layout.slotLeading]!;
    state.trailing = u8[slot + layout.slotTrailing]!;
  } else {
    const range = fields.f64(context + layout.appendChunkRange);
    fields.setF64(slot + layout.slotNextAt, time - (time % range) + range);
  }
  const before = state.count;
  const out = new BitWriter();
  appendXor(out, state, BigInt(time), value);
  writeBits(fields, context, slot, out);
  u16[(slot + layout.slotOpenCount) >>> 1] = state.count;
  fields.setF64(slot + layout.slotLastTime, time);
  fields.setU64(slot + layout.slotLastValue, value);
  // A chunk's first sample leaves the gap and the trailing zeros of the chunk before: they are not looked at.
  if (before > 0) fields.setU64(slot + layout.slotTimeDelta, state.timeDelta);
  u8[slot + layout.slotLeading] = state.leading;
  if (before > 0 && state.leading !== 255) u8[slot + layout.slotTrailing] = state.trailing;
  fields.count(context + layout.appendStored);
  fields.setU32(context + layout.appendStale, (fields.u32(context + layout.appendStale) + stale) >>> 0);
  fields.setF64(context + layout.appendMinTime, Math.min(time, fields.f64(context + layout.appendMinTime)));
  fields.setF64(context + layout.appendMaxTime, Math.max(time, fields.f64(context + layout.appendMaxTime)));
}

/** Writes bits behind those of the slot's open chunk, taking fragments from the pool. */
function writeBits(fields: Fields, context: number, slot: number, out: BitWriter): void {
  const {u8, u16} = fields.memory;
  let bits = layout.openBits(u16[(slot + layout.slotOpenPlace) >>> 1]!);
  let tail = fields.u32(slot + layout.slotOpen);
  for (let i = 0; i < out.bits; i++, bits++) {
    const at = bits % layout.fragmentDataBits;
    if (at === 0) {
      const fragment = fields.u32(context + layout.appendPool);
      fields.setU32(context + layout.appendPool, fields.u32(fragment));
      fields.setU32(fragment, tail);
      tail = fragment;
    }
    const byte = tail + layout.fragmentData + (at >>> 3);
    const mask = 0x80 >>> (at & 7);
    const bit = (out.bytes[i >>> 3]! & (0x80 >>> (i & 7))) !== 0;
    if (at % 8 === 0) u8[byte] = 0;
    if (bit) u8[byte]! |= mask;
  }
  fields.setU32(slot + layout.slotOpen, tail);
  // Each fragment begins with an address of 32 bits.
  u16[(slot + layout.slotOpenPlace) >>> 1] = bits + 32 * Math.ceil(bits / layout.fragmentDataBits);
}

export function gatherChunk(
  memory: LinearMemory,
  tail: number,
  count: number,
  bits: number,
  chunk: number,
): void {
  const {u8, u32} = memory;
  const fragments: number[] = [];
  for (let fragment = tail; fragment !== 0; fragment = u32[fragment >>> 2]!) fragments.unshift(fragment);
  u8[chunk] = count >>> 8;
  u8[chunk + 1] = count;
  for (let i = 0; i < Math.ceil(bits / 8); i++) {
    const fragment = fragments[Math.floor(i / layout.fragmentDataBytes)]!;
    u8[chunk + 2 + i] = u8[fragment + layout.fragmentData + (i % layout.fragmentDataBytes)]!;
  }
}
