import assert from 'node:assert/strict';
import test from 'node:test';
import {neighbourRange, stepMsOf} from './panel.ts';

test('stepMsOf() is whole seconds, at least one, unless it was chosen', () => {
  assert.equal(stepMsOf({kind: 'auto', density: 'medium'}, 3_600_000), 14_000);
  assert.equal(stepMsOf({kind: 'auto', density: 'low'}, 3_600_000), 36_000);
  assert.equal(stepMsOf({kind: 'auto', density: 'high'}, 60_000), 1000);
  assert.equal(stepMsOf({kind: 'custom', stepMs: 250}, 3_600_000), 250);
});

test('neighbourRange() steps through the list from any range', () => {
  assert.equal(neighbourRange(3_600_000, 1), 7_200_000);
  assert.equal(neighbourRange(3_600_000, -1), 1_800_000);
  assert.equal(neighbourRange(3_700_000, -1), 3_600_000);
  assert.equal(neighbourRange(60_000, -1), 60_000);
  assert.equal(neighbourRange(1e12, 1), 1e12);
});
