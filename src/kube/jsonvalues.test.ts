import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../base/random.ts';
import {JsonValues} from './jsonvalues.ts';

const encoder = new TextEncoder();

/** Splits a text that comes in pieces of `size` bytes. */
function split(kind: 'ofList' | 'ofWatch', text: string, size: number): {parts: string[]; head: unknown} {
  const parts: string[] = [];
  const values = JsonValues[kind]((part) => parts.push(part));
  const bytes = encoder.encode(text);
  // One buffer for all pieces, as a socket has it.
  const piece = new Uint8Array(size);
  for (let i = 0; i < bytes.length; i += size) {
    const next = bytes.subarray(i, i + size);
    piece.set(next);
    values.write(piece.subarray(0, next.length));
  }
  return {parts, head: values.end()};
}

test('JsonValues gives the items of a list, and the list without them', () => {
  const f = (text: string, parts: string[], head: unknown): void => {
    for (const size of [1, 2, 3, 7, 1000])
      assert.deepEqual(split('ofList', text, size), {parts, head}, `${size}`);
  };
  f('{"kind":"L","metadata":{"resourceVersion":"7"},"items":[]}', [], {
    kind: 'L',
    metadata: {resourceVersion: '7'},
    items: [],
  });
  f('{"items":[{"a":1},{"b":[{}]}],"metadata":{"x":"y"}}', ['{"a":1}', '{"b":[{}]}'], {
    items: [],
    metadata: {x: 'y'},
  });
  f(
    ' { "a" : "items" , "b":[{"c":1}], "items" : [ {"s":"}]\\"\\\\"} , {"t":"\\\\"} ] } ',
    ['{"s":"}]\\"\\\\"}', '{"t":"\\\\"}'],
    {
      a: 'items',
      b: [{c: 1}],
      items: [],
    },
  );
  f('{"items":null,"metadata":{}}', [], {items: null, metadata: {}});
  f('{"xxxxxxxxxxitems":[{"a":1}],"metadata":{"items":[{"b":2}]}}', [], {
    xxxxxxxxxxitems: [{a: 1}],
    metadata: {items: [{b: 2}]},
  });
  f('{"items":[{"ü":"€😀"}]}', ['{"ü":"€😀"}'], {items: []});
});

test('JsonValues gives the events of a watch', () => {
  const f = (text: string, parts: string[]): void => {
    for (const size of [1, 2, 5, 1000])
      assert.deepEqual(split('ofWatch', text, size).parts, parts, `${size}`);
  };
  f('{"type":"ADDED","object":{"items":[1]}}\n{"type":"x"}\n', [
    '{"type":"ADDED","object":{"items":[1]}}',
    '{"type":"x"}',
  ]);
  f('{}{}', ['{}', '{}']);
  f('', []);
});

test('JsonValues refuses what was cut short, and what closes too often', () => {
  const text = '{"items":[{"a":"b"}],"metadata":{}}';
  for (let size = 1; size < text.length; size++)
    assert.throws(() => split('ofList', text.slice(0, size), 10), SyntaxError, `${size}`);
  assert.throws(() => split('ofWatch', '{}}', 10), SyntaxError);
});

test('JsonValues does not hold more than a limit', () => {
  const values = JsonValues.ofWatch(() => {});
  values.write(encoder.encode('{"a":"'));
  const megabyte = new Uint8Array(1 << 20).fill(97);
  assert.throws(() => {
    for (let i = 0; i < 40; i++) values.write(megabyte);
  }, RangeError);
});

/** Any JSON value, small. */
function valueOf(random: Random, depth: number): unknown {
  const kind = random.below(depth > 3 ? 3 : 5);
  const texts = ['', 'items', '"', '\\', '\\"', '}', '[{', 'é😀', 'a\nb', 'x'.repeat(random.below(30))];
  if (kind === 0) return random.below(1000);
  if (kind === 1) return texts[random.below(texts.length)];
  if (kind === 2) return null;
  const items = Array.from({length: random.below(4)}, () => valueOf(random, depth + 1));
  if (kind === 3) return items;
  return Object.fromEntries(items.map((item, i) => [(texts[random.below(texts.length)] ?? '') + i, item]));
}

test('JsonValues splits as JSON.parse() reads, for any seed and any pieces', () => {
  for (let seed = 0; seed < 300; seed++) {
    const random = new Random(seed);
    const items = Array.from({length: random.below(6)}, () => ({o: valueOf(random, 0)}));
    const rest = {metadata: valueOf(random, 0), itemsx: valueOf(random, 0)};
    const list = seed % 2 === 0 ? {...rest, items} : {items, ...rest};
    const text = seed % 3 === 0 ? JSON.stringify(list, null, 1) : JSON.stringify(list);
    const {parts, head} = split('ofList', text, 1 + random.below(40));
    assert.deepEqual(
      parts.map((part) => JSON.parse(part) as unknown),
      items,
      `seed ${seed}`,
    );
    assert.deepEqual(head, {...list, items: []}, `seed ${seed}`);
  }
});
