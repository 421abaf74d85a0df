// What a regular expression looks like from outside: most of those that people write for label values are a few literals
// with `.*` around them, and need no engine. This reads those, and says so where it meets something else. It must never
// read a pattern differently from RE2; what it is unsure about is left to the engine.

/** A pattern as alternatives, each a sequence. Only patterns without `other` can be matched from their shape. */
export interface Shape {
  readonly alternatives: readonly Sequence[];
  /** Letters match in either case. */
  readonly ignoresCase: boolean;
}

export type Sequence = readonly Element[];

/** One of some strings; so many characters; any text of at least 0 or 1 characters; or what the engine has to look at. */
export type Element =
  | {readonly kind: 'texts'; readonly texts: readonly string[]}
  | {readonly kind: 'characters'; readonly count: number}
  | {readonly kind: 'gap'; readonly min: number}
  | {readonly kind: 'other'};

/** Most strings that one element is multiplied out to. */
const textsMax = 256;

const depthMax = 50;

/** The shape of a pattern that must match a whole text, with `.` matching line feeds; null where it cannot be told. */
export function shapeOf(pattern: string): Shape | null {
  const flags = /^\(\?([is]+)\)/.exec(pattern);
  const reader = new ShapeReader(pattern, flags === null ? 0 : flags[0].length);
  const alternatives = reader.readAll();
  return alternatives && {alternatives, ignoresCase: flags?.[1]!.includes('i') ?? false};
}

const other: Element = {kind: 'other'};
const anyCharacter: Element = {kind: 'characters', count: 1};

class ShapeReader {
  readonly #pattern: string;
  #position: number;

  constructor(pattern: string, position: number) {
    this.#pattern = pattern;
    this.#position = position;
  }

  readAll(): Sequence[] | null {
    const alternatives = this.#readAlternatives(0);
    return this.#position === this.#pattern.length ? alternatives : null;
  }

  #readAlternatives(depth: number): Sequence[] | null {
    if (depth > depthMax) return null;
    const alternatives: Sequence[] = [];
    for (;;) {
      const sequence = this.#readSequence(depth);
      if (sequence === null) return null;
      alternatives.push(sequence);
      if (!this.#skip('|')) return alternatives;
    }
  }

  #readSequence(depth: number): Sequence | null {
    const sequence: Element[] = [];
    // The whole text is matched, so that these anchors say nothing new at both ends.
    if (depth === 0) this.#skip('^');
    for (;;) {
      const char = this.#pattern[this.#position];
      if (char === undefined || char === '|' || char === ')') return sequence;
      if (depth === 0 && char === '$' && this.#endsAt(this.#position + 1)) this.#position++;
      else if (!this.#readElement(sequence, depth)) return null;
    }
  }

  #endsAt(position: number): boolean {
    return position === this.#pattern.length || this.#pattern[position] === '|';
  }

