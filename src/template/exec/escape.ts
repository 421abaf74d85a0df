// What `html`, `js` and `urlquery` make of a text.
import {isPrintable} from '../fmt/quoting.ts';
import {quoteGo} from '../../base/quote.ts';
import {bytesOf, textOf} from '../bytes.ts';

const htmlEscapes: Record<string, string> = {
  '\0': '\ufffd',
  '"': '&#34;',
  "'": '&#39;',
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
};

export function escapeHtml(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/[\x00"'&<>]/g, (char) => htmlEscapes[char]!);
}

const jsEscapes: Record<string, string> = {
  '\\': '\\\\',
  "'": "\\'",
  '"': '\\"',
  '<': '\\u003C',
  '>': '\\u003E',
  '&': '\\u0026',
  '=': '\\u003D',
};

export function escapeJs(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/[\\'"<>&=\x00-\x1f]|[^\x00-\x7f]/gu, (char) => {
    const known = jsEscapes[char];
    if (known !== undefined) return known;
    const code = char.codePointAt(0)!;
    if ((code >= 0x80 && isPrintable(code)) || (code >= 0xdc80 && code <= 0xdcff)) return char;
    return `\\u${code.toString(16).toUpperCase().padStart(4, '0')}`;
  });
}

/** url.QueryEscape */
export function escapeQuery(text: string): string {
  let escaped = '';
  for (const byte of bytesOf(text)) {
    const char = String.fromCharCode(byte);
    if (/[A-Za-z0-9\-_.~]/.test(char)) escaped += char;
    else escaped += char === ' ' ? '+' : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return escaped;
}

/** url.QueryUnescape. Throws SyntaxError with Go's words. */
export function unescapeQuery(text: string): string {
  const source = bytesOf(text);
  const bytes: number[] = [];
  for (let i = 0; i < source.length; i++) {
    const byte = source[i]!;
    if (byte !== 0x25) {
      bytes.push(byte === 0x2b ? 0x20 : byte);
      continue;
    }
    const escape = String.fromCharCode(...source.subarray(i, i + 3));
    if (!/^%[0-9a-fA-F]{2}$/.test(escape)) throw new SyntaxError(`invalid URL escape ${quoteGo(escape)}`);
    bytes.push(Number.parseInt(escape.slice(1), 16));
    i += 2;
  }
  return textOf(Uint8Array.from(bytes));
}
