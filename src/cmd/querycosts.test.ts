import assert from 'node:assert/strict';
import test from 'node:test';
import type {QueryRequest} from '../api/backend.ts';
import {QueryCosts, unknownSeconds} from './querycosts.ts';

function range(query: string, steps: number, startMs = 0): QueryRequest {
  const endMs = startMs + steps * 1000;
  return {kind: 'range', query, startMs, endMs, stepMs: 1000, timeoutMs: 0, limit: 0, stats: ''};
}

test('QueryCosts knows a query again at another time, but not with many more steps', () => {
  const costs = new QueryCosts();
  assert.equal(costs.expect(range('up', 100)), unknownSeconds);
  costs.learn(range('up', 100), 3);
  assert.equal(costs.expect(range('up', 100, 15_000)), 3);
  assert.equal(costs.expect(range('up', 110)), 3);
  assert.equal(costs.expect(range('up', 1000)), unknownSeconds);
  assert.equal(costs.expect(range('down', 100)), unknownSeconds);
  costs.learn(range('up', 100), 1);
  assert.equal(costs.expect(range('up', 100)), 1);
  costs.learn(range('up', 100), 2);
  assert.equal(costs.expect(range('up', 100)), 1, 'it may have been held up');
  costs.learn(range('up', 100), 3);
  assert.equal(costs.expect(range('up', 100)), 2);
});

test('QueryCosts forgets what was not seen for long, and never keeps long texts', () => {
  const costs = new QueryCosts();
  costs.learn(range('old', 100), 3);
  costs.learn(range('kept', 100), 3);
  for (let i = 0; i < 1998; i++) costs.learn(range(`q${i}`, 100), 1);
  costs.learn(range('kept', 100), 4);
  costs.learn(range('new', 100), 1);
  assert.equal(costs.expect(range('old', 100)), unknownSeconds);
  assert.equal(costs.expect(range('kept', 100)), 3);
  costs.learn(range('x'.repeat(5000), 100), 3);
  assert.equal(costs.expect(range('x'.repeat(5000), 100)), unknownSeconds);
});

test('QueryCosts knows where a query is answered sooner', () => {
  const costs = new QueryCosts();
  const query = range('up', 100);
  assert.equal(costs.expectHere(query) < Infinity, true, 'it is tried');
  costs.learn(query, 0.002);
  assert.equal(costs.expectHere(query) < Infinity, true);
  costs.learnHere(query, 0.0024);
  costs.learnHere(query, 0.0024);
  assert.equal(costs.expectHere(query) < Infinity, true, 'to hand it over takes longer');
  assert.equal(costs.expect(query), 0.002);
  costs.learnHere(query, 0.006);
  assert.equal(costs.expectHere(query) < Infinity, true, 'it may have been held up');
  costs.learnHere(query, 0.006);
  assert.equal(costs.expectHere(query) < Infinity, false);
  for (let i = 0; i < 30; i++) costs.learn(query, 0.002);
  assert.equal(costs.expectHere(query) < Infinity, false);
  costs.learn(query, 0.002);
  assert.equal(costs.expectHere(query) < Infinity, true, 'it is tried again');
  costs.learnHere(query, 0.006);
  assert.equal(costs.expectHere(query) < Infinity, true, 'it may have been held up');
  costs.learnHere(query, 0.001);
  assert.equal(costs.expect(query), 0.001);
});
