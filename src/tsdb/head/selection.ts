import {
  entryName,
  entryValue,
  entryList,
  listItems,
  blockPairs,
  blockEntries,
} from '../../kernels/index-layout.ts';
import {slotLabels, slotRef} from '../../kernels/head-layout.ts';
import type {LinearMemory} from '../../kernels/memory.ts';
import type {Matcher} from '../../model/matcher.ts';
import {unguarded, type ReadGuard} from '../../storage/querier.ts';
import {headerSlotCount} from './header.ts';
import {findEntry} from './postings.ts';
import {slotAddress} from './series.ts';
import {findSymbol, SymbolKey, type SymbolTexts} from './symbols.ts';

/** Matchers that are checked in one pass over the candidates: two bits each in a verdict. */
const matchersAtOnce = 15;
const verdictKnown = 0x8000_0000;

/** How many series are looked at, and how many texts compared, between two looks at whether to go on. */
const seriesUnchecked = 4096;
const textsUnchecked = 16;

/** Bytes for a series in each of the columns of SelectedSeries together. */
const selectedBytes = 16;

/** Columns of so many series are small enough for V8 to make them cheaply. */
const selectedMin = 8;
const noWords = new Uint32Array(0);
const noFloats = new Float64Array(0);

/** Selected series in columns, oldest first. */
export class SelectedSeries {
  length = 0;
  slots = noWords;
  /** Addresses of the label blocks. */
  blocks = noWords;
  refs = noFloats;
  readonly #guard: ReadGuard;

  /** `guard` counts the memory. */
  constructor(guard: ReadGuard) {
    this.#guard = guard;
  }

  add(slot: number, block: number, ref: number): void {
    if (this.length === this.slots.length) this.#grow();
    this.slots[this.length] = slot;
    this.blocks[this.length] = block;
    this.refs[this.length] = ref;
    this.length++;
  }

  #grow(): void {
    const capacity = Math.max(selectedMin, this.slots.length * 2);
    this.#guard.takeBytes(selectedBytes * capacity);
    const {slots, blocks, refs} = this;
    this.slots = new Uint32Array(capacity);
    this.blocks = new Uint32Array(capacity);
    this.refs = new Float64Array(capacity);
    this.slots.set(slots);
    this.blocks.set(blocks);
    this.refs.set(refs);
    this.#guard.releaseBytes(selectedBytes * slots.length);
  }

  /** Gives the memory back; the columns are not used again. */
  release(): void {
    this.#guard.releaseBytes(selectedBytes * this.slots.length);
    this.length = 0;
    this.slots = this.blocks = noWords;
    this.refs = noFloats;
  }

  /** Puts the series in the order of their refs: merges the runs that are in order already. */
  sort(): void {
    let runs = this.#runs();
    if (runs.length <= 2) return;
    this.#guard.takeBytes(selectedBytes * this.length);
    let from: Columns = {slots: this.slots, blocks: this.blocks, refs: this.refs};
    let to: Columns = {
      slots: new Uint32Array(this.length),
      blocks: new Uint32Array(this.length),
      refs: new Float64Array(this.length),
    };
    while (runs.length > 2) {
      this.#guard.check();
      const merged = [0];
      for (let i = 0; i + 1 < runs.length; i += 2) {
        const end = runs[i + 2] ?? runs[i + 1]!;
        mergeRuns(from, to, {start: runs[i]!, middle: runs[i + 1]!, end});
        merged.push(end);
      }
      runs = merged;
      [from, to] = [to, from];
    }
    this.slots = from.slots;
    this.blocks = from.blocks;
    this.refs = from.refs;
    this.#guard.releaseBytes(selectedBytes * this.length);
  }

  /** Where runs of rising refs begin, and the end. */
  #runs(): number[] {
    const runs = [0];
    for (let i = 1; i < this.length; i++) if (this.refs[i]! < this.refs[i - 1]!) runs.push(i);
    if (this.length > 0) runs.push(this.length);
    return runs;
  }
}

