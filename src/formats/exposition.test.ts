// The verdicts in these tables are those of Prometheus 3.5.3, scraping each body (test/peers/exposition.test.ts does it
// again with the one that is installed), but for two: it takes blanks at the start of a line for part of the metric's name,
// and a NUL there for the end of the body.
import assert from 'node:assert/strict';
import test from 'node:test';
import {formatLabels} from '../model/labels.ts';
import {parseExposition} from './body.ts';
import type {ExpositionFormat} from './exposition.ts';

const bytesOf = (body: string | Uint8Array): Uint8Array =>
  typeof body === 'string' ? new TextEncoder().encode(body) : body;

/** Characters up to U+00FF as one byte each. */
const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));

function read(body: string | Uint8Array, format: ExpositionFormat): string[] {
  const lines: string[] = [];
  parseExposition(bytesOf(body), format, {
    sample: (parser) => {
      const time = parser.hasTimestamp ? ` @${parser.timestampMs}` : '';
      const exemplar = parser.exemplar === null ? '' : ` # ${JSON.stringify(parser.exemplar)}`;
      lines.push(`${formatLabels(parser.labels())} ${parser.value}${time}${exemplar}`);
    },
    metadata: (metric, kind, text) => lines.push(`${kind} ${metric} ${JSON.stringify(text)}`),
  });
  return lines;
}

function accepts(format: ExpositionFormat, body: string | Uint8Array, ...expected: string[]): void {
  assert.deepEqual(read(body, format), expected, JSON.stringify(body));
}

function refuses(format: ExpositionFormat, body: string | Uint8Array, message: string): void {
  assert.throws(() => read(body, format), {message}, JSON.stringify(body));
}

const a = '{__name__="a"}';
const abc = '{__name__="a", b="c"}';

test('text: blanks may stand between tokens, the last newline may be missing', () => {
  const f = accepts.bind(null, 'text');
  f('');
  f('\n');
  f('a 1', `${a} 1`);
  f('  a 1\n', `${a} 1`);
  f('a\t1\t\n', `${a} 1`);
  f('a  1  1000 \n', `${a} 1 @1000`);
  f('\n   \n\t\na 1\n\n\n', `${a} 1`);
  f('a { b = "c" , } 1\n', `${abc} 1`);
  f('a{b="c"}1\n', `${abc} 1`);
  f('a{b="c" d="e"} 1\n', '{__name__="a", b="c", d="e"} 1');
  f('a{} 1\n', `${a} 1`);
  f('a-1\n', `${a} -1`);
  f('a+Inf\n', `${a} Infinity`);
  f('a:b 1\n', '{__name__="a:b"} 1');
});

test('text: label values have escapes and may hold newlines', () => {
  const f = accepts.bind(null, 'text');
  f('a{b="x\ny"} 1\nc 2\n', '{__name__="a", b="x\\ny"} 1', '{__name__="c"} 2');
  f(String.raw`a{b="x\ny\"\\\z"} 1`, String.raw`{__name__="a", b="x\ny\"\\\\z"} 1`);
  f('a{b="é"} 1\n', '{__name__="a", b="é"} 1');
  f('a{b=""} 1\n', `${a} 1`);
  f('a{b="\0x"} 1\n', '{__name__="a", b="\\u0000x"} 1');
});

test('text: any name may stand in quotes', () => {
  const f = accepts.bind(null, 'text');
  f('{"a.b"} 1\n', '{__name__="a.b"} 1');
  f('{"a.b",c="d"} 1\n', '{__name__="a.b", c="d"} 1');
  f('{c="d","a.b",} 1\n', '{__name__="a.b", c="d"} 1');
  f('{ "a" , b="c" } 1\n', `${abc} 1`);
  f('a{"b.x"="c"} 1\n', '{__name__="a", "b.x"="c"} 1');
  f('{"a\nb"} 1\n', '{__name__="a\\nb"} 1');
  f('{"a\\"q"} 1\n', '{__name__="a\\"q"} 1');
});

