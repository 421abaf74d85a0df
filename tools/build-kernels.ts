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
    const base64 = withoutZeros(readFileSync(target)).toString('base64');
    return `// Built by tools/build-kernels.ts from kernels/. Do not edit.\nexport const kernelsBase64 =\n  '${base64}';\n`;
  } finally {
    rmSync(folder, {recursive: true, force: true});
  }
}

const dataSection = 11;
/** Says how many data segments there are; only needed where code names them, which it does not. */
const dataCountSection = 12;

/**
 * The module without the data segments that hold only zeros. Segments are written whenever a thread loads the kernels, over memory that
 * other threads use: zeros would for a moment take away the tables that these have made. New memory is zero without them.
 */
function withoutZeros(module: Buffer): Buffer {
  const parts = [module.subarray(0, 8)];
  for (let at = 8; at < module.length;) {
    const size = readUvarint(module, at + 1);
    const end = size.end + size.value;
    if (module[at] === dataSection) {
      const body = keepNonZero(module.subarray(size.end, end));
      parts.push(Buffer.from([dataSection]), uvarint(body.length), body);
    } else if (module[at] !== dataCountSection) parts.push(module.subarray(at, end));
    at = end;
  }
  return Buffer.concat(parts);
}

/** Segments: flags (0 = active, in the first memory), i32.const offset, end, length, bytes. */
function keepNonZero(section: Buffer): Buffer {
  const count = readUvarint(section, 0);
  const kept: Buffer[] = [];
  let at = count.end;
  for (let i = 0; i < count.value; i++) {
    if (section[at] !== 0 || section[at + 1] !== 0x41)
      throw new Error('a data segment is of an unexpected kind');
    const length = readUvarint(section, readUvarint(section, at + 2).end + 1);
    const end = length.end + length.value;
    if (section.subarray(length.end, end).some((byte) => byte !== 0)) kept.push(section.subarray(at, end));
    at = end;
  }
  return Buffer.concat([uvarint(kept.length), ...kept]);
}

function readUvarint(bytes: Buffer, at: number): {value: number; end: number} {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++]!;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return {value, end: at};
  }
}

function uvarint(value: number): Buffer {
  const bytes: number[] = [];
  for (; value >= 0x80; value >>>= 7) bytes.push((value & 0x7f) | 0x80);
  return Buffer.from([...bytes, value]);
}

if (import.meta.main) {
  const text = await buildKernels();
  if (process.argv.includes('--print')) process.stdout.write(text);
  else writeFileSync(output, text);
}
