// The values of number and string tokens, by the rules of Go's strconv.

import {quoteGo} from '../../base/quote.ts';

/** Throws SyntaxError with the words of Go's strconv.ParseFloat. */
export function parseNumber(text: string): number {
  const whole = parseWhole(text);
  if (whole !== null) return whole;
  const word = text.toLowerCase();
  if (word === 'inf') return Infinity;
  if (word === 'nan') return NaN;
  if (!/^(?:[0-9_]+\.?[0-9_]*|\.[0-9_]+)(?:e[+-]?[0-9][0-9_]*)?$/i.test(text) || !underscoresSeparate(text)) {
    throw numberError(text, 'invalid syntax');
  }
  const value = Number(text.replaceAll('_', ''));
  if (value === Infinity) throw numberError(text, 'value out of range');
  return value;
}

/** Hexadecimal, octal (a leading zero) and decimal whole numbers below 2^63; null for all others. */
function parseWhole(text: string): number | null {
  if (/^[0-9]{1,15}$/.test(text) && (text.length === 1 || text[0] !== '0')) return Number(text);
  const [, prefix, digits] = /^(0x|0)?([0-9a-f_]+)$/i.exec(text) ?? [];
  if (digits === undefined || !underscoresSeparate(text)) return null;
  const bare = digits.replaceAll('_', '');
  const pattern = prefix === undefined ? /^[0-9]+$/ : prefix === '0' ? /^[0-7]+$/ : /^[0-9a-f]+$/i;
  if (!pattern.test(bare)) return null;
  const value = BigInt((prefix === undefined ? '' : prefix === '0' ? '0o' : '0x') + bare);
  return value < 2n ** 63n ? Number(value) : null;
}

/** Each underscore stands between two digits, or between the prefix `0x` and a digit. */
function underscoresSeparate(text: string): boolean {
  if (!text.includes('_')) return true;
  const digit = /^0x/i.test(text) ? '[0-9a-f]' : '[0-9]';
  return new RegExp(`^(?:[^_]|(?<=${digit}|0x)_(?=${digit}))*$`, 'i').test(text);
}

function numberError(text: string, why: string): SyntaxError {
  return new SyntaxError(`error parsing number: strconv.ParseFloat: parsing ${quoteGo(text)}: ${why}`);
}

const simpleEscapes: ReadonlyMap<string, number> = new Map(
  Object.entries({a: 0x07, b: 0x08, f: 0x0c, n: 0x0a, r: 0x0d, t: 0x09, v: 0x0b}),
);

/**
 * The value of a string token, whose escape sequences the lexer has checked. `\xff` and `\377` are bytes. Those that make
 * no UTF-8 become lone halves of surrogate pairs, U+DC00 + byte: such a string is not well-formed, which is how to tell
 * that it can be no label, and quoteGo() writes the bytes again.
 */
export function unquoteString(token: string): string {
  const inner = token.slice(1, -1);
  if (token[0] === '`' || !inner.includes('\\')) return inner;
  const encoder = new TextEncoder();
  // A unit takes at most three bytes, and an escape sequence fewer than it has characters.
  const bytes = new Uint8Array(3 * inner.length);
  let length = 0;
  for (const part of inner.match(escapeOrText)!) {
    const letter = part[0] === '\\' ? part[1] : undefined;
    if (letter === undefined) length += encoder.encodeInto(part, bytes.subarray(length)).written;
    else if (letter === 'u' || letter === 'U') {
      const char = String.fromCodePoint(Number.parseInt(part.slice(2), 16));
      length += encoder.encodeInto(char, bytes.subarray(length)).written;
    } else bytes[length++] = byteOf(part);
  }
  return decodeKeepingBytes(bytes.subarray(0, length));
}

const escapeOrText = /[^\\]+|\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3}|[^])/g;

function byteOf(escape: string): number {
  const letter = escape[1]!;
  if (letter === 'x') return Number.parseInt(escape.slice(2), 16);
  if (letter >= '0' && letter <= '7') return Number.parseInt(escape.slice(1), 8);
  return simpleEscapes.get(letter) ?? letter.charCodeAt(0);
}

function decodeKeepingBytes(bytes: Uint8Array): string {
  const decoder = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true});
  let text = '';
  for (let start = 0; start < bytes.length;) {
    let end = start + sequenceLength(bytes[start]!);
    try {
      text += decoder.decode(bytes.subarray(start, end));
    } catch {
      end = start + 1;
      text += String.fromCharCode(0xdc00 + bytes[start]!);
    }
    start = end;
  }
  return text;
}

/** How many bytes the character takes that starts with `lead`. */
function sequenceLength(lead: number): number {
  if (lead < 0xc0) return 1;
  return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}
