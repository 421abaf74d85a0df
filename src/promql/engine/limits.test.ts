import assert from 'node:assert/strict';
import test from 'node:test';
import type {Queryable} from '../../storage/querier.ts';
import {ParseError} from '../parser/position.ts';
import {failure, instant, newEngine, range, storeOf} from './testing/evaluate.ts';

test('a query may hold so many samples and no more', () => {
  const message = 'query processing would load too many samples into memory in query execution';
  const values = Array.from({length: 100}, (_, i) => i);
  const store = storeOf({'a{x=1}': values, 'a{x=2}': values, 'a{x=3}': values});
  const times: [number, number, number] = [0, 990_000, 10_000];
  const limited = newEngine({maxSamples: 250});
  assert.deepEqual(
    failure(() => range(store, 'a', times, limited)),
    {kind: 'execution', message},
  );
  assert.equal(range(store, 'a{x="1"}', times, limited).length, 1);
  assert.deepEqual(
    failure(() => range(store, 'sum(a)', times, limited)),
    {kind: 'execution', message},
  );
  // A subquery of 10^9 steps ends before anything is allocated for it.
  assert.deepEqual(
    failure(() => instant(store, 'sum_over_time(vector(1)[1000000s:1ms])', 0)),
    {
      kind: 'execution',
      message,
    },
  );
});

test('a query may hold so many bytes and says so', () => {
  const store = storeOf(Object.fromEntries(Array.from({length: 50}, (_, i) => [`a{x=${i}}`, [1]])));
  const engine = newEngine({maxBytes: 200_000});
  assert.match(
    failure(() => range(store, 'a', [0, 10_000_000, 10_000], engine)).message,
    /^query processing would need too much memory: at least \d+KiB, and a query may use 195KiB: /,
  );
  assert.equal(range(store, 'sum(a)', [0, 10_000_000, 10_000], engine).length, 1);
});

test('a query ends when it is cancelled or out of time, also in the middle', () => {
  const store = storeOf(Object.fromEntries(Array.from({length: 50}, (_, i) => [`a{x=${i}}`, [1, 2, 3]])));
  for (const query of [
    'a',
    'sum(a)',
    'rate(a[1m])',
    'a + a',
    'a and a',
    'quantile(0.5, a)',
    'a[1m:1s]',
    'sort(a)',
  ]) {
    let looks = 0;
    const cancelled = (): boolean => ++looks > 10;
    assert.deepEqual(
      failure(() => instant(store, query, 20_000, {cancelled})),
      {
        kind: 'canceled',
        message: 'query was canceled in expression evaluation',
      },
    );
    assert.ok(looks < 20, query);
  }
  assert.deepEqual(
    failure(() => instant(store, 'a', 20_000, {deadlineMs: Date.now() - 1})),
    {
      kind: 'timeout',
      message: 'query timed out in query execution',
    },
  );
});

test('the querier is closed on every path', () => {
  const store = storeOf({a: [1]});
  let open = 0;
  const watched: Queryable = {
    querier(times, symbols) {
      const querier = store.querier(times, symbols);
      open++;
      querier.close = (): void => void open--;
      return querier;
    },
  };
  instant(watched, 'a', 0);
  failure(() => instant(watched, 'topk(NaN, a)', 0));
  assert.throws(() => instant(watched, 'a +', 0), ParseError);
  assert.equal(open, 0);
});

test('release() gives the memory of a large result back', () => {
  const names = Array.from({length: 100}, (_, i) => `a{b=${i}}`);
  const store = storeOf(Object.fromEntries(names.map((name) => [name, [1, 2, 3]])));
  const {value, release} = newEngine().execRange(store, 'a', {startMs: 0, endMs: 20_000, stepMs: 50});
  assert.ok(value.kind === 'matrix');
  const column = value.series[50]!.values;
  assert.equal(column.length, 401);
  release();
  assert.equal(column.length, 0);
});

test('what an operator has kept is given back when it needs it no more, not with the answer', (t) => {
  const names = Array.from({length: 100}, (_, i) => `a{b=${i}}`);
  const store = storeOf(Object.fromEntries(names.map((name) => [name, [1, 2, 3]])));
  const range = {startMs: 0, endMs: 20_000, stepMs: 10};
  const {mock} = t.mock.method(ArrayBuffer.prototype, 'transfer');
  const {value, release} = newEngine().execRange(store, 'quantile by (b) (0.5, a)', range);
  assert.ok(value.kind === 'matrix');
  const column = value.series[99]!.values;
  assert.equal(column[2000], 3);
  const before = mock.callCount();
  assert.ok(before > 0, 'blocks of the operator');
  release();
  assert.ok(mock.callCount() > before, 'blocks of the answer');
  assert.equal(column.length, 0);
});
