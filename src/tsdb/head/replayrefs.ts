import type {SizeClassArena} from '../../kernels/arena.ts';
import type {Kernels} from '../../kernels/kernels.ts';
import type {LinearMemory} from '../../kernels/memory.ts';
import {refPlace} from '../../kernels/refplace.ts';
import {replayPlaceBytes} from '../../kernels/replay-layout.ts';
import {headerDirectory} from './header.ts';

/** What a ref of the log stands for, in the shared memory, where the kernel looks it up (src/kernels/replay-layout.ts). */
export class ReplayRefs {
  refs: Float64Array = new Float64Array(0);
  /** Samples up to this time are known already; Infinity = the series is gone. */
  known: Float64Array = new Float64Array(0);
  slots: Uint32Array = new Uint32Array(0);
  readonly #memory: LinearMemory;
  readonly #arena: SizeClassArena;
  #address = 0;
  #size = 0;

  constructor(memory: LinearMemory, arena: SizeClassArena) {
    this.#memory = memory;
    this.#arena = arena;
    this.#make(1024);
  }

  /** Addresses of the columns. */
  get refsAddress(): number {
    return this.#address;
  }

  get knownAddress(): number {
    return this.#address + 8 * this.places;
  }

  get slotsAddress(): number {
    return this.#address + 16 * this.places;
  }

  get places(): number {
    return this.refs.length;
  }

  /** Makes room for so many, before there is one. */
  expect(count: number): void {
    let {places} = this;
    while (count * 2 > places) places *= 2;
    if (this.#size > 0 || places === this.places) return;
    this.free();
    this.#make(places);
  }

  /** How many more refs fit. */
  get left(): number {
    return this.places / 2 - this.#size;
  }

  /** A kernel has added so many. */
  added(count: number): void {
    this.#size += count;
  }

  /** Gives the place of the ref, which is not 0. */
  set(ref: number, slot: number, known: number): number {
    let at = refPlace(this.refs, ref);
    if (this.refs[at] === 0) {
      if ((this.#size + 1) * 2 > this.places) {
        this.grow();
        at = refPlace(this.refs, ref);
      }
      this.#size++;
      this.refs[at] = ref;
    }
    this.slots[at] = slot;
    this.known[at] = known;
    return at;
  }

  /** Index into the columns, or -1. */
  find(ref: number): number {
    const at = refPlace(this.refs, ref);
    return this.refs[at] === 0 ? -1 : at;
  }

  /** Asks the series again which samples are known. */
  update(kernels: Kernels): void {
    const {refsAddress, knownAddress, slotsAddress, places} = this;
    kernels.updateKnown(headerDirectory, refsAddress, knownAddress, slotsAddress, places);
  }

  /** The series of a place is gone. `everywhere`: other refs may stand for it, too. */
  drop(at: number, everywhere: boolean): void {
    this.known[at] = Infinity;
    if (!everywhere) return;
    const slot = this.slots[at]!;
    for (let i = 0; i < this.places; i++) {
      if (this.refs[i] !== 0 && this.slots[i] === slot) this.known[i] = Infinity;
    }
  }

  free(): void {
    this.#arena.free(this.#address, replayPlaceBytes * this.places);
  }

  #make(places: number): void {
    const {buffer} = this.#memory.wasm;
    this.#address = this.#arena.alloc(replayPlaceBytes * places);
    this.refs = new Float64Array(buffer, this.#address, places).fill(0);
    this.known = new Float64Array(buffer, this.#address + 8 * places, places);
    this.slots = new Uint32Array(buffer, this.#address + 16 * places, places);
  }

  /** Makes room for as many again. */
  grow(): void {
    const {refs, known, slots} = this;
    const address = this.#address;
    this.#make(2 * refs.length);
    for (let i = 0; i < refs.length; i++) {
      if (refs[i] === 0) continue;
      const at = refPlace(this.refs, refs[i]!);
      this.refs[at] = refs[i]!;
      this.known[at] = known[i]!;
      this.slots[at] = slots[i]!;
    }
    this.#arena.free(address, replayPlaceBytes * refs.length);
  }
}
