// Writes YAML as Go's yaml.v2 does (libyaml's emitter, lines of about 80 columns), so that a configuration reads the same
// wherever it is shown. Covers what configurations need: mappings, sequences, scalars; no anchors, no tags.

import {resolvePlain} from './yaml-resolve.ts';

export type YamlValue = string | number | bigint | boolean | null | YamlValue[] | FlowSequence | YamlMap;

/** Keys in the order in which they are written. */
export type YamlMap = Map<string, YamlValue>;

/** Written on one line where it fits: `[a, b]`. */
export class FlowSequence {
  readonly items: readonly string[];

  constructor(items: readonly string[]) {
    this.items = items;
  }
}

/** A map with its keys in the order in which Go's yaml.v2 writes those of a map: digits within them count as numbers. */
export function sortedMap(map: ReadonlyMap<string, YamlValue>): YamlMap {
  return new Map([...map].sort(([left], [right]) => compareKeys(left, right)));
}

function compareKeys(left: string, right: string): number {
  const [a, b] = [Array.from(left), Array.from(right)];
  const letter = /\p{L}/u;
  for (let i = 0; i < a.length && i < b.length; i++) {
    if (a[i] === b[i]) continue;
    const [aLetter, bLetter] = [letter.test(a[i]!), letter.test(b[i]!)];
    if (aLetter && bLetter) return a[i]! < b[i]! ? -1 : 1;
    if (aLetter || bLetter) return bLetter ? -1 : 1;
    // Digits before this place, the same in both, count where they are not all zeros.
    const lead = (a[i] === '0' || b[i] === '0') && /[1-9]\d*$/.test(a.slice(0, i).join('')) ? '1' : '0';
    const [aDigits, bDigits] = [digitsAt(a, i), digitsAt(b, i)];
    const difference = Number(lead + aDigits) - Number(lead + bDigits) || aDigits.length - bDigits.length;
    if (difference !== 0) return difference;
    return a[i]! < b[i]! ? -1 : 1;
  }
  return a.length - b.length;
}

function digitsAt(chars: string[], index: number): string {
  let end = index;
  while (end < chars.length && /[0-9]/.test(chars[end]!)) end++;
  return chars.slice(index, end).join('');
}

const indentStep = 2;
const widthBest = 80;
const simpleKeyMax = 128;

/** The text of a document, with a line break at its end. */
export function writeYaml(value: YamlValue): string {
  const writer = new Writer();
  writer.node(value, -indentStep, false);
  return writer.finish();
}

/** What may be done with a text. See yaml_emitter_analyze_scalar of libyaml. */
interface ScalarShape {
  multiline: boolean;
  flowPlain: boolean;
  blockPlain: boolean;
  singleQuoted: boolean;
  literal: boolean;
}

class Writer {
  #text = '';
  #column = 0;
  /** The last character was a space of the layout. */
  #whitespace = true;
  /** Only layout has been written on this line. */
  #indention = true;
  #flow = false;

  finish(): string {
    return this.#column > 0 ? `${this.#text}\n` : this.#text;
  }

  node(value: YamlValue, indent: number, inMapping: boolean): void {
    if (value instanceof Map) {
      if (value.size === 0) this.#indicator('{', true, true, '}');
      else this.#mapping(value, indent + indentStep);
    } else if (Array.isArray(value)) {
      if (value.length === 0) this.#indicator('[', true, true, ']');
      else this.#sequence(value, inMapping && !this.#indention ? indent : indent + indentStep);
    } else if (value instanceof FlowSequence) {
      this.#flowSequence(value.items, Math.max(indent, 0) + indentStep);
    } else {
      this.#scalar(value, Math.max(indent, 0) + (indent < 0 ? 0 : indentStep), false);
    }
  }

