import {compareLabels, labelOf} from '../model/labels.ts';
import type {Labels} from '../model/labels.ts';
import type {Matcher} from '../model/matcher.ts';
import {exemplarLabelCharsMax} from '../storage/exemplar.ts';
import type {Exemplar, ExemplarStatus, SeriesExemplars} from '../storage/exemplar.ts';

const none = -1;

/** Exemplars of a series: a list through the ring, in the order of time. */
interface SeriesList {
  key: string;
  labels: Labels;
  oldest: number;
  newest: number;
}

interface Entry {
  exemplar: Exemplar;
  list: SeriesList;
  previous: number;
  next: number;
}

export interface ExemplarStatistics {
  appended: number;
  outOfOrder: number;
  inStorage: number;
  series: number;
  /** Time of the exemplar that would go next, in seconds: about how far back they reach. 0 = there are none. */
  lastTimestampSeconds: number;
  max: number;
}

/**
 * The newest exemplars of all series, in a ring of fixed size: a new one takes the place of the one that came first. Series are
 * told apart by their labels, so a series that was dropped and made again has its exemplars still.
 */
export class ExemplarStorage {
  appended = 0;
  outOfOrder = 0;
  /** How far behind the newest of their series exemplars may be. Milliseconds. */
  outOfOrderWindowMs = 0;
  #ring: (Entry | null)[];
  #next = 0;
  #count = 0;
  readonly #lists = new Map<string, SeriesList>();

  /** With 0 places nothing is kept. */
  constructor(max: number) {
    this.#ring = emptyRing(max);
  }

  /** Whether any exemplar is taken. */
  get enabled(): boolean {
    return this.#ring.length > 0;
  }

  /** What add() would do. */
  check(labels: Labels, exemplar: Exemplar): ExemplarStatus {
    if (!this.enabled) return 'disabled';
    if (charsOf(exemplar.labels) > exemplarLabelCharsMax) return 'labelsTooLong';
    const list = this.#lists.get(keyOf(labels));
    return list === undefined ? 'accepted' : this.#checkOrder(list, exemplar);
  }

