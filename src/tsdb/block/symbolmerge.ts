import {compareStrings} from '../../model/labels.ts';

/**
 * Visits the strings of several sorted lists once each, in order. Gives for each list what number each of its strings has
 * among all.
 */
export function mergeSymbols(
  lists: readonly Iterable<string>[],
  visit: (text: string) => void,
): Uint32Array[] {
  const cursors = lists.map((list) => new ListCursor(list));
  let number = 0;
  for (;;) {
    let smallest: string | null = null;
    for (const {text} of cursors) {
      if (text !== null && (smallest === null || compareStrings(text, smallest) < 0)) smallest = text;
    }
    if (smallest === null) return cursors.map((cursor) => cursor.numbers);
    visit(smallest);
    for (const cursor of cursors) if (cursor.text === smallest) cursor.take(number);
    number++;
  }
}

class ListCursor {
  /** The next string; null at the end. */
  text: string | null = null;
  numbers = new Uint32Array(1024);
  readonly #iterator: Iterator<string>;
  #count = 0;

  constructor(list: Iterable<string>) {
    this.#iterator = list[Symbol.iterator]();
    this.#advance();
  }

  take(number: number): void {
    if (this.#count === this.numbers.length) {
      const numbers = new Uint32Array(this.#count * 2);
      numbers.set(this.numbers);
      this.numbers = numbers;
    }
    this.numbers[this.#count++] = number;
    this.#advance();
  }

  #advance(): void {
    const {value, done} = this.#iterator.next();
    const text = done === true ? null : value;
    if (text !== null && this.text !== null && compareStrings(text, this.text) <= 0) {
      throw new RangeError(
        `cannot merge symbols: ${JSON.stringify(text)} comes after ${JSON.stringify(this.text)}`,
      );
    }
    this.text = text;
  }
}
