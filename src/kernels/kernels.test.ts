import assert from 'node:assert/strict';
import test from 'node:test';
import {Worker} from 'node:worker_threads';
import {loadKernels} from './kernels.ts';
import {arenaStart, LinearMemory} from './memory.ts';
import {snappyCompress, snappyLength} from './snappy.ts';

test('a thread that loads the kernels does not disturb those that use them', async () => {
  const memory = LinearMemory.reserve(2 ** 22);
  const kernels = loadKernels(memory);
  const plain = Uint8Array.from({length: 2000}, (_, i) => (i % 11) * (i % 3));
  const packed = snappyCompress(plain);
  const {start} = snappyLength(packed);
  const source = arenaStart + 4096;
  const target = source + 8192;
  memory.u8.set(plain, arenaStart);
  memory.u8.set(packed, source);
  const expected = kernels.crc32c(arenaStart, plain.length, 0);
  const worker = new Worker(new URL('./testing-loader.ts', import.meta.url), {
    workerData: {memory: memory.wasm, times: 3000},
  });
  let done = false;
  const ended = new Promise((resolve) => worker.once('exit', resolve));
  worker.once('message', () => (done = true));
  let wrong = 0;
  while (!done) {
    for (let i = 0; i < 500; i++) {
      if (kernels.crc32c(arenaStart, plain.length, 0) !== expected) wrong++;
      kernels.snappyExpand(source + start, packed.length - start, target, plain.length);
      if (kernels.crc32c(target, plain.length, 0) !== expected) wrong++;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  await ended;
  assert.equal(wrong, 0);
});
