import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../../base/random.ts';
import {compareLabels} from '../../model/labels.ts';
import {unguarded} from '../../storage/querier.ts';
import {Symbols} from '../../storage/symbols.ts';
import {CountingGuard, endingGuard} from '../../storage/testing-guard.ts';
import {labelOrder, labelTexts} from './labelset.ts';

test('labelOrder is the order of the texts, however many sets there are', (context) => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  context.diagnostic(`seed ${seed}`);
  const random = new Random(seed);
  const texts = ['', 'a', 'b', 'aa', 'ab', 'host-10', 'host-9', 'é', '\uffff', '\u{1f600}', 'B', 'z'];
  for (let round = 0; round < 50; round++) {
    const symbols = new Symbols();
    // Ids that belong to none of the sets.
    for (let i = random.below(5); i > 0; i--) symbols.intern(`other ${i}`);
    const sets = Array.from({length: random.below(60)}, () =>
      Array.from({length: 2 * random.below(4)}, () => symbols.intern(random.pick(texts))),
    );
    const expected = sets.map((each) => labelTexts(symbols, each)).sort(compareLabels);
    const sorted = [...sets].sort(labelOrder(symbols, sets, unguarded));
    assert.deepEqual(sorted.map((each) => labelTexts(symbols, each)), expected, `seed ${seed} round ${round}`); // prettier-ignore
  }
});

test('labelOrder can be ended while texts are sorted, and counts what it allocates', () => {
  const symbols = new Symbols();
  const random = new Random(1);
  const sets = Array.from({length: 50_000}, (_, i) => [
    symbols.intern('instance'),
    symbols.intern(`host ${random.below(2 ** 31)} ${i}`),
  ]);
  const guard = new CountingGuard();
  labelOrder(symbols, sets, guard);
  const {checks, bytes, peakBytes} = guard;
  // Every 4,096 comparisons, of which there are at least n log2(n) - 1.45 n.
  assert.ok(checks > (50_000 * (Math.log2(50_000) - 1.45)) / 4096, `${checks} checks`);
  assert.equal(bytes, 4 * symbols.size, 'what stays');
  assert.ok(peakBytes > 8 * symbols.size, `${peakBytes} bytes`);
  assert.throws(() => labelOrder(symbols, sets, endingGuard(checks - 10)), /it is ended/);
});
