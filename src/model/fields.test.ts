import assert from 'node:assert/strict';
import test from 'node:test';
import {parseYaml} from '../base/yaml.ts';
import {
  boolean,
  choice,
  count,
  dictionary,
  duration,
  type Field,
  float,
  integer,
  labelSet,
  list,
  optionalSection,
  section,
  size,
  text,
} from './fields.ts';

/** The value, or the complaints with their paths. */
function read<T>(field: Field<T>, yaml: string): unknown {
  const root = parseYaml(`v: ${yaml}`).root;
  assert.ok(root?.kind === 'mapping');
  const result = field.safeParse(root.entries[0]!.value);
  return result.success
    ? result.data
    : result.error.issues.map(({path, message}) => `${path.join('.')}: ${message}`);
}

function table<T>(field: Field<T>, cases: Record<string, unknown>): void {
  for (const [yaml, expected] of Object.entries(cases)) assert.deepEqual(read(field, yaml), expected, yaml);
}

test('text takes any scalar as it is written', () => {
  table(text, {
    x: 'x',
    '"x"': 'x',
    yes: 'yes',
    '1.50': '1.50',
    '~': '',
    '': '',
    '"~"': '~',
    '!!str ~': '~',
    '[a]': [': cannot unmarshal !!seq into string'],
    '{a: b}': [': cannot unmarshal !!map into string'],
  });
});

test('boolean takes the words of YAML 1.1, not strings', () => {
  table(boolean, {
    true: true,
    Yes: true,
    off: false,
    '': false,
    '"true"': [': cannot unmarshal !!str `true` into bool'],
    '1': [': cannot unmarshal !!int `1` into bool'],
    'something long': [': cannot unmarshal !!str `somethi...` into bool'],
  });
});

test('count, integer and float take numbers as Go does', () => {
  table(count, {
    '7': 7,
    '0x10': 16,
    '1e3': 1000,
    '1.9': 1,
    '': 0,
    '-1': [': cannot unmarshal !!int `-1` into uint'],
    '"7"': [': cannot unmarshal !!str `7` into uint'],
    '.nan': [': cannot unmarshal !!float `.nan` into uint'],
  });
  table(integer, {'-7': -7, '9223372036854775808': [': cannot unmarshal !!int `9223372...` into int']});
  table(float, {'1.5': 1.5, '2': 2, x: [': cannot unmarshal !!str `x` into float64']});
});

test('duration and size say how they are written', () => {
  table(duration, {
    '1m30s': 90_000,
    '': 0,
    '15': [': not a valid duration string: "15" (a duration is written like 15s, 1m30s or 90d)'],
  });
  table(size, {
    '1KB': 1024,
    '10': [': units: unknown unit  in 10 (a size is written like 512KB, 10MB or 1GB)'],
  });
});

test('list, dictionary and labelSet read what they hold', () => {
  table(list(count), {
    '[1, 2]': [1, 2],
    '': [],
    '[1, x, -1]': ['1: cannot unmarshal !!str `x` into uint', '2: cannot unmarshal !!int `-1` into uint'],
    x: [': cannot unmarshal !!str `x` into []string'],
  });
  table(dictionary(list(text)), {
    '{b: [x], a: []}': new Map([
      ['b', ['x']],
      ['a', []],
    ]),
    '{a: [x, [y]]}': ['a.1: cannot unmarshal !!seq into string'],
  });
  table(labelSet, {
    '{a: 1, "é x": yes}': new Map([
      ['a', '1'],
      ['é x', 'yes'],
    ]),
    '{"": x}': [': "" is not a valid label name'],
  });
});

test('section knows its fields and lists everything that is wrong', () => {
  const schema = section(() => ({name: text.default('d'), count: count.optional()}), 'empty or null thing');
  table(schema, {
    '{}': {name: 'd'},
    '{name: x, count: 1}': {name: 'x', count: 1},
    '{name: }': {name: ''},
    '': [': empty or null thing'],
    '[]': [': cannot unmarshal !!seq into a section'],
    '{nam: x, conut: 1, zzz: 1, count: q}': [
      'count: cannot unmarshal !!str `q` into uint',
      ': field nam not found; did you mean name?\nfield conut not found; did you mean count?\nfield zzz not found',
    ],
    '{__proto__: 1}': [': field __proto__ not found'],
  });
});

test('optionalSection is null where it says nothing', () => {
  const schema = optionalSection(section(() => ({a: text.default('')})));
  table(schema, {'': null, '{}': {a: ''}, '{a: [x]}': ['a: cannot unmarshal !!seq into string']});
});

test('choice complains in given words', () => {
  table(
    choice(['a', 'b'], (wrong) => `no ${wrong}`),
    {a: 'a', '': '', c: [': no c']},
  );
});
