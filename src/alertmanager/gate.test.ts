import assert from 'node:assert/strict';
import test from 'node:test';
import {Gate, type Pass} from './gate.ts';
import {SteppedClock} from './steppedclock.ts';

test('Gate lets so many begin, and the others in their order as those end', async () => {
  const clock = new SteppedClock(0);
  const gate = new Gate({clock, max: 2, patienceMs: 100});
  const begun: number[] = [];
  const passes: Pass[] = [];
  for (let i = 0; i < 5; i++)
    void gate.enter().then((pass) => {
      begun.push(i);
      passes[i] = pass;
    });
  await clock.runUntil(50);
  assert.deepEqual(begun, [0, 1]);
  gate.leave(passes[1]!);
  gate.leave(passes[1]!);
  await clock.runUntil(60);
  assert.deepEqual(begun, [0, 1, 2]);
});

test('Gate: what takes long holds up nobody', async () => {
  const clock = new SteppedClock(0);
  const gate = new Gate({clock, max: 2, patienceMs: 100});
  const begun: [number, number][] = [];
  for (let i = 0; i < 5; i++) void gate.enter().then(() => begun.push([i, clock.now()]));
  await clock.runUntil(1000);
  // Nobody leaves.
  assert.deepEqual(begun, [
    [0, 0],
    [1, 0],
    [2, 100],
    [3, 100],
    [4, 200],
  ]);
  await gate.enter();
  assert.equal(clock.now(), 1000);
});
