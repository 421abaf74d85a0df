import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import test from 'node:test';
import {FloatHistogram} from '../model/histogram.ts';
import {TemplateError} from './error.ts';
import {checkAlertTemplate, expandAlertTemplate, type TemplateSample} from './prometheus.ts';

function sample(labels: Record<string, string>, value: number): TemplateSample {
  return {labels: new Map(Object.entries(labels)), value};
}

function query(expression: string): TemplateSample[] {
  if (expression === 'bad') throw new Error('parse error');
  if (expression === 'none') return [];
  return [
    sample({__name__: 'up', instance: 'b:80', __value__: 'x'}, 1),
    sample({__name__: 'up', instance: 'a:80'}, 0.25),
    sample({__name__: 'up', instance: 'c:80'}, 1234567),
  ];
}

function expand(text: string, labels: Record<string, string>, value: number | FloatHistogram): string {
  const data = {
    labels: new Map(Object.entries(labels)),
    externalLabels: new Map([
      ['cluster', 'eu'],
      ['region', '<x>'],
    ]),
    externalUrl: 'http://prom.example:9090/base',
    value,
  };
  return expandAlertTemplate('test', text, data, {timestampMs: 1767225600123, query});
}

test("random alert templates give what Prometheus's own package gives, messages included", () => {
  const lines = readFileSync(new URL('testdata/prometheus.jsonl', import.meta.url), 'utf8')
    .trimEnd()
    .split('\n');
  for (const line of lines) {
    const [text, labels, value, out, err = ''] = JSON.parse(line) as [
      string,
      Record<string, string>,
      string,
      string,
      string?,
    ];
    let got = '';
    let gotError = '';
    try {
      got = expand(text, labels, Number(value));
    } catch (error) {
      gotError = (error as Error).message;
    }
    assert.deepEqual([got, gotError], [out, err], line);
  }
  assert.ok(lines.length > 400, `${lines.length} cases`);
});

test('native histograms print as PromQL has them', () => {
  const histogram = new FloatHistogram({
    count: 3,
    sum: 4.5,
    positiveSpans: [{offset: 0, length: 1}],
    positiveBuckets: Float64Array.of(3),
  });
  assert.equal(
    expand('{{$value}} {{$value.Count}} {{$value.Schema}}', {}, histogram),
    '{count:3, sum:4.5, (0.5,1]:3} 3 0',
  );
  assert.throws(
    () => expand('{{humanize $value}}', {}, histogram),
    /can't convert \*histogram.FloatHistogram to float$/,
  );
});

test('checkAlertTemplate() finds what parsing finds', () => {
  checkAlertTemplate('a', 'plain }} text');
  checkAlertTemplate('a', '{{$labels.instance}} {{$value | humanize}} {{query "x" | first | value}}');
  assert.throws(() => checkAlertTemplate('a', '{{$label.x}}'), {
    name: 'TemplateError',
    message: 'template: __alert_a:1: undefined variable "$label"',
  });
  assert.throws(() => checkAlertTemplate('a', '{{nope}}'), TemplateError);
});

test('plain text is left alone', () => {
  assert.equal(expand('just }} text', {}, 1), 'just }} text');
});
