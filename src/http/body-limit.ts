import {assert} from '../base/assert.ts';

/** Counts the bytes of all bodies that are read or worked on at the same time. */
export class BodyLimit {
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Counts a body of so many bytes, until release(); false where there is no room for it. */
  take(bytes: number): boolean {
    if (this.#bytes + bytes > this.#bytesMax) return false;
    this.#bytes += bytes;
    return true;
  }

  release(bytes: number): void {
    this.#bytes -= bytes;
    assert(this.#bytes >= 0, 'only what was taken is released');
  }
}
