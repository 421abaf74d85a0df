import assert from 'node:assert/strict';
import test from 'node:test';
import {setImmediate as tick} from 'node:timers/promises';
import type {QueryRequest} from '../api/backend.ts';
import {Engine} from '../promql/engine/engine.ts';
import type {Queryable} from '../storage/querier.ts';
import {LightQueries, type Evaluation} from './light-queries.ts';

const request: QueryRequest = {kind: 'instant', query: 'up', timeMs: 0, timeoutMs: 0, limit: 0, stats: ''};
const noData: Queryable = {querier: () => assert.fail('nothing is read')};

function lightQueries(answer: Evaluation['answer']): {light: LightQueries; notes: (number | string)[]} {
  const notes: (number | string)[] = [];
  const engine = new Engine({lookbackDeltaMs: 300_000, maxSamples: 1000});
  const light = new LightQueries({
    evaluationIntervalMs: () => 15_000,
    load: () =>
      Promise.resolve({
        world: {engine, queryable: noData},
        answer,
        onAnswer: (bytes) => {
          notes.push(bytes);
          return () => notes.push('released');
        },
      }),
  });
  return {light, notes};
}

test('LightQueries answers what should take little, once it is loaded', async () => {
  const body = new TextEncoder().encode('done');
  let evaluations = 0;
  const {light, notes} = lightQueries((_world, {defaultEvalIntervalMs}) => {
    evaluations++;
    assert.equal(defaultEvalIntervalMs, 15_000);
    return {status: 200, body, slices: {}, samplesRead: 1, seconds: 0, heldBytes: 0, outcome: 'ok'};
  });
  assert.equal(light.answer(request, 0.25, true), null, 'too heavy');
  assert.equal(light.answer(request, 0.001, true), null, 'not loaded yet');
  await tick();
  assert.equal(light.answer(request, 0.001, true), null, 'rehearsed first');
  while (evaluations < 200) await tick();
  await tick();
  notes.length = 0;
  const answered = light.answer(request, 0.001, true);
  assert.equal(answered?.body, body);
  assert.deepEqual(notes, [4]);
  answered?.release?.();
  assert.deepEqual(notes, [4, 'released']);
  assert.equal(light.answer(request, 0.25, true), null, 'too heavy');
});

test('LightQueries rehearses one query after another', async () => {
  const order: string[] = [];
  const {light, notes} = lightQueries((_world, {request: {kind}}) => {
    if (order.at(-1) !== kind) order.push(kind);
    const began = performance.now();
    while (performance.now() < began + 0.1);
    return {
      status: 200,
      body: new Uint8Array(1),
      slices: {},
      samplesRead: 1,
      seconds: 0,
      heldBytes: 0,
      outcome: 'ok',
    };
  });
  const kinds: QueryRequest[] = (['labelNames', 'series'] as const).map((kind) => ({
    kind,
    matches: ['up'],
    limit: 0,
    startMs: 0,
    endMs: 1,
  }));
  light.answer(request, 0.001, true);
  await tick();
  for (const each of [request, ...kinds]) assert.equal(light.answer(each, 0.001, true), null);
  while (order.length < 3) {
    const before = notes.length;
    await tick();
    assert.ok(notes.length - before <= 2, 'one turn of the loop has time for one slice');
  }
  assert.deepEqual(order, ['instant', 'labelNames', 'series']);
});

test('LightQueries gives a query up that takes long after all, and does not try it again soon', async () => {
  let evaluations = 0;
  const {light, notes} = lightQueries(({cancelled}) => {
    evaluations++;
    const began = performance.now();
    while (!cancelled()) assert.ok(performance.now() - began < 1000, 'it is told to give up');
    return {
      status: 503,
      body: new Uint8Array(9),
      slices: {},
      samplesRead: 0,
      seconds: 0,
      heldBytes: 0,
      outcome: 'canceled',
    };
  });
  light.answer(request, 0.001, true);
  await tick();
  light.answer(request, 0.001, true);
  // Its rehearsal is given up.
  while (notes.length === 0) await tick();
  notes.length = 0;
  assert.equal(light.answer(request, 0.001, true), null);
  assert.deepEqual(notes, [0], 'nothing is held any more');
  assert.equal(evaluations, 2);
  assert.equal(light.answer(request, 0.001, true), null);
  assert.equal(evaluations, 3, 'it may have been held up');
  assert.equal(light.answer(request, 0.001, true), null);
  assert.equal(evaluations, 3, 'known as too heavy');
  assert.equal(light.answer({...request, query: 'other'}, 0.001, true), null);
  while (evaluations < 4) await tick();
});
