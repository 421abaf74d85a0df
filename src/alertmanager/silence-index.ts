// Which silences may match an alert, without looking at all of them: those that ask for one of its labels by value, and those
// that ask for no label so.
import type {Labels} from '../model/labels.ts';
import type {Silence} from './silence.ts';

export class SilenceIndex {
  /** By `name\0value`. */
  readonly #byLabel = new Map<string, Map<string, Silence>>();
  readonly #others = new Map<string, Silence>();

  get isEmpty(): boolean {
    return this.#others.size === 0 && this.#byLabel.size === 0;
  }

  add(silence: Silence): void {
    for (const key of keysOf(silence)) {
      if (key === null) this.#others.set(silence.id, silence);
      else {
        const silences = this.#byLabel.get(key);
        if (silences === undefined) this.#byLabel.set(key, new Map([[silence.id, silence]]));
        else silences.set(silence.id, silence);
      }
    }
  }

  remove(silence: Silence): void {
    for (const key of keysOf(silence)) {
      if (key === null) this.#others.delete(silence.id);
      else {
        const silences = this.#byLabel.get(key);
        silences?.delete(silence.id);
        if (silences?.size === 0) this.#byLabel.delete(key);
      }
    }
  }

  /** Each once. */
  candidatesFor(labels: Labels): Iterable<Silence> {
    if (this.#byLabel.size === 0) return this.#others.values();
    const found = new Set(this.#others.values());
    for (let i = 0; i < labels.length; i += 2) {
      const silences = this.#byLabel.get(`${labels[i]}\0${labels[i + 1]}`);
      if (silences !== undefined) for (const silence of silences.values()) found.add(silence);
    }
    return found;
  }
}

/** For each set of matchers a label that it asks for, or null. */
function keysOf({matcherSets}: Silence): Set<string | null> {
  return new Set(
    matcherSets.map((matchers) => {
      const equal = matchers.find(({type, value}) => type === '=' && value !== '');
      return equal === undefined ? null : `${equal.name}\0${equal.value}`;
    }),
  );
}
