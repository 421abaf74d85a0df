import assert from 'node:assert/strict';
import test from 'node:test';
import {compareLabels} from '../../model/labels.ts';
import {Symbols} from '../../storage/symbols.ts';
import {labelOrder, labelTexts} from './labelset.ts';

test('labelOrder is the order of the texts, however many sets there are', (context) => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  context.diagnostic(`seed ${seed}`);
  let state = seed;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return Math.floor((state / 2 ** 31) * below);
  };
  const texts = ['', 'a', 'b', 'aa', 'ab', 'host-10', 'host-9', 'é', '\uffff', '\u{1f600}', 'B', 'z'];
  for (let round = 0; round < 50; round++) {
    const symbols = new Symbols();
    // Ids that belong to none of the sets.
    for (let i = random(5); i > 0; i--) symbols.intern(`other ${i}`);
    const sets = Array.from({length: random(60)}, () =>
      Array.from({length: 2 * random(4)}, () => symbols.intern(texts[random(texts.length)]!)),
    );
    const expected = sets.map((each) => labelTexts(symbols, each)).sort(compareLabels);
    const sorted = [...sets].sort(labelOrder(symbols, sets)).map((each) => labelTexts(symbols, each));
    assert.deepEqual(sorted, expected, `seed ${seed} round ${round}`);
  }
});
