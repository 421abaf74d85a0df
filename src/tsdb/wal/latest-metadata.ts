import {RefTable} from '../reftable.ts';

interface Metadata {
  type: string;
  unit: string;
  help: string;
}

/** The newest metadata of each series. Most series share theirs with others, so it is kept once. */
export class LatestMetadata {
  readonly #table = new RefTable();
  readonly #kept: Metadata[] = [];
  readonly #numbers = new Map<string, number>();

  set(ref: number, type: string, unit: string, help: string): void {
    const key = `${type}\n${unit}\n${help}`;
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.#kept.length;
      this.#kept.push({type, unit, help});
      this.#numbers.set(key, number);
    }
    this.#table.set(ref, number, 0);
  }

  forEach(visit: (ref: number, type: string, unit: string, help: string) => void): void {
    const {refs, slots} = this.#table;
    for (let i = 0; i < refs.length; i++) {
      if (refs[i] === 0) continue;
      const {type, unit, help} = this.#kept[slots[i]!]!;
      visit(refs[i]!, type, unit, help);
    }
  }
}