test('text: metadata is read, other comments are not', () => {
  const f = accepts.bind(null, 'text');
  f('# HELP a_b some \\\\ \\n text\n', 'help a_b "some \\\\ \\n text"');
  f('# HELP a\n', 'help a ""');
  f('# HELP a  x\n', 'help a " x"');
  f('# HELP a-b c\n', 'help a "b c"');
  f('# TYPE a counter\n', 'type a "counter"');
  f('# TYPE a untyped\n', 'type a "unknown"');
  f('#\tTYPE\ta\tgauge\n', 'type a "gauge"');
  f('# TYPE "a.b" gauge\n', 'type a.b "gauge"');
  f('#\n# x\n#HELP a x\n# HELP\n# TYPEa b\n# UNIT a b\n# EOF\na 1\n', `${a} 1`);
  f(latin1('# \xff\na 1\n'), `${a} 1`);
});

test('text: what Prometheus refuses is refused, with the line', () => {
  const f = refuses.bind(null, 'text');
  f('a\n', 'line 1: expected a value after the metric, got the end of the line');
  f('b 1\n\n# TYPE b gauge\nb\n', 'line 4: expected a value after the metric, got the end of the line');
  f('a{b="\n\n"} 1\nb\n', 'line 4: expected a value after the metric, got the end of the line');
  f('1a 1\n', 'line 1: expected a valid start of a line, got "1a 1"');
  f('a{,} 1\n', 'line 1: expected a label name, got ",} 1"');
  f('a{b="c",,} 1\n', 'line 1: expected a label name, got ",} 1"');
  f('a{="c"} 1\n', 'line 1: expected a label name, got "=\\"c\\"} 1"');
  f('a{b} 1\n', 'line 1: expected =, got "} 1"');
  f('a{b=c} 1\n', 'line 1: expected a label value, got "c} 1"');
  f("a{b='c'} 1\n", 'line 1: expected a label value, got "\'c\'} 1"');
  f('a{b="c} 1\n', 'line 1: quoted text does not end');
  f('a{b="\\\n"} 1\n', 'line 1: quoted text does not end');
  f('a{b="c"\n} 1\n', 'line 1: expected a label name, got the end of the line');
  f('a{b="c"}{d="e"} 1\n', 'line 1: expected a value after the metric, got "{d=\\"e\\"} 1"');
  f('a{b="1",b="2"} 1\n', 'line 1: label name "b" is not unique');
  f('a{__name__="z"} 1\n', 'line 1: label name "__name__" is not unique');
  f('{__name__="z"} 1\n', 'line 1: metric name not set');
  f('{} 1\n', 'line 1: metric name not set');
  f('{"a","b"} 1\n', 'line 1: metric name already set');
  f('a{"b"} 1\n', 'line 1: metric name already set');
  f('a{""="x"} 1\n', 'line 1: invalid label name ""');
  f('a{b:c="1"} 1\n', 'line 1: expected =, got ":c=\\"1\\"} 1"');
  f('a true\n', 'line 1: value "true" is no number');
  f('a 1\r\n', 'line 1: value "1\\r" is no number');
  f('a 1_000\n', 'line 1: value "1_000" is no number');
  f('a 1e400\n', 'line 1: value "1e400" is out of range');
  f('a 1{\n', 'line 1: expected a timestamp or the end of the line, got "{"');
  f('a 1 -5\n', 'line 1: expected a timestamp or the end of the line, got "-5"');
  f('a 1 1.5\n', 'line 1: expected the end of the line, got ".5"');
  f('a 1 1 1\n', 'line 1: expected the end of the line, got "1"');
  f('a 1 99999999999999999999\n', 'line 1: timestamp 99999999999999999999 is out of range');
  f('a 1 # {x="y"} 1\n', 'line 1: expected a timestamp or the end of the line, got "# {x=\\"y\\"} 1"');
  f('# HELP 1a x\n', 'line 1: expected a metric name after HELP, got "1a x"');
  f('# TYPE a bogus\n', 'line 1: invalid metric type "bogus"');
  f('# TYPE a counter \n', 'line 1: invalid metric type "counter "');
  f('# TYPE a  counter\n', 'line 1: invalid metric type " counter"');
  f('# TYPE a toString\n', 'line 1: invalid metric type "toString"');
  f(latin1('a{b="\xff"} 1\n'), 'line 1: invalid UTF-8');
  f(latin1('# HELP a \xff\n'), 'line 1: invalid UTF-8');
  f('a 1\n\0b 2\n', 'line 2: expected a valid start of a line, got "\\u0000b 2"');
  f('\ufeffa 1\n', 'line 1: expected a valid start of a line, got "\ufeffa 1"');
});

