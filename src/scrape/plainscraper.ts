// Scrapes the plain way: what the tests compare the real one with.
import type {ExpositionFormat, LineParser} from '../formats/exposition.ts';
import {parseExposition} from '../formats/body.ts';
import type {Labels} from '../model/labels.ts';
import {formatLabels, labelOf, labelsOf, withLabel} from '../model/labels.ts';
import {joinLabels} from './labels.ts';
import type {StoredSample} from './testing.ts';

export const targetLabels = labelsOf({job: 'test', instance: 'host:1'});
export const aheadMs = 600_000;

export interface Settings {
  honorLabels: boolean;
  honorTimestamps: boolean;
  trackTimestampsStaleness: boolean;
  sampleLimit: number;
  /** Merges series by dropping the label `mode`. */
  merge: boolean;
}

export function resolveWith(
  settings: Settings,
): (exposed: Labels, emptyNames: readonly string[]) => Labels | null {
  return (exposed, emptyNames) => {
    const labels = joinLabels(exposed, emptyNames, targetLabels, settings.honorLabels);
    if (labelOf(labels, 'drop') === 'yes') return null;
    return settings.merge ? withLabel(labels, 'mode', '') : labels;
  };
}

/** What a scrape says of itself. */
export interface Verdict {
  error: string;
  total: number;
  added: number;
  seriesAdded: number;
}

/** Scrapes as Prometheus does it, with a map for everything: the oracle. */
export class PlainScraper {
  readonly store: Record<string, StoredSample[]> = {};
  readonly #settings: Settings;
  readonly #resolve: ReturnType<typeof resolveWith>;
  readonly #cache = new Map<string, {labels: Labels | null; lastScrape: number}>();
  #tracked = new Set<string>();
  #scrape = 0;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#resolve = resolveWith(settings);
  }

  scrape(body: string, format: ExpositionFormat, timeMs: number): Verdict {
    const {honorTimestamps, trackTimestampsStaleness, sampleLimit} = this.#settings;
    const verdict: Verdict = {error: '', total: 0, added: 0, seriesAdded: 0};
    const staged: {key: string; name: string; sample: StoredSample; isNew: boolean; tracked: boolean}[] = [];
    let appended = 0;
    let limitHit = false;
    this.#scrape++;

    const sample = (parser: LineParser, series: string): void => {
      verdict.total++;
      const type = ['histogram', 'summary'].includes(parser.familyType) ? parser.familyType : '';
      const key = parser.typeMatters ? `${type} ${series}` : series;
      const exposed = parser.labels();
      const known = this.#cache.get(key);
      const entry = known ?? {labels: this.#resolve(exposed, parser.emptyNames()), lastScrape: 0};
      if (entry.labels === null) return;
      verdict.added++;
      const explicit = parser.hasTimestamp && honorTimestamps;
      if (entry.lastScrape === this.#scrape && !explicit) return;
      const time = explicit ? parser.timestampMs : timeMs;
      if (sampleLimit > 0 && appended >= sampleLimit) {
        limitHit = true;
        if (known !== undefined) entry.lastScrape = this.#scrape;
        return;
      }
      appended++;
      if (known !== undefined) entry.lastScrape = this.#scrape;
      if (time > timeMs + aheadMs) return;
      entry.lastScrape = this.#scrape;
      this.#cache.set(key, entry);
      if (known === undefined) verdict.seriesAdded++;
      const tracked = !explicit || trackTimestampsStaleness;
      staged.push({
        key,
        name: formatLabels(entry.labels),
        sample: {time, value: parser.value},
        isNew: known === undefined,
        tracked,
      });
    };
    try {
      parseExposition(new TextEncoder().encode(body), format, {sample});
      if (limitHit) throw new RangeError('sample limit exceeded');
    } catch (cause) {
      verdict.error = (cause as Error).message;
    }

    const tracked = new Set<string>();
    if (verdict.error === '' && body !== '') {
      for (const {key, name, sample: each, isNew, tracked: isTracked} of staged) {
        if (this.#append(name, each)) {
          if (isTracked) tracked.add(name);
        } else if (isNew) {
          this.#cache.delete(key);
          verdict.seriesAdded--;
        }
      }
      for (const [key, {labels, lastScrape}] of this.#cache) {
        if (labels !== null && lastScrape !== this.#scrape) this.#cache.delete(key);
      }
    }
    for (const name of this.#tracked)
      if (!tracked.has(name)) this.#append(name, {time: timeMs, value: 'stale'});
    this.#tracked = tracked;
    return verdict;
  }

  #append(name: string, sample: StoredSample): boolean {
    const samples = (this.store[name] ??= []);
    const last = samples.at(-1);
    if (last !== undefined && sample.time < last.time) return false;
    if (last !== undefined && sample.time === last.time) return Object.is(sample.value, last.value);
    samples.push(sample);
    return true;
  }
}
