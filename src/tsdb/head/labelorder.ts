import {entryName, entryValue, blockPairs, blockEntries} from '../../kernels/index-layout.ts';
import {compareStrings} from '../../model/labels.ts';
import type {LinearMemory} from '../../kernels/memory.ts';
import {guarded} from '../../storage/guardedsort.ts';
import type {ReadGuard} from '../../storage/querier.ts';
import type {EntryNumbers, SelectedSeries} from './selection.ts';
import type {SymbolTexts} from './symbols.ts';

interface Means {
  memory: LinearMemory;
  texts: SymbolTexts;
  numbers: EntryNumbers;
  guard: ReadGuard;
}

/** How many series or label pairs are looked at between two looks at whether to go on. */
const itemsUnchecked = 4096;
/** Of a series: the end of its pairs, its place in the order and in those of the sort. */
const placesBytes = 28;
/** A label pair with its texts while pairs are sorted, without the characters. */
const rankedBytes = 120;

/** Puts series in the order of their labels. Each label pair's text is looked at once; series are compared by numbers. */
export function sortByLabels(selected: SelectedSeries, means: Means): void {
  const {guard} = means;
  guard.takeBytes(placesBytes * selected.length);
  const ends = pairEnds(selected, means);
  const pairCount = ends.at(-1) ?? 0;
  guard.takeBytes(4 * pairCount);
  const pairs = rankedPairs(selected, pairCount, means);

  const compare = (left: number, right: number): number => {
    let l = left === 0 ? 0 : ends[left - 1]!;
    let r = right === 0 ? 0 : ends[right - 1]!;
    const leftEnd = ends[left]!;
    const rightEnd = ends[right]!;
    for (; l < leftEnd && r < rightEnd; l++, r++) if (pairs[l] !== pairs[r]) return pairs[l]! - pairs[r]!;
    return leftEnd - l - (rightEnd - r);
  };
  reorder(selected, Uint32Array.from(ends, (_, i) => i).sort(guarded(compare, guard)));
  guard.releaseBytes(placesBytes * selected.length + 4 * pairCount);
}

/** Where the pairs of each series end, among those of all. */
function pairEnds(selected: SelectedSeries, {memory: {u32}, guard}: Means): Uint32Array {
  const ends = new Uint32Array(selected.length);
  let count = 0;
  for (let s = 0; s < selected.length; s++) {
    if (s % itemsUnchecked === 0) guard.check();
    count += u32[(selected.blocks[s]! + blockPairs) >>> 2]!;
    ends[s] = count;
  }
  return ends;
}

/** The label pairs of all series, by their places in the order of name and value. */
function rankedPairs(selected: SelectedSeries, count: number, means: Means): Uint32Array {
  const {memory, numbers, guard} = means;
  const {u32} = memory;
  const pairs = new Uint32Array(count);
  for (let s = 0, at = 0; s < selected.length; s++) {
    if (s % itemsUnchecked === 0) guard.check();
    const block = selected.blocks[s]!;
    const first = (block + blockEntries) >>> 2;
    const end = first + u32[(block + blockPairs) >>> 2]!;
    for (let i = first; i < end; i++) pairs[at++] = numbers.number(u32[i]!);
  }
  const ranks = ranksOf(pairs, means);
  for (let i = 0; i < count; i++) pairs[i] = ranks[pairs[i]!]!;
  return pairs;
}

/** The place of each label pair, by its number, in the order of name and value. */
function ranksOf(pairs: Uint32Array, {memory: {u32}, texts, numbers, guard}: Means): Uint32Array {
  guard.takeBytes(4 * numbers.size);
  const ranks = new Uint32Array(numbers.size);
  const known: {number: number; name: string; value: string}[] = [];
  let bytes = 0;
  for (const number of pairs) {
    if (ranks[number] !== 0) continue;
    ranks[number] = 1;
    const entry = numbers.entries[number]!;
    const name = texts.text(u32[(entry + entryName) >>> 2]!);
    const value = texts.text(u32[(entry + entryValue) >>> 2]!);
    if (known.length % itemsUnchecked === 0) guard.check();
    guard.takeBytes(rankedBytes + value.length);
    bytes += rankedBytes + value.length;
    known.push({number, name, value});
  }
  known.sort(
    guarded(
      (left, right) => compareStrings(left.name, right.name) || compareStrings(left.value, right.value),
      guard,
    ),
  );
  for (let rank = 0; rank < known.length; rank++) ranks[known[rank]!.number] = rank;
  guard.releaseBytes(bytes + 4 * numbers.size);
  return ranks;
}

function reorder(selected: SelectedSeries, order: Uint32Array): void {
  const {slots, blocks, refs} = selected;
  selected.slots = Uint32Array.from(order, (i) => slots[i]!);
  selected.blocks = Uint32Array.from(order, (i) => blocks[i]!);
  selected.refs = Float64Array.from(order, (i) => refs[i]!);
}
