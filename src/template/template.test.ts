import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import test from 'node:test';
import {TemplateError} from './error.ts';
import {type MissingKey, renderTemplate, TemplateSet} from './template.ts';
import {dataOf, type PersonSpec} from './testing/person.ts';
import {anyType, goFunction, stringType, variadicFunction, sliceOf} from './type.ts';
import {valueOfPlain} from './value.ts';

function render(text: string, data: unknown = null): string {
  return renderTemplate('t', text, valueOfPlain(data));
}

function messageOf(text: string, data: unknown = null): string {
  try {
    return `no error: ${render(text, data)}`;
  } catch (error) {
    assert.ok(error instanceof TemplateError, String(error));
    return error.message;
  }
}

test('random templates give what Go gives, messages included', () => {
  const lines = readFileSync(new URL('testdata/text.jsonl', import.meta.url), 'utf8')
    .trimEnd()
    .split('\n');
  const people = lines.slice(0, 12).map((line) => JSON.parse(line) as PersonSpec);
  for (const line of lines.slice(12)) {
    const [person, key, text, out, err = ''] = JSON.parse(line) as [number, string, string, string, string?];
    const missingKey = (key === '' ? 'default' : key) as MissingKey;
    let got = '';
    let gotError = '';
    try {
      got = renderTemplate('t', text, dataOf(people[person]!), {missingKey});
    } catch (error) {
      gotError = (error as Error).message;
    }
    assert.deepEqual([got, gotError], [out, err], text);
  }
  assert.ok(lines.length > 500, `${lines.length} cases`);
});

test('trim markers take away space, comments everything', () => {
  const f = (text: string, expected: string): void => assert.equal(render(text), expected);
  f('a {{- 1 -}} b', 'a1b');
  f('a\n\t{{- /* comment */ -}}\n b', 'ab');
  f('{{/* a */}}x{{- 3}}', 'x3');
  f('{{-3}}', '-3');
});

test('messages name the place', () => {
  const f = (text: string, expected: string): void => assert.equal(messageOf(text, {a: 1}), expected);
  f(
    'é\n é{{.a.b}}',
    'template: t:2:7: executing "t" at <.a.b>: can\'t evaluate field b in type interface {}',
  );
  f('{{if}}', 'template: t:1: missing value for if');
  f('\n{{range .a}}', 'template: t:2: unexpected EOF');
  f('{{.a\n', 'template: t:2: unclosed action started at t:1');
  f('{{template "x"}}', 'template: t:1:11: executing "t" at <{{template "x"}}>: template "x" not defined');
});

test('templates that run away are stopped', () => {
  const clock = {now: 0};
  const f = (text: string, message: RegExp): void => {
    const limits = {sizeMax: 1000, timeMs: 1000};
    assert.throws(
      () => renderTemplate('t', text, null, {limits, functions, clock: () => clock.now++}),
      (error) => error instanceof TemplateError && message.test(error.message),
      text,
    );
  };
  const functions = new Map([
    ['list', variadicFunction([], anyType, sliceOf(anyType), (...items) => items)],
    ['twice', goFunction([stringType], stringType, (text) => text + text)],
  ]);
  f('{{define "T"}}{{template "T"}}{{end}}{{template "T"}}', /exceeded maximum template depth \(400\)$/);
  f(
    '{{define "T"}}{{if 1}}{{with 2}}{{template "T" (print .)}}{{end}}{{end}}{{end}}{{template "T" 1}}',
    /depth/,
  );
  f(
    '{{range 1000000}}long text that fills the output{{end}}',
    /exceeded maximum output size \(1000 characters\)$/,
  );
  f('{{$x := "ab"}}{{range 100}}{{$x = twice $x}}{{end}}', /<twice \$x>: exceeded maximum output size/);
  f('{{range 1000000000}}{{end}}', /exceeded maximum execution time \(1000 ms\)$/);
  f(`${'{{if 1}}'.repeat(500)}${'{{end}}'.repeat(500)}`, /max block depth exceeded$/);
  f(`{{${'('.repeat(500)}1${')'.repeat(500)}}}`, /max expression depth exceeded$/);
  // 2^60 ones, which are few as long as nobody prints them.
  f('{{$x := list 1 1}}{{range 60}}{{$x = list $x $x}}{{end}}{{$x}}', /cannot print|exceeded/);
});

test('depth up to the limit fits on the stack', () => {
  const text =
    '{{define "T"}}{{if 1}}{{range 1}}{{with $}}{{template "T" (print (print (print .)))}}{{end}}{{end}}{{end}}{{end}}{{template "T" 1}}';
  assert.match(messageOf(text), /exceeded maximum template depth \(400\)$/);
});

test('TemplateSet.parse() replaces definitions, but not by empty ones', () => {
  const set = new TemplateSet();
  set.parse('a', '{{define "x"}}first{{end}}{{template "x"}}');
  set.parse('b', '{{define "x"}}second{{end}}');
  assert.equal(set.execute('a', null), 'second');
  set.parse('c', '{{define "x"}} {{/* nothing */}}{{end}}');
  assert.equal(set.execute('a', null), 'second');
  const copy = set.clone();
  copy.parse('d', '{{define "x"}}third{{end}}');
  assert.equal(copy.execute('a', null), 'third');
  assert.equal(set.execute('a', null), 'second');
  assert.throws(() => set.execute('zz', null), TemplateError);
});

test('long runs of space take no more time than other text', () => {
  const start = performance.now();
  assert.equal(render(`${' '.repeat(500_000)}x{{- 1}}`).length, 500_002);
  assert.ok(performance.now() - start < 1000);
});
