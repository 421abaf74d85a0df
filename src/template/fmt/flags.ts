// Width, precision and flags of a verb, and the padding that comes of them.
import {formatFloat} from './float.ts';
import {canBackquote, escapeCodePoint, isPrintable, quoteCharacter, quoteToAscii} from './quoting.ts';
import {quoteGo} from '../../base/quote.ts';
import {bytesOf} from '../bytes.ts';

/** The flags of one verb. -1 = no width, no precision. */
export class Flags {
  width = -1;
  precision = -1;
  minus = false;
  plus = false;
  sharp = false;
  space = false;
  zero = false;
  /** %+v */
  plusV = false;
  /** %#v */
  sharpV = false;
  /** Inside the report of a verb that does not fit, where methods are not called. */
  isReporting = false;
  /** Values printed so far. */
  valueCount = 0;

  pad(text: string, padsWithZeros = this.zero): string {
    const missing = this.width - runeCount(text);
    if (missing <= 0) return text;
    if (this.minus) return text + ' '.repeat(missing);
    return (padsWithZeros ? '0' : ' ').repeat(missing) + text;
  }

  formatString(text: string): string {
    return this.pad(this.#cut(text));
  }

  #cut(text: string): string {
    if (this.precision < 0 || text.length <= this.precision) return text;
    return Array.from(text).slice(0, this.precision).join('');
  }

  quote(text: string): string {
    const cut = this.#cut(text);
    if (this.sharp && canBackquote(cut)) return this.pad(`\`${cut}\``);
    return this.pad(this.plus ? quoteToAscii(cut) : quoteGo(cut));
  }

  /** %x of the bytes of a string. */
  hexOfBytes(text: string, isUpper: boolean): string {
    let bytes = bytesOf(text);
    if (this.precision >= 0) bytes = bytes.subarray(0, this.precision);
    const prefix = this.sharp ? (isUpper ? '0X' : '0x') : '';
    const pairs = Array.from(bytes, (byte) => {
      const hex = byte.toString(16).padStart(2, '0');
      return isUpper ? hex.toUpperCase() : hex;
    });
    if (pairs.length === 0) return this.pad('');
    return this.pad(prefix + pairs.join(this.space ? ` ${prefix}` : ''));
  }

  formatInteger(value: bigint, base: 2 | 8 | 10 | 16, verb: string): string {
    const isNegative = value < 0n;
    if (this.precision === 0 && value === 0n) return this.pad('', false);
    let digits = (isNegative ? -value : value).toString(base);
    if (verb === 'X') digits = digits.toUpperCase();
    digits = digits.padStart(this.#digitsMin(isNegative), '0');
    if (this.sharp && base === 2) digits = `0b${digits}`;
    if (this.sharp && base === 8 && !digits.startsWith('0')) digits = `0${digits}`;
    if (this.sharp && base === 16) digits = (verb === 'X' ? '0X' : '0x') + digits;
    if (verb === 'O') digits = `0o${digits}`;
    const sign = isNegative ? '-' : this.plus ? '+' : this.space ? ' ' : '';
    return this.pad(sign + digits, false);
  }

  /** A precision gives the number of digits; without one, zeros fill the width. */
  #digitsMin(isNegative: boolean): number {
    if (this.precision >= 0) return this.precision;
    if (!this.zero || this.minus || this.width < 0) return 0;
    return this.width - (isNegative || this.plus || this.space ? 1 : 0);
  }

  /** %U and %#U */
  formatUnicode(value: bigint): string {
    const hex = BigInt.asUintN(64, value)
      .toString(16)
      .toUpperCase()
      .padStart(Math.max(4, this.precision), '0');
    const code = Number(value);
    const isCharacter = this.sharp && value >= 0n && code <= 0x10ffff && isPrintable(code);
    return this.pad(isCharacter ? `U+${hex}${escapeCodePoint(code).replace(/^\S+/, '')}` : `U+${hex}`, false);
  }

  formatCharacter(value: bigint, isQuoted: boolean): string {
    const isValid = value >= 0n && value <= 0x10ffffn && !(value >= 0xd800n && value <= 0xdfffn);
    const code = isValid ? Number(value) : 0xfffd;
    return this.pad(isQuoted ? quoteCharacter(code, this.plus) : String.fromCodePoint(code));
  }

  formatFloat(value: number, verb: string, precisionDefault: number): string {
    const precision = this.precision >= 0 ? this.precision : precisionDefault;
    let text = formatFloat(value, verb, precision);
    const sign = /^[+-]/.test(text) ? text[0]! : '+';
    text = text.replace(/^[+-]/, '');
    const shownSign = sign === '-' ? '-' : this.plus ? '+' : this.space ? ' ' : '';
    if (value !== value) return this.pad(shownSign + text, false);
    if (Math.abs(value) === Infinity) return this.pad((shownSign || '+') + text, false);
    if (this.sharp && verb !== 'b') text = keepPoint(text, verb, precision);
    const padsWithZeros = this.zero && !this.minus && this.width > text.length + shownSign.length;
    if (padsWithZeros) return shownSign + text.padStart(this.width - shownSign.length, '0');
    return this.pad(shownSign + text);
  }
}

/** %#g and the like: always a point, and the zeros that %g takes away. */
function keepPoint(text: string, verb: string, precision: number): string {
  const tailAt = text.search(verb.toLowerCase() === 'x' ? /[pP]/ : /[eEpP]/);
  const tail = tailAt < 0 ? '' : text.slice(tailAt);
  let head = tailAt < 0 ? text : text.slice(0, tailAt);
  let missing = 0;
  if (verb === 'g' || verb === 'G' || verb === 'x') {
    const significant = head.replace('.', '').replace(/^0+/, '').length;
    missing = (precision < 0 ? 6 : precision) - significant;
    if (head === '0') missing--;
  }
  if (!head.includes('.')) head += '.';
  return head + '0'.repeat(Math.max(0, missing)) + tail;
}

function runeCount(text: string): number {
  let count = text.length;
  for (let i = 0; i < text.length - 1; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0xd800 || unit > 0xdbff) continue;
    const next = text.charCodeAt(i + 1);
    if (next >= 0xdc00 && next <= 0xdfff) count--;
  }
  return count;
}
