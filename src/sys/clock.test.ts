import assert from 'node:assert/strict';
import test from 'node:test';
import {systemClock, timerMsMax} from './clock.ts';

test('a timer waits for longer than one of Node can', (context) => {
  context.mock.timers.enable({apis: ['setTimeout']});
  const {timers} = context.mock;
  let runs = 0;
  const ms = 3 * timerMsMax + 5;
  systemClock.after(ms, () => runs++);
  for (const part of [1, timerMsMax - 1, timerMsMax, timerMsMax, 4]) {
    timers.tick(part);
    assert.equal(runs, 0);
  }
  timers.tick(1);
  assert.equal(runs, 1);
  const cancel = systemClock.after(ms, () => runs++);
  timers.tick(timerMsMax + 1);
  cancel();
  timers.tick(timerMsMax);
  timers.tick(timerMsMax);
  assert.equal(runs, 1);
  systemClock.after(0, () => runs++);
  timers.tick(1);
  assert.equal(runs, 2);
});
