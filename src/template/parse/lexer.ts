// Splits the text of a template into tokens, as Go's text/template does.
import {escapeCodePoint} from '../fmt/quoting.ts';
import {trimEndOf} from '../bytes.ts';
import {quoteGo} from '../../base/quote.ts';

export type TokenKind =
  | 'error'
  | 'bool'
  | 'char'
  | 'character'
  | 'complex'
  | 'assign'
  | 'declare'
  | 'eof'
  | 'field'
  | 'identifier'
  | 'leftDelimiter'
  | 'leftParenthesis'
  | 'number'
  | 'pipe'
  | 'rawString'
  | 'rightDelimiter'
  | 'rightParenthesis'
  | 'space'
  | 'string'
  | 'text'
  | 'variable'
  | 'keyword'
  | 'dot'
  | 'nil';

export interface Token {
  readonly kind: TokenKind;
  /** The text of the token; for an error its message. */
  readonly text: string;
  /** Index into the template's text, in UTF-16 units. */
  readonly position: number;
  readonly line: number;
}

const keywords = new Set([
  'block',
  'break',
  'continue',
  'define',
  'else',
  'end',
  'if',
  'range',
  'template',
  'with',
]);

/** How messages name a token. */
export function describeToken(token: Token): string {
  if (token.kind === 'eof') return 'EOF';
  if (token.kind === 'error') return token.text;
  if (token.kind === 'keyword' || token.kind === 'dot' || token.kind === 'nil') return `<${token.text}>`;
  const chars = Array.from(token.text);
  // Go looks at the bytes for the decision and at the characters for the cut.
  const isLong = new TextEncoder().encode(token.text).length > 10;
  return isLong ? `${quoteGo(chars.slice(0, 10).join(''))}...` : quoteGo(token.text);
}

/** All tokens of `text`. The last one is `eof` or `error`. */
export function tokenize(text: string): Token[] {
  const lexer = new Lexer(text);
  lexer.run();
  return lexer.tokens;
}

