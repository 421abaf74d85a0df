import assert from 'node:assert/strict';
import test from 'node:test';
import {
  commonLabels,
  formatSeries,
  labelNamesOf,
  selectorOf,
  shortName,
  type LabelSet,
} from './series-name.ts';

test('formatSeries() writes valid PromQL', () => {
  function f(labels: LabelSet, expected: string): void {
    assert.equal(formatSeries(labels), expected);
  }
  f({}, '{}');
  f({__name__: 'up'}, 'up');
  f({__name__: 'up', job: 'a'}, 'up{job="a"}');
  f({job: 'a', instance: 'b:1'}, '{job="a", instance="b:1"}');
  f({__name__: 'job:up:sum', path: 'C:\\x "y"\n'}, 'job:up:sum{path="C:\\\\x \\"y\\"\\n"}');
  f({__name__: 'http.requests', 'k8s.pod': 'p'}, '{"http.requests", "k8s.pod"="p"}');
  f({__name__: '温度'}, '{"温度"}');
});

test('selectorOf() selects nothing where it would select everything', () => {
  assert.equal(selectorOf({}), undefined);
  assert.equal(selectorOf({job: ''}), undefined);
  assert.equal(selectorOf({job: 'a'}), '{job="a"}');
});

test('shortName() leaves out what all series share', () => {
  const series = [
    {__name__: 'up', job: 'a', instance: '1'},
    {__name__: 'up', job: 'a', instance: '2'},
    {__name__: 'up', job: 'a', instance: '2', zone: 'x'},
  ];
  const common = commonLabels(series);
  assert.deepEqual(common, {__name__: 'up', job: 'a'});
  assert.equal(shortName(series[0]!, common), '{instance="1"}');
  assert.equal(shortName(series[2]!, common), '{instance="2", zone="x"}');
  assert.deepEqual(commonLabels(series.slice(0, 1)), {});
  assert.equal(shortName({__name__: 'up'}, {__name__: 'up'}), 'up');
});

test('labelNamesOf() puts the metric name first', () => {
  assert.deepEqual(labelNamesOf([{job: 'a', __name__: 'up'}, {Zone: 'z'}]), ['__name__', 'Zone', 'job']);
});
