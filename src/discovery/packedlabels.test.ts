import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../base/random.ts';
import {labelsOf} from '../model/labels.ts';
import {PackedLabels} from './packedlabels.ts';

function packedOf(record: Record<string, string>): PackedLabels {
  return new PackedLabels(Object.keys(record), Object.values(record));
}

test('PackedLabels sorts names, and of those that are told twice takes the last', () => {
  const seed = Math.floor(Math.random() * 2 ** 32);
  const random = new Random(seed);
  for (let i = 0; i < 500; i++) {
    const names = Array.from({length: random.below(8)}, () => 'abcdef'[random.below(6)]!);
    const values = names.map((_, place) => `value ${place}`);
    const expected = labelsOf(names.map((name, place) => [name, values[place]!] as const));
    assert.deepEqual(new PackedLabels(names, values).labels(), expected, `seed ${seed}`);
  }
});

test('PackedLabels gives back what was packed, and shares lists of names', () => {
  const f = (record: Record<string, string>): PackedLabels => {
    const labels = labelsOf(record);
    const packed = packedOf(record);
    assert.deepEqual(packed.labels(), labels);
    return packed;
  };
  f({});
  const plain = f({__address__: 'a:1', zone: 'z'});
  const odd = f({__address__: 'quote " backslash \\ \0 \n 日本 \u{1f600} \ud800', zone: ','});
  assert.equal(plain.names, odd.names);
  f({'日本 "': 'x', __address__: 'y'});
});

test('PackedLabels are equal where names and values are', () => {
  const f = (left: Record<string, string>, right: Record<string, string>, expected: boolean): void => {
    const [packed, other] = [left, right].map((record) => packedOf(record));
    assert.equal(packed!.equals(other!), expected);
    assert.equal(other!.equals(packed!), expected);
  };
  f({}, {}, true);
  f({a: '1', b: '2'}, {b: '2', a: '1'}, true);
  f({a: '1', b: '2'}, {a: '1', c: '2'}, false);
  f({a: '1', b: '2'}, {a: '1', b: '3'}, false);
  f({a: '1'}, {a: '1', b: '2'}, false);
});

test('PackedLabels of many lists of names are equal all the same', () => {
  const before = new PackedLabels(['name'], ['value']);
  for (let i = 0; i < 3000; i++) {
    assert.deepEqual(new PackedLabels([`name_${i}`], ['v']).labels(), [`name_${i}`, 'v']);
  }
  const after = new PackedLabels(['name'], ['value']);
  assert.notEqual(before.names, after.names);
  assert.ok(before.equals(after));
});
