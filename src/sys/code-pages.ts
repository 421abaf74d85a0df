// Which parts of the program's code lie in memory without being used.

export interface CodeMapping {
  address: number;
  bytes: number;
}

export interface CodePagesSystem {
  /** For each block of a mapping, beginning with the one that its address is in, whether something of it is in memory; null = unknown. */
  presentBlocks(mapping: CodeMapping): Uint8Array | null;
  giveBack(address: number, bytes: number): void;
}

/** Code comes by such blocks, aligned like their addresses: with a page that is needed, Linux maps its neighbours. */
export const codeBlockBytes = 65_536;

/** What is in use goes, too, once in so many times: that is how it is known whether it still is. */
const everythingEvery = 12;

/**
 * Gives back code that is not in use, and leaves what is: to map twenty blocks again costs the first query after that a tenth of a
 * millisecond.
 */
export class CodePages {
  readonly #system: CodePagesSystem;
  readonly #mappings: readonly CodeMapping[];
  /** Of each mapping, the blocks that were there the last time. */
  readonly #before: (Uint8Array | null)[];
  #times = 0;

  constructor(mappings: readonly CodeMapping[], system: CodePagesSystem) {
    this.#system = system;
    this.#mappings = mappings;
    this.#before = mappings.map(() => null);
  }

  /** All of it the first time; then what was not there at the time before, and so was hardly needed in two times running. */
  giveBack(): void {
    const isEverything = this.#times++ % everythingEvery === 0;
    for (const [i, mapping] of this.#mappings.entries()) {
      const present = this.#system.presentBlocks(mapping);
      const before = this.#before[i] ?? new Uint8Array(present?.length ?? 0);
      if (present === null) this.#system.giveBack(mapping.address, mapping.bytes);
      else this.#giveIdleBack(mapping, present, isEverything ? new Uint8Array(present.length) : before);
      // Of what goes though it was in use, it is enough that it comes again.
      this.#before[i] = isEverything
        ? (present?.map((each, block) => each & before[block]!) ?? null)
        : present;
    }
  }

  #giveIdleBack({address, bytes}: CodeMapping, present: Uint8Array, used: Uint8Array): void {
    const isIdle = (block: number): boolean => present[block] === 1 && used[block] !== 1;
    const first = address - (address % codeBlockBytes);
    for (let block = 0; block < present.length; block++) {
      if (!isIdle(block)) continue;
      const from = Math.max(address, first + block * codeBlockBytes);
      while (block + 1 < present.length && isIdle(block + 1)) block++;
      const to = Math.min(address + bytes, first + (block + 1) * codeBlockBytes);
      this.#system.giveBack(from, to - from);
    }
  }
}
