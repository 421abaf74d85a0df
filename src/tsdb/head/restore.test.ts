// Series that the kernel reads from records: the same head as by way of strings.
import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../../base/random.ts';
import {SizeClassArena} from '../../kernels/arena.ts';
import {slotLabels} from '../../kernels/head-layout.ts';
import {blockEntries, blockPairs, entryList, listItems} from '../../kernels/index-layout.ts';
import {loadKernels} from '../../kernels/kernels.ts';
import {arenaStart, LinearMemory} from '../../kernels/memory.ts';
import {compareStrings, type Labels, labelsOf} from '../../model/labels.ts';
import {RecordDecoder} from '../wal/decode.ts';
import {RecordBuffer} from '../wal/encode.ts';
import {recordType} from '../wal/format.ts';
import {Head} from './head.ts';
import {slotAddress} from './series.ts';

function openHead(): Head {
  const memory = LinearMemory.reserve(2 ** 26);
  const arena = new SizeClassArena(memory, arenaStart, memory.byteLength);
  return new Head({memory, arena, kernels: loadKernels(memory)});
}

const names = ['__name__', 'a', 'ab', 'instance', 'job', 'long'.repeat(40), 'zone', 'größe', '温度', '🌡'];

/** Labels with names that rise, or, now and then, not. */
function randomLabels(random: Random): Labels {
  const chosen = names.filter(() => random.below(2) === 0).sort(compareStrings);
  if (chosen.length === 0) chosen.push('a');
  if (random.below(20) === 0) chosen.reverse();
  if (random.below(20) === 0) chosen.push(random.pick(names));
  return chosen.flatMap((name) => [
    name,
    random.below(30) === 0 ? '' : `${random.pick(['', 'x', 'ü'.repeat(70)])}${random.below(6)}`,
  ]);
}

/** Each series with its ref, and the slots in the lists of its labels. */
function describe(head: Head): unknown[] {
  const {series, texts, memory} = head;
  const {u32} = memory;
  return Array.from({length: series.slotCount}, (_, slot) => {
    const labels = series.labels(slot, texts);
    assert.ok(series.find(labels));
    assert.equal(series.slot, slot);
    const block = u32[(slotAddress(u32, slot) + slotLabels) >>> 2]!;
    const lists = Array.from({length: u32[(block + blockPairs) >>> 2]!}, (__, i) => {
      const entry = u32[((block + blockEntries) >>> 2) + i]!;
      const list = u32[(entry + entryList) >>> 2]!;
      const first = (list + listItems) >>> 2;
      return [...u32.subarray(first, first + u32[list >>> 2]!)];
    });
    return {ref: series.ref(slot), labels, lists};
  });
}

function pairsOf(labels: Labels): [string, string][] {
  return Array.from({length: labels.length / 2}, (_, i) => [labels[2 * i]!, labels[2 * i + 1]!]);
}

function validLabels(labels: Labels): Labels {
  return labelsOf(pairsOf(labels));
}

/** A record in the linear memory, taken by the kernel; its number of series, or -1. */
function take(head: Head, record: Uint8Array, sink: ReturnType<Head['replay']>): number {
  const address = head.arena.alloc(record.length);
  head.memory.u8.set(record, address);
  const count = sink.seriesRecord(address, record.length, (ref, labels) => {
    const valid = validLabels(labels);
    if (valid.length > 0) sink.series(ref, valid);
  });
  head.memory.u8.fill(0xee, address, address + record.length);
  head.arena.free(address, record.length);
  return count;
}

test('HeadReplay.seriesRecord() makes the series that series() makes, for any seed', () => {
  const seed = Math.floor(Math.random() * 2 ** 32);
  for (let round = 0; round < 20; round++) {
    const random = new Random(seed + round);
    const plain = openHead();
    const fast = openHead();
    const plainSink = plain.replay(null);
    const fastSink = fast.replay(null);
    const decoder = new RecordDecoder();
    let ref = 1;
    for (let i = 0; i < 30; i++) {
      const buffer = new RecordBuffer();
      buffer.begin(recordType.series);
      for (let n = random.below(40); n >= 0; n--) {
        ref += random.below(3) === 0 ? random.below(2 ** 40) : random.below(2);
        buffer.series(ref, randomLabels(random));
      }
      const record = buffer.bytes.slice(0, buffer.length);
      // Some records end too early, or have a byte that differs.
      const cut = random.below(6) === 0 ? record.subarray(0, 1 + random.below(record.length)) : record;
      if (random.below(6) === 0) cut[1 + random.below(cut.length - 1)] = random.below(256);
      let expected = -1;
      try {
        expected = decoder.series(cut, (each, labels) => {
          const valid = validLabels(labels);
          if (valid.length > 0) plainSink.series(each, valid);
        });
      } catch (error) {
        assert.ok(error instanceof RangeError);
      }
      const count = take(fast, cut, fastSink);
      if (count !== -1 || expected === -1) assert.equal(count, expected, `seed ${seed}, round ${round}`);
      else decoder.series(cut, (each, labels) => fastSink.series(each, validLabels(labels)));
    }
    assert.deepEqual(describe(fast), describe(plain), `seed ${seed}, round ${round}`);
    assert.deepEqual(fastSink.otherRefs, plainSink.otherRefs);
    assert.deepEqual(fast.nextRef(), plain.nextRef());
  }
});
