// Puts numbered entries into a ring as fast as there is room, for the test of the ring.
import {workerData} from 'node:worker_threads';
import {LinearMemory} from '../../../kernels/memory.ts';
import {entryKind, RecordRing} from '../recordring.ts';

const {memory, ring, source, count} = workerData as {
  memory: WebAssembly.Memory;
  ring: number;
  source: number;
  count: number;
};
const linear = new LinearMemory(memory);
const target = new RecordRing(linear, ring);
for (let i = 0; i < count; i++) {
  const length = i % 7 === 0 ? (i * 997) % 60_000 : i % 90;
  linear.u8.fill(i & 255, source, source + length);
  if (!target.put(entryKind.record, {segment: 0, start: i, end: i + length}, source, length)) break;
}
target.put(entryKind.end, {segment: 0, start: count, end: count});
