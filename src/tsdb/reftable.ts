import {refPlace} from '../kernels/refplace.ts';

/** From refs to slots, or other pairs of numbers: open addressing in columns, 16 bytes a place. Ref 0 is none. */
export class RefTable {
  refs = new Float64Array(1024);
  slots = new Uint32Array(1024);
  generations = new Uint32Array(1024);
  #size = 0;

  set(ref: number, slot: number, generation: number): void {
    let at = refPlace(this.refs, ref);
    if (this.refs[at] === 0) {
      if ((this.#size + 1) * 2 > this.refs.length) {
        this.#resize(this.refs.length * 2);
        at = refPlace(this.refs, ref);
      }
      this.#size++;
      this.refs[at] = ref;
    }
    this.slots[at] = slot;
    this.generations[at] = generation;
  }

  /** Index into the columns, or -1. */
  find(ref: number): number {
    const at = refPlace(this.refs, ref);
    return this.refs[at] === 0 ? -1 : at;
  }

  clear(): void {
    this.refs = new Float64Array(1024);
    this.slots = new Uint32Array(1024);
    this.generations = new Uint32Array(1024);
    this.#size = 0;
  }

  #resize(places: number): void {
    const {refs, slots, generations} = this;
    this.refs = new Float64Array(places);
    this.slots = new Uint32Array(places);
    this.generations = new Uint32Array(places);
    for (let i = 0; i < refs.length; i++) {
      if (refs[i] === 0) continue;
      const at = refPlace(this.refs, refs[i]!);
      this.refs[at] = refs[i]!;
      this.slots[at] = slots[i]!;
      this.generations[at] = generations[i]!;
    }
  }
}