  /** Adds an exemplar of the series with `labels`. Both are kept. */
  add(labels: Labels, exemplar: Exemplar): ExemplarStatus {
    const status = this.check(labels, exemplar);
    if (status === 'outOfOrder') this.outOfOrder++;
    if (status !== 'accepted') return status;
    const key = keyOf(labels);
    const known = this.#lists.get(key);
    const list = known ?? {key, labels, oldest: none, newest: none};
    if (this.#isKnown(list, exemplar.timeMs)) return 'duplicate';
    this.#remove(this.#next);
    this.#lists.set(key, list);
    this.#insert(list, exemplar);
    this.appended++;
    return 'accepted';
  }

  /** Exemplars in [startMs, endMs] of the series that match one of the sets, ordered by labels. */
  select(matcherSets: readonly (readonly Matcher[])[], startMs: number, endMs: number): SeriesExemplars[] {
    const found: SeriesExemplars[] = [];
    for (const list of this.#lists.values()) {
      const outside = this.#time(list.oldest) > endMs || this.#time(list.newest) < startMs;
      if (outside || !matcherSets.some((matchers) => matchesAll(list.labels, matchers))) continue;
      const exemplars: Exemplar[] = [];
      for (let at = list.oldest; at !== none && this.#time(at) <= endMs; at = this.#ring[at]!.next) {
        if (this.#time(at) >= startMs) exemplars.push(this.#ring[at]!.exemplar);
      }
      if (exemplars.length > 0) found.push({labels: list.labels, exemplars});
    }
    return found.sort((left, right) => compareLabels(left.labels, right.labels));
  }

  /** Changes the number of places. What came first goes where there are fewer. */
  resize(max: number): void {
    if (max === this.#ring.length) return;
    const entries = this.#inOrder();
    this.#ring = emptyRing(max);
    this.#lists.clear();
    this.#next = 0;
    this.#count = 0;
    const kept = max <= 0 ? [] : entries.slice(-max);
    for (const {exemplar, list} of kept) {
      const mine = this.#lists.get(list.key) ?? {...list, oldest: none, newest: none};
      this.#lists.set(list.key, mine);
      this.#insert(mine, exemplar);
    }
  }

  /** Visits all, in the order in which they came. */
  forEach(visit: (labels: Labels, exemplar: Exemplar) => void): void {
    for (const {list, exemplar} of this.#inOrder()) visit(list.labels, exemplar);
  }

  statistics(): ExemplarStatistics {
    const full = this.#ring.length > 0 && this.#ring[this.#next] !== null;
    const oldest = full ? this.#next : 0;
    return {
      appended: this.appended,
      outOfOrder: this.outOfOrder,
      inStorage: this.#count,
      series: this.#lists.size,
      lastTimestampSeconds: this.#count === 0 ? 0 : this.#time(oldest) / 1000,
      max: this.#ring.length,
    };
  }

  /**
   * Prometheus's rule: those of one time must rise in value, then in labels, so that several buckets of one histogram can have
   * theirs. (It orders labels by a hash.)
   */
  #checkOrder(list: SeriesList, {labels, value, timeMs}: Exemplar): ExemplarStatus {
    const newest = this.#ring[list.newest]!.exemplar;
    if (timeMs < newest.timeMs) {
      return timeMs <= newest.timeMs - this.outOfOrderWindowMs ? 'outOfOrder' : 'accepted';
    }
    if (timeMs > newest.timeMs) return 'accepted';
    if (Object.is(value, newest.value)) {
      const order = compareLabels(labels, newest.labels);
      return order === 0 ? 'duplicate' : order < 0 ? 'outOfOrder' : 'accepted';
    }
    return value < newest.value ? 'outOfOrder' : 'accepted';
  }

  /** Whether one that goes into the middle of the list has the time of one there: it is taken for the same, as in Prometheus. */
  #isKnown(list: SeriesList, timeMs: number): boolean {
    if (list.newest === none || timeMs >= this.#time(list.newest)) return false;
    const before = this.#predecessor(list, timeMs);
    return before !== none && this.#time(before) === timeMs;
  }

  /** The newest one that is not newer than `timeMs`, or none. */
  #predecessor(list: SeriesList, timeMs: number): number {
    let at = list.newest;
    while (at !== none && this.#time(at) > timeMs) at = this.#ring[at]!.previous;
    return at;
  }

  #insert(list: SeriesList, exemplar: Exemplar): void {
    const place = this.#next;
    const previous = this.#predecessor(list, exemplar.timeMs);
    const next = previous === none ? list.oldest : this.#ring[previous]!.next;
    this.#ring[place] = {exemplar, list, previous, next};
    if (previous === none) list.oldest = place;
    else this.#ring[previous]!.next = place;
    if (next === none) list.newest = place;
    else this.#ring[next]!.previous = place;
    this.#next = (place + 1) % this.#ring.length;
    this.#count++;
  }

  #remove(place: number): void {
    const entry = this.#ring[place]!;
    if (entry === null) return;
    const {list, previous, next} = entry;
    if (previous === none) list.oldest = next;
    else this.#ring[previous]!.next = next;
    if (next === none) list.newest = previous;
    else this.#ring[next]!.previous = previous;
    if (list.oldest === none) this.#lists.delete(list.key);
    this.#ring[place] = null;
    this.#count--;
  }

  #time(place: number): number {
    return this.#ring[place]!.exemplar.timeMs;
  }

  #inOrder(): Entry[] {
    return [...this.#ring.slice(this.#next), ...this.#ring.slice(0, this.#next)].filter(
      (entry) => entry !== null,
    );
  }
}

function emptyRing(max: number): (Entry | null)[] {
  return Array.from({length: Math.max(0, max)}, () => null);
}

/** U+FFFF is no character. */
function keyOf(labels: Labels): string {
  return labels.join('\uffff');
}

function charsOf(labels: Labels): number {
  let chars = 0;
  for (const text of labels) for (const _ of text) chars++;
  return chars;
}

function matchesAll(labels: Labels, matchers: readonly Matcher[]): boolean {
  return matchers.every((matcher) => matcher.matches(labelOf(labels, matcher.name)));
}
