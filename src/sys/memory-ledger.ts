/** Room for so many holders. */
const holdersMax = 128;

const unitBytes = 1024;

/**
 * Memory that several threads share out among themselves: each has a place in which it notes what it holds. The sum of all
 * places stays within the limit. A place outlives its thread, so that whoever ends it can clear it.
 */
export class MemoryLedger {
  readonly bytesMax: number;
  /** In KiB. To be passed to other threads. */
  readonly places: Int32Array<SharedArrayBuffer>;

  constructor(
    bytesMax: number,
    places: Int32Array<SharedArrayBuffer> = new Int32Array(new SharedArrayBuffer(4 * holdersMax)),
  ) {
    this.bytesMax = bytesMax;
    this.places = places;
  }

  /** What all hold. */
  get bytes(): number {
    let sum = 0;
    for (let i = 0; i < this.places.length; i++) sum += Atomics.load(this.places, i);
    return sum * unitBytes;
  }

  /** The first place that nobody has taken yet, or -1. Only one thread gives places. */
  take(taken: ReadonlySet<number>): number {
    for (let place = 0; place < this.places.length; place++) if (!taken.has(place)) return place;
    return -1;
  }

  /** Notes what `place` holds. False, and nothing is changed, where it would be more than there is. */
  hold(place: number, bytes: number): boolean {
    const before = Atomics.exchange(this.places, place, Math.ceil(bytes / unitBytes));
    if (this.bytes <= this.bytesMax) return true;
    Atomics.store(this.places, place, before);
    return false;
  }

  /** Notes what `place` holds, even where it is too much. */
  note(place: number, bytes: number): void {
    Atomics.store(this.places, place, Math.ceil(bytes / unitBytes));
  }
}
