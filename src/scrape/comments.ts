import type {Arena} from '../kernels/arena.ts';
import {slackBytes} from '../kernels/scrape-layout.ts';
import type {LinearMemory} from '../kernels/memory.ts';

/** What a HELP, TYPE or UNIT line says. */
export interface Comment {
  metric: string;
  kind: 'help' | 'type' | 'unit';
  text: string;
}

interface Line extends Comment {
  address: number;
  bytes: number;
}

/**
 * The HELP, TYPE and UNIT lines of all targets, each stored once: targets of one kind send the same ones. An id stands for
 * a line; the line's bytes lie in the shared memory, where the line tables compare with them.
 */
export class CommentTexts {
  readonly #memory: LinearMemory;
  readonly #arena: Arena;
  readonly #ids = new Map<string, number>();
  readonly #lines: (Line | undefined)[] = [];
  readonly #free: number[] = [];
  #collectAt = collectAtLeast;

  constructor(memory: LinearMemory, arena: Arena) {
    this.#memory = memory;
    this.#arena = arena;
  }

  /** The id of the line at `address` of the shared memory (no newline), whose text is `line`. */
  intern(line: string, address: number, bytes: number, comment: Comment): number {
    const known = this.#ids.get(line);
    if (known !== undefined) return known;
    const copy = this.#arena.alloc(bytes + slackBytes);
    this.#memory.u8.copyWithin(copy, address, address + bytes);
    const id = this.#free.pop() ?? this.#lines.length;
    // A string of its own: `line` may be a slice that keeps a whole body alive.
    this.#lines[id] = {...comment, address: copy, bytes};
    this.#ids.set(line, id);
    return id;
  }

  get(id: number): Comment {
    return this.#lines[id]!;
  }

  address(id: number): number {
    return this.#lines[id]!.address;
  }

  get size(): number {
    return this.#ids.size;
  }

  /** Whether so many lines have come in since the last collect() that another one may be worth its while. */
  get crowded(): boolean {
    return this.#ids.size > this.#collectAt;
  }

  /** Forgets the lines whose ids are not in `used`. */
  collect(used: ReadonlySet<number>): void {
    for (const [line, id] of this.#ids) {
      if (used.has(id)) continue;
      const {address, bytes} = this.#lines[id]!;
      this.#arena.free(address, bytes + slackBytes);
      this.#ids.delete(line);
      this.#lines[id] = undefined;
      this.#free.push(id);
    }
    this.#collectAt = Math.max(collectAtLeast, 2 * this.#ids.size);
  }
}

const collectAtLeast = 4096;
