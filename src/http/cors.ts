import {re2, type RE2JS} from '../base/re2.ts';

const corsHeaders = {
  'Access-Control-Allow-Headers': 'Accept, Authorization, Content-Type, Origin',
  'Access-Control-Allow-Methods': 'GET, POST, OPTIONS',
  'Access-Control-Expose-Headers': 'Date',
};

const sameSite = {Vary: 'Origin'};

/** Decides which other sites' pages may read answers (--web.cors.origin). */
export class Cors {
  /** Null where any may. */
  readonly #pattern: RE2JS | null;

  /** `origin` is an anchored regular expression. Throws SyntaxError where it is none. */
  constructor(origin: string) {
    try {
      this.#pattern = origin === '.*' ? null : re2().RE2JS.compile(`^(?:${origin})$`);
    } catch (cause) {
      throw new SyntaxError(`could not compile CORS regex string ${JSON.stringify(origin)}`, {cause});
    }
  }

  /** Headers of an answer to a request with this Origin header. */
  headers(origin: string | undefined): Record<string, string> {
    if (origin === undefined || origin === '') return sameSite;
    if (this.#pattern === null) return {Vary: 'Origin', ...corsHeaders, 'Access-Control-Allow-Origin': '*'};
    if (!this.#pattern.matches(origin)) return {Vary: 'Origin', ...corsHeaders};
    return {Vary: 'Origin', ...corsHeaders, 'Access-Control-Allow-Origin': origin};
  }
}