  #mapping(map: YamlMap, indent: number): void {
    for (const [key, value] of map) {
      this.#indent(indent);
      const simple = isWord(key) || (!isBreak.test(key) && utf8Length(key) <= simpleKeyMax);
      if (simple) {
        this.#scalar(key, indent + indentStep, true);
        this.#indicator(':', false, false);
      } else {
        this.#indicator('?', true, false);
        this.#indention = true;
        this.#scalar(key, indent + indentStep, false);
        this.#indent(indent);
        this.#indicator(':', true, false);
        this.#indention = true;
      }
      this.node(value, indent, true);
    }
  }

  #sequence(items: YamlValue[], indent: number): void {
    for (const item of items) {
      this.#indent(indent);
      this.#indicator('-', true, false);
      this.#indention = true;
      this.node(item, indent, false);
    }
  }

  #flowSequence(items: readonly string[], indent: number): void {
    this.#indicator('[', true, true);
    this.#flow = true;
    for (let i = 0; i < items.length; i++) {
      if (i > 0) this.#indicator(',', false, false);
      if (this.#column > widthBest) this.#indent(indent);
      this.#scalar(items[i]!, indent + indentStep, false);
    }
    this.#flow = false;
    this.#indicator(']', false, false);
  }

  #scalar(value: string | number | bigint | boolean | null, indent: number, isKey: boolean): void {
    if (typeof value !== 'string') {
      this.#plain(typeof value === 'number' ? formatFloat(value) : String(value), indent, false);
      return;
    }
    if (isWord(value)) {
      if (!this.#whitespace) this.#put(' ');
      this.#put(value);
      this.#whitespace = false;
      this.#indention = false;
      return;
    }
    const shape = analyze(value);
    switch (chooseStyle(value, shape, this.#flow, isKey)) {
      case 'plain':
        this.#plain(value, indent, !isKey);
        break;
      case 'single':
        this.#singleQuoted(value, indent, !isKey);
        break;
      case 'double':
        this.#doubleQuoted(value, indent, !isKey);
        break;
      case 'literal':
        this.#literal(value, indent);
        break;
    }
  }

  #plain(value: string, indent: number, breaks: boolean): void {
    if (!this.#whitespace) this.#put(' ');
    this.#folded(value, indent, breaks, (char) => char, false);
    this.#whitespace = false;
    this.#indention = false;
  }

  #singleQuoted(value: string, indent: number, breaks: boolean): void {
    this.#indicator("'", true, false);
    this.#folded(value, indent, breaks, (char) => (char === "'" ? "''" : char), true);
    this.#indicator("'", false, false);
  }

  /** Text that a long line may break at single spaces. */
  #folded(
    value: string,
    indent: number,
    breaks: boolean,
    encode: (char: string) => string,
    quoted: boolean,
  ): void {
    const chars = Array.from(value);
    let afterSpace = false;
    for (let i = 0; i < chars.length; i++) {
      const char = chars[i]!;
      const inside = !quoted || (i > 0 && i < chars.length - 1);
      const fold = char === ' ' && breaks && !afterSpace && this.#column > widthBest && inside;
      if (fold && chars[i + 1] !== ' ') this.#indent(indent);
      else this.#put(encode(char));
      this.#indention = false;
      afterSpace = char === ' ';
    }
  }

  #doubleQuoted(value: string, indent: number, breaks: boolean): void {
    this.#indicator('"', true, false);
    const chars = Array.from(value);
    let afterSpace = false;
    for (let i = 0; i < chars.length; i++) {
      const char = chars[i]!;
      if (char === ' ') {
        if (breaks && !afterSpace && this.#column > widthBest && i > 0 && i < chars.length - 1) {
          this.#indent(indent);
          if (chars[i + 1] === ' ') this.#put('\\');
        } else this.#put(char);
        afterSpace = true;
      } else {
        this.#put(escapeChar(char));
        afterSpace = false;
      }
    }
    this.#indicator('"', false, false);
  }

  #literal(value: string, indent: number): void {
    this.#indicator('|', true, false);
    if (/^[ \n\r\u0085\u2028\u2029]/.test(value)) this.#put(String(indentStep));
    if (!value.endsWith('\n')) this.#put('-');
    else if (value === '\n' || value.endsWith('\n\n')) this.#put('+');
    this.#break();
    const lines = value.split('\n');
    if (value.endsWith('\n')) lines.pop();
    for (let i = 0; i < lines.length; i++) {
      if (lines[i] !== '') this.#put(' '.repeat(indent) + lines[i]!);
      if (i < lines.length - 1 || value.endsWith('\n')) this.#break();
    }
    this.#whitespace = true;
    this.#indention = value.endsWith('\n');
  }

  #indicator(text: string, needsSpace: boolean, isSpace: boolean, more = ''): void {
    if (needsSpace && !this.#whitespace) this.#put(' ');
    this.#put(text + more);
    this.#whitespace = isSpace && more === '';
    this.#indention = false;
  }

  #indent(indent: number): void {
    if (!this.#indention || this.#column > indent || (this.#column === indent && !this.#whitespace))
      this.#break();
    if (this.#column < indent) this.#put(' '.repeat(indent - this.#column));
    this.#whitespace = true;
    this.#indention = true;
  }

  #break(): void {
    this.#text += '\n';
    this.#column = 0;
  }

  #put(text: string): void {
    this.#text += text;
    this.#column += text.length === 1 ? 1 : Array.from(text).length;
  }
}

