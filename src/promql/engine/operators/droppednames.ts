import {absent, type Row} from '../row.ts';

/**
 * Whether the results of groups lose their names at the end, where that is delayed. As in Prometheus, the last step at which a group has
 * anything decides, and there any of its series.
 */
export class DroppedNames {
  readonly #lastSteps: number[] = [];
  readonly #drops: boolean[] = [];

  /** Adds a series to a group. */
  add(group: number, {kinds, dropName}: Pick<Row, 'kinds' | 'dropName'>): void {
    let last = kinds.length - 1;
    while (last >= 0 && kinds[last] === absent) last--;
    const before = this.#lastSteps[group] ?? -1;
    if (last > before) {
      this.#lastSteps[group] = last;
      this.#drops[group] = dropName;
    } else if (last === before) this.#drops[group] ||= dropName;
  }

  of(group: number): boolean {
    return this.#drops[group] ?? false;
  }
}
