import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../base/random.ts';
import {type Labels, labelsOf, labelsToRecord} from '../model/labels.ts';
import type {RelabelConfig} from './config.ts';
import {compileRelabel, relabel} from './relabel.ts';

type Rule = Partial<RelabelConfig>;
type Record_ = Record<string, string>;

function rulesOf(rules: Rule[]): RelabelConfig[] {
  return rules.map((rule) => ({
    sourceLabels: [],
    separator: ';',
    regex: '(.*)',
    modulus: 0,
    targetLabel: '',
    replacement: '$1',
    action: 'replace',
    ...rule,
  }));
}

function run(labels: Record_, ...rules: Rule[]): Record_ | null {
  const result = relabel(labelsOf(labels), compileRelabel(rulesOf(rules)));
  return result === null ? null : labelsToRecord(result);
}

function f(labels: Record_, rules: Rule[], expected: Record_ | null): void {
  assert.deepEqual(run(labels, ...rules), expected);
}

test('replace joins, matches and writes', () => {
  const base = {a: 'foo', b: 'bar', c: 'baz'};
  f(base, [{sourceLabels: ['a'], regex: 'f(.*)', targetLabel: 'd', replacement: 'ch${1}-ch${1}'}], {
    ...base,
    d: 'choo-choo',
  });
  f(base, [{sourceLabels: ['a', 'b'], regex: '(.*);(.*)', targetLabel: 'd', replacement: '$2+$1'}], {
    ...base,
    d: 'bar+foo',
  });
  f(base, [{sourceLabels: ['a', 'b'], separator: '', regex: 'foobar', targetLabel: 'a', replacement: 'x'}], {
    ...base,
    a: 'x',
  });
  f(base, [{sourceLabels: ['a'], regex: 'oo', targetLabel: 'd', replacement: 'x'}], base);
  f(base, [{sourceLabels: ['none'], targetLabel: 'd', replacement: 'x'}], {...base, d: 'x'});
  f(base, [{targetLabel: 'd', replacement: 'static'}], {...base, d: 'static'});
});

test('replace with an empty result removes the label', () => {
  f({a: 'foo', b: 'bar'}, [{targetLabel: 'a', replacement: ''}], {b: 'bar'});
  f({a: 'foo', b: 'bar'}, [{sourceLabels: ['none'], targetLabel: 'b'}], {a: 'foo'});
  f({a: 'foo'}, [{sourceLabels: ['a'], regex: '(x)?foo', targetLabel: 'a'}], {});
});

test('replace fills in the target, and leaves a nameless one alone', () => {
  const base = {a: 'some-name-value'};
  f(base, [{sourceLabels: ['a'], regex: 'some-([^-]+)-([^,]+)', targetLabel: '${1}', replacement: '${2}'}], {
    ...base,
    name: 'value',
  });
  f(base, [{sourceLabels: ['a'], regex: 'some-([^-]+)-([^,]+)', targetLabel: '$3', replacement: 'x'}], base);
  f(base, [{sourceLabels: ['a'], regex: 'other-(.*)', targetLabel: '$1', replacement: 'x'}], base);
  f({a: '火 #1'}, [{sourceLabels: ['a'], targetLabel: 'l-$1', replacement: 'x'}], {
    a: '火 #1',
    'l-火 #1': 'x',
  });
});

test('replace knows named groups', () => {
  const rule = {
    sourceLabels: ['a'],
    regex: '(?P<host>.+):(?P<port>\\d+)',
    targetLabel: '${port}',
    replacement: '$host!',
  };
  f({a: 'h:80'}, [rule], {a: 'h:80', '80': 'h!'});
});

test('keep and drop look at the whole value', () => {
  const base = {a: 'foo', b: 'bar'};
  f(base, [{action: 'keep', sourceLabels: ['a'], regex: 'foo'}], base);
  f(base, [{action: 'keep', sourceLabels: ['a'], regex: 'fo'}], null);
  f(base, [{action: 'drop', sourceLabels: ['a'], regex: '.*o.*'}], null);
  f(base, [{action: 'drop', sourceLabels: ['a'], regex: 'f'}], base);
  f(base, [{action: 'drop', sourceLabels: ['none'], regex: ''}], null);
  f(base, [{action: 'drop', sourceLabels: ['a'], regex: 'FOO|bar'}], base);
});

test('a drop ends the work', () => {
  f(
    {a: 'x'},
    [
      {action: 'drop', sourceLabels: ['a'], regex: 'x'},
      {targetLabel: 'b', replacement: 'y'},
    ],
    null,
  );
  f(
    {a: 'x'},
    [
      {targetLabel: 'b', replacement: 'y'},
      {action: 'keep', sourceLabels: ['b'], regex: 'z'},
    ],
    null,
  );
});

test('keepequal and dropequal compare labels', () => {
  const base = {port: '80', container_port: '80', other: '90'};
  f(base, [{action: 'keepequal', sourceLabels: ['port'], targetLabel: 'container_port'}], base);
  f(base, [{action: 'keepequal', sourceLabels: ['port'], targetLabel: 'other'}], null);
  f(base, [{action: 'dropequal', sourceLabels: ['port'], targetLabel: 'container_port'}], null);
  f(base, [{action: 'dropequal', sourceLabels: ['port'], targetLabel: 'other'}], base);
  f(base, [{action: 'keepequal', sourceLabels: ['none'], targetLabel: 'nothing'}], base);
});

test('hashmod gives what Prometheus gives', () => {
  // MD5, its last eight bytes as a big-endian number.
  f({c: 'baz'}, [{action: 'hashmod', sourceLabels: ['c'], modulus: 1000, targetLabel: 'd'}], {
    c: 'baz',
    d: '976',
  });
  f({a: 'foo\nbar'}, [{action: 'hashmod', sourceLabels: ['a'], modulus: 1000, targetLabel: 'b'}], {
    a: 'foo\nbar',
    b: '734',
  });
  f({}, [{action: 'hashmod', sourceLabels: ['none'], modulus: 1, targetLabel: 'd'}], {d: '0'});
});

