import type {Expr} from '../ast.ts';

/** Dashboards and rules ask the same again and again. */
const queriesMax = 200;
/** Longer queries are not kept, nor are more than so many characters. */
const queryLengthMax = 2000;
const lengthMax = 50_000;

/** Trees of the queries that were parsed last, by their texts. A tree is never changed, so that all who ask get the same. */
export class ParseCache {
  readonly #parse: (query: string) => Expr;
  readonly #trees = new Map<string, Expr>();
  #length = 0;

  constructor(parse: (query: string) => Expr) {
    this.#parse = parse;
  }

  /** Throws ParseError. */
  get(query: string): Expr {
    const known = this.#trees.get(query);
    if (known !== undefined) return known;
    const expr = this.#parse(query);
    if (query.length <= queryLengthMax) this.#keep(query, expr);
    return expr;
  }

  #keep(query: string, expr: Expr): void {
    this.#trees.set(query, expr);
    this.#length += query.length;
    // The oldest go, whether they were used since or not: those in use are parsed again, and then are the newest.
    for (const oldest of this.#trees.keys()) {
      if (this.#trees.size <= queriesMax && this.#length <= lengthMax) return;
      this.#trees.delete(oldest);
      this.#length -= oldest.length;
    }
  }
}
