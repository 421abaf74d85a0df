import {assert} from '../base/assert.ts';

/** "No run": unit numbers are below this. */
export const noRun = 0xffff_ffff;

// Bins of free runs: below 8 units one bin for each length, above that eight bins for each power of two.
const stepsLog2 = 3;
const steps = 1 << stepsLog2;
const powersMax = 30;

/**
 * Hands out runs of neighbouring units (two-level segregated fit): taking, splitting, giving back and joining with free
 * neighbours each take constant time. All bookkeeping is in columns beside the memory, so that free memory is not
 * touched; what was never used lies above `top` and is taken only when no free run fits.
 *
 * A free run of n units at u has tags[u] = tags[u + n - 1] = n; every other unit has tag 0.
 */
export class RunAllocator {
  readonly unitsTotal: number;
  /** Units at and above this one were never used, or are free again. */
  top = 0;
  unitsFree = 0;
  readonly #tags: Uint32Array;
  readonly #next: Uint32Array;
  readonly #previous: Uint32Array;
  readonly #heads = new Uint32Array((powersMax + 1) * steps).fill(noRun);
  /** Which bins of a power are not empty; and which powers have such bins. */
  readonly #binMasks = new Uint8Array(powersMax + 1);
  #powerMask = 0;

  constructor(unitsTotal: number) {
    assert(unitsTotal > 0 && unitsTotal < 2 ** 28, `1..2^28 units, got ${unitsTotal}`);
    this.unitsTotal = unitsTotal;
    this.#tags = new Uint32Array(unitsTotal + 1);
    this.#next = new Uint32Array(unitsTotal);
    this.#previous = new Uint32Array(unitsTotal);
  }

  /** First unit of a run of `units`, or noRun where there is none. */
  take(units: number): number {
    // Round up, so that every run of the bin is long enough.
    const power = 31 - Math.clz32(units);
    const rounded = power > stepsLog2 ? units + (1 << (power - stepsLog2)) - 1 : units;
    const bin = this.#findBin(binOf(rounded));
    if (bin !== -1) return this.#takeFrom(this.#heads[bin]!, units);
    if (this.top + units <= this.unitsTotal) {
      const first = this.top;
      this.top += units;
      return first;
    }
    // Last resort: the runs of the bin that was skipped may be long enough.
    for (let run = this.#heads[binOf(units)]!; run !== noRun; run = this.#next[run]!) {
      if (this.#tags[run]! >= units) return this.#takeFrom(run, units);
    }
    return noRun;
  }

  give(first: number, units: number): void {
    const tags = this.#tags;
    assert(first + units <= this.top && tags[first] === 0, 'a run is given back once');
    if (first > 0 && tags[first - 1] !== 0) {
      const left = tags[first - 1]!;
      first -= left;
      this.#unlink(first, left);
      units += left;
    }
    const right = tags[first + units]!;
    if (right !== 0) {
      this.#unlink(first + units, right);
      units += right;
    }
    if (first + units === this.top) this.top = first;
    else this.#link(first, units);
  }

  #takeFrom(run: number, units: number): number {
    const length = this.#tags[run]!;
    this.#unlink(run, length);
    if (length > units) this.#link(run + units, length - units);
    return run;
  }

  /** The first bin at or after `bin` that is not empty, or -1. */
  #findBin(bin: number): number {
    const power = bin >>> stepsLog2;
    const inPower = this.#binMasks[power]! & (0xff << (bin & (steps - 1)));
    if (inPower !== 0) return (power << stepsLog2) + lowestBit(inPower);
    const powers = power === 31 ? 0 : this.#powerMask & (-1 << (power + 1));
    if (powers === 0) return -1;
    const above = lowestBit(powers);
    return (above << stepsLog2) + lowestBit(this.#binMasks[above]!);
  }

  #link(run: number, units: number): void {
    const bin = binOf(units);
    const head = this.#heads[bin]!;
    this.#next[run] = head;
    this.#previous[run] = noRun;
    if (head !== noRun) this.#previous[head] = run;
    this.#heads[bin] = run;
    this.#binMasks[bin >>> stepsLog2]! |= 1 << (bin & (steps - 1));
    this.#powerMask |= 1 << (bin >>> stepsLog2);
    this.#tags[run] = units;
    this.#tags[run + units - 1] = units;
    this.unitsFree += units;
  }

  #unlink(run: number, units: number): void {
    const next = this.#next[run]!;
    const previous = this.#previous[run]!;
    if (next !== noRun) this.#previous[next] = previous;
    if (previous !== noRun) this.#next[previous] = next;
    else this.#dropHead(binOf(units), next);
    this.#tags[run] = 0;
    this.#tags[run + units - 1] = 0;
    this.unitsFree -= units;
  }

  #dropHead(bin: number, next: number): void {
    this.#heads[bin] = next;
    if (next !== noRun) return;
    const power = bin >>> stepsLog2;
    this.#binMasks[power]! &= ~(1 << (bin & (steps - 1)));
    if (this.#binMasks[power] === 0) this.#powerMask &= ~(1 << power);
  }
}

/** Bins rise with the length; power 0 holds the lengths below 8, one bin each. */
function binOf(units: number): number {
  if (units < steps) return units;
  const power = 31 - Math.clz32(units);
  return ((power - stepsLog2 + 1) << stepsLog2) + ((units >>> (power - stepsLog2)) & (steps - 1));
}

function lowestBit(mask: number): number {
  return 31 - Math.clz32(mask & -mask);
}
