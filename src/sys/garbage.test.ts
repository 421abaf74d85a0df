import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {join} from 'node:path';
import test from 'node:test';

const garbage = join(import.meta.dirname, 'garbage.ts');

/** Runs a module in a process that may collect garbage, and reads the numbers that it prints. */
function run(code: string): number[] {
  const {stdout, stderr, status} = spawnSync(
    process.execPath,
    ['--expose-gc', '--input-type=module', '-e', code],
    {
      encoding: 'utf8',
    },
  );
  assert.equal(status, 0, stderr);
  return stdout.trim().split(/\s+/).map(Number);
}

/** Of half a million objects one in a hundred stays: they lie in all pages. */
const scatter = `
  import {getHeapStatistics} from 'node:v8';
  import {compactNow, noteGarbage} from ${JSON.stringify(garbage)};
  const held = () => Math.round(getHeapStatistics().total_physical_size / 2 ** 20);
  let all = Array.from({length: 500_000}, (_, i) => ({a: i, b: i, c: [i]}));
  globalThis.kept = all.filter((_, i) => i % 100 === 0);
  all = null;
  gc();
  console.log(held());`;

test('noteGarbage() moves what stays together once it is quiet, where it lies in many pages', () => {
  const [before, after] = run(`${scatter}
    noteGarbage(64 * 2 ** 20);
    setTimeout(() => console.log(held()), 1500);`);
  assert.ok(before! > 30, `scattered over ${before} MiB`);
  assert.ok(after! < before! / 2, `${before} MiB, then ${after} MiB`);
});

test('noteGarbage() does so also where it is never quiet', () => {
  const [before, early, late] = run(`${scatter}
    const noting = setInterval(() => noteGarbage(64 * 2 ** 20), 100);
    setTimeout(() => console.log(held()), 2500);
    setTimeout(() => console.log(held()), 6500);
    setTimeout(() => clearInterval(noting), 6600);`);
  assert.ok(early! > before! / 2, `${before} MiB, then ${early} MiB: it waits for a while`);
  assert.ok(late! < before! / 2, `${before} MiB, then ${late} MiB`);
});

test('noteGarbage() of little does nothing of that', () => {
  const [before, after] = run(`${scatter}
    noteGarbage(2 ** 20);
    setTimeout(() => console.log(held()), 1500);`);
  assert.ok(after! > before! / 2, `${before} MiB, then ${after} MiB`);
});

test('compactNow() does it at once', () => {
  const [before, after] = run(`${scatter} compactNow(); console.log(held());`);
  assert.ok(after! < before! / 2, `${before} MiB, then ${after} MiB`);
});
