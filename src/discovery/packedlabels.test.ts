import assert from 'node:assert/strict';
import test from 'node:test';
import {labelsOf} from '../model/labels.ts';
import {PackedLabels} from './packedlabels.ts';

test('PackedLabels gives back what was packed, and shares lists of names', () => {
  const f = (record: Record<string, string>): PackedLabels => {
    const labels = labelsOf(record);
    const packed = new PackedLabels(labels);
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
    const [packed, other] = [left, right].map((record) => new PackedLabels(labelsOf(record)));
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
  const before = new PackedLabels(['name', 'value']);
  for (let i = 0; i < 3000; i++) {
    const names = [`name_${i}`, 'v'];
    assert.deepEqual(new PackedLabels(names).labels(), names);
  }
  const after = new PackedLabels(['name', 'value']);
  assert.notEqual(before.names, after.names);
  assert.ok(before.equals(after));
});
