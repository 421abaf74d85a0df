import assert from 'node:assert/strict';
import test from 'node:test';
import {MemoryLedger} from './memory-ledger.ts';

test('MemoryLedger lets all places together hold no more than the limit', () => {
  const ledger = new MemoryLedger(10_240);
  const other = new MemoryLedger(10_240, ledger.places);
  assert.equal(ledger.hold(0, 6000), true);
  assert.equal(other.hold(1, 4096), true);
  assert.equal(other.hold(1, 5000), false);
  assert.equal(other.bytes, 6144 + 4096);
  assert.equal(ledger.hold(0, 0), true);
  assert.equal(other.hold(1, 10_240), true);
  ledger.note(0, 1);
  assert.equal(ledger.bytes, 11_264);
  assert.equal(other.hold(1, 0), true);
});

test('MemoryLedger.take() gives free places until there are none', () => {
  const ledger = new MemoryLedger(1, new Int32Array(new SharedArrayBuffer(8)));
  assert.equal(ledger.take(new Set()), 0);
  assert.equal(ledger.take(new Set([0])), 1);
  assert.equal(ledger.take(new Set([0, 1])), -1);
});
