import {RE2JS} from 're2js';

export type MatchType = '=' | '!=' | '=~' | '!~';

/** One label matcher. `matches('')` says whether series without the label match. */
export class Matcher {
  readonly type: MatchType;
  readonly name: string;
  readonly value: string;
  readonly #regexp: RE2JS | null;

  /** Throws SyntaxError where `value` is no regular expression. */
  constructor(type: MatchType, name: string, value: string) {
    this.type = type;
    this.name = name;
    this.value = value;
    this.#regexp = type === '=~' || type === '!~' ? RE2JS.compile(`^(?s:${value})$`) : null;
  }

  matches(text: string): boolean {
    if (this.type === '=') return text === this.value;
    if (this.type === '!=') return text !== this.value;
    const found = this.#regexp!.matcher(text).find();
    return this.type === '=~' ? found : !found;
  }
}
