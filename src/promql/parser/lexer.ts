import {quoteGo} from '../../base/quote.ts';
import {durationWords, keywords} from './tokens.ts';
import type {TokenKind} from './tokens.ts';
import {ParseError} from './position.ts';

const endOfText = -1;

/**
 * Cuts a query into tokens, on demand: `next()` reads one into `kind`, `start` and `end`. Comments and white space are
 * skipped. What is no token throws a ParseError with Prometheus's words.
 *
 * Three contexts read the same characters differently: braces (no keywords, `=~`), brackets up to their first number
 * (`durations`: only what a duration expression may hold), and all the rest, where an open bracket makes `:` a token.
 */
export class Lexer {
  readonly text: string;
  kind: TokenKind = 'eof';
  start = 0;
  end = 0;
  /** Where the next token is looked for. */
  #position = 0;
  #parenDepth = 0;
  #inBraces = false;
  #inBrackets = false;
  #inDurations = false;
  #sawColon = false;
  #sawDuration = false;

  constructor(text: string) {
    this.text = text;
  }

  next(): void {
    if (this.#inDurations) this.#nextInDurations();
    else if (this.#inBraces) this.#nextInBraces();
    else this.#nextInStatement();
  }

  #nextInStatement(): void {
    this.#skipBlank(true);
    const code = this.#code(this.#position);
    if (isAlpha(code) || code === colon) return this.#word(code);
    if (isDigit(code) || (code === dot && isDigit(this.#code(this.#position + 1)))) return this.#number();
    switch (code) {
      case endOfText:
        if (this.#parenDepth !== 0) this.#fail('unclosed left parenthesis');
        if (this.#inBrackets) this.#fail('unclosed left bracket');
        return this.#emit('eof', 0);
      case leftBrace:
        this.#inBraces = true;
        return this.#emit('{', 1);
      case leftBracket:
        return this.#openBracket();
      case rightBracket:
        if (!this.#inBrackets) this.#fail("unexpected right bracket ']'");
        this.#inBrackets = false;
        return this.#emit(']', 1);
      case doubleQuote:
      case singleQuote:
        return this.#string(code);
      case backQuote:
        return this.#rawString();
    }
    if (!this.#operator(code)) this.#fail(`unexpected character: ${this.#quoteAt(this.#position)}`);
  }

  /** Signs that mean the same inside and outside of brackets. */
  #arithmetic(code: number): boolean {
    const kind = arithmeticSigns.get(code);
    if (kind === undefined) return false;
    if (kind === '(') this.#parenDepth++;
    // The complaint points behind the parenthesis.
    if (kind === ')' && --this.#parenDepth < 0) this.#fail("unexpected right parenthesis ')'", 1);
    this.#emit(kind, 1);
    return true;
  }

  #operator(code: number): boolean {
    if (this.#arithmetic(code)) return true;
    const following = this.#code(this.#position + 1);
    switch (code) {
      case at:
        this.#emit('@', 1);
        return true;
      case equals:
        if (following === tilde) this.#fail("unexpected character after '=': '~'");
        this.#emitEither('=', '==', following === equals);
        return true;
      case exclamation:
        if (following !== equals) {
          this.#fail(`unexpected character after '!': ${this.#quoteAt(this.#position + 1)}`);
        }
        this.#emit('!=', 2);
        return true;
      case less:
        if (following === slash) this.#emit('</', 2);
        else this.#emitEither('<', '<=', following === equals);
        return true;
      case greater:
        if (following === slash) this.#emit('>/', 2);
        else this.#emitEither('>', '>=', following === equals);
        return true;
    }
    return false;
  }

  #nextInBraces(): void {
    this.#skipBlank(true);
    const code = this.#code(this.#position);
    const following = this.#code(this.#position + 1);
    if (isAlpha(code)) {
      let end = this.#position + 1;
      while (isAlphaNumeric(this.#code(end))) end++;
      return this.#emitTo('identifier', end);
    }
    switch (code) {
      case endOfText:
        return this.#fail('unexpected end of input inside braces');
      case comma:
        return this.#emit(',', 1);
      case doubleQuote:
      case singleQuote:
        return this.#string(code);
      case backQuote:
        return this.#rawString();
      case equals:
        return this.#emitEither('=', '=~', following === tilde);
      case exclamation:
        if (following !== tilde && following !== equals) {
          this.#fail(`unexpected character after '!' inside braces: ${this.#quoteAt(this.#position + 1)}`);
        }
        return this.#emit(following === tilde ? '!~' : '!=', 2);
      case leftBrace:
        return this.#fail("unexpected left brace '{'");
      case rightBrace:
        this.#inBraces = false;
        return this.#emit('}', 1);
    }
    this.#fail(`unexpected character inside braces: ${this.#quoteAt(this.#position)}`);
  }

  #openBracket(): void {
    if (this.#inBrackets) this.#fail("unexpected left bracket '['");
    this.#inBrackets = true;
    this.#inDurations = true;
    this.#sawColon = false;
    this.#emit('[', 1);
  }

  /** From a left bracket to its first number. Comments are no white space here. */
  #nextInDurations(): void {
    this.#skipBlank(false);
    const code = this.#code(this.#position);
    if (code === endOfText) this.#fail('unexpected end of input in duration expression');
    if (code === rightBracket) {
      this.#inDurations = this.#inBrackets = this.#sawColon = false;
      return this.#emit(']', 1);
    }
    if (code === colon) {
      // Both complaints point behind the colon.
      if (!this.#sawDuration) this.#fail('unexpected colon before duration in duration expression', 1);
      if (this.#sawColon) this.#fail('unexpected repeated colon in duration expression', 1);
      this.#sawColon = true;
      return this.#emit(':', 1);
    }
    if (isDigit(code) || (code === dot && isDigit(this.#code(this.#position + 1)))) {
      this.#sawDuration = true;
      this.#inDurations = false;
      return this.#number();
    }
    if (this.#arithmetic(code) || this.#durationWord(code)) return;
    this.#fail(`unexpected character in duration expression: ${this.#quoteAt(this.#position)}`);
  }

  #word(code: number): void {
    if (this.#inBrackets) {
      if (code === colon && !this.#sawColon) {
        this.#sawColon = true;
        return this.#emit(':', 1);
      }
      if (code === colon) this.#fail("unexpected colon ':'");
      if (this.#durationWord(code)) return;
      this.#fail(`unexpected character: ${this.#quoteAt(this.#position)}, expected ':'`);
    }
    let end = this.#position;
    let sawColon = false;
    for (; ; end++) {
      const each = this.#code(end);
      if (each === colon) sawColon = true;
      else if (!isAlphaNumeric(each)) break;
    }
    if (sawColon) return this.#emitTo('metricIdentifier', end);
    const kind = keywords.get(this.text.slice(this.#position, end).toLowerCase()) ?? 'identifier';
    const isFill = kind === 'fill' || kind === 'fill_left' || kind === 'fill_right';
    // These words came late to the language: without a parenthesis they are still names.
    this.#emitTo(isFill && !this.#parenFollows(end) ? 'identifier' : kind, end);
  }

  /** Reads `step`, `range`, `min_of` or `max_of`; leaves everything else alone. */
  #durationWord(code: number): boolean {
    if (!isAlpha(code)) return false;
    let end = this.#position + 1;
    while (isAlpha(this.#code(end))) end++;
    const kind = keywords.get(this.text.slice(this.#position, end).toLowerCase());
    if (kind === undefined || !durationWords.has(kind)) return false;
    this.#emitTo(kind, end);
    return true;
  }

  #parenFollows(position: number): boolean {
    while (isSpace(this.#code(position))) position++;
    return this.#code(position) === leftParen;
  }

  #number(): void {
    const found = scanNumber(this.text, this.#position);
    if (found.valid) return this.#emitTo('number', found.end);
    const duration = scanDuration(this.text, found.end);
    if (duration.valid) return this.#emitTo('duration', duration.end);
    this.#fail(`bad number or duration syntax: ${quoteGo(this.text.slice(this.#position, duration.end))}`);
  }

  #string(quote: number): void {
    for (let position = this.#position + 1; ; position++) {
      const code = this.#code(position);
      if (code === quote) return this.#emitTo('string', position + 1);
      if (code === backslash) position = this.#escape(position + 1, quote) - 1;
      else if (code === endOfText || code === newline) this.#fail('unterminated quoted string');
      else if (this.#isInvalid(position)) this.#fail('invalid UTF-8 rune');
      // The second half of a pair was looked at together with the first.
      else if (isSurrogate(code)) position++;
    }
  }

  #rawString(): void {
    for (let position = this.#position + 1; ; position++) {
      const code = this.#code(position);
      if (code === backQuote) return this.#emitTo('string', position + 1);
      if (code === endOfText) this.#fail('unterminated raw string');
      else if (this.#isInvalid(position)) this.#fail('invalid UTF-8 rune');
      else if (isSurrogate(code)) position++;
    }
  }

  /** Checks the escape sequence whose first character after the backslash is at `position`; returns where it ends. */
  #escape(position: number, quote: number): number {
    const code = this.#code(position);
    if (code === quote) return position + 1;
    const letter = code === endOfText ? '' : this.text[position]!;
    if (letter !== '' && 'abfnrtv\\'.includes(letter)) return position + 1;
    const form = isDigit(code) && letter < '8' ? octalForm : escapeForms.get(letter);
    if (form === undefined) {
      if (letter === '') this.#fail('escape sequence not terminated');
      this.#fail(`unknown escape sequence ${this.#describeAt(position)}`);
    }
    const start = letter === 'x' || letter === 'u' || letter === 'U' ? position + 1 : position;
    let value = 0;
    for (let i = start; i < start + form.digits; i++) {
      const digit = digitValue(this.#code(i));
      if (this.#code(i) === endOfText) this.#fail('escape sequence not terminated');
      if (digit >= form.base) this.#fail(`illegal character ${this.#describeAt(i)} in escape sequence`);
      value = value * form.base + digit;
    }
    if (value > form.max || (value >= 0xd800 && value < 0xe000)) {
      this.#fail('escape sequence is an invalid Unicode code point');
    }
    return start + form.digits;
  }

  #skipBlank(comments: boolean): void {
    for (;;) {
      const code = this.#code(this.#position);
      if (isSpace(code)) this.#position++;
      else if (comments && code === hash) this.#skipLine();
      else return;
    }
  }

  #skipLine(): void {
    for (;;) {
      const code = this.#code(this.#position);
      if (code === endOfText || code === newline || code === carriageReturn) return;
      this.#position++;
    }
  }

  #emit(kind: TokenKind, length: number): void {
    this.#emitTo(kind, this.#position + length);
  }

  #emitEither(short: TokenKind, long: TokenKind, isLong: boolean): void {
    this.#emit(isLong ? long : short, isLong ? 2 : 1);
  }

  #emitTo(kind: TokenKind, end: number): void {
    this.kind = kind;
    this.start = this.#position;
    this.end = end;
    this.#position = end;
  }

  #fail(reason: string, skip = 0): never {
    throw new ParseError(this.text, {start: this.#position + skip, end: this.text.length}, reason);
  }

  #code(position: number): number {
    return position < this.text.length ? this.text.charCodeAt(position) : endOfText;
  }

  /** Half a surrogate pair, or the replacement character, which stands for what was no UTF-8. */
  #isInvalid(position: number): boolean {
    const code = this.text.charCodeAt(position);
    if (code < 0xd800) return false;
    const point = this.text.codePointAt(position)!;
    return point === 0xfffd || (point >= 0xd800 && point <= 0xdfff);
  }

  /** The character at `position` in single quotes, as Go's %q. */
  #quoteAt(position: number): string {
    const char = this.#charAt(position);
    if (char === "'") return "'\\''";
    return char === '"' ? `'"'` : `'${quoteGo(char).slice(1, -1)}'`;
  }

  /** As Go's %#U: `U+0071 'q'`. */
  #describeAt(position: number): string {
    const char = this.#charAt(position);
    const code = `U+${char.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`;
    return /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u.test(char) ? `${code} '${char}'` : code;
  }

  #charAt(position: number): string {
    if (position >= this.text.length) return '\ufffd';
    return String.fromCodePoint(this.text.codePointAt(position)!).toWellFormed();
  }
}

interface EscapeForm {
  digits: number;
  base: number;
  max: number;
}

const octalForm: EscapeForm = {digits: 3, base: 8, max: 255};
const escapeForms: ReadonlyMap<string, EscapeForm> = new Map([
  ['x', {digits: 2, base: 16, max: 255}],
  ['u', {digits: 4, base: 16, max: 0x10ffff}],
  ['U', {digits: 8, base: 16, max: 0x10ffff}],
]);

interface Scan {
  valid: boolean;
  end: number;
}

/**
 * Finds where a number ends. The rules are loose (`1.2.3e4` gets through): what is no number after all is told when its
 * value is wanted. Where they are broken, `end` is behind the character that broke them.
 */
function scanNumber(text: string, start: number): Scan {
  let end = start;
  let isDigitHere = isDecimal;
  if (text[end] === '0') {
    end++;
    if (text[end] === 'x' || text[end] === 'X') {
      end++;
      if (text[end] === '_') end++;
      isDigitHere = isHexadecimal;
    }
  }
  // One dot and one digit may come first, and do not count below.
  if (text[end] === '.') end++;
  if (isDigitHere(text[end])) end++;
  let sawDot = false;
  let sawExponent = false;
  for (;;) {
    const char = text[end];
    if (char === '.') {
      end++;
      if (sawDot) return {valid: false, end};
      sawDot = true;
      if (text[end] === '_' || text[end] === '.') return {valid: false, end: end + 1};
      if (isDigitHere === isHexadecimal) return {valid: false, end};
    } else if (char === 'e' || char === 'E') {
      end++;
      if (sawExponent) return {valid: false, end};
      sawExponent = true;
      if (text[end] === '+' || text[end] === '-') end++;
      if (breaksNumber(text[end])) return {valid: false, end: end + 1};
      if (end >= text.length) return {valid: false, end};
    } else if (char === '_') {
      end++;
      if (breaksNumber(text[end])) return {valid: false, end: end + 1};
      if (end >= text.length) return {valid: false, end};
    } else if (isDigitHere(char)) {
      while (isDigitHere(text[end])) end++;
    } else {
      return {valid: !isAlphaNumeric(char === undefined ? endOfText : char.charCodeAt(0)), end};
    }
  }
}

/** From behind the first digits: units and digits in turn. Whether the units exist and fall is checked later. */
function scanDuration(text: string, start: number): Scan {
  let end = start;
  for (let units = 'smhdwy'; ; units = 'smhdw') {
    const char = text[end];
    if (char === undefined || !units.includes(char)) return {valid: false, end};
    end++;
    if (text[end] === 's') end++;
    if (!isDecimal(text[end])) break;
    while (isDecimal(text[end])) end++;
  }
  const isOver = end >= text.length || !isAlphaNumeric(text.charCodeAt(end));
  return {valid: isOver, end: isOver ? end : end + 1};
}

function isDecimal(char: string | undefined): boolean {
  return char !== undefined && char >= '0' && char <= '9';
}

function isHexadecimal(char: string | undefined): boolean {
  return char !== undefined && digitValue(char.charCodeAt(0)) < 16;
}

function breaksNumber(char: string | undefined): boolean {
  return char !== undefined && '._eE'.includes(char);
}

const newline = 0x0a;
const carriageReturn = 0x0d;
const exclamation = 0x21;
const doubleQuote = 0x22;
const hash = 0x23;
const singleQuote = 0x27;
const leftParen = 0x28;
const comma = 0x2c;
const dot = 0x2e;
const slash = 0x2f;
const colon = 0x3a;
const less = 0x3c;
const equals = 0x3d;
const greater = 0x3e;
const at = 0x40;
const leftBracket = 0x5b;
const backslash = 0x5c;
const rightBracket = 0x5d;
const backQuote = 0x60;
const leftBrace = 0x7b;
const rightBrace = 0x7d;
const tilde = 0x7e;

const arithmeticSigns: ReadonlyMap<number, TokenKind> = new Map(
  (['(', ')', '+', '-', '*', '/', '%', '^', ','] as const).map((sign) => [sign.charCodeAt(0), sign]),
);

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === newline || code === carriageReturn;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function isAlpha(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || code === 0x5f;
}

function isAlphaNumeric(code: number): boolean {
  return isAlpha(code) || isDigit(code);
}

function isSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdfff;
}

/** 0 to 15, or 16 for what is no hexadecimal digit. */
function digitValue(code: number): number {
  if (isDigit(code)) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : 16;
}
