import {RE2JS} from 're2js';

const corsHeaders = {
  'Access-Control-Allow-Headers': 'Accept, Authorization, Content-Type, Origin',
  'Access-Control-Allow-Methods': 'GET, POST, OPTIONS',
  'Access-Control-Expose-Headers': 'Date',
};

const sameSite = {Vary: 'Origin'};

/** Decides which other sites' pages may read answers (--web.cors.origin). */
export class Cors {
  readonly #any: boolean;
  readonly #pattern: RE2JS;

  /** `origin` is an anchored regular expression. Throws SyntaxError where it is none. */
  constructor(origin: string) {
    this.#any = origin === '.*';
    try {
      this.#pattern = RE2JS.compile(`^(?:${origin})$`);
    } catch (cause) {
      throw new SyntaxError(`could not compile CORS regex string ${JSON.stringify(origin)}`, {cause});
    }
  }

  /** Headers of an answer to a request with this Origin header. */
  headers(origin: string | undefined): Record<string, string> {
    if (origin === undefined || origin === '') return sameSite;
    if (this.#any) return {Vary: 'Origin', ...corsHeaders, 'Access-Control-Allow-Origin': '*'};
    if (!this.#pattern.matches(origin)) return {Vary: 'Origin', ...corsHeaders};
    return {Vary: 'Origin', ...corsHeaders, 'Access-Control-Allow-Origin': origin};
  }
}
