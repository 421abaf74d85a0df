import assert from 'node:assert/strict';
import test from 'node:test';
import {
  backtestAddress,
  barsOf,
  firingsOf,
  sortedAlerts,
  type Backtest,
  type BacktestAlert,
} from './timeline.ts';

function alert(name: string, ...intervals: BacktestAlert['intervals']): BacktestAlert {
  return {labels: {name}, annotations: {}, intervals};
}

const short = alert(
  'short',
  {state: 'pending', start: 1000, end: 1100},
  {state: 'firing', start: 1100, end: 1101},
);
const long = alert('long', {state: 'firing', start: 1500, end: null});
const backtest: Backtest = {
  rule: {name: 'a', query: 'b'},
  start: 1000,
  end: 2000,
  interval: 15,
  evaluations: 67,
  alerts: [short, long],
  pendingSeconds: 100,
  firingSeconds: 501,
  notifications: null,
};

test('barsOf places intervals, short ones wide enough to be seen', () => {
  assert.deepEqual(barsOf(short.intervals, backtest), [
    {state: 'pending', left: 0, width: 10},
    {state: 'firing', left: 10, width: 0.25},
  ]);
  assert.deepEqual(barsOf(long.intervals, backtest), [{state: 'firing', left: 50, width: 50}]);
  assert.deepEqual(barsOf([{state: 'firing', start: 2000, end: null}], backtest), [
    {state: 'firing', left: 99.75, width: 0.25},
  ]);
});

test('what fired longest comes first', () => {
  assert.deepEqual(sortedAlerts(backtest), [long, short]);
  assert.equal(firingsOf(backtest.alerts), 2);
  assert.equal(
    backtestAddress({name: 'A b', group: 'g', file: 'f.yml'}),
    '/backtest?name=A+b&group=g&file=f.yml',
  );
});
