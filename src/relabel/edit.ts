import {compareStrings, type Labels} from '../model/labels.ts';

/** A label set under change. The set it began with is copied at the first change. */
export class LabelEdit {
  #before: Labels = [];
  #labels: string[] = [];
  #copied = false;
  /** Names that were set, in the order of their first setting: they come last in `inOrder`. */
  readonly #added: string[] = [];

  reset(labels: Labels): void {
    this.#before = labels;
    this.#labels = labels as string[];
    this.#copied = false;
    this.#added.length = 0;
  }

  /** '' = there is no such label. */
  get(name: string): string {
    const labels = this.#labels;
    for (let i = 0; i < labels.length; i += 2) if (labels[i] === name) return labels[i + 1]!;
    return '';
  }

  /** An empty value removes the label. */
  set(name: string, value: string): void {
    if (value === '') {
      this.delete(name);
      return;
    }
    if (!this.#added.includes(name)) this.#added.push(name);
    const labels = this.#labels;
    let i = 0;
    while (i < labels.length && labels[i] !== name) i += 2;
    if (i < labels.length) {
      if (labels[i + 1] !== value) this.#own()[i + 1] = value;
      return;
    }
    i = 0;
    while (i < labels.length && compareStrings(labels[i]!, name) < 0) i += 2;
    this.#own().splice(i, 0, name, value);
  }

  delete(name: string): void {
    const added = this.#added.indexOf(name);
    if (added >= 0) this.#added.splice(added, 1);
    for (let i = 0; i < this.#labels.length; i += 2) {
      if (this.#labels[i] !== name) continue;
      this.#own().splice(i, 2);
      return;
    }
  }

  names(): string[] {
    const names: string[] = [];
    for (let i = 0; i < this.#labels.length; i += 2) names.push(this.#labels[i]!);
    return names;
  }

  /** A copy of the labels, names and values: first those that were not set, sorted, then those that were. */
  inOrder(): string[] {
    const ordered: string[] = [];
    for (const name of this.names()) if (!this.#added.includes(name)) ordered.push(name, this.get(name));
    for (const name of this.#added) ordered.push(name, this.get(name));
    return ordered;
  }

  /** The set it began with, where it is the same again. */
  result(): Labels {
    const before = this.#before;
    const labels = this.#labels;
    if (!this.#copied) return before;
    if (labels.length === before.length && labels.every((each, i) => each === before[i])) return before;
    return labels;
  }

  #own(): string[] {
    if (!this.#copied) {
      this.#labels = this.#labels.slice();
      this.#copied = true;
    }
    return this.#labels;
  }
}
