/**
 * Interns strings for the time of one query, so that labels, groups and match signatures are small integers.
 * Ids count up from 0; id 0 is the empty string. Portable: no Node.
 */
export class Symbols {
  readonly #ids = new Map<string, number>([['', 0]]);
  readonly #texts: string[] = [''];
  /** Memory of the texts and their entries, about. */
  bytes = 0;

  intern(text: string): number {
    let id = this.#ids.get(text);
    if (id === undefined) {
      id = this.#texts.length;
      this.#texts.push(text);
      this.#ids.set(text, id);
      this.bytes += symbolBytes + text.length;
    }
    return id;
  }

  /** The id of `text`, or -1 where it was never interned. */
  find(text: string): number {
    return this.#ids.get(text) ?? -1;
  }

  text(id: number): string {
    return this.#texts[id]!;
  }

  get size(): number {
    return this.#texts.length;
  }
}

/** An empty text with its entries in the table and the list (measured: 120 with growth). */
const symbolBytes = 120;
