import assert from 'node:assert/strict';
import test from 'node:test';
import {RuleTurns} from './rule-turns.ts';

test('RuleTurns lets one run at a time, in order, and nobody wait for long', async (t) => {
  t.mock.timers.enable({apis: ['setTimeout']});
  const turns = new RuleTurns(250);
  const begun: string[] = [];
  const begin = (name: string): void => void turns.begin().then(() => begun.push(name));
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 4; i++) await Promise.resolve();
  };
  for (const name of ['a', 'b', 'c']) begin(name);
  await settle();
  assert.deepEqual(begun, ['a']);
  turns.end();
  await settle();
  assert.deepEqual(begun, ['a', 'b']);
  begin('d');
  t.mock.timers.tick(249);
  await settle();
  assert.deepEqual(begun, ['a', 'b']);
  // All have waited long enough.
  t.mock.timers.tick(1);
  await settle();
  assert.deepEqual(begun, ['a', 'b', 'c', 'd']);
  begin('e');
  turns.end();
  turns.end();
  await settle();
  assert.deepEqual(begun, ['a', 'b', 'c', 'd'], 'one still runs');
  turns.end();
  await settle();
  assert.deepEqual(begun, ['a', 'b', 'c', 'd', 'e']);
});
