import assert from 'node:assert/strict';
import test from 'node:test';
import {formatLabels, labelsOf} from '../model/labels.ts';
import {checkLabelLimits, checkSeries, joinLabels} from './labels.ts';

const target = labelsOf({instance: 'host:1', job: 'test'});

test('joinLabels() renames exposed labels that the target has, and again where that name is taken', () => {
  const f = (exposed: Record<string, string>, expected: string): void => {
    assert.equal(formatLabels(joinLabels(labelsOf(exposed), [], target, false)), expected);
  };
  f({a: 'b'}, '{a="b", instance="host:1", job="test"}');
  f({job: 'x'}, '{exported_job="x", instance="host:1", job="test"}');
  f(
    {job: 'x', exported_job: 'y'},
    '{exported_exported_job="x", exported_job="y", instance="host:1", job="test"}',
  );
  f({job: 'x', instance: 'y'}, '{exported_instance="y", exported_job="x", instance="host:1", job="test"}');
});

test('joinLabels() honours exposed labels, also empty ones', () => {
  const f = (exposed: Record<string, string>, emptyNames: string[], expected: string): void => {
    assert.equal(formatLabels(joinLabels(labelsOf(exposed), emptyNames, target, true)), expected);
  };
  f({a: 'b'}, [], '{a="b", instance="host:1", job="test"}');
  f({job: 'x'}, [], '{instance="host:1", job="x"}');
  f({}, ['job'], '{instance="host:1"}');
});

test('checkSeries() wants a name, and names that are text', () => {
  checkSeries(['__name__', 'a', 'b', 'c']);
  assert.throws(() => checkSeries(['b', 'c']), {message: 'missing metric name (__name__ label)'});
  assert.throws(
    () => checkSeries(['__name__', 'a', '', 'c']),
    /^TypeError: invalid metric name or label names/,
  );
  assert.throws(() => checkSeries(['__name__', '\ud800']), /^TypeError: invalid metric name or label names/);
});

test('checkLabelLimits() speaks as Prometheus does', () => {
  const labels = labelsOf({__name__: 'metric', name: 'välue'});
  const none = {labelLimit: 0, labelNameLengthLimit: 0, labelValueLengthLimit: 0};
  checkLabelLimits(labels, none);
  checkLabelLimits(labels, {labelLimit: 2, labelNameLengthLimit: 8, labelValueLengthLimit: 6});
  const f = (limits: Partial<typeof none>, message: string): void => {
    assert.throws(() => checkLabelLimits(labels, {...none, ...limits}), {name: 'RangeError', message});
  };
  f({labelLimit: 1}, 'label_limit exceeded (metric: metric, number of labels: 2, limit: 1)');
  f(
    {labelNameLengthLimit: 7},
    'label_name_length_limit exceeded (metric: metric, label name: __name__, length: 8, limit: 7)',
  );
  f(
    {labelValueLengthLimit: 5},
    'label_value_length_limit exceeded (metric: metric, label name: __name__, value: "metric", length: 6, limit: 5)',
  );
});