/** The usual case: a text that needs no quotes wherever it stands, and no thought. */
function isWord(text: string): boolean {
  return (
    text.length <= simpleKeyMax && /^[a-zA-Z_/][\w./-]*$/.test(text) && resolvePlain(text).tag === '!!str'
  );
}

function utf8Length(text: string): number {
  return text.length > simpleKeyMax ? text.length : new TextEncoder().encode(text).length;
}

function chooseStyle(
  value: string,
  shape: ScalarShape,
  flow: boolean,
  isKey: boolean,
): 'plain' | 'single' | 'double' | 'literal' {
  const single = shape.singleQuoted ? 'single' : 'double';
  if (value.includes('\n')) return shape.literal && !flow && !isKey ? 'literal' : 'double';
  if (resolvePlain(value).tag !== '!!str' || base60.test(value)) return 'double';
  const allowed = flow ? shape.flowPlain : shape.blockPlain;
  return allowed ? 'plain' : single;
}

/** Numbers in base 60, `12:30:45`, which other parsers read as numbers. */
const base60 = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/;

const isBreak = /[\n\r\u0085\u2028\u2029]/;
const unprintable = /[^\n\x20-\x7e\u00a0-\ud7ff\ue000-\ufefe\uff00-\ufffd]/;

function analyze(value: string): ScalarShape {
  const shape = {multiline: false, flowPlain: true, blockPlain: true, singleQuoted: true, literal: true};
  if (value === '') return {...shape, flowPlain: false, literal: false};
  shape.multiline = isBreak.test(value);
  // As there: characters above U+FFFF count as unprintable.
  const special = unprintable.test(value) || / [\n\r\u0085\u2028\u2029]/.test(value);
  const breakSpace = /[\n\r\u0085\u2028\u2029] /.test(value);
  if (special || breakSpace) shape.singleQuoted = false;
  if (special || value.endsWith(' ')) shape.literal = false;
  const edge = /^[ \n\r\u0085\u2028\u2029]|[ \n\r\u0085\u2028\u2029]$/.test(value);
  if (edge || special || breakSpace || shape.multiline) shape.flowPlain = shape.blockPlain = false;
  if (/^(?:---|\.\.\.|[#,[\]{}&*!|>'"%@`]|-(?:[ \t]|$))|[ \t]#/.test(value))
    shape.flowPlain = shape.blockPlain = false;
  if (/^[?:](?:[ \t]|$)|.:(?:[ \t]|$)/s.test(value)) shape.flowPlain = shape.blockPlain = false;
  if (/^[?:]|.[,?[\]{}:]/s.test(value)) shape.flowPlain = false;
  return shape;
}

const escapes: Record<string, string> = {
  '\0': '\\0',
  '\x07': '\\a',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\v',
  '\f': '\\f',
  '\r': '\\r',
  '\x1b': '\\e',
  '"': '\\"',
  '\\': '\\\\',
  '\u0085': '\\N',
  '\u2028': '\\L',
  '\u2029': '\\P',
};

function escapeChar(char: string): string {
  const short = escapes[char];
  if (short !== undefined) return short;
  if (!unprintable.test(char)) return char;
  const code = char.codePointAt(0)!;
  const hex = code.toString(16).toUpperCase();
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}

/** Whole numbers as they are, others as Go's %g. */
function formatFloat(value: number): string {
  if (Number.isInteger(value)) return value.toFixed(0);
  if (Number.isNaN(value)) return '.nan';
  if (!Number.isFinite(value)) return value > 0 ? '.inf' : '-.inf';
  const exponent = Math.floor(Math.log10(Math.abs(value)));
  if (exponent >= -4 && exponent < 21) return String(value);
  const [digits, power = '+0'] = value.toExponential().split('e');
  const sign = power.startsWith('-') ? '-' : '+';
  return `${digits}e${sign}${power.replace(/^[-+]/, '').padStart(2, '0')}`;
}
