// The newer syntax of matchers: `{"foo 🙂" = "bar", dings != bums}`. Names and values are any text, in double quotes where they
// have white space or signs of the syntax. Places in messages are columns, counted in code points from 0.
import type {Matcher, MatchType} from '../../model/matcher.ts';
import {unquote} from '../../template/parse/quoted.ts';
import {goSpace, isReserved, matcherOf} from '../matchers.ts';

type Kind = 'end' | '{' | '}' | ',' | MatchType | 'quoted' | 'unquoted';

interface Token {
  kind: Kind;
  text: string;
  start: number;
  end: number;
}

const operators: readonly Kind[] = ['=', '!=', '=~', '!~'];

/** Throws SyntaxError with Alertmanager's words. */
export function parseUtf8Matchers(input: string): Matcher[] {
  return new Parser(input).parse();
}

/** Throws SyntaxError where there is not exactly one. */
export function parseUtf8Matcher(input: string): Matcher {
  const matchers = parseUtf8Matchers(input);
  if (matchers.length === 0) throw new SyntaxError('no matchers');
  if (matchers.length > 1) throw new SyntaxError(`expected 1 matcher, found ${matchers.length}`);
  return matchers[0]!;
}

class Parser {
  readonly #lexer: Lexer;
  readonly #matchers: Matcher[] = [];

  constructor(input: string) {
    this.#lexer = new Lexer(input);
  }

  parse(): Matcher[] {
    const lexer = this.#lexer;
    const first = lexer.peek();
    if (first.kind === 'end') return [];
    const isOpen = first.kind === '{';
    if (isOpen) lexer.next();
    let next = lexer.peek();
    while (next.kind !== '}' && next.kind !== 'end') {
      this.#matchers.push(this.#parseMatcher());
      next = this.#expect([',', '}'], 'expected a comma or close brace', true);
      if (next.kind !== ',') break;
      lexer.next();
      next = this.#expect(['}', 'unquoted', 'quoted'], 'expected a matcher or close brace after comma', true);
    }
    this.#parseClose(isOpen);
    return this.#matchers;
  }

  #parseClose(isOpen: boolean): void {
    const lexer = this.#lexer;
    const token = lexer.peek();
    if (isOpen) {
      if (token.kind === 'end')
        throw new SyntaxError(`0:${lexer.column}: end of input: expected close brace`);
      lexer.next();
    } else if (token.kind === '}') {
      lexer.next();
      throw new SyntaxError(`0:${lexer.column}: }: expected opening brace`);
    }
    const rest = lexer.peek('expected end of input');
    if (rest.kind !== 'end')
      throw new SyntaxError(`${rest.start}:${rest.end}: ${rest.text}: expected end of input`);
  }

  #parseMatcher(): Matcher {
    const name = textOf(this.#take(['quoted', 'unquoted'], 'expected label name'));
    const operator = this.#take(operators, "expected an operator such as '=', '!=', '=~' or '!~'");
    const value = textOf(this.#take(['unquoted', 'quoted'], 'expected label value'));
    try {
      return matcherOf(operator.kind as MatchType, name, value);
    } catch (cause) {
      throw new SyntaxError(`failed to create matcher: ${(cause as Error).message}`, {cause});
    }
  }

  #take(kinds: readonly Kind[], complaint: string): Token {
    const token = this.#expect(kinds, complaint, false);
    this.#lexer.next();
    return token;
  }

  /** The next token, which stays. */
  #expect(kinds: readonly Kind[], complaint: string, endIsFine: boolean): Token {
    const token = this.#lexer.peek(complaint);
    if (token.kind === 'end') {
      if (endIsFine) return token;
      throw new SyntaxError(`end of input: ${complaint}`);
    }
    if (kinds.includes(token.kind)) return token;
    throw new SyntaxError(`${token.start}:${token.end}: unexpected ${token.text}: ${complaint}`);
  }
}

function textOf({kind, text, start, end}: Token): string {
  if (kind !== 'quoted') return text;
  try {
    const unquoted = unquote(text);
    // Go's own quotes have no line breaks within.
    if (!text.includes('\n') && unquoted.isWellFormed() && !unquoted.includes('\ufffd')) return unquoted;
    if (unquoted.includes('\ufffd') && text.includes('\ufffd')) return unquoted;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new SyntaxError(`${start}:${end}: ${text}: invalid input`);
}

class Lexer {
  readonly #chars: string[];
  #at = 0;
  #peeked: Token | null = null;
  /** Where the last token ended that next() gave. */
  column = 0;

  constructor(input: string) {
    this.#chars = Array.from(input);
  }

  /** `context` is added to what is wrong. */
  peek(context = ''): Token {
    try {
      this.#peeked ??= this.#scan();
    } catch (error) {
      if (context === '') throw error;
      throw new SyntaxError(`${(error as Error).message}: ${context}`, {cause: error});
    }
    return this.#peeked;
  }

  next(): Token {
    const token = this.peek();
    this.#peeked = null;
    this.column = token.end;
    return token;
  }

  #scan(): Token {
    const chars = this.#chars;
    while (this.#at < chars.length && goSpace.test(chars[this.#at]!)) this.#at++;
    const start = this.#at;
    const char = chars[start];
    if (char === undefined) return {kind: 'end', text: '', start: this.column, end: start};
    if (char === '{' || char === '}' || char === ',') return this.#emit(char, start, start + 1);
    if (char === '=' || char === '!') return this.#scanOperator(start);
    if (char === '"') return this.#scanQuoted(start);
    if (isReserved(char)) throw new SyntaxError(`${start}:${start + 1}: ${char}: invalid input`);
    let end = start + 1;
    while (end < chars.length && !isReserved(chars[end]!)) end++;
    return this.#emit('unquoted', start, end);
  }

  #scanOperator(start: number): Token {
    const pair = this.#chars.slice(start, start + 2).join('');
    if (operators.includes(pair as Kind)) return this.#emit(pair as Kind, start, start + 2);
    if (this.#chars[start] === '=') return this.#emit('=', start, start + 1);
    const isLast = start + 1 >= this.#chars.length;
    const found = isLast ? 'unexpected end of input, ' : '!: ';
    throw new SyntaxError(`${start}:${start + 1}: ${found}expected one of '=~'`);
  }

  #scanQuoted(start: number): Token {
    const chars = this.#chars;
    let end = start + 1;
    while (end < chars.length && chars[end] !== '"') end += chars[end] === '\\' ? 2 : 1;
    if (end >= chars.length) {
      throw new SyntaxError(`${start}:${chars.length}: ${chars.slice(start).join('')}: missing end "`);
    }
    return this.#emit('quoted', start, end + 1);
  }

  #emit(kind: Kind, start: number, end: number): Token {
    this.#at = end;
    return {kind, text: this.#chars.slice(start, end).join(''), start, end};
  }
}
