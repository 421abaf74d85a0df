export interface ParseCacheLimits {
  textsMax: number;
  /** Of all texts together. */
  charactersMax: number;
  /** Longer texts are not kept. */
  lengthMax: number;
}

const defaultLimits: ParseCacheLimits = {textsMax: 200, charactersMax: 50_000, lengthMax: 2000};

/**
 * What the texts that were parsed last came to: dashboards and rules ask the same again and again. It is never changed, so that
 * all who ask get the same.
 */
export class ParseCache<T> {
  readonly #parse: (text: string) => T;
  readonly #limits: ParseCacheLimits;
  readonly #parsed = new Map<string, T>();
  #characters = 0;

  constructor(parse: (text: string) => T, limits = defaultLimits) {
    this.#parse = parse;
    this.#limits = limits;
  }

  /** Throws what parsing throws. */
  get(text: string): T {
    const known = this.#parsed.get(text);
    if (known !== undefined) return known;
    const parsed = this.#parse(text);
    if (text.length <= this.#limits.lengthMax) this.#keep(text, parsed);
    return parsed;
  }

  #keep(text: string, parsed: T): void {
    const {textsMax, charactersMax} = this.#limits;
    this.#parsed.set(text, parsed);
    this.#characters += text.length;
    // The oldest go, whether they were used since or not: those in use are parsed again, and then are the newest.
    for (const oldest of this.#parsed.keys()) {
      if (this.#parsed.size <= textsMax && this.#characters <= charactersMax) return;
      this.#parsed.delete(oldest);
      this.#characters -= oldest.length;
    }
  }
}