test('bounds of buckets and quantiles are written as OpenMetrics writes numbers, after a TYPE that says so', () => {
  const f = accepts.bind(null, 'text');
  const type = (text: string): string => `type a "${text}"`;
  f(
    '# TYPE a histogram\na_bucket{le="1"} 1\na_bucket{le="1000000"} 1\na_bucket{le="x",quantile="1"} 1\n',
    type('histogram'),
    '{__name__="a_bucket", le="1.0"} 1',
    '{__name__="a_bucket", le="1e+06"} 1',
    '{__name__="a_bucket", le="x", quantile="1"} 1',
  );
  f(
    '# TYPE a summary\na{quantile="1",le="1"} 1\n',
    type('summary'),
    '{__name__="a", le="1", quantile="1.0"} 1',
  );
  f('# TYPE a gauge\na{quantile="1",le="1"} 1\n', type('gauge'), '{__name__="a", le="1", quantile="1"} 1');
});

test('OpenMetrics: exactly one space, # EOF at the end', () => {
  const f = accepts.bind(null, 'openmetrics');
  f('');
  f('# EOF\n');
  f('a 1\n# EOF', `${a} 1`);
  f('a{b="c",} 1\n# EOF\n', `${abc} 1`);
  f('a{} 1\n# EOF\n', `${a} 1`);
  f('{"a.b","c.d"="e"} 1\n# EOF\n', '{__name__="a.b", "c.d"="e"} 1');
  f('{"a\nb"} 1\n# EOF\n', '{__name__="a\\nb"} 1');
});

test('OpenMetrics: timestamps are seconds, cut off to milliseconds', () => {
  const f = accepts.bind(null, 'openmetrics');
  f('a 1 1600000000.123\n# EOF\n', `${a} 1 @1600000000123`);
  f('a 1 1.001\n# EOF\n', `${a} 1 @${Math.trunc(1.001 * 1000)}`);
  f('a 1 -1\n# EOF\n', `${a} 1 @-1000`);
  f('a 1 1e3\n# EOF\n', `${a} 1 @1000000`);
});

test('OpenMetrics: exemplars are read', () => {
  const f = accepts.bind(null, 'openmetrics');
  f('a 1 # {x="y"} 2 5.5\n# EOF\n', `${a} 1 # {"labels":["x","y"],"value":2,"timestampMs":5500}`);
  f('a 1 5 # {"x"="y",} 2\n# EOF\n', `${a} 1 @5000 # {"labels":["x","y"],"value":2,"timestampMs":null}`);
  f('a 1 # {} 1\n# EOF\n', `${a} 1 # {"labels":[],"value":1,"timestampMs":null}`);
});

