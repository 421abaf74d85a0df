import type {Matcher} from 're2js';
import {Regexp} from '../model/regexp.ts';
import {compileAnchored} from './anchored.ts';

/**
 * The regular expression of a rule. Those that most rules have (`(.*)`, literals, sets of literals, prefixes) are matched
 * without an engine; the rest by re2js, in time linear in the text.
 */
export class Pattern {
  readonly source: string;
  /** By index; '' = a group without a name. */
  readonly groupNames: readonly string[];
  /** Whether matching is so cheap that remembering results does not pay. */
  readonly isCheap: boolean;
  readonly #simple: SimplePattern | null;
  readonly #matcher: Matcher | null;
  readonly #test: (text: string) => boolean;

  /** Throws SyntaxError. */
  constructor(source: string) {
    this.source = source;
    const simple = simplify(source);
    this.#simple = simple;
    this.isCheap = simple !== null;
    if (simple !== null) {
      this.#test = (text) => matchesSimple(simple, text);
      this.#matcher = null;
      this.groupNames = [];
      return;
    }
    const regexp = compileAnchored(source);
    this.#test = fastTest(source) ?? ((text) => regexp.test(text));
    this.#matcher = regexp.matcher('');
    const names = Array.from({length: this.#matcher.groupCount() + 1}, () => '');
    for (const [name, index] of Object.entries(regexp.namedGroups())) names[index] = name;
    this.groupNames = names;
  }

  matches(text: string): boolean {
    return this.#test(text);
  }

  /** The text of each group, the whole text first, '' for those that took no part; null where there is no match. */
  groups(text: string): string[] | null {
    const simple = this.#simple;
    if (simple !== null) {
      if (!matchesSimple(simple, text)) return null;
      return simple.groupStart < 0 ? [text] : [text, text.slice(simple.groupStart)];
    }
    const matcher = this.#matcher!.resetMatcherInput(text);
    if (!matcher.find()) return null;
    const groups: string[] = [];
    for (let i = 0; i <= matcher.groupCount(); i++) groups.push(matcher.group(i) ?? '');
    return groups;
  }
}

/** null for the few that are valid only between the anchors, such as `a)(b`. */
function fastTest(source: string): ((text: string) => boolean) | null {
  try {
    const regexp = new Regexp(source);
    return (text) => regexp.matches(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

interface SimplePattern {
  /** One of these, or … */
  set: ReadonlySet<string> | null;
  /** … this at the beginning, and then at least so many further characters. */
  prefix: string;
  restMin: number;
  /** Where the first group begins; it ends with the text. -1 = there is no group. */
  groupStart: number;
}

function matchesSimple(simple: SimplePattern, text: string): boolean {
  if (simple.set !== null) return simple.set.has(text);
  return text.startsWith(simple.prefix) && text.length >= simple.prefix.length + simple.restMin;
}

const literal = String.raw`(?:[^\\.+*?()|[\]{}^$]|\\[\\.+*?()|[\]{}^$/\-:_ ,;=])*`;
const prefixForm = new RegExp(String.raw`^(${literal})(?:(\()?\.([*+])(\))?)$`);
const setForm = new RegExp(String.raw`^(\((?:\?:)?)?(${literal}(?:\|${literal})*)(\))?$`);

function simplify(source: string): SimplePattern | null {
  const prefix = prefixForm.exec(source);
  if (prefix !== null && (prefix[2] === undefined) === (prefix[4] === undefined)) {
    const text = unescape(prefix[1]!);
    const groupStart = prefix[2] === undefined ? -1 : text.length;
    return {set: null, prefix: text, restMin: prefix[3] === '+' ? 1 : 0, groupStart};
  }
  const set = setForm.exec(source);
  if (set !== null && (set[1] === undefined) === (set[3] === undefined)) {
    const texts = splitAlternatives(set[2]!).map(unescape);
    return {set: new Set(texts), prefix: '', restMin: 0, groupStart: set[1] === '(' ? 0 : -1};
  }
  return null;
}

function splitAlternatives(text: string): string[] {
  const alternatives: string[] = [];
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '|') {
      alternatives.push(text.slice(start, i));
      start = i + 1;
    }
  }
  alternatives.push(text.slice(start));
  return alternatives;
}

function unescape(text: string): string {
  return text.replaceAll(/\\(.)/gs, '$1');
}