  /** Reads one element with its repetition to the end of `sequence`. */
  #readElement(sequence: Element[], depth: number): boolean {
    // Fast path: a run of plain characters, up to one that a repetition follows.
    const run = this.#skipMatch(plainRun);
    if (run !== null) {
      append(sequence, {kind: 'texts', texts: [run]});
      return true;
    }
    const elements = this.#readAtom(depth);
    if (elements === null) return false;
    const repetition = repetitions.find((each) => this.#skip(each));
    const isCounted = repetition === undefined && this.#skipMatch(/\{\d+(?:,\d*)?\}/y) !== null;
    if (repetition === undefined && !isCounted) {
      for (const element of elements) append(sequence, element);
      return true;
    }
    this.#skip('?');
    // Repetitions of repetitions are mistakes; the engine says which.
    if (this.#skipMatch(/[*+?]|\{\d+(?:,\d*)?\}/y) !== null) return false;
    append(sequence, isCounted ? other : repeat(elements, repetition!));
    return true;
  }

  #readAtom(depth: number): readonly Element[] | null {
    const char = String.fromCodePoint(this.#pattern.codePointAt(this.#position)!);
    switch (char) {
      case '(':
        return this.#readGroup(depth);
      case '[':
        return this.#readClass();
      case '\\':
        return this.#readEscape();
      case '.':
        this.#position++;
        return [anyCharacter];
      case '^':
      case '$':
      case '*':
      case '+':
      case '?':
        return null;
      case '{':
        if (this.#skipMatch(/\{\d+(?:,\d*)?\}/y) !== null) return null;
    }
    this.#position += char.length;
    return [{kind: 'texts', texts: [char]}];
  }

  #readGroup(depth: number): readonly Element[] | null {
    this.#position++;
    if (!this.#skip('?:') && this.#pattern[this.#position] === '?') return null;
    const alternatives = this.#readAlternatives(depth + 1);
    if (alternatives === null || !this.#skip(')')) return null;
    if (alternatives.length === 1) return alternatives[0]!;
    return [unite(alternatives)];
  }

  #readClass(): readonly Element[] | null {
    const simple = this.#skipMatch(/\[-?(?:[^\\[\]^-]-[^\\[\]^-]|[^\\[\]^-])+-?\]/uy);
    if (simple !== null) return [classTexts(simple) ?? other];
    const any = this.#skipMatch(/\[\^?\]?(?:\\[^]|\[:\^?\w+:\]|[^\]\\])*\]/y);
    return any === null ? null : [other];
  }

  #readEscape(): readonly Element[] | null {
    const char = this.#pattern[this.#position + 1];
    if (char === undefined) return null;
    this.#position += 2;
    const control = controls.get(char);
    if (control !== undefined) return [{kind: 'texts', texts: [control]}];
    if (char === 'd') return [digits];
    if (char === 'w') return [wordCharacters];
    if ('DWsS'.includes(char)) return [other];
    return /[!-/:-@[-`{-~]/.test(char) ? [{kind: 'texts', texts: [char]}] : null;
  }

  #skip(text: string): boolean {
    if (!this.#pattern.startsWith(text, this.#position)) return false;
    this.#position += text.length;
    return true;
  }

  /** `regexp` is sticky. */
  #skipMatch(regexp: RegExp): string | null {
    regexp.lastIndex = this.#position;
    const found = regexp.exec(this.#pattern);
    if (found === null) return null;
    this.#position = regexp.lastIndex;
    return found[0];
  }
}

const digits = classTexts('[0-9]')!;
const wordCharacters = classTexts('[0-9A-Z_a-z]')!;

const plainRun = /[^\\.+*?()|[\]{}^$]+(?![*+?{])/uy;

const repetitions = ['*', '+', '?'] as const;

const controls: ReadonlyMap<string, string> = new Map(
  Object.entries({a: '\x07', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v'}),
);

/** Adds to a sequence; neighbours are joined, so that texts and gaps take turns. */
function append(sequence: Element[], element: Element): void {
  const last = sequence.at(-1);
  if (last?.kind === 'texts' && element.kind === 'texts') {
    if (last.texts.length * element.texts.length <= textsMax) {
      const texts = last.texts.flatMap((left) => element.texts.map((right) => left + right));
      sequence[sequence.length - 1] = {kind: 'texts', texts};
      return;
    }
    sequence.push(other);
  } else if (last?.kind === 'characters' && element.kind === 'characters') {
    sequence[sequence.length - 1] = {kind: 'characters', count: last.count + element.count};
    return;
  } else if (last?.kind === 'gap' && element.kind === 'gap') {
    const min = last.min + element.min;
    sequence[sequence.length - 1] = min <= 1 ? {kind: 'gap', min} : other;
    return;
  }
  sequence.push(element);
}

function repeat(elements: readonly Element[], repetition: (typeof repetitions)[number]): Element {
  const [element] = elements;
  // An empty group: nothing, however often.
  if (element === undefined) return {kind: 'texts', texts: ['']};
  if (elements.length > 1) return other;
  if (element === anyCharacter)
    return repetition === '?' ? other : {kind: 'gap', min: repetition === '+' ? 1 : 0};
  if (element.kind === 'texts' && repetition === '?') return {kind: 'texts', texts: ['', ...element.texts]};
  return other;
}

/** A choice inside of a sequence: of texts, or else something for the engine. */
function unite(alternatives: readonly Sequence[]): Element {
  const texts: string[] = [];
  for (const sequence of alternatives) {
    const found = textsOf(sequence);
    if (found === null || texts.length + found.length > textsMax) return other;
    for (const text of found) texts.push(text);
  }
  return {kind: 'texts', texts};
}

/** All strings that a sequence matches, or null where that is no short list. */
export function textsOf(sequence: Sequence): readonly string[] | null {
  const [element] = sequence;
  if (element === undefined) return [''];
  return sequence.length === 1 && element.kind === 'texts' ? element.texts : null;
}

function classTexts(text: string): Element | null {
  const chars = Array.from(text).slice(1, -1);
  const texts: string[] = [];
  for (let i = 0; i < chars.length; i++) {
    const low = chars[i]!.codePointAt(0)!;
    const isRange = i > 0 || chars[0] !== '-' ? chars[i + 1] === '-' && i + 2 < chars.length : false;
    const high = isRange ? chars[i + 2]!.codePointAt(0)! : low;
    if (high < low || texts.length + high - low >= textsMax) return null;
    for (let code = low; code <= high; code++) texts.push(String.fromCodePoint(code));
    if (isRange) i += 2;
  }
  return {kind: 'texts', texts};
}
