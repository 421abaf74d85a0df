import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../base/random.ts';
import {unguarded} from '../storage/querier.ts';
import {Symbols} from '../storage/symbols.ts';
import {JsonBytes} from './jsonbytes.ts';
import {LabelWriter} from './labelwriter.ts';

/** Label sets as one text, written one after the other; each is interned only when it is its turn. */
function write(sets: readonly [string, string][][], atMost = sets.length): string {
  const json = new JsonBytes(1);
  const symbols = new Symbols();
  const writer = new LabelWriter(json, symbols, {sets: atMost, guard: unguarded});
  for (const labels of sets) writer.write(labels.flat().map((text) => symbols.intern(text)));
  return new TextDecoder().decode(json.finish());
}

test('LabelWriter writes label sets as JSON', () => {
  const one = '{"__name__":"up","job":"\\"a\\\\\\n<ü"}';
  for (const count of [1, 2, 50]) {
    const labels: [string, string][] = [
      ['__name__', 'up'],
      ['job', '"a\\\n<ü'],
    ];
    assert.equal(write(Array.from({length: count}, () => labels)), one.repeat(count));
  }
  assert.equal(write([[], [], [], [], []]), '{}{}{}{}{}');
});

test('LabelWriter writes any label sets, few and many, for any seed', () => {
  const alphabet = ['a', 'job', 'node', '', '"', '\\', '\u0001', 'ü', '\u{1f600}', '<', 'host-001:9100'];
  for (let seed = 0; seed < 200; seed++) {
    const random = new Random(seed);
    const text = (): string => Array.from({length: random.below(3)}, () => random.pick(alphabet)).join('');
    const texts = Array.from({length: 1 + random.below(80)}, text);
    const sets = Array.from({length: 1 + random.below(12)}, () =>
      Array.from({length: random.below(8)}, (): [string, string] => [random.pick(texts), random.pick(texts)]),
    );
    // One label set at a time is written without anything that is kept.
    const expected = sets.map((labels) => write([labels])).join('');
    assert.equal(write(sets, 100), expected, `seed ${seed}`);
  }
});
