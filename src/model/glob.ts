import type {Sequence} from './regexp-shape.ts';

/** Literals with gaps between them, or before so many characters: `a.*b`, `.*(foo|bar).+`, `5..`. */
export class Glob {
  /** Each list with the shortest text first. */
  readonly #prefixes: readonly string[];
  readonly #middles: readonly {readonly gapMin: number; readonly texts: readonly string[]}[];
  readonly #suffixes: readonly string[] | null;
  readonly #lastGapMin: number;
  /** How many characters follow; more than 0 only where there are no gaps. */
  readonly #characterCount: number;

  /** `parts` lie between the gaps; there is one more of them than there are gaps. */
  constructor(parts: readonly (readonly string[])[], gapMins: readonly number[], characterCount: number) {
    const sorted = parts.map((texts) => texts.toSorted((a, b) => a.length - b.length));
    this.#prefixes = sorted[0]!;
    this.#middles = sorted.slice(1, -1).map((texts, index) => ({gapMin: gapMins[index]!, texts}));
    this.#suffixes = sorted.length > 1 ? sorted.at(-1)! : null;
    this.#lastGapMin = gapMins.at(-1) ?? 0;
    this.#characterCount = characterCount;
  }

  /** From left to right, each literal as early as possible: that leaves the most for what follows. */
  matches(text: string): boolean {
    const suffixes = this.#suffixes;
    if (suffixes === null) return this.#matchesEnd(text);
    let end = -1;
    for (let i = 0; end < 0 && i < this.#prefixes.length; i++) {
      if (text.startsWith(this.#prefixes[i]!)) end = this.#prefixes[i]!.length;
    }
    if (end < 0) return false;
    for (let i = 0; i < this.#middles.length; i++) {
      const {gapMin, texts} = this.#middles[i]!;
      end = earliestEnd(text, texts, skipCharacters(text, end, gapMin));
      if (end < 0) return false;
    }
    end = skipCharacters(text, end, this.#lastGapMin);
    for (let i = 0; i < suffixes.length; i++) {
      const suffix = suffixes[i]!;
      if (text.length - suffix.length >= end && text.endsWith(suffix)) return true;
    }
    return false;
  }

  #matchesEnd(text: string): boolean {
    for (let i = 0; i < this.#prefixes.length; i++) {
      const prefix = this.#prefixes[i]!;
      if (text.startsWith(prefix) && hasCharacters(text, prefix.length, this.#characterCount)) return true;
    }
    return false;
  }
}

/** The glob of a sequence, or null where only the engine can match it. */
export function globOf(sequence: Sequence): Glob | null {
  const parts: (readonly string[])[] = [];
  const gapMins: number[] = [];
  let characterCount = 0;
  let afterGap = true;
  for (const element of sequence) {
    if (element.kind === 'other' || characterCount > 0) return null;
    if (element.kind === 'texts') {
      parts.push(element.texts);
      afterGap = false;
    } else if (element.kind === 'characters') {
      if (gapMins.length > 0) return null;
      characterCount = element.count;
    } else {
      if (afterGap) parts.push(['']);
      gapMins.push(element.min);
      afterGap = true;
    }
  }
  if (afterGap) parts.push(['']);
  return new Glob(parts, gapMins, characterCount);
}

/** Whether exactly `count` characters follow `position`. */
function hasCharacters(text: string, position: number, count: number): boolean {
  const rest = text.length - position;
  // A character takes one or two units.
  if (rest < count || rest > 2 * count) return false;
  for (let left = count; left > 0; left--) position = skipCharacters(text, position, 1);
  return position === text.length;
}

/** Where the occurrence of any of `texts` ends that ends first, from `start` on; -1 where there is none. */
function earliestEnd(text: string, texts: readonly string[], start: number): number {
  if (start > text.length) return -1;
  let found = -1;
  for (let i = 0; i < texts.length; i++) {
    const each = texts[i]!;
    const index = text.indexOf(each, start);
    if (index >= 0 && (found < 0 || index + each.length < found)) found = index + each.length;
  }
  return found;
}

/** Behind `count` (0 or 1) characters from `position`; behind the end of the text where there are none. */
function skipCharacters(text: string, position: number, count: number): number {
  if (count === 0) return position;
  const code = text.codePointAt(position);
  return position + (code !== undefined && code > 0xffff ? 2 : 1);
}
