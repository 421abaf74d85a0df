import type {Arena} from '../kernels/arena.ts';
import type {Kernels} from '../kernels/kernels.ts';
import type {LinearMemory} from '../kernels/memory.ts';
import {lineBytesMax, slackBytes} from '../kernels/scrape-layout.ts';
import {CommentTexts} from './comments.ts';
import type {Room} from './gunzip.ts';
import {SharedTexts} from './sharedtexts.ts';

/** A larger window is not kept. */
const keptWindowMax = 131_072;

/** What the line tables and scans of all targets share: the memory they live in, and scratch space for one key. */
export class ScrapeMemory {
  readonly memory: LinearMemory;
  readonly kernels: Kernels;
  readonly arena: Arena;
  readonly comments: CommentTexts;
  /** Texts of line tables that are alike. */
  readonly texts: SharedTexts;
  /** Room for the longest key, plus what comparisons read beyond. */
  readonly scratch: number;
  /** The same for keys that are looked for: line tables write to `scratch` when they grow. */
  readonly keyScratch: number;
  /** A window for the lines of a body, that nobody uses. */
  #window: Room | null = null;
  /** Label sets that scans keep of series that are not stored yet. */
  pendingLabels = 0;

  constructor(options: {memory: LinearMemory; kernels: Kernels; arena: Arena}) {
    this.memory = options.memory;
    this.kernels = options.kernels;
    this.arena = options.arena;
    this.comments = new CommentTexts(options.memory, options.arena);
    this.texts = new SharedTexts(options);
    this.scratch = options.arena.alloc(lineBytesMax + slackBytes);
    this.keyScratch = options.arena.alloc(lineBytesMax + slackBytes);
  }

  /** A copy of bytes of the shared memory that nobody else can change, valid until the next call. */
  copyOut(address: number, length: number): Uint8Array {
    if (this.#copy.length < length) this.#copy = new Uint8Array(2 * length);
    const copy = this.#copy.subarray(0, length);
    copy.set(this.memory.u8.subarray(address, address + length));
    return copy;
  }

  /** At least `bytes` bytes for lines of a body. Of small bodies one after the other uses the same, which stays in the cache. */
  takeWindow(bytes: number): Room {
    const kept = this.#window;
    if (kept === null || kept.bytes < bytes) return {address: this.arena.alloc(bytes), bytes};
    this.#window = null;
    return kept;
  }

  giveWindow(room: Room): void {
    if (room.bytes > keptWindowMax || room.bytes <= (this.#window?.bytes ?? 0)) {
      this.arena.free(room.address, room.bytes);
      return;
    }
    if (this.#window !== null) this.arena.free(this.#window.address, this.#window.bytes);
    this.#window = room;
  }

  /** Gives back what is kept for the next scrapes. */
  free(): void {
    if (this.#window !== null) this.arena.free(this.#window.address, this.#window.bytes);
    this.#window = null;
  }

  /** Several blocks at once, or none of them: throws RangeError where the memory is used up. */
  allocAll(sizes: readonly number[]): number[] {
    const addresses: number[] = [];
    try {
      for (const bytes of sizes) addresses.push(this.arena.alloc(bytes));
    } catch (cause) {
      for (const [i, address] of addresses.entries()) this.arena.free(address, sizes[i]!);
      throw cause;
    }
    return addresses;
  }

  #copy = new Uint8Array(4096);
}
