import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../base/random.ts';
import {unguarded, type LabelIds} from '../storage/querier.ts';
import {Symbols} from '../storage/symbols.ts';
import {JsonBytes} from './jsonbytes.ts';
import {LabelSetsWriter, type LabelSets} from './writtensets.ts';

const seed = Math.floor(Math.random() * 2 ** 31);

/** Those series of a selection, by their places, that are to be written. */
class Chosen implements LabelSets {
  readonly countEstimate: number;
  readonly selection: object | undefined;
  asked = 0;
  index = -1;
  readonly #sets: readonly LabelIds[];
  readonly #places: readonly number[];
  #at = -1;

  constructor(sets: readonly LabelIds[], places: readonly number[], selection: object | undefined) {
    this.#sets = sets;
    this.#places = places;
    this.selection = selection;
    this.countEstimate = sets.length;
  }

  next(): boolean {
    this.index = this.#places[++this.#at] ?? -1;
    return this.#at < this.#places.length;
  }

  labels(): LabelIds {
    this.asked++;
    return this.#sets[this.index]!;
  }
}

const symbols = new Symbols();
const textsOf = (i: number): [string, string][] => [
  ['__name__', 'up'],
  ['instance', `host-"${i}"`],
];
const setsOf = (count: number): LabelIds[] =>
  Array.from({length: count}, (_, i) =>
    textsOf(i).flatMap((pair) => pair.map((text) => symbols.intern(text))),
  );

/** Writes them, and returns how many label sets had to be looked at for that. */
function write(series: Chosen, places: readonly number[], isWhole = true): number {
  const json = new JsonBytes(1);
  json.ascii('[');
  const writer = new LabelSetsWriter(json, symbols, {series, guard: unguarded});
  while (series.next()) writer.write();
  writer.finish(isWhole);
  json.ascii(']');
  const sets: unknown = JSON.parse(new TextDecoder().decode(json.finish()));
  assert.deepEqual(
    sets,
    places.map((place) => Object.fromEntries(textsOf(place))),
    `seed ${seed}`,
  );
  return series.asked;
}

test('label sets of a selection are written once, and repeated from then on', () => {
  const sets = setsOf(5);
  const selection = {};
  const f = (places: number[], isWhole = true, of: object | null = selection): number =>
    write(new Chosen(sets, places, of ?? undefined), places, isWhole);
  assert.equal(f([0, 1, 2, 3, 4], true, null), 5);
  assert.equal(f([0, 1, 2, 3, 4], true, null), 5);
  // Cut off at a limit: not all that there is.
  assert.equal(f([0, 1], false), 2);
  assert.equal(f([0, 1, 3]), 3);
  assert.equal(f([0, 1, 3]), 0);
  assert.equal(f([1]), 0);
  assert.equal(f([]), 0);
  // Who asks for more is known the next time.
  assert.equal(f([0, 1, 2, 3, 4]), 2);
  assert.equal(f([0, 1, 2, 3, 4]), 5);
  assert.equal(f([0, 2, 3]), 0);
  assert.equal(f([0, 1, 2, 3, 4], true, {}), 5);
});

test('any parts of selections are written as they are, for any seed', () => {
  const random = new Random(seed);
  const sets = setsOf(20);
  const selections = [{}, {}, {}];
  for (let i = 0; i < 300; i++) {
    const share = random.float();
    const places = sets.map((_, place) => place).filter(() => random.float() < share);
    const selection = selections[i % 3];
    write(new Chosen(sets, places, selection), places, random.float() < 0.7);
  }
});

test('little is kept: not the largest, and the newest of the others', () => {
  const f = (count: number, selection: object): number => {
    const places = Array.from({length: count}, (_, i) => i);
    return write(new Chosen(setsOf(count), places, selection), places);
  };
  const large = {};
  assert.equal(f(4000, large), 4000);
  assert.equal(f(4000, large), 4000);
  const first = {};
  assert.equal(f(1500, first), 1500);
  assert.equal(f(1500, first), 0);
  for (let i = 0; i < 4; i++) assert.equal(f(1500, {}), 1500);
  assert.equal(f(1500, first), 1500);
  for (let i = 0; i < 20; i++) f(1, {});
  assert.equal(f(1500, first), 1500);
});
