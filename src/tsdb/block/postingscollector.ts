/** Numbers of symbols are below this. */
const symbolsMax = 2 ** 32;

/**
 * Gathers which series have which label pairs while series are written: eight bytes for each label of a series, in columns.
 */
export class PostingsCollector {
  seriesCount = 0;
  /** Small numbers of the names, of which there are few. */
  readonly #nameNumbers = new Map<number, number>();
  /** Number of a pair by the number of its name and its value's symbol. */
  readonly #numbers = new Map<number, number>();
  #names = new Uint32Array(1024);
  #values = new Uint32Array(1024);
  #counts = new Uint32Array(1024);
  /** Pair numbers of all series, one after the other, and where each series' end. */
  #pairs = new Uint32Array(4096);
  #pairsLength = 0;
  #refs = new Uint32Array(1024);
  #ends = new Float64Array(1024);
  /** Pair numbers in the order of their names and values. */
  #order: Uint32Array | null = null;

  get pairCount(): number {
    return this.#numbers.size;
  }

  addSeries(ref: number, labels: ArrayLike<number>, labelsLength: number): void {
    for (let i = 0; i < labelsLength; i += 2) {
      const number = this.#number(labels[i]!, labels[i + 1]!);
      this.#counts[number]!++;
      if (this.#pairsLength === this.#pairs.length) this.#pairs = doubled(this.#pairs);
      this.#pairs[this.#pairsLength++] = number;
    }
    if (this.seriesCount === this.#refs.length) {
      this.#refs = doubled(this.#refs);
      const ends = new Float64Array(this.#ends.length * 2);
      ends.set(this.#ends);
      this.#ends = ends;
    }
    this.#refs[this.seriesCount] = ref;
    this.#ends[this.seriesCount++] = this.#pairsLength;
  }

  /** Visits the list of all series, then those of the pairs in order. A list is good until the next. */
  forEachList(visit: (refs: Uint32Array) => void): void {
    visit(this.#refs.subarray(0, this.seriesCount));
    const order = this.#sorted();
    const starts = new Float64Array(order.length);
    let sum = 0;
    for (const number of order) {
      starts[number] = sum;
      sum += this.#counts[number]!;
    }
    const lists = new Uint32Array(sum);
    const next = starts.slice();
    for (let s = 0, at = 0; s < this.seriesCount; s++) {
      for (const end = this.#ends[s]!; at < end; at++) lists[next[this.#pairs[at]!]!++] = this.#refs[s]!;
    }
    for (const number of order) visit(lists.subarray(starts[number], next[number]));
  }

  /** Visits the pairs in order. */
  forEachPair(visit: (name: number, value: number) => void): void {
    for (const number of this.#sorted()) visit(this.#names[number]!, this.#values[number]!);
  }

  #number(name: number, value: number): number {
    let nameNumber = this.#nameNumbers.get(name);
    if (nameNumber === undefined) {
      nameNumber = this.#nameNumbers.size;
      this.#nameNumbers.set(name, nameNumber);
    }
    const key = nameNumber * symbolsMax + value;
    let number = this.#numbers.get(key);
    if (number !== undefined) return number;
    number = this.#numbers.size;
    this.#numbers.set(key, number);
    if (number === this.#names.length) {
      this.#names = doubled(this.#names);
      this.#values = doubled(this.#values);
      this.#counts = doubled(this.#counts);
    }
    this.#names[number] = name;
    this.#values[number] = value;
    return number;
  }

  #sorted(): Uint32Array {
    if (this.#order !== null) return this.#order;
    const order = Uint32Array.from({length: this.#numbers.size}, (_, i) => i);
    order.sort((left, right) => {
      const byName = this.#names[left]! - this.#names[right]!;
      return byName !== 0 ? byName : this.#values[left]! - this.#values[right]!;
    });
    return (this.#order = order);
  }
}

function doubled(column: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(column.length * 2);
  larger.set(column);
  return larger;
}
