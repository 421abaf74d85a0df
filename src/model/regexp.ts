import {re2, type RE2JS} from '../base/re2.ts';
import {globOf} from './glob.ts';
import type {Glob} from './glob.ts';
import {shapeOf, textsOf} from './regexp-shape.ts';
import type {Element, Sequence, Shape} from './regexp-shape.ts';

/** Longest list of strings that `setMatches` gives out. */
const setSizeMax = 1024;

/**
 * Largest pattern for the engine, in instructions of its program (`x{1000}` takes a thousand). Its time per character grows
 * with them. Lists of literals may be longer: they never get there.
 */
export const programSizeMax = 50_000;

/**
 * A regular expression in RE2's syntax that matches whole texts, `.` matching every character, as in Prometheus's
 * matchers and relabelling. Takes time linear in the length of the text, whatever the pattern.
 */
export class Regexp {
  readonly pattern: string;
  /** All strings that match, where they are a short list; else empty. */
  readonly setMatches: readonly string[];
  /** What every text that matches starts with. */
  readonly prefix: string;
  /** About how many instructions the engine's program has: what the pattern costs. 0 where no engine is needed. */
  readonly programSize: number;
  readonly #match: (text: string) => boolean;

  /** Throws SyntaxError with Go's words: "error parsing regexp: missing closing ): `a(b`". */
  constructor(pattern: string) {
    this.pattern = pattern;
    // Fast path: most patterns are literals, alone or with bars between them.
    const hasOperators = /[\\.*+?()[\]{}^$]/.test(pattern);
    if (hasOperators && !pattern.isWellFormed()) {
      throw new SyntaxError(`error parsing regexp: invalid UTF-8: \`${pattern.toWellFormed()}\``);
    }
    const shape = hasOperators ? shapeOf(pattern) : shapeOfLiterals(pattern.split('|'));
    const foldsCase = shape?.ignoresCase ?? false;
    const set = shape === null || foldsCase ? null : finiteSet(shape);
    const globs = shape === null || set !== null ? null : globsOf(shape);
    this.setMatches = set !== null && set.length <= setSizeMax ? set : [];
    this.prefix = shape === null || foldsCase ? '' : commonPrefix(shape.alternatives);
    // Where case is ignored, the engine looks at texts beyond ASCII.
    this.programSize = set !== null || (globs !== null && !foldsCase) ? 0 : programSizeOf(pattern);
    if (this.programSize > programSizeMax) {
      const sizes = `${this.programSize} instructions, at most ${programSizeMax} are allowed`;
      throw new SyntaxError(`error parsing regexp: expression too large: ${sizes}`);
    }
    if (set !== null) this.#match = setMatcher(set);
    else if (globs === null) this.#match = engineMatcher(pattern, shape);
    else this.#match = foldsCase ? foldingMatcher(pattern, globMatcher(globs)) : globMatcher(globs);
  }

  matches(text: string): boolean {
    return this.#match(text);
  }
}

function shapeOfLiterals(literals: readonly string[]): Shape {
  return {alternatives: literals.map((text) => [{kind: 'texts', texts: [text]}]), ignoresCase: false};
}

type Match = (text: string) => boolean;

/** Null where the engine is needed. Globs of patterns that ignore case are in lower case. */
function globsOf({alternatives, ignoresCase}: Shape): readonly Glob[] | null {
  const globs: Glob[] = [];
  for (const sequence of alternatives) {
    const glob = globOf(ignoresCase ? sequence.map(toLowerCase) : sequence);
    if (glob === null) return null;
    globs.push(glob);
  }
  return globs;
}

function toLowerCase(element: Element): Element {
  if (element.kind !== 'texts') return element;
  return {kind: 'texts', texts: element.texts.map((text) => text.toLowerCase())};
}

function globMatcher(globs: readonly Glob[]): Match {
  const [only] = globs;
  return globs.length === 1
    ? (text) => only!.matches(text)
    : (text) => globs.some((glob) => glob.matches(text));
}

