import type {Matcher} from '../../model/matcher.ts';
import type {SelectedSeries} from './selection.ts';

const selectionsMax = 64;
/** In all of them together. */
const seriesMax = 50_000;

/**
 * Which series were selected lately: by the very same list of matchers, as queries have it whose trees are kept, and as long as
 * there is no series more or less (`version`, of headerSeriesVersion). What is in here is read only.
 */
export class Selections {
  readonly #known = new Map<readonly Matcher[], SelectedSeries>();
  #version = -1;
  #series = 0;

  /** null where it is not known. The caller has been inside of an epoch since before it looked at the version. */
  find(version: number, matchers: readonly Matcher[]): SelectedSeries | null {
    if (version === this.#version) return this.#known.get(matchers) ?? null;
    this.#known.clear();
    this.#series = 0;
    this.#version = version;
    return null;
  }

  /** Keeps what was selected after find() did not find it. */
  keep(version: number, matchers: readonly Matcher[], selected: SelectedSeries): void {
    if (version !== this.#version || selected.length > seriesMax / 2 || this.#known.has(matchers)) return;
    this.#known.set(matchers, selected);
    this.#series += selected.length;
    for (const [oldest, {length}] of this.#known) {
      if (this.#known.size <= selectionsMax && this.#series <= seriesMax) return;
      this.#known.delete(oldest);
      this.#series -= length;
    }
  }
}