test('lowercase and uppercase change the case', () => {
  f(
    {a: 'FoO', b: 'x'},
    [
      {action: 'lowercase', sourceLabels: ['a'], targetLabel: 'l'},
      {action: 'uppercase', sourceLabels: ['a', 'b'], targetLabel: 'u'},
    ],
    {
      a: 'FoO',
      b: 'x',
      l: 'foo',
      u: 'FOO;X',
    },
  );
  f({a: 'x'}, [{action: 'lowercase', sourceLabels: ['none'], targetLabel: 'a'}], {});
});

test('labelmap copies labels under other names', () => {
  const base = {a: 'x', __meta_k8s_app: 'web', __meta_k8s_zone: 'z1'};
  f(base, [{action: 'labelmap', regex: '__meta_k8s_(.+)'}], {...base, app: 'web', zone: 'z1'});
  f(base, [{action: 'labelmap', regex: '__meta_(k8s)_(.+)', replacement: '${2}_of_$1'}], {
    ...base,
    app_of_k8s: 'web',
    zone_of_k8s: 'z1',
  });
  // Labels that it makes are not mapped again; names that come out empty are left out.
  f({a: '1'}, [{action: 'labelmap', regex: '(a+)', replacement: '${1}a'}], {a: '1', aa: '1'});
  f({a: '1'}, [{action: 'labelmap', regex: 'a(x?)'}], {a: '1'});
});

test('labelmap lets later labels win: first the old ones by name, then those that rules set', () => {
  f({a1: 'x', a2: 'y'}, [{action: 'labelmap', regex: '(a)\\d'}], {a: 'y', a1: 'x', a2: 'y'});
  f(
    {a1: 'x', a2: 'y'},
    [
      {targetLabel: 'a1', replacement: 'z'},
      {action: 'labelmap', regex: '(a)\\d'},
    ],
    {a: 'z', a1: 'z', a2: 'y'},
  );
});

test('labeldrop and labelkeep look at names', () => {
  const base = {a: '1', b1: '2', b2: '3'};
  f(base, [{action: 'labeldrop', regex: 'b.*'}], {a: '1'});
  f(base, [{action: 'labelkeep', regex: 'b.*'}], {b1: '2', b2: '3'});
  f(base, [{action: 'labelkeep', regex: 'x'}], {});
  f(base, [{action: 'labeldrop', regex: 'b'}], base);
});

test('rules see what earlier rules did', () => {
  f(
    {__address__: 'host:80'},
    [
      {sourceLabels: ['__address__'], targetLabel: '__param_target'},
      {sourceLabels: ['__param_target'], targetLabel: 'instance'},
      {targetLabel: '__address__', replacement: 'blackbox:9115'},
    ],
    {__address__: 'blackbox:9115', __param_target: 'host:80', instance: 'host:80'},
  );
});

test('relabel() gives the same object back where nothing changes', () => {
  const labels = labelsOf({a: '1', b: '2'});
  const same = (...rules: Rule[]): void =>
    assert.equal(relabel(labels, compileRelabel(rulesOf(rules))), labels);
  same();
  same({sourceLabels: ['a'], targetLabel: 'a'});
  same({sourceLabels: ['a'], regex: 'x', targetLabel: 'a', replacement: 'y'});
  same({action: 'keep', sourceLabels: ['a'], regex: '1'});
  same({action: 'labeldrop', regex: 'x'});
  same({targetLabel: '__tmp', replacement: 'x'}, {action: 'labeldrop', regex: '__tmp'});
});

test('relabel() does not change its input and gives sorted labels without empty values', () => {
  const names = ['a', 'b', 'c', 'Z', '__x', 'é', '\u{1f600}', '\uffff'];
  const actions = ['replace', 'labelmap', 'labeldrop', 'labelkeep', 'lowercase', 'hashmod'] as const;
  for (let seed = 0; seed < 500; seed++) {
    const random = new Random(seed);
    const labels = labelsOf(
      names.filter(() => random.below(2) === 0).map((name) => [name, random.pick(['', 'x', 'Y1'])] as const),
    );
    const before = [...labels];
    const rules = rulesOf(
      Array.from({length: 1 + random.below(4)}, () => ({
        action: random.pick(actions),
        sourceLabels: [random.pick(names)],
        targetLabel: random.pick(names),
        regex: random.pick(['(.*)', 'x', '(.)', '([a-z]).*']),
        replacement: random.pick(['$1', '', 'q$1']),
        modulus: 3,
      })),
    );
    const result = relabel(labels, compileRelabel(rules)) as Labels;
    assert.deepEqual(labels, before, `seed ${seed}`);
    assert.deepEqual(result, labelsOf(labelsToRecord(result)), `seed ${seed}`);
  }
});

test('relabel() gives the same for remembered results as for fresh ones', () => {
  const rules = rulesOf([
    {sourceLabels: ['a'], regex: '([a-z]+)(\\d+)', targetLabel: 'b', replacement: '$2$1'},
    {action: 'drop', sourceLabels: ['a'], regex: '[a-z]+7'},
  ]);
  const warm = compileRelabel(rules);
  for (let i = 0; i < 20_000; i++) {
    const labels = labelsOf({a: `n${(i * 7919) % 6000}`});
    const expected = i % 50 === 0 ? relabel(labels, compileRelabel(rules)) : null;
    const result = relabel(labels, warm);
    if (i % 50 === 0) assert.deepEqual(result, expected);
  }
});
