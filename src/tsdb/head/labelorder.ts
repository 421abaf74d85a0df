import {entryName, entryValue, blockPairs, blockEntries} from '../../kernels/index-layout.ts';
import {compareStrings} from '../../model/labels.ts';
import type {LinearMemory} from '../../kernels/memory.ts';
import type {EntryNumbers, SelectedSeries} from './selection.ts';
import type {SymbolTexts} from './symbols.ts';

/** Puts series in the order of their labels. Each label pair's text is looked at once; series are compared by numbers. */
export function sortByLabels(
  selected: SelectedSeries,
  memory: LinearMemory,
  texts: SymbolTexts,
  numbers: EntryNumbers,
): void {
  const {u32} = memory;
  const ends = new Uint32Array(selected.length);
  const pairs: number[] = [];
  for (let s = 0; s < selected.length; s++) {
    const block = selected.blocks[s]!;
    const first = (block + blockEntries) >>> 2;
    const end = first + u32[(block + blockPairs) >>> 2]!;
    for (let i = first; i < end; i++) pairs.push(numbers.number(u32[i]!));
    ends[s] = pairs.length;
  }
  const ranks = ranksOf(new Set(pairs), memory, texts, numbers);
  for (let i = 0; i < pairs.length; i++) pairs[i] = ranks[pairs[i]!]!;

  const compare = (left: number, right: number): number => {
    let l = left === 0 ? 0 : ends[left - 1]!;
    let r = right === 0 ? 0 : ends[right - 1]!;
    const leftEnd = ends[left]!;
    const rightEnd = ends[right]!;
    for (; l < leftEnd && r < rightEnd; l++, r++) if (pairs[l] !== pairs[r]) return pairs[l]! - pairs[r]!;
    return leftEnd - l - (rightEnd - r);
  };
  reorder(selected, Uint32Array.from(ends, (_, i) => i).sort(compare));
}

/** The place of each label pair, by its number, in the order of name and value. */
function ranksOf(
  pairs: ReadonlySet<number>,
  {u32}: LinearMemory,
  texts: SymbolTexts,
  numbers: EntryNumbers,
): Uint32Array {
  const known = Array.from(pairs, (number) => {
    const entry = numbers.entries[number]!;
    const name = texts.text(u32[(entry + entryName) >>> 2]!);
    return {number, name, value: texts.text(u32[(entry + entryValue) >>> 2]!)};
  });
  known.sort(
    (left, right) => compareStrings(left.name, right.name) || compareStrings(left.value, right.value),
  );
  const ranks = new Uint32Array(numbers.size);
  known.forEach(({number}, rank) => (ranks[number] = rank));
  return ranks;
}

function reorder(selected: SelectedSeries, order: Uint32Array): void {
  const {slots, blocks, refs} = selected;
  selected.slots = Uint32Array.from(order, (i) => slots[i]!);
  selected.blocks = Uint32Array.from(order, (i) => blocks[i]!);
  selected.refs = Float64Array.from(order, (i) => refs[i]!);
}
