import assert from 'node:assert/strict';
import test from 'node:test';
import {labelsOf} from '../model/labels.ts';
import {timeMaxMs, timeMinMs} from '../model/timestamp.ts';
import {MemoryStore} from '../storage/memory.ts';
import type {LabelNamesLookup, LabelValuesLookup, SeriesLookup} from './backend.ts';
import {ApiError} from './envelope.ts';
import {lookupAnswer} from './metaqueries.ts';
import {unguarded} from '../storage/querier.ts';

const store = new MemoryStore();
store.append(labelsOf({__name__: 'b', job: 'x'}), 1000, 1);
store.append(labelsOf({__name__: 'a', job: 'y', extra: '<1>'}), 2000, 1);
store.append(labelsOf({__name__: 'a', job: 'x'}), 5000, 1);

type Lookup =
  | Omit<SeriesLookup, 'startMs' | 'endMs' | 'limit'>
  | Omit<LabelNamesLookup, 'startMs' | 'endMs' | 'limit'>
  | Omit<LabelValuesLookup, 'startMs' | 'endMs' | 'limit'>;

function lookup(request: Lookup, options: {startMs?: number; endMs?: number; limit?: number} = {}): unknown {
  const answer = lookupAnswer(
    store,
    {startMs: timeMinMs, endMs: timeMaxMs, limit: 0, ...request, ...options},
    unguarded,
  );
  assert.equal(answer.status, 200);
  return JSON.parse(new TextDecoder().decode(answer.body));
}

test('series are the sorted union over all selectors', () => {
  assert.deepEqual(lookup({kind: 'series', matches: ['{job="x"}', 'a']}), {
    status: 'success',
    data: [
      {__name__: 'a', extra: '<1>', job: 'y'},
      {__name__: 'a', job: 'x'},
      {__name__: 'b', job: 'x'},
    ],
  });
});

test('only series with samples in the time range count', () => {
  assert.deepEqual(lookup({kind: 'series', matches: ['{job=~".+"}']}, {startMs: 1500, endMs: 2000}), {
    status: 'success',
    data: [{__name__: 'a', extra: '<1>', job: 'y'}],
  });
});

test('the limit cuts off with a warning', () => {
  assert.deepEqual(lookup({kind: 'series', matches: ['a']}, {limit: 1}), {
    status: 'success',
    data: [{__name__: 'a', extra: '<1>', job: 'y'}],
    warnings: ['results truncated due to limit'],
  });
});

test('a single selector gives its series in the order of their labels, up to the limit and no warning', () => {
  const a = {__name__: 'a', job: 'x'};
  const b = {__name__: 'b', job: 'x'};
  for (const limit of [0, 2, 3]) {
    assert.deepEqual(lookup({kind: 'series', matches: ['{job="x"}']}, {limit}), {
      status: 'success',
      data: [a, b],
    });
  }
  assert.deepEqual(lookup({kind: 'series', matches: ['{job="x"}']}, {limit: 1, endMs: 2000}), {
    status: 'success',
    data: [b],
  });
});

test('label names and values are the sorted union, of everything where nothing is selected', () => {
  assert.deepEqual(lookup({kind: 'labelNames', matches: []}), {
    status: 'success',
    data: ['__name__', 'extra', 'job'],
  });
  assert.deepEqual(lookup({kind: 'labelNames', matches: ['b', '{job="x"}']}), {
    status: 'success',
    data: ['__name__', 'job'],
  });
  assert.deepEqual(lookup({kind: 'labelValues', name: 'job', matches: ['b', 'a{extra!=""}']}), {
    status: 'success',
    data: ['x', 'y'],
  });
  assert.deepEqual(lookup({kind: 'labelValues', name: 'none', matches: []}), {status: 'success', data: []});
});

test('a selector that is none, or that matches everything, is refused', () => {
  function f(match: string, message: RegExp): void {
    assert.throws(
      () => lookup({kind: 'series', matches: [match]}),
      (error) => error instanceof ApiError && error.type === 'bad_data' && message.test(error.message),
    );
  }
  f('{', /^invalid parameter "match\[\]": 1:2: parse error: /);
  f('{job=~".*"}', /^invalid parameter "match\[\]": match\[\] must contain at least one non-empty matcher$/);
});

test('a lookup ends where its guard throws', () => {
  let looks = 0;
  assert.throws(
    () =>
      lookupAnswer(
        store,
        {kind: 'series', matches: ['a'], startMs: timeMinMs, endMs: timeMaxMs, limit: 0},
        {
          ...unguarded,
          check: () => {
            if (++looks > 1) throw new Error('enough');
          },
        },
      ),
    /^Error: enough$/,
  );
});