function setMatcher(texts: readonly string[]): Match {
  if (texts.length === 1) {
    const [only] = texts;
    return (text) => text === only;
  }
  if (texts.length <= 4) return (text) => texts.includes(text);
  const set = new Set(texts);
  return (text) => set.has(text);
}

/**
 * Letters beyond ASCII fold in ways of their own (U+212A is a K), so that these are the engine's. Patterns and texts of
 * ASCII alone are compared in lower case.
 */
function foldingMatcher(pattern: string, matchesLower: Match): Match {
  if (!isAscii(pattern)) return engineMatcher(pattern, null);
  let engine: Match | null = null;
  return (text) => {
    if (isAscii(text)) return matchesLower(text.toLowerCase());
    engine ??= engineMatcher(pattern, null);
    return engine(text);
  };
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) >= 0x80) return false;
  return true;
}

/** The engine, behind a look at the literals at both ends where the shape tells them. */
function engineMatcher(pattern: string, shape: Shape | null): Match {
  const engine = compile(pattern);
  const [sequence] = shape?.alternatives ?? [];
  if (shape === null || sequence === undefined || shape.alternatives.length > 1 || shape.ignoresCase) {
    return (text) => engine.testExact(text);
  }
  const first = sequence[0];
  const last = sequence.at(-1);
  const prefixes = first?.kind === 'texts' ? first.texts : [''];
  const suffixes = last?.kind === 'texts' ? last.texts : [''];
  if (prefixes.length > 1 || suffixes.length > 1) {
    return (text) =>
      prefixes.some((each) => text.startsWith(each)) &&
      suffixes.some((each) => text.endsWith(each)) &&
      engine.testExact(text);
  }
  const prefix = prefixes[0]!;
  const suffix = suffixes[0]!;
  return (text) => text.startsWith(prefix) && text.endsWith(suffix) && engine.testExact(text);
}

function compile(pattern: string): RE2JS {
  const {RE2JS, RE2JSException} = re2();
  try {
    return RE2JS.compile(pattern, RE2JS.DOTALL);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    // The flag is put before the pattern, where messages that quote the whole pattern show it.
    const message = error.message.replace('`(?s)', '`');
    const quoted = message.includes('trailing backslash') ? '' : pattern;
    throw new SyntaxError(message.endsWith('`') ? message : `${message}: \`${quoted}\``, {cause: error});
  }
}

/** Counts characters and classes, and multiplies by repetition counts. The engine itself has no limit that is low enough. */
function programSizeOf(pattern: string): number {
  const sizes = [0];
  let last = 0;
  for (const [token, count, countMax] of pattern.matchAll(sizedToken)) {
    const top = sizes.length - 1;
    if (token === '(') sizes.push(0);
    else if (token === ')' && top > 0) sizes[top - 1]! += last = sizes.pop()!;
    else if (count !== undefined) {
      const factor = Math.min(1000, Math.max(Number(count), Number(countMax ?? 0), 1));
      sizes[top]! += last * (factor - 1);
      last *= factor;
    } else sizes[top]! += last = 1;
  }
  return sizes.reduce((sum, size) => sum + size, 0);
}

const sizedToken = /\\[^]|\[\^?\]?(?:\\[^]|\[:\^?\w+:\]|[^\]\\])*\]|\{(\d+)(?:,(\d*))?\}|[^]/g;

function finiteSet(shape: Shape): readonly string[] | null {
  const found = new Set<string>();
  for (const sequence of shape.alternatives) {
    const texts = textsOf(sequence);
    if (texts === null) return null;
    for (const text of texts) found.add(text);
  }
  return [...found];
}

function commonPrefix(alternatives: readonly Sequence[]): string {
  let common: string | null = null;
  for (const [first] of alternatives) {
    if (first?.kind !== 'texts') return '';
    for (const text of first.texts) {
      common ??= text;
      let length = 0;
      while (length < common.length && common[length] === text[length]) length++;
      common = common.slice(0, length);
    }
  }
  // Half a surrogate pair is no prefix of anything.
  return common?.replace(/[\ud800-\udbff]$/, '') ?? '';
}
