// Compiles kernels/index.ts with AssemblyScript into src/kernels/kernels.wasm.ts, which is committed, so that installing
// Narthex needs no compiler. `--print` writes the module to the standard output instead (for the test that compares).
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import asc from 'assemblyscript/asc';

const output = new URL('../src/kernels/kernels.wasm.ts', import.meta.url);

/** The text of src/kernels/kernels.wasm.ts, built from the sources. */
export async function buildKernels(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'narthex-kernels-'));
  try {
    const target = join(folder, 'kernels.wasm');
    const {error} = await asc.main([
      'kernels/index.ts',
      '--outFile',
      target,
      '--runtime',
      'stub',
      '--enable',
      'simd',
      '--enable',
      'threads',
      '--enable',
      'relaxed-simd',
      '--importMemory',
      '--sharedMemory',
      '--initialMemory',
      '2',
      '--maximumMemory',
      '65536',
      '--memoryBase',
      '1024',
      '--noAssert',
      '-O3',
      '--converge',
    ]);
    if (error) throw new Error(`cannot compile the kernels: ${error.message}`, {cause: error});
    const base64 = readFileSync(target).toString('base64');
    return `// Built by tools/build-kernels.ts from kernels/. Do not edit.\nexport const kernelsBase64 =\n  '${base64}';\n`;
  } finally {
    rmSync(folder, {recursive: true, force: true});
  }
}

if (import.meta.main) {
  const text = await buildKernels();
  if (process.argv.includes('--print')) process.stdout.write(text);
  else writeFileSync(output, text);
}
