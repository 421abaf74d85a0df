/** Dashboards and rules ask the same again and again. */
const queriesMax = 200;
/** Longer queries are not kept, nor are more than so many characters. */
const queryLengthMax = 2000;
const lengthMax = 50_000;

/** What the queries that were parsed last came to, by their texts: trees that are never changed, so that all who ask get the same. */
export class ParseCache<T> {
  readonly #parse: (query: string) => T;
  readonly #trees = new Map<string, T>();
  #length = 0;

  constructor(parse: (query: string) => T) {
    this.#parse = parse;
  }

  /** Throws what parsing throws. */
  get(query: string): T {
    const known = this.#trees.get(query);
    if (known !== undefined) return known;
    const parsed = this.#parse(query);
    if (query.length <= queryLengthMax) this.#keep(query, parsed);
    return parsed;
  }

  #keep(query: string, parsed: T): void {
    this.#trees.set(query, parsed);
    this.#length += query.length;
    // The oldest go, whether they were used since or not: those in use are parsed again, and then are the newest.
    for (const oldest of this.#trees.keys()) {
      if (this.#trees.size <= queriesMax && this.#length <= lengthMax) return;
      this.#trees.delete(oldest);
      this.#length -= oldest.length;
    }
  }
}
