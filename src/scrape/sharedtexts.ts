import {assert} from '../base/assert.ts';
import type {Arena} from '../kernels/arena.ts';
import type {Kernels} from '../kernels/kernels.ts';
import type {LinearMemory} from '../kernels/memory.ts';
import {slackBytes} from '../kernels/scrape-layout.ts';

interface SharedText {
  address: number;
  length: number;
  hash: number;
  users: number;
}

/**
 * Texts and lines of line tables that several targets have in common, each stored once: replicas of one program send the same. What is
 * shared is not written to any more.
 */
export class SharedTexts {
  readonly #memory: LinearMemory;
  readonly #arena: Arena;
  readonly #kernels: Kernels;
  readonly #byHash = new Map<number, SharedText[]>();
  readonly #byAddress = new Map<number, SharedText>();

  constructor({memory, arena, kernels}: {memory: LinearMemory; arena: Arena; kernels: Kernels}) {
    this.#memory = memory;
    this.#arena = arena;
    this.#kernels = kernels;
  }

  get size(): number {
    return this.#byAddress.size;
  }

  /** An address where the same bytes lie for good, until release(). Those at `address` stay the caller's. */
  share(address: number, length: number): number {
    const hash = this.#kernels.crc32c(address, length, 0);
    const known = this.#byHash.get(hash)?.find((text) => text.length === length && this.#same(text, address));
    if (known !== undefined) {
      known.users++;
      return known.address;
    }
    const copy = this.#arena.alloc(length + slackBytes);
    this.#memory.u8.copyWithin(copy, address, address + length);
    const text = {address: copy, length, hash, users: 1};
    const same = this.#byHash.get(hash);
    if (same === undefined) this.#byHash.set(hash, [text]);
    else same.push(text);
    this.#byAddress.set(copy, text);
    return copy;
  }

  /** One user less; the last one takes the text away. */
  release(address: number): void {
    const text = this.#byAddress.get(address);
    assert(text !== undefined && text.users > 0, 'a shared text is released as often as it was shared');
    if (--text.users > 0) return;
    this.#byAddress.delete(address);
    const rest = this.#byHash.get(text.hash)!.filter((each) => each !== text);
    if (rest.length === 0) this.#byHash.delete(text.hash);
    else this.#byHash.set(text.hash, rest);
    this.#arena.free(address, text.length + slackBytes);
  }

  #same(text: SharedText, address: number): boolean {
    const {u8} = this.#memory;
    const length = text.length;
    for (let i = 0; i < length; i++) if (u8[text.address + i] !== u8[address + i]) return false;
    return true;
  }
}
