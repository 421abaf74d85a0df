import assert from 'node:assert/strict';
import test from 'node:test';
import {codeBlockBytes, CodePages, type CodeMapping} from './code-pages.ts';

/** Memory of blocks from `mapping` on: what is touched is there until it is given back. */
class Simulated {
  readonly there = new Set<number>();
  isKnown = true;
  readonly given: [number, number][] = [];

  presentBlocks({address, bytes}: CodeMapping): Uint8Array | null {
    if (!this.isKnown) return null;
    const first = Math.floor(address / codeBlockBytes);
    const end = Math.ceil((address + bytes) / codeBlockBytes);
    return Uint8Array.from({length: end - first}, (_, i) => Number(this.there.has(first + i)));
  }

  giveBack(address: number, bytes: number): void {
    this.given.push([address / 4096, bytes / 4096]);
    for (let at = address; at < address + bytes; at += 4096)
      this.there.delete(Math.floor(at / codeBlockBytes));
  }
}

/** From the middle of block 1 to the middle of block 9. */
const mapping: CodeMapping = {address: 1.5 * codeBlockBytes, bytes: 8 * codeBlockBytes};

test('code that is needed again and again stays, and other code goes', () => {
  const system = new Simulated();
  const pages = new CodePages([mapping], system);
  const f = (...touched: number[]): [number, number][] => {
    for (const block of touched) system.there.add(block);
    system.given.length = 0;
    pages.giveBack();
    return [...system.given];
  };
  // What the start has touched, at its pages: half a block, three blocks, half a block.
  assert.deepEqual(f(1, 2, 3, 4, 9), [
    [24, 56],
    [144, 8],
  ]);
  // Once may be chance.
  assert.deepEqual(f(3, 4, 7), [
    [48, 32],
    [112, 16],
  ]);
  assert.deepEqual(f(3, 4, 5), [[80, 16]]);
  for (let time = 3; time < 12; time++) assert.deepEqual(f(), [], String(time));
  // Whether it still is needed is seen when it has gone.
  assert.deepEqual(f(), [[48, 32]]);
  assert.deepEqual(f(3), []);
  assert.deepEqual(f(4), [[64, 16]]);
});

test('where the system does not tell, all of it goes', () => {
  const system = new Simulated();
  system.isKnown = false;
  const pages = new CodePages([mapping], system);
  for (let time = 0; time < 3; time++) pages.giveBack();
  assert.deepEqual(system.given, [
    [24, 128],
    [24, 128],
    [24, 128],
  ]);
});
