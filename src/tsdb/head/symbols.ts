import {
  symbolHash,
  symbolLength,
  symbolBytes,
  tableHeaderBytes,
  removedPlace,
} from '../../kernels/index-layout.ts';
import {Buffer} from 'node:buffer';
import {assert} from '../../base/assert.ts';
import type {Arena} from '../../kernels/arena.ts';
import type {LinearMemory} from '../../kernels/memory.ts';
import type {Reclaimer} from './epochs.ts';
import {headerSeed, headerSymbols} from './header.ts';
import {AddressTable} from './table.ts';

// A symbol is a string that label names, label values and metadata share:
//
//     references:u32  hash:u32  length:u32  bytes (UTF-8)
//
// Everything but the reference count, which only the writer looks at, never changes while the symbol can be reached.

/** Texts whose symbols the writer remembers. */
const cacheMax = 16_384;

/** A string as bytes with their hash, ready to be looked up. Reused: set it, use it, set it again. */
export class SymbolKey {
  bytes = Buffer.alloc(256);
  length = 0;
  hash = 0;
  readonly #seed: number;

  /** The memory has its hash seed already. */
  constructor(memory: LinearMemory) {
    this.#seed = memory.i32[headerSeed >>> 2]!;
  }

  set(text: string): void {
    // A UTF-16 unit takes at most three bytes.
    if (this.bytes.length < text.length * 3) this.bytes = Buffer.alloc(text.length * 4);
    const bytes = this.bytes;
    // Several times faster than a loop over charCodeAt() (V8 14.6) or TextEncoder.
    const length = bytes.write(text, 0, 'utf8');
    // FNV-1a from a random start, stirred at the end.
    let hash = this.#seed;
    for (let i = 0; i < length; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    this.length = length;
    this.hash = (hash ^ (hash >>> 13)) >>> 0;
  }
}

/** Address of the symbol with the key's bytes, or 0. Any thread may call it. */
export function findSymbol(memory: LinearMemory, key: SymbolKey): number {
  const u32 = memory.u32;
  const table = Atomics.load(u32, headerSymbols >>> 2);
  const mask = u32[table >>> 2]!;
  const first = (table + tableHeaderBytes) >>> 2;
  for (let place = key.hash & mask; ; place = (place + 1) & mask) {
    const symbol = Atomics.load(u32, first + place);
    if (symbol === 0) return 0;
    if (symbol === removedPlace) continue;
    if (u32[(symbol + symbolHash) >>> 2] === key.hash && sameBytes(memory, symbol, key)) return symbol;
  }
}

function sameBytes(memory: LinearMemory, symbol: number, key: SymbolKey): boolean {
  const length = key.length;
  if (memory.u32[(symbol + symbolLength) >>> 2] !== length) return false;
  const u8 = memory.u8;
  const bytes = key.bytes;
  const start = symbol + symbolBytes;
  for (let i = 0; i < length; i++) if (u8[start + i] !== bytes[i]) return false;
  return true;
}

/** Texts that a thread keeps, and the longest of them. */
const textsKeptMax = 1024;
const keptLengthMax = 64;

/** Makes strings of symbols. One for each thread. */
export class SymbolTexts {
  readonly #memory: LinearMemory;
  readonly #buffer: Buffer;
  readonly #kept = new Map<number, string>();
  #version = -1;

  constructor(memory: LinearMemory) {
    this.#memory = memory;
    this.#buffer = Buffer.from(memory.wasm.buffer);
  }

  text(symbol: number): string {
    const start = symbol + symbolBytes;
    return this.#buffer.toString('utf8', start, start + this.#memory.u32[(symbol + symbolLength) >>> 2]!);
  }

  /**
   * The same, for symbols of series that exist at `version` (of headerSeriesVersion, read inside of the epoch): short ones are kept as
   * long as that is the same. A string that V8 has seen as a key is found in a table several times sooner than a new one.
   */
  keptText(symbol: number, version: number): string {
    if (version !== this.#version) {
      this.#version = version;
      this.#kept.clear();
    }
    const key = symbol >>> 3;
    const kept = this.#kept.get(key);
    if (kept !== undefined) return kept;
    const text = this.text(symbol);
    if (text.length <= keptLengthMax && this.#kept.size < textsKeptMax) this.#kept.set(key, text);
    return text;
  }
}

/** The writing side: interns strings and counts who refers to them. */
export class SymbolTable {
  readonly #memory: LinearMemory;
  readonly #arena: Arena;
  readonly #reclaimer: Reclaimer;
  readonly #table: AddressTable;
  readonly #texts: SymbolTexts;
  readonly #key: SymbolKey;
  /** Symbols of texts that were asked for lately; all are forgotten when there are too many. */
  readonly #cache = new Map<string, number>();

  constructor(memory: LinearMemory, arena: Arena, reclaimer: Reclaimer) {
    this.#memory = memory;
    this.#arena = arena;
    this.#reclaimer = reclaimer;
    this.#texts = new SymbolTexts(memory);
    this.#key = new SymbolKey(memory);
    this.#table = new AddressTable(memory, arena, reclaimer, {
      root: headerSymbols,
      hashOf: (symbol) => memory.u32[(symbol + symbolHash) >>> 2]!,
    });
  }

  get size(): number {
    return this.#table.size;
  }

  /** Address of a text's symbol, or 0. */
  find(text: string): number {
    const cached = this.#cache.get(text);
    if (cached !== undefined) return cached;
    this.#key.set(text);
    const symbol = findSymbol(this.#memory, this.#key);
    if (symbol !== 0) this.#remember(symbol);
    return symbol;
  }

  /** Finds or makes the symbol and counts one more reference. */
  intern(text: string): number {
    const symbol = this.find(text) || this.#make(text);
    this.#memory.u32[symbol >>> 2]!++;
    return symbol;
  }

  acquire(symbol: number): void {
    this.#memory.u32[symbol >>> 2]!++;
  }

  /** Counts one reference less; the last one takes the symbol out. */
  release(symbol: number): void {
    const u32 = this.#memory.u32;
    const references = u32[symbol >>> 2]!;
    assert(references > 0, 'a symbol is released as often as it was interned');
    u32[symbol >>> 2] = references - 1;
    if (references > 1) return;
    this.#cache.delete(this.#texts.text(symbol));
    this.#table.remove(u32[(symbol + symbolHash) >>> 2]!, symbol);
    this.#reclaimer.retire(symbol, symbolBytes + u32[(symbol + symbolLength) >>> 2]!);
  }

  /** Keeps a text of its own: the caller's may be a slice that holds on to something large. */
  #remember(symbol: number): void {
    if (this.#cache.size === cacheMax) this.#cache.clear();
    this.#cache.set(this.#texts.text(symbol), symbol);
  }

  #make(text: string): number {
    const u32 = this.#memory.u32;
    const key = this.#key;
    key.set(text);
    const symbol = this.#arena.alloc(symbolBytes + key.length);
    u32[symbol >>> 2] = 0;
    u32[(symbol + symbolHash) >>> 2] = key.hash;
    u32[(symbol + symbolLength) >>> 2] = key.length;
    this.#memory.u8.set(key.bytes.subarray(0, key.length), symbol + symbolBytes);
    this.#table.add(key.hash, symbol);
    return symbol;
  }
}
