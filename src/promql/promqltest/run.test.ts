import assert from 'node:assert/strict';
import test from 'node:test';
import {runScript} from './run.ts';
import {parseScript, ScriptError} from './script.ts';
import {parseDescription} from './series.ts';

test('parseDescription() expands sequences', () => {
  function f(text: string, expected: (number | string | null)[]): void {
    const points = parseDescription(`m ${text}`).points.map((point) =>
      point.kind === 'float' ? point.value : point.kind === 'absent' ? null : point.kind,
    );
    assert.deepEqual(points, expected, text);
  }
  f('1 2.5 -3 1e3', [1, 2.5, -3, 1000]);
  f('1+2x3', [1, 3, 5, 7]);
  f('-1-2x2', [-1, -3, -5]);
  f('0x3', [0, 0, 0, 0]);
  f('5x0', [5]);
  f('_ _x2 1', [null, null, null, 1]);
  f('stale NaN Inf -Inf', ['stale', NaN, Infinity, -Infinity]);
  f('{{schema:0 count:1}} {{}}x1', ['histogram', 'histogram', 'histogram']);
  assert.throws(() => parseDescription('m abc'), SyntaxError);
  assert.throws(() => parseDescription('m 1x99999999'), SyntaxError);
});

test('parseDescription() reads metrics with braces, quotes and blanks', () => {
  function f(text: string, expected: string[]): void {
    assert.deepEqual(parseDescription(`${text}  1`).labels, expected, text);
  }
  f('m', ['__name__', 'm']);
  f('m{b="x y", a="}"}', ['__name__', 'm', 'a', '}', 'b', 'x y']);
  f('{}', []);
  f('{a="1"}', ['a', '1']);
  f('{"metric name", "label name"="1"}', ['__name__', 'metric name', 'label name', '1']);
  f('sum', ['__name__', 'sum']);
});

test('parseScript() refuses what it does not know, with its line', () => {
  function f(text: string, line: number): void {
    assert.throws(
      () => parseScript(text),
      (error) => error instanceof ScriptError && error.line === line,
      text,
    );
  }
  f('lood 5m', 1);
  f('load 5x\n a 1', 1);
  f('load 5m\n  a 1\n  b &', 3);
  f('\n\neval instant at 5m', 3);
  f('eval instant at 5m a\n expect nothing', 2);
  f('eval instant at 5m a\n a 1 2', 2);
  f('eval instant a', 1);
  f('eval instant at soon a', 1);
  f('eval instant at 5m a +', 1);
  f('eval_ordered range from 0 to 1m step 1m a', 1);
  f('eval range from 1m to 0 step 1m a', 1);
  f('clear\neval instant at 5m a\n expected_fail_message no', 3);
  f('eval_fail instant at 5m a\n expected_fail_regexp (', 2);
  f('eval instant at 5m a\n expect fail regex:(', 2);
  f('eval instant at 5m a\n expect warn\n expect no_warn', 3);
  f('eval instant at 5m a\n expect fail\n expect fail', 3);
  f('eval instant at 5m a\n expect string a', 2);
  f('eval instant at 5m 1\n 1\n 2', 3);
  f('load 5m\n a@st _ 1m\n a 1', 3);
  f('load 5m\n a@st 1m\n b 1', 3);
  f('load 5m\n a@st 1m', 2);
});

test('runScript() counts what passes and says why something fails', () => {
  const outcome = runScript(`
# A comment.
load 1m
  a{x="1"} 1+1x10
  a{x="2"} _ 5 stale

eval instant at 5m a
  a{x="1"} 6

eval instant at 5m a
  a{x="1"} 7

eval instant at 1m sum(a)
  expect no_warn
  {} 7

eval range from 0 to 2m step 1m a
  a{x="1"} 1 2 3
  a{x="2"} _ 5

eval instant at 5m topk(NaN, a)
  expect fail msg: Parameter value is NaN

eval_fail instant at 1m a + on (y) a

eval_ordered instant at 1m sort_desc(a)
  a{x="2"} 5
  a{x="1"} 2

eval instant at 1m 1 + 1
  2

eval instant at 1m "text"
  expect string "text"

eval instant at 2m a{x="1"}[1m]
  expect range vector from 2m to 2m step 1m
  a{x="1"} 3

eval_fail instant at 1m a + on (y) a
  expected_fail_regexp many-to-many
eval_fail instant at 1m topk(NaN, a)
  expected_fail_message Parameter value is NaN
eval instant at 1m 0x10 + 1_000
  1_016
eval_warn instant at 1m quantile(2, a)
  {} Inf

eval_info range from 4m to 5m step 1m rate(a{x="1"}[5m])
  {x="1"} 0.016666666666666666x1

eval instant at 5m rate(a{x="1"}[5m])
  expect info
  {x="1"} 0.016666666666666666

clear
eval instant at 5m a
`);
  assert.deepEqual(outcome.instant, {passed: 14, failed: 1});
  assert.deepEqual(outcome.range, {passed: 2, failed: 0});
  assert.deepEqual(
    outcome.failures.map(({line}) => line),
    [10],
  );
  assert.match(outcome.failures[0]!.reason, /to be 7, got 6/);
});