test('OpenMetrics: metadata', () => {
  const f = accepts.bind(null, 'openmetrics');
  f('# HELP a \\"x\\"\n# EOF\n', 'help a "\\"x\\""');
  f('# HELP a \n# EOF\n', 'help a ""');
  f('# TYPE a stateset\n# EOF\n', 'type a "stateset"');
  f('# TYPE a info\n# TYPE b gaugehistogram\n# EOF\n', 'type a "info"', 'type b "gaugehistogram"');
  f('# UNIT a_seconds seconds\n# UNIT b \n# EOF\n', 'unit a_seconds "seconds"', 'unit b ""');
  f(
    '# TYPE a counter\na_total 1\na_created 123\n# EOF\n',
    'type a "counter"',
    '{__name__="a_total"} 1',
    '{__name__="a_created"} 123',
  );
});

test('OpenMetrics: what Prometheus refuses is refused, with the line', () => {
  const f = refuses.bind(null, 'openmetrics');
  const noEnd = 'data does not end with # EOF';
  f('a 1\n', `line 2: ${noEnd}`);
  f('a 1', `line 1: ${noEnd}`);
  f('a 1\n# HELP a x', `line 2: ${noEnd}`);
  f('# EOF\n\n', 'line 2: unexpected data after # EOF');
  f('# EOF\na 1\n', 'line 2: unexpected data after # EOF');
  f('# EOF x\n', 'line 1: unexpected data after # EOF');
  f('\n# EOF\n', 'line 1: expected a valid start of a line, got the end of the line');
  f(' a 1\n# EOF\n', 'line 1: expected a valid start of a line, got " a 1"');
  f('a  1\n# EOF\n', 'line 1: expected a value after the metric, got " 1"');
  f('a\t1\n# EOF\n', 'line 1: expected a value after the metric, got "\\t1"');
  f('a 1 \n# EOF\n', 'line 1: expected a timestamp, got the end of the line');
  f('a 1 nan\n# EOF\n', 'line 1: invalid timestamp "nan"');
  f('a{ b="c"} 1\n# EOF\n', 'line 1: expected a label name, got " b=\\"c\\"} 1"');
  f('a{b="c"d="e"} 1\n# EOF\n', 'line 1: expected a comma or }, got "d=\\"e\\"} 1"');
  f('a {b="c"} 1\n# EOF\n', 'line 1: value "{b=\\"c\\"}" is no number');
  f('a{b="c"}1\n# EOF\n', 'line 1: expected a value after the metric, got "1"');
  f('a{b="x\ny"} 1\n# EOF\n', 'line 1: quoted text does not end');
  f('a 1 # {x="y"}\n# EOF\n', 'line 1: expected a value after the exemplar labels, got the end of the line');
  f('a 1 # {x="y"} z\n# EOF\n', 'line 1: value "z" is no number');
  f('a 1 # {x="y"} 1 nan\n# EOF\n', 'line 1: invalid exemplar timestamp "nan"');
  f('a 1 # {x="y"} 1 1 1\n# EOF\n', 'line 1: expected the end of the line, got " 1"');
  f('a 1 # {"x"} 1\n# EOF\n', 'line 1: expected =, got "} 1"');
  f('a 1 #{x="y"} 1\n# EOF\n', 'line 1: invalid timestamp "#{x=\\"y\\"}"');
  f('# x\n# EOF\n', 'line 1: expected HELP, TYPE, UNIT or EOF after #, got "# x"');
  f('#  HELP a x\n# EOF\n', 'line 1: expected HELP, TYPE, UNIT or EOF after #, got "#  HELP a x"');
  f('#HELP a x\n# EOF\n', 'line 1: expected a valid start of a line, got "#HELP a x"');
  f('# HELP a\n# EOF\n', 'line 1: expected text in HELP');
  f('# TYPE a untyped\n# EOF\n', 'line 1: invalid metric type "untyped"');
  f('# UNIT a seconds\n# EOF\n', 'line 1: unit "seconds" not a suffix of metric "a"');
  f('# UNIT seconds seconds\n# EOF\n', 'line 1: unit "seconds" not a suffix of metric "seconds"');
  f('a 1\r\n# EOF\n', 'line 1: value "1\\r" is no number');
});