interface Columns {
  slots: Uint32Array<ArrayBuffer>;
  blocks: Uint32Array<ArrayBuffer>;
  refs: Float64Array<ArrayBuffer>;
}

function mergeRuns(
  from: Columns,
  to: Columns,
  {start, middle, end}: {start: number; middle: number; end: number},
): void {
  let left = start;
  let right = middle;
  for (let i = start; i < end; i++) {
    const takeLeft = left < middle && (right >= end || from.refs[left]! <= from.refs[right]!);
    const at = takeLeft ? left++ : right++;
    to.slots[i] = from.slots[at]!;
    to.blocks[i] = from.blocks[at]!;
    to.refs[i] = from.refs[at]!;
  }
}

/** Numbers the entries that a querier meets from 0 up, so that what is known of each lies in columns. */
export class EntryNumbers {
  size = 0;
  /** Entry of each number. */
  entries = new Uint32Array(32);
  #places = new Uint32Array(128);
  #numbers = new Uint32Array(128);
  #guard: ReadGuard;

  /** `guard` counts the memory. */
  constructor(guard: ReadGuard = unguarded) {
    this.#guard = guard;
  }

  /** Forgets all entries, for another querier. */
  reset(guard: ReadGuard): void {
    this.#guard = guard;
    this.size = 0;
    this.#places.fill(0);
  }

  number(entry: number): number {
    const mask = this.#places.length - 1;
    let at = Math.imul(entry >>> 3, 0x9e3779b1) >>> 0;
    at = (at ^ (at >>> 15)) & mask;
    for (;;) {
      const place = this.#places[at]!;
      if (place === entry) return this.#numbers[at]!;
      if (place === 0) return this.#add(entry, at);
      at = (at + 1) & mask;
    }
  }

  #add(entry: number, at: number): number {
    const number = this.size++;
    if (number === this.entries.length) {
      this.#guard.takeBytes(4 * number);
      const entries = new Uint32Array(number * 2);
      entries.set(this.entries);
      this.entries = entries;
    }
    this.entries[number] = entry;
    this.#places[at] = entry;
    this.#numbers[at] = number;
    if (this.size * 2 > this.#places.length) this.#rebuild();
    return number;
  }

  #rebuild(): void {
    const mask = this.#places.length * 2 - 1;
    this.#guard.takeBytes(8 * this.#places.length);
    this.#places = new Uint32Array(mask + 1);
    this.#numbers = new Uint32Array(mask + 1);
    for (let number = 0; number < this.size; number++) {
      const entry = this.entries[number]!;
      let at = Math.imul(entry >>> 3, 0x9e3779b1) >>> 0;
      at = (at ^ (at >>> 15)) & mask;
      while (this.#places[at] !== 0) at = (at + 1) & mask;
      this.#places[at] = entry;
      this.#numbers[at] = number;
    }
  }
}

/** A matcher that knows what it says of the empty string. */
interface Check {
  matcher: Matcher;
  /** Symbol of the label name; 0 = no series has that label. */
  name: number;
  matchesEmpty: boolean;
}

/**
 * Finds the series that match. The shortest list of candidates among the matchers that need a value is walked, and the
 * other matchers are checked on each candidate's own labels: once for each label pair, not for each series.
 * The caller is inside an epoch.
 */
export class Selector {
  readonly #memory: LinearMemory;
  readonly #texts: SymbolTexts;
  readonly #numbers: EntryNumbers;
  readonly #key: SymbolKey;
  readonly #guard: ReadGuard;

  constructor(
    memory: LinearMemory,
    texts: SymbolTexts,
    {numbers, guard, key = new SymbolKey(memory)}: {numbers: EntryNumbers; guard: ReadGuard; key?: SymbolKey},
  ) {
    this.#guard = guard;
    this.#memory = memory;
    this.#texts = texts;
    this.#numbers = numbers;
    this.#key = key;
  }

