import type {Target} from './target.ts';

/** The targets of a pool. Several that are the same after relabeling are one: the one that came last. */
export class WantedTargets {
  readonly #targets = new Map<string, Target>();
  /** Those that came before the one that is in force, where there are any. */
  readonly #others = new Map<string, Target[]>();
  #changed = new Set<string>();

  get size(): number {
    return this.#targets.size;
  }

  get(key: string): Target | null {
    return this.#targets.get(key) ?? null;
  }

  add(target: Target): void {
    const {key} = target;
    const before = this.#targets.get(key);
    this.#targets.set(key, target);
    this.#changed.add(key);
    if (before === undefined) return;
    const others = this.#others.get(key);
    if (others === undefined) this.#others.set(key, [before]);
    else others.push(before);
  }

  remove(target: Target): void {
    const {key} = target;
    const others = this.#others.get(key);
    if (this.#targets.get(key) === target) {
      this.#changed.add(key);
      const next = others?.pop();
      if (next === undefined) this.#targets.delete(key);
      else this.#targets.set(key, next);
    } else others?.splice(others.indexOf(target), 1);
    if (others?.length === 0) this.#others.delete(key);
  }

  /** Keys whose target came, went or was replaced since the last call. */
  takeChanged(): Set<string> {
    const changed = this.#changed;
    this.#changed = new Set();
    return changed;
  }
}
