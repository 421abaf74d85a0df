import assert from 'node:assert/strict';
import test from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {Deadlines} from './deadlines.ts';

test('Deadlines tells those whose time is over, each after its own timeout, and nobody who was taken out', async () => {
  const deadlines = new Deadlines();
  const expired: string[] = [];
  const startedMs = performance.now();
  const add = (name: string, timeoutMs: number, laterMs = 0): (() => void) => {
    const owner = {expire: () => void expired.push(name)};
    const deadline = deadlines.add(owner, timeoutMs, startedMs + laterMs);
    assert.equal(deadline.atMs, startedMs + laterMs + timeoutMs);
    return () => deadlines.remove(deadline);
  };
  add('long', 200);
  const removed = add('removed', 20);
  add('short', 20);
  add('short, later', 20, 60);
  removed();
  removed();
  await sleep(startedMs + 45 - performance.now());
  if (performance.now() < startedMs + 75) assert.deepEqual(expired, ['short']);
  while (expired.length < 3 && performance.now() < startedMs + 5000) await sleep(10);
  assert.deepEqual(expired, ['short', 'short, later', 'long']);
  assert.ok(performance.now() >= startedMs + 199);
  // The timer is set again when the queue was empty.
  add('again', 20, performance.now() - startedMs);
  while (expired.length < 4 && performance.now() < startedMs + 9000) await sleep(10);
  assert.equal(expired.at(-1), 'again');
  deadlines.close();
});

test('Deadlines tells nobody once it is closed', async () => {
  const deadlines = new Deadlines();
  const expired: string[] = [];
  deadlines.add({expire: () => void expired.push('closed')}, 5, performance.now());
  deadlines.close();
  await sleep(30);
  assert.deepEqual(expired, []);
});

test('Deadlines waits for what is further away than a timer reaches', async () => {
  const deadlines = new Deadlines();
  const expired: string[] = [];
  const warnings: string[] = [];
  const warn = (warning: Error): void => void warnings.push(warning.name);
  process.on('warning', warn);
  deadlines.add({expire: () => void expired.push('month')}, 30 * 86_400_000, performance.now());
  await sleep(30);
  process.off('warning', warn);
  deadlines.close();
  assert.deepEqual(expired, []);
  assert.deepEqual(warnings, []);
});
