import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import test from 'node:test';
import {buildKernels} from './build-kernels.ts';

test('src/kernels/kernels.wasm.ts is what kernels/ compiles to', async () => {
  const committed = readFileSync(new URL('../src/kernels/kernels.wasm.ts', import.meta.url), 'utf8');
  assert.ok(
    committed === (await buildKernels()),
    'the committed kernels are stale: run `npm run build:kernels`',
  );
});
