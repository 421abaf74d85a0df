import {parseDuration} from '../../model/duration.ts';
import type {NumberLiteral, PositionRange} from '../ast.ts';
import {Lexer} from './lexer.ts';
import {parseNumber} from './literals.ts';
import {ParseError} from './position.ts';
import {describeToken} from './tokens.ts';
import type {TokenKind} from './tokens.ts';

/** Parts of the language that have to be switched on, by the names of Prometheus's `--enable-feature`. */
export interface ParseOptions {
  /** promql-experimental-functions: functions marked experimental, limitk and limit_ratio. Default: false. */
  readonly experimentalFunctions?: boolean;
  /** promql-extended-range-selectors: `anchored` and `smoothed`. Default: false. */
  readonly extendedRangeSelectors?: boolean;
  /** promql-binop-fill-modifiers: `fill`, `fill_left` and `fill_right`. Default: false. */
  readonly fillModifiers?: boolean;
  /** promql-duration-expr: arithmetic on durations, `step()` and `range()`; part of the language now. Default: true. */
  readonly durationExpressions?: boolean;
}

/** Longest query, in UTF-16 units. */
export const queryLengthMax = 4 * 1024 * 1024;

/** Most tokens of a query: what takes about half a second to parse. Large queries are large by their regular expressions. */
export const tokensMax = 250_000;

/** Largest regular expressions of a query together, see `Regexp.programSize`: what takes about a second to compile. */
export const programSizeMax = 100_000;

/**
 * How deep parentheses, calls, signs and powers may nest, and how deep a tree may get (a chain of n operators is n deep).
 * Whatever walks a tree by recursion needs that much stack.
 */
export const nestingMax = 500;
export const depthMax = 2000;

export interface Token {
  readonly kind: TokenKind;
  readonly start: number;
  readonly end: number;
}

/**
 * The parser's view of the tokens: one token ahead, read only when somebody looks. That matters for which of two errors
 * is reported: Prometheus's parser settles what is complete without the next token, before it looks at it.
 */
export class TokenStream {
  readonly options: ParseOptions;
  /**
   * What is being read, for the complaint about an unexpected token: ` in offset, expected number, …`. Whoever opens a
   * construct sets it and puts the previous one back at the end.
   */
  context = '';
  /** Where the token that was taken last ends. */
  endOfLast = 0;
  readonly #lexer: Lexer;
  #peeked = false;
  #count = 0;
  #depth = 0;
  #programSize = 0;

  constructor(query: string, options: ParseOptions) {
    this.options = options;
    this.#lexer = new Lexer(query);
    if (query.length > queryLengthMax) {
      this.fail(
        {start: 0, end: 0},
        `query too long: ${query.length} characters, at most ${queryLengthMax} are allowed`,
      );
    }
  }

  get query(): string {
    return this.#lexer.text;
  }

  peek(): TokenKind {
    if (!this.#peeked) {
      this.#lexer.next();
      this.#peeked = true;
      if (++this.#count > tokensMax) this.#failTooManyTokens();
    }
    return this.#lexer.kind;
  }

  /** Where the next token starts. */
  get start(): number {
    this.peek();
    return this.#lexer.start;
  }

  take(): Token {
    const kind = this.peek();
    this.#peeked = false;
    this.endOfLast = this.#lexer.end;
    return {kind, start: this.#lexer.start, end: this.#lexer.end};
  }

  /** Takes the next token if it is a `kind`. */
  skip(kind: TokenKind): boolean {
    if (this.peek() !== kind) return false;
    this.#peeked = false;
    this.endOfLast = this.#lexer.end;
    return true;
  }

  expect(kind: TokenKind): Token {
    if (this.peek() !== kind) this.unexpected();
    return this.take();
  }

  textOf(token: Token): string {
    return this.#lexer.text.slice(token.start, token.end);
  }

  /** Complains about the next token. */
  unexpected(context = this.context): never {
    const kind = this.peek();
    const {start, end, text} = this.#lexer;
    this.fail({start, end}, `unexpected ${describeToken(kind, text.slice(start, end))}${context}`);
  }

  fail(range: PositionRange, reason: string): never {
    throw new ParseError(this.#lexer.text, range, reason);
  }

  #failTooManyTokens(): never {
    const {start, end} = this.#lexer;
    this.fail({start, end}, `query too long: more than ${tokensMax} tokens`);
  }

  /** Takes a number or duration, which the next token is. */
  takeNumber(): NumberLiteral {
    const token = this.take();
    const range = {start: token.start, end: token.end};
    const text = this.textOf(token);
    const duration = token.kind === 'duration';
    try {
      return {
        kind: 'number',
        value: duration ? seconds(parseDuration(text)) : parseNumber(text),
        duration,
        range,
      };
    } catch (error) {
      if (error instanceof SyntaxError) this.fail(range, error.message);
      throw error;
    }
  }

  /** Counts the cost of a regular expression. */
  addProgram(size: number, range: PositionRange): void {
    this.#programSize += size;
    if (this.#programSize <= programSizeMax) return;
    this.fail(range, `regular expressions too large: more than ${programSizeMax} instructions`);
  }

  /** Goes one level deeper; must be followed by `leave()`. Keeps the parser from running out of stack. */
  enter(): void {
    if (++this.#depth <= nestingMax) return;
    const {start, end} = this.#lexer;
    this.fail({start, end}, `expression nested too deeply, at most ${nestingMax} levels are allowed`);
  }

  leave(): void {
    this.#depth--;
  }
}

/** As Go's Duration.Seconds() computes it, so that the result has the same bits. */
function seconds(ms: number): number {
  return Math.trunc(ms / 1000) + ((ms % 1000) * 1e6) / 1e9;
}
