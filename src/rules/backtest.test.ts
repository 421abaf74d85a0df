import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../base/random.ts';
import {Engine} from '../promql/engine/engine.ts';
import type {EvaluationWorld} from './alerttexts.ts';
import {ActiveAlerts} from './alerts.ts';
import {type BacktestRequest, type BacktestResult, evaluateBacktest} from './backtest.ts';
import {evaluateAlerting} from './evaluation.ts';
import {startMs} from './testing.ts';
import {TestStore} from './teststore.ts';

function worldOf(series: {series: string; values: string}[]): EvaluationWorld {
  const store = new TestStore(series, {startMs, intervalMs: 1000});
  store.passTo(startMs + 3_600_000);
  const engine = new Engine({maxSamples: 1_000_000, lookbackDeltaMs: 1500});
  return {engine, queryable: store.memory, options: {}};
}

function requestOf(fields: Partial<BacktestRequest> = {}): BacktestRequest {
  return {
    rule: 'backtest',
    name: 'A',
    expr: 'x > 0',
    holdMs: 2000,
    keepFiringForMs: 0,
    labels: [],
    annotations: [],
    externalLabels: {},
    externalUrl: '',
    startMs,
    endMs: startMs + 20_000,
    stepMs: 1000,
    ...fields,
  };
}

/** `labels: state from-to`, in steps; without the end where it goes on. */
function shown({alerts}: BacktestResult): string[] {
  return alerts.flatMap(({labels, intervals}) =>
    intervals.map(
      ({state, startMs: from, endMs}) =>
        `${labels.join(' ')}: ${state} ${(from - startMs) / 1000}-${endMs === null ? '' : (endMs - startMs) / 1000}`,
    ),
  );
}

test('evaluateBacktest() tells when an alert would have been pending and firing', () => {
  const world = worldOf([{series: 'x{i="a"}', values: '0 1x5 0x3 1 0x2 1x20'}]);
  assert.deepEqual(shown(evaluateBacktest(world, requestOf())), [
    'alertname A i a: pending 1-3',
    'alertname A i a: firing 3-7',
    'alertname A i a: pending 11-12',
    'alertname A i a: pending 15-17',
    'alertname A i a: firing 17-',
  ]);
  assert.deepEqual(shown(evaluateBacktest(world, requestOf({keepFiringForMs: 5000, holdMs: 0}))), [
    'alertname A i a: firing 1-',
  ]);
});

test('evaluateBacktest() expands labels at each moment, annotations at the first', () => {
  const world = worldOf([{series: 'x{i="a"}', values: '1 1 2 2 0'}]);
  const texts = {
    labels: ['v', '{{ $value }}'],
    annotations: ['t', '{{ with query "x" }}{{ . | first | value }}{{ end }}'],
  };
  const result = evaluateBacktest(world, requestOf({holdMs: 0, endMs: startMs + 5000, ...texts}));
  assert.deepEqual(shown(result), ['alertname A i a v 1: firing 0-2', 'alertname A i a v 2: firing 2-4']);
  assert.deepEqual(
    result.alerts.map(({annotations}) => annotations),
    [
      ['t', '1'],
      ['t', '2'],
    ],
  );
  const broken = evaluateBacktest(world, requestOf({annotations: ['t', '{{ query "(" }}']}));
  assert.equal(broken.warnings.length, 1);
});

test('evaluateBacktest() refuses what is too much or no alert', () => {
  const world = worldOf([{series: 'x', values: '1x10'}]);
  assert.throws(() => evaluateBacktest(world, requestOf({stepMs: 0.1})), /evaluations are more than 60480/);
  assert.throws(
    () => evaluateBacktest(world, requestOf({expr: '"text"'})),
    /invalid expression type "string"/,
  );
  assert.throws(() => evaluateBacktest(world, requestOf({expr: 'x ('})), /parse error/);
  assert.equal(evaluateBacktest(world, requestOf({expr: '3'})).alerts.length, 1);
});

test('evaluateBacktest() finds what evaluating again and again would have found, for any seed', () => {
  for (let seed = 0; seed < 60; seed++) {
    const random = new Random(seed);
    const values = (): string =>
      Array.from({length: 60}, () => (random.below(4) === 0 ? '_' : String(random.below(3)))).join(' ');
    const world = worldOf(['a', 'b', 'c'].map((i) => ({series: `x{i="${i}"}`, values: values()})));
    const request = requestOf({
      holdMs: 1000 * random.below(4),
      keepFiringForMs: 1000 * random.below(2) * random.below(5),
      endMs: startMs + 50_000,
      stepMs: 1000 * (1 + random.below(2)),
      labels: random.below(2) === 0 ? [] : ['v', '{{ $value }}'],
    });
    const expected = new Map<string, string[]>();
    const alerts = new ActiveAlerts();
    for (let timeMs = request.startMs; timeMs <= request.endMs; timeMs += request.stepMs) {
      const {elements} = evaluateAlerting(world, {
        ...request,
        rule: 'alerting',
        timeMs,
        templateTimeMs: timeMs,
      });
      for (const alert of alerts.advance(elements, timeMs, request)) {
        const key = alert.labels.join(' ');
        const states = expected.get(key) ?? [];
        states.push(`${timeMs} ${alert.state}`);
        expected.set(key, states);
      }
    }
    const found = new Map<string, string[]>();
    for (const {labels, intervals} of evaluateBacktest(world, request).alerts) {
      const states: string[] = [];
      for (const {state, startMs: from, endMs} of intervals) {
        const end = endMs ?? request.endMs + 1;
        for (let timeMs = from; timeMs < end; timeMs += request.stepMs) states.push(`${timeMs} ${state}`);
      }
      found.set(labels.join(' '), states);
    }
    assert.deepEqual(found, expected, `seed ${seed}`);
  }
});
