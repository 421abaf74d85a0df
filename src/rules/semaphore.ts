/** So many places that may be taken at once. */
export class Semaphore {
  #free: number;

  constructor(places: number) {
    this.#free = places;
  }

  /** Takes a place where there is one. */
  tryTake(): boolean {
    if (this.#free === 0) return false;
    this.#free--;
    return true;
  }

  giveBack(): void {
    this.#free++;
  }
}
