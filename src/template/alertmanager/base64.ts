// Go's base64.URLEncoding: the alphabet for URLs, with padding.
import {bytesOf, textOf} from '../bytes.ts';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

export function encodeBase64(text: string): string {
  const bytes = bytesOf(text);
  let encoded = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const size = Math.min(3, bytes.length - i);
    const bits = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    for (let j = 0; j < 4; j++) encoded += j > size ? '=' : alphabet[(bits >> (18 - 6 * j)) & 63]!;
  }
  return encoded;
}

/** Line breaks are left out. Throws SyntaxError with Go's words. */
export function decodeBase64(encoded: string): string {
  const bytes: number[] = [];
  let bits = 0;
  let count = 0;
  let padding = 0;
  for (let i = 0; i < encoded.length; i++) {
    const char = encoded[i]!;
    if (char === '\n' || char === '\r') continue;
    if (char === '=' && count + padding >= 2 && count + padding < 4) {
      padding++;
      continue;
    }
    const value = alphabet.indexOf(char);
    if (value < 0 || padding > 0) throw corruptAt(i);
    bits = (bits << 6) | value;
    if (++count === 4) {
      bytes.push((bits >> 16) & 255, (bits >> 8) & 255, bits & 255);
      bits = count = 0;
    }
  }
  if (count > 0 && count + padding !== 4) throw corruptAt(encoded.length - (padding === 0 ? count : 0));
  if (count === 2) bytes.push((bits >> 4) & 255);
  if (count === 3) bytes.push((bits >> 10) & 255, (bits >> 2) & 255);
  return textOf(Uint8Array.from(bytes));
}

function corruptAt(position: number): SyntaxError {
  return new SyntaxError(`illegal base64 data at input byte ${position}`);
}