const left = '{{';
const right = '}}';
const wordPattern = /[\p{L}\p{Nd}_]*/uy;
const spacePattern = /[ \t\r\n]*/y;
const quotedPattern = /"(?:\\[^\n]|[^\\"\n])*"/uy;
const characterPattern = /'(?:\\[^\n]|[^\\'\n])*'/uy;
const rawPattern = /`[^`]*`/y;
const numberPattern =
  /[+-]?(?:0[xX][0-9a-fA-F_]*\.?[0-9a-fA-F_]*(?:[pP][+-]?[0-9_]*)?|0[oO][0-7_]*\.?[0-7_]*|0[bB][01_]*\.?[01_]*|[0-9_]*\.?[0-9_]*(?:[eE][+-]?[0-9_]*)?)i?/y;

class Lexer {
  readonly tokens: Token[] = [];
  readonly #text: string;
  #position = 0;
  #line = 1;
  /** Where `#line` was counted up to. */
  #lineCounted = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  run(): void {
    while (this.#readText()) if (!this.#readAction()) return;
  }

  /** Text up to the next action, which may be none. */
  #readText(): boolean {
    const text = this.#text;
    const start = this.#position;
    const open = text.indexOf(left, start);
    if (open < 0) {
      if (start < text.length) this.#emit('text', text.length);
      this.#emit('eof', text.length);
      return false;
    }
    const isTrimmed = this.#hasLeftMarker(open + left.length);
    const plain = text.slice(start, open);
    const end = start + (isTrimmed ? trimEndOf(plain, ' \t\r\n') : plain).length;
    if (end > start) this.#emit('text', end);
    this.#position = open;
    return true;
  }

  #hasLeftMarker(position: number): boolean {
    return this.#text[position] === '-' && isSpace(this.#text[position + 1]);
  }

  /** An action or a comment. False after an error. */
  #readAction(): boolean {
    const open = this.#position;
    const marker = this.#hasLeftMarker(open + left.length) ? 2 : 0;
    if (this.#text.startsWith('/*', open + left.length + marker)) {
      this.#position = open + left.length + marker;
      return this.#readComment();
    }
    this.#emit('leftDelimiter', open + left.length);
    this.#position += marker;
    this.#depth = 0;
    for (;;) {
      const end = this.#rightDelimiter();
      if (end === null) {
        if (!this.#readToken()) return false;
        continue;
      }
      if (this.#depth > 0) return this.#fail('unclosed left paren');
      this.#closeAction(end);
      return true;
    }
  }

  #readComment(): boolean {
    const end = this.#text.indexOf('*/', this.#position + 2);
    if (end < 0) return this.#fail('unclosed comment');
    const start = this.#position;
    this.#position = end + 2;
    const delimiter = this.#rightDelimiter();
    if (delimiter === null) {
      this.#position = start;
      return this.#fail('comment ends before closing delimiter');
    }
    this.#position += (delimiter.isTrimmed ? 2 : 0) + right.length;
    if (delimiter.isTrimmed) this.#position += this.#match(spacePattern).length;
    return true;
  }

  #rightDelimiter(): {isTrimmed: boolean} | null {
    const text = this.#text;
    const position = this.#position;
    if (isSpace(text[position]) && text[position + 1] === '-' && text.startsWith(right, position + 2)) {
      return {isTrimmed: true};
    }
    return text.startsWith(right, position) ? {isTrimmed: false} : null;
  }

  #closeAction({isTrimmed}: {isTrimmed: boolean}): void {
    if (isTrimmed) this.#position += 2;
    this.#emit('rightDelimiter', this.#position + right.length);
    if (isTrimmed) this.#position += this.#match(spacePattern).length;
  }

  /** One token inside an action. False after an error. */
  #readToken(): boolean {
    const text = this.#text;
    const position = this.#position;
    const char = text[position];
    if (char === undefined) return this.#fail('unclosed action');
    if (isSpace(char)) return this.#readSpace();
    switch (char) {
      case '=':
        return this.#emit('assign', position + 1);
      case ':':
        return text[position + 1] === '=' ? this.#emit('declare', position + 2) : this.#fail('expected :=');
      case '|':
        return this.#emit('pipe', position + 1);
      case '"':
        return this.#readQuoted('string', quotedPattern, 'unterminated quoted string');
      case '`':
        return this.#readQuoted('rawString', rawPattern, 'unterminated raw quoted string');
      case "'":
        return this.#readQuoted('character', characterPattern, 'unterminated character constant');
      case '$':
        return this.#readName('variable');
      case '.':
        if (!/[0-9]/.test(text[position + 1] ?? 'x')) return this.#readName('field');
        return this.#readNumber();
      case '(':
        this.#depth++;
        return this.#emit('leftParenthesis', position + 1);
      case ')':
        if (--this.#depth < 0) return this.#fail('unexpected right paren');
        return this.#emit('rightParenthesis', position + 1);
    }
    if (/[+\-0-9]/.test(char)) return this.#readNumber();
    const code = text.codePointAt(position)!;
    if (this.#match(wordPattern) !== '') return this.#readWord();
    if (code > 0x20 && code < 0x7f) return this.#emit('char', position + 1);
    return this.#fail(`unrecognized character in action: ${escapeCodePoint(code)}`);
  }

  /** The last space before a trim marker belongs to the delimiter. */
  #readSpace(): boolean {
    let end = this.#position + this.#match(spacePattern).length;
    if (this.#text[end] === '-' && this.#text.startsWith(right, end + 1)) end--;
    return this.#emit('space', end);
  }

  #readQuoted(kind: TokenKind, pattern: RegExp, message: string): boolean {
    const quoted = this.#match(pattern);
    return quoted === '' ? this.#fail(message) : this.#emit(kind, this.#position + quoted.length);
  }

  /** `.field` or `$variable`, or the dot or the dollar alone. */
  #readName(kind: 'field' | 'variable'): boolean {
    const start = this.#position;
    if (this.#isTerminator(start + 1)) return this.#emit(kind === 'field' ? 'dot' : kind, start + 1);
    wordPattern.lastIndex = start + 1;
    const end = start + 1 + wordPattern.exec(this.#text)![0].length;
    if (!this.#isTerminator(end)) return this.#failCharacter(end);
    return this.#emit(kind, end);
  }

  #readWord(): boolean {
    const word = this.#match(wordPattern);
    const end = this.#position + word.length;
    if (!this.#isTerminator(end)) return this.#failCharacter(end);
    if (keywords.has(word)) return this.#emit('keyword', end);
    if (word === 'nil') return this.#emit('nil', end);
    return this.#emit(word === 'true' || word === 'false' ? 'bool' : 'identifier', end);
  }

  #readNumber(): boolean {
    const start = this.#position;
    let end = start + this.#match(numberPattern).length;
    if (this.#isWordAt(end)) return this.#failNumber(end + 1);
    const sign = this.#text[end];
    if (sign !== '+' && sign !== '-') return this.#emit('number', end);
    numberPattern.lastIndex = end;
    end += numberPattern.exec(this.#text)![0].length;
    if (this.#isWordAt(end)) return this.#failNumber(end + 1);
    if (this.#text[end - 1] !== 'i') return this.#failNumber(end);
    return this.#emit('complex', end);
  }

  #isWordAt(position: number): boolean {
    wordPattern.lastIndex = position;
    return wordPattern.exec(this.#text)![0] !== '';
  }

  #failNumber(end: number): boolean {
    return this.#fail(`bad number syntax: ${quoteGo(this.#text.slice(this.#position, end))}`);
  }

  #failCharacter(position: number): boolean {
    return this.#fail(`bad character ${escapeCodePoint(this.#text.codePointAt(position)!)}`);
  }

  /** What may follow a name. */
  #isTerminator(position: number): boolean {
    const char = this.#text[position];
    if (char === undefined || isSpace(char) || '.,|:)('.includes(char)) return true;
    return this.#text.startsWith(right, position);
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#position;
    return pattern.exec(this.#text)?.[0] ?? '';
  }

  #emit(kind: TokenKind, end: number): true {
    this.tokens.push(this.#token(kind, this.#text.slice(this.#position, end)));
    this.#position = end;
    return true;
  }

  #fail(message: string): false {
    this.tokens.push(this.#token('error', message));
    return false;
  }

  #token(kind: TokenKind, text: string): Token {
    for (; this.#lineCounted < this.#position; this.#lineCounted++) {
      if (this.#text[this.#lineCounted] === '\n') this.#line++;
    }
    return {kind, text, position: this.#position, line: this.#line};
  }
}

function isSpace(char: string | undefined): boolean {
  return char === ' ' || char === '\t' || char === '\r' || char === '\n';
}
