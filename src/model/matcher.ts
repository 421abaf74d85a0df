import {Regexp} from './regexp.ts';

export type MatchType = '=' | '!=' | '=~' | '!~';

const empty: readonly string[] = [];

/** One label matcher. `matches('')` says whether series without the label match. */
export class Matcher {
  readonly type: MatchType;
  readonly name: string;
  readonly value: string;
  /**
   * For '=' and '=~': all values that match, where they are a short list, so that an index can look them up. For the
   * negated types: all values that do not match. Empty where there is no such list.
   */
  readonly setMatches: readonly string[];
  /** For '=' and '=~': what every value that matches starts with; for the negated types, every value that does not. */
  readonly prefix: string;
  /** What a regular expression costs, see `Regexp.programSize`; else 0. */
  readonly programSize: number;
  readonly #regexp: Regexp | null;

  /** Throws SyntaxError, with Go's words, where `value` has to be a regular expression and is none. */
  constructor(type: MatchType, name: string, value: string) {
    this.type = type;
    this.name = name;
    this.value = value;
    this.#regexp = type === '=~' || type === '!~' ? new Regexp(value) : null;
    this.setMatches = this.#regexp?.setMatches ?? (type === '=' || type === '!=' ? [value] : empty);
    this.prefix = this.#regexp?.prefix ?? value;
    this.programSize = this.#regexp?.programSize ?? 0;
  }

  matches(text: string): boolean {
    switch (this.type) {
      case '=':
        return text === this.value;
      case '!=':
        return text !== this.value;
      case '=~':
        return this.#regexp!.matches(text);
      case '!~':
        return !this.#regexp!.matches(text);
    }
  }
}
