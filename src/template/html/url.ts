// Texts in URLs.
import {bytesOf} from '../bytes.ts';
import {failsafe} from './css.ts';

/** Relative, or with a scheme that does nothing but show a page or write a mail. */
function isSafeUrl(url: string): boolean {
  const colon = url.indexOf(':');
  if (colon < 0) return true;
  const scheme = url.slice(0, colon);
  return scheme.includes('/') || /^(?:http|https|mailto)$/i.test(scheme);
}

export function filterUrl(url: string): string {
  return isSafeUrl(url) ? url : `#${failsafe}`;
}

/** A part of a URL; `keepsSyntax` = a whole one, of which only what is not allowed is escaped. */
export function processUrl(url: string, keepsSyntax: boolean): string {
  let result = '';
  const bytes = bytesOf(url);
  for (let i = 0; i < bytes.length; i++) {
    const char = String.fromCharCode(bytes[i]!);
    if (/[a-zA-Z0-9\-._~]/.test(char) || (keepsSyntax && isSyntax(bytes, i, char))) result += char;
    else result += `%${bytes[i]!.toString(16).padStart(2, '0')}`;
  }
  return result;
}

function isSyntax(bytes: Uint8Array, index: number, char: string): boolean {
  if (char === '%')
    return /^[0-9a-fA-F]{2}$/.test(String.fromCharCode(...bytes.subarray(index + 1, index + 3)));
  return '!#$&*+,/:;=?@[]'.includes(char);
}

/** A list of URLs with their sizes. */
export function filterSrcset(text: string): string {
  return text.split(',').map(filterSrcsetItem).join(',');
}

function filterSrcsetItem(item: string): string {
  const [, before, url, rest] = /^([\t\n\f\r ]*)([^\t\n\f\r ]*)([^]*)$/.exec(item)!;
  if (!isSafeUrl(url!) || !/^[\t\n\f\r a-zA-Z0-9]*$/.test(rest!)) return `#${failsafe}`;
  return before! + processUrl(url!, true) + rest!;
}
