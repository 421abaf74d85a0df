// Which syntax of matchers is read. By default both are, and where they disagree the older one wins, with a warning.
import {isLegacyLabelName} from '../../model/labels.ts';
import type {Matcher} from '../../model/matcher.ts';
import {noLogger, type Logger} from '../../sys/log.ts';
import {formatMatcher} from '../matchers.ts';
import {parseClassicMatcher, parseClassicMatchers} from './classic.ts';
import {parseUtf8Matcher, parseUtf8Matchers} from './utf8.ts';

export type MatcherMode = 'fallback' | 'classic' | 'utf8';

/** Reads matchers in one of three modes. `origin` says in warnings where a text comes from: 'config', 'api'. */
export class MatcherParser {
  readonly mode: MatcherMode;
  readonly #logger: Logger;

  constructor(mode: MatcherMode = 'fallback', logger: Logger = noLogger) {
    this.mode = mode;
    this.#logger = logger;
  }

  /** Zero or more matchers. Throws SyntaxError with Alertmanager's words. */
  matchers(input: string, origin: string): Matcher[] {
    if (this.mode === 'classic') return parseClassicMatchers(input);
    if (this.mode === 'utf8') return parseUtf8Matchers(input);
    const read = (parse: (input: string) => Matcher[]): Matcher[] | SyntaxError => attempt(parse, input);
    return this.#choose(read(parseUtf8Matchers), read(parseClassicMatchers), input, origin);
  }

  /** One matcher. */
  matcher(input: string, origin: string): Matcher {
    if (this.mode === 'classic') return parseClassicMatcher(input);
    if (input.startsWith('{') || input.endsWith('}'))
      throw new SyntaxError(`unexpected open or close brace: ${input}`);
    if (this.mode === 'utf8') return parseUtf8Matcher(input);
    const read = (parse: (input: string) => Matcher): Matcher[] | SyntaxError =>
      attempt((text) => [parse(text)], input);
    return this.#choose(read(parseUtf8Matcher), read(parseClassicMatcher), input, origin)[0]!;
  }

  isLabelName(name: string): boolean {
    return this.mode === 'classic' ? isLegacyLabelName(name) : name !== '' && name.isWellFormed();
  }

  #choose(
    newer: Matcher[] | SyntaxError,
    older: Matcher[] | SyntaxError,
    input: string,
    origin: string,
  ): Matcher[] {
    if (newer instanceof SyntaxError) {
      if (older instanceof SyntaxError) throw older;
      const suggestion = older.map(formatMatcher).join(',');
      this.#logger.warn(
        'This matcher is read in the classic syntax only: put regular expressions and values in double quotes and escape backslashes',
        {input, origin, err: newer, suggestion},
      );
      return older;
    }
    if (older instanceof SyntaxError || isSame(newer, older)) return newer;
    this.#logger.warn('Matchers input has disagreement', {input, origin});
    return older;
  }
}

function attempt(parse: (input: string) => Matcher[], input: string): Matcher[] | SyntaxError {
  try {
    return parse(input);
  } catch (error) {
    if (error instanceof SyntaxError) return error;
    throw error;
  }
}

function isSame(left: readonly Matcher[], right: readonly Matcher[]): boolean {
  return (
    left.length === right.length &&
    left.every(({type, name, value}, i) => {
      const other = right[i]!;
      return type === other.type && name === other.name && value === other.value;
    })
  );
}
