import assert from 'node:assert/strict';
import test from 'node:test';
import {checkMetrics} from './checkmetrics.ts';

class Collected {
  text = '';

  write(part: string): void {
    this.text += part;
  }
}

function check(text: string, options: {extended?: boolean; lint?: string} = {}): [number, string, string] {
  const output = new Collected();
  const errors = new Collected();
  const body = Buffer.from(text);
  const code = checkMetrics({body, extended: false, lint: 'all', ...options}, output, errors);
  return [code, output.text, errors.text];
}

test('checkMetrics() says what names and types should be like', () => {
  const f = (text: string, ...problems: string[]): void => {
    const said = problems.map((problem) => `${problem}\n`).join('');
    assert.deepEqual(check(text), [problems.length === 0 ? 0 : 3, '', said]);
  };
  const gauge = (name: string): string => `# HELP ${name} x\n# TYPE ${name} gauge\n${name} 1\n`;
  f('');
  f(gauge('a_seconds'));
  f('a 1\n', 'a no help text');
  f(gauge('a_milliseconds'), 'a_milliseconds use base unit "seconds" instead of "milliseconds"');
  f(gauge('a_ms'), 'a_ms metric names should not contain abbreviated units');
  f(gauge('a_total'), 'a_total non-counter metrics should not have "_total" suffix');
  f(gauge('a_gauge'), "a_gauge metric name should not include type 'gauge'");
  f(gauge('a_sum'), 'a_sum non-histogram and non-summary metrics should not have "_sum" suffix');
  f(gauge('a:b'), "a:b metric names should not contain ':'");
  f(gauge('aB'), "aB metric names should be written in 'snake_case' not 'camelCase'");
  f('# HELP a x\na{b="1"} 1\na{b="1"} 2\n', 'a metric not unique');
  f(`${gauge('b_ms')}a 1\n`, 'a no help text', 'b_ms metric names should not contain abbreviated units');
});

test('checkMetrics() counts series, those of histograms by their buckets', () => {
  const text =
    '# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\na{b="1"} 1\na{b="2"} 1\n';
  const table =
    'Metric    Cardinality    Percentage    \n' +
    'h         4              66.67%        \n' +
    'a         2              33.33%        \n' +
    'Total     6              100%          \n';
  assert.deepEqual(check(text, {extended: true, lint: 'none'}), [0, table, '']);
  assert.deepEqual(check(text, {extended: true}).slice(0, 2), [3, table]);
});

test('checkMetrics() names the line that it cannot read', () => {
  assert.deepEqual(check('a 1\nb{\n'), [
    1,
    '',
    `error while linting: text format parsing error in line 2: ${check('b{\n')[2].split('line 1: ')[1]!}`,
  ]);
  assert.match(check('a 1')[2], /in line 1: unexpected end of input stream\n$/);
  assert.match(check('a{b="\\x"} 1\n')[2], /in line 1: invalid escape sequence '\\x'\n$/);
  assert.match(
    check('a 1', {extended: true, lint: 'none'})[2],
    /^error while parsing text to metric families: /,
  );
  assert.deepEqual(check('a 1\n', {lint: 'none'})[0], 1);
});
