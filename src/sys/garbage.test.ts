import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {join} from 'node:path';
import test from 'node:test';
import {giveBack} from './garbage.ts';

const garbage = join(import.meta.dirname, 'garbage.ts');

/** Runs a module in a process that may collect garbage, and reads the numbers that it prints. */
function run(code: string, ...flags: string[]): number[] {
  const {stdout, stderr, status} = spawnSync(
    process.execPath,
    ['--expose-gc', ...flags, '--input-type=module', '-e', code],
    {encoding: 'utf8'},
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

test('noteGarbage() finds garbage of the heap also where buffers have gone that were in use before', () => {
  const [before, after] = run(`
    import {getHeapStatistics} from 'node:v8';
    import {compactNow, noteGarbage} from ${JSON.stringify(garbage)};
    const used = () => Math.round(getHeapStatistics().used_heap_size / 2 ** 20);
    let buffer = new ArrayBuffer(2 ** 26);
    compactNow();
    buffer.transfer(0);
    let all = Array.from({length: 200_000}, (_, i) => ({a: i, b: i, c: [i]}));
    globalThis.kept = all.slice(0, 10);
    gc({type: 'minor'});
    gc({type: 'minor'});
    all = null;
    console.log(used());
    noteGarbage(64 * 2 ** 20);
    setTimeout(() => console.log(used()), 1500);`);
  assert.ok(after! < before! - 8, `${before} MiB, then ${after} MiB`);
});

test('compactNow() does it at once', () => {
  const [before, after] = run(`${scatter} compactNow(); console.log(held());`);
  assert.ok(after! < before! / 2, `${before} MiB, then ${after} MiB`);
});

test('giveBack() gives back what is large and owns its buffer', () => {
  const whole = new Uint8Array(2 ** 20);
  giveBack(whole);
  assert.equal(whole.length, 0);
  const small = new Uint8Array(1000);
  const part = new Uint8Array(2 ** 20).subarray(1000);
  const shared = new Uint8Array(new SharedArrayBuffer(2 ** 20));
  for (const each of [small, part, shared]) {
    const {length} = each;
    giveBack(each);
    assert.equal(each.length, length);
  }
});

test('giveBack() needs no collection', () => {
  const [before, after] = run(`
    import {giveBack} from ${JSON.stringify(garbage)};
    const held = () => Math.round(process.memoryUsage().arrayBuffers / 2 ** 20);
    const bytes = new Uint8Array(2 ** 26);
    console.log(held());
    giveBack(bytes);
    console.log(held());`);
  assert.ok(before! >= 64, `${before} MiB`);
  assert.ok(after! < 8, `${after} MiB`);
});

test('noteGarbage() keeps the nursery small where V8 marks old objects meanwhile', () => {
  const highest = (): number =>
    run(
      `import {getHeapSpaceStatistics} from 'node:v8';
      import {noteGarbage} from ${JSON.stringify(garbage)};
      const nursery = () => getHeapSpaceStatistics().find((space) => space.space_name === 'new_space').physical_space_size;
      const kept = Array.from({length: 400_000}, (_, i) => ({a: i, b: [i]}));
      let highest = 0;
      let at = 0;
      for (let round = 0; round < 2000; round++) {
        for (let i = 0; i < 100; i++) kept[(at += 7919) % kept.length] = {a: i, b: [i]};
        for (let i = 0, young = []; i < 500; i++) young.push({i, s: [i]});
        noteGarbage(100);
        highest = Math.max(highest, nursery());
      }
      console.log(highest);`,
      // As bin/narthex has them.
      '--max-semi-space-size=1',
      '--memory-saver-mode',
      '--single-threaded-gc',
    )[0]!;
  // Whether V8 is marking then is a matter of its timing. Where it is and nobody looks, the nursery has 6 to 10 MiB.
  for (let run = 0; run < 6; run++) {
    const bytes = highest();
    assert.ok(bytes < 5 * 2 ** 20, `${bytes} bytes`);
  }
});
