// Quoted constants as Go reads them (strconv.Unquote and UnquoteChar).
import {textOf} from '../bytes.ts';

/** The text of "…" or `…`, quotes included. Throws SyntaxError with strconv's words. */
export function unquote(quoted: string): string {
  const inner = quoted.slice(1, -1);
  if (quoted.startsWith('`')) return inner.replaceAll('\r', '');
  if (!inner.includes('\\')) return inner;
  let text = '';
  let bytes: number[] = [];
  for (let i = 0; i < inner.length;) {
    const char = readCharacter(inner, i, '"');
    if (char.isByte && char.code >= 0x80) bytes.push(char.code);
    else {
      // Bytes that stand next to each other may be one character.
      if (bytes.length > 0) text += textOf(Uint8Array.from(bytes));
      bytes = [];
      text += String.fromCodePoint(char.code);
    }
    i = char.end;
  }
  return bytes.length > 0 ? text + textOf(Uint8Array.from(bytes)) : text;
}

/** The code point of 'x'. Throws SyntaxError. */
export function unquoteCharacter(quoted: string): number {
  if (quoted.length < 3) throw new SyntaxError('invalid syntax');
  const char = readCharacter(quoted, 1, "'");
  if (quoted.slice(char.end) !== "'") throw new SyntaxError(`malformed character constant: ${quoted}`);
  return char.code;
}

interface Character {
  code: number;
  end: number;
  /** Written as \x.. or \377, which is a byte and no character. */
  isByte: boolean;
}

const simpleEscapes: Record<string, number> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  '\\': 0x5c,
};

const escapedDigits: Record<string, number> = {x: 2, u: 4, U: 8};

function readCharacter(text: string, start: number, quote: string): Character {
  const first = text.codePointAt(start)!;
  if (text[start] === quote) throw new SyntaxError('invalid syntax');
  if (text[start] !== '\\') return {code: first, end: start + (first > 0xffff ? 2 : 1), isByte: false};
  const kind = text[start + 1] ?? '';
  if (kind === quote) return {code: kind.charCodeAt(0), end: start + 2, isByte: false};
  const simple = simpleEscapes[kind];
  if (simple !== undefined) return {code: simple, end: start + 2, isByte: false};
  if (/[0-7]/.test(kind)) return readNumber(text, start + 1, 3, 8);
  const digits = escapedDigits[kind];
  if (digits === undefined) throw new SyntaxError('invalid syntax');
  const char = readNumber(text, start + 2, digits, 16);
  const isSurrogate = char.code >= 0xd800 && char.code <= 0xdfff;
  if (kind !== 'x' && (isSurrogate || char.code > 0x10ffff)) throw new SyntaxError('invalid syntax');
  return {...char, isByte: kind === 'x'};
}

function readNumber(text: string, start: number, digits: number, base: number): Character {
  const written = text.slice(start, start + digits);
  const pattern = base === 8 ? /^[0-7]+$/ : /^[0-9a-fA-F]+$/;
  if (written.length < digits || !pattern.test(written)) throw new SyntaxError('invalid syntax');
  const code = Number.parseInt(written, base);
  if (base === 8 && code > 255) throw new SyntaxError('invalid syntax');
  return {code, end: start + digits, isByte: true};
}