  select(matchers: readonly Matcher[]): SelectedSeries {
    const none = new SelectedSeries(this.#guard);
    const checks: Check[] = [];
    for (const matcher of matchers) {
      const check = {matcher, name: this.symbol(matcher.name), matchesEmpty: matcher.matches('')};
      if (check.name === 0 && !check.matchesEmpty) return none;
      if (check.name !== 0) checks.push(check);
    }
    const source = this.#source(checks);
    if (source === null) return none;
    let selected = source.entries === null ? this.#walkAll() : this.#walkEntries(source.entries);
    const rest = checks.filter((check) => !source.settled.includes(check));
    for (let i = 0; i < rest.length; i += matchersAtOnce) {
      const unfiltered = selected;
      selected = this.#filter(unfiltered, rest.slice(i, i + matchersAtOnce));
      unfiltered.release();
    }
    selected.sort();
    return selected;
  }

  /** Symbol of a text, or 0. */
  symbol(text: string): number {
    this.#key.set(text);
    return findSymbol(this.#memory, this.#key);
  }

  /** Items of an entry's list, as [first index, end) of words. */
  listOf(entry: number): {first: number; end: number} {
    const u32 = this.#memory.u32;
    const list = Atomics.load(u32, (entry + entryList) >>> 2);
    const first = (list + listItems) >>> 2;
    return {first, end: first + Atomics.load(u32, list >>> 2)};
  }

  /**
   * The entries whose lists hold all candidates (null: walk all series), and the checks that they settle.
   * Null where nothing can match.
   */
  #source(checks: readonly Check[]): {entries: number[] | null; settled: Check[]} | null {
    let best: {entries: number[] | null; settled: Check[]; count: number} = {
      entries: null,
      settled: [],
      count: Atomics.load(this.#memory.u32, headerSlotCount >>> 2),
    };
    const open: Check[] = [];
    for (const check of checks) {
      const values = literalValues(check);
      if (values === null) {
        if (!check.matchesEmpty) open.push(check);
        continue;
      }
      const entries = this.#entriesOf(check.name, values);
      const count = this.#countOf(entries);
      if (count === 0) return null;
      if (count < best.count || best.entries === null) best = {entries, settled: [check], count};
    }
    // A matcher that must try all values of its label pays when these are much fewer than the candidates.
    for (const check of open) {
      const name = findEntry(this.#memory, check.name, 0);
      // The text is known, but as a value only.
      if (name === 0) return null;
      const {first, end} = this.listOf(name);
      if ((end - first) * 4 > best.count) continue;
      const entries: number[] = [];
      this.#guard.takeBytes(8 * (end - first));
      for (let i = first; i < end; i++) {
        if (i % textsUnchecked === 0) this.#guard.check();
        const entry = this.#memory.u32[i]!;
        if (check.matcher.matches(this.#valueText(entry))) entries.push(entry);
      }
      const count = this.#countOf(entries);
      if (count === 0) return null;
      // Walking all series in order is cheaper than putting together lists that hold nearly all.
      if (count < best.count && (best.entries !== null || count * 2 < best.count)) {
        best = {entries, settled: [check], count};
      }
    }
    return best;
  }

  #valueText(entry: number): string {
    return this.#texts.text(this.#memory.u32[(entry + entryValue) >>> 2]!);
  }

  #entriesOf(name: number, values: readonly string[]): number[] {
    const entries = new Set<number>();
    for (const value of values) {
      const symbol = this.symbol(value);
      const entry = symbol === 0 ? 0 : findEntry(this.#memory, name, symbol);
      if (entry !== 0) entries.add(entry);
    }
    return [...entries];
  }

  #countOf(entries: readonly number[]): number {
    let count = 0;
    for (const entry of entries) {
      const {first, end} = this.listOf(entry);
      count += end - first;
    }
    return count;
  }

  #walkAll(): SelectedSeries {
    const selected = new SelectedSeries(this.#guard);
    const count = Atomics.load(this.#memory.u32, headerSlotCount >>> 2);
    for (let slot = 0; slot < count; slot++) {
      if (slot % seriesUnchecked === 0) this.#guard.check();
      this.#take(selected, slot);
    }
    return selected;
  }

  #walkEntries(entries: readonly number[]): SelectedSeries {
    const u32 = this.#memory.u32;
    const selected = new SelectedSeries(this.#guard);
    for (let e = 0; e < entries.length; e++) {
      const {first, end} = this.listOf(entries[e]!);
      for (let i = first; i < end; i++) {
        if (i % seriesUnchecked === 0) this.#guard.check();
        this.#take(selected, u32[i]!);
      }
    }
    return selected;
  }

  /** Takes the series of a slot, unless it is gone. */
  #take(selected: SelectedSeries, slot: number): void {
    const u32 = this.#memory.u32;
    const address = slotAddress(u32, slot);
    const block = Atomics.load(u32, (address + slotLabels) >>> 2);
    if (block !== 0) selected.add(slot, block, this.#memory.f64[(address + slotRef) >>> 3]!);
  }

  /**
   * Keeps the series that pass all checks. Of each label pair a verdict is kept: bit i = it fails check i, bit
   * 15 + i = it is of the label of check i.
   */
  #filter(selected: SelectedSeries, checks: readonly Check[]): SelectedSeries {
    const u32 = this.#memory.u32;
    const kept = new SelectedSeries(this.#guard);
    let verdicts = new Uint32Array(64);
    let texts = 0;
    let needed = 0;
    checks.forEach((check, i) => {
      if (!check.matchesEmpty) needed |= 1 << (matchersAtOnce + i);
    });
    for (let s = 0; s < selected.length; s++) {
      if (s % seriesUnchecked === 0) this.#guard.check();
      const block = selected.blocks[s]!;
      const first = (block + blockEntries) >>> 2;
      const end = first + u32[(block + blockPairs) >>> 2]!;
      let sum = 0;
      for (let i = first; i < end; i++) {
        const number = this.#numbers.number(u32[i]!);
        if (number >= verdicts.length) verdicts = this.#grown(verdicts, number);
        let verdict = verdicts[number]!;
        if (verdict === 0) {
          if (++texts % textsUnchecked === 0) this.#guard.check();
          verdict = verdicts[number] = this.#verdict(u32[i]!, checks);
        }
        sum |= verdict;
      }
      const failed = (sum & ((1 << matchersAtOnce) - 1)) !== 0;
      if (!failed && (sum & needed) === needed) kept.add(selected.slots[s]!, block, selected.refs[s]!);
    }
    this.#guard.releaseBytes(4 * verdicts.length);
    return kept;
  }

  #grown(verdicts: Uint32Array<ArrayBuffer>, number: number): Uint32Array<ArrayBuffer> {
    const length = Math.max(number + 1, verdicts.length * 2);
    this.#guard.takeBytes(4 * (length - verdicts.length));
    const larger = new Uint32Array(length);
    larger.set(verdicts);
    return larger;
  }

  #verdict(entry: number, checks: readonly Check[]): number {
    const name = this.#memory.u32[(entry + entryName) >>> 2]!;
    let verdict = verdictKnown;
    for (let i = 0; i < checks.length; i++) {
      const check = checks[i]!;
      if (check.name !== name) continue;
      verdict |= 1 << (matchersAtOnce + i);
      if (!check.matcher.matches(this.#valueText(entry))) verdict |= 1 << i;
    }
    return verdict >>> 0;
  }
}

/** The values that a matcher stands for, where these are few and known; the empty string is not among them. */
function literalValues({matcher, matchesEmpty}: Check): readonly string[] | null {
  if (matchesEmpty) return null;
  if (matcher.type === '=') return [matcher.value];
  const {setMatches} = matcher as {setMatches?: readonly string[]};
  return matcher.type === '=~' && setMatches !== undefined && setMatches.length > 0 ? setMatches : null;
}
