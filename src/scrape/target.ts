import type {LabelSet, TargetGroup} from '../discovery/targetgroup.ts';
import {quoteGo} from '../base/quote.ts';
import {formatDuration, parseDuration} from '../model/duration.ts';
import type {Labels} from '../model/labels.ts';
import {labelOf, labelsOf, withLabel} from '../model/labels.ts';
import type {CompiledRelabelConfig} from '../relabel/relabel.ts';
import {relabel} from '../relabel/relabel.ts';
import type {ScrapeConfig} from './config.ts';
import {baseOf, discoveredLabels, type Found, overlay} from './discovered.ts';

/** What is to be scraped, as relabeling left it. There are thousands, so most is put together when it is asked for. */
export class Target {
  /** Its labels (but for meta labels) and its URL: equal for targets that are the same. */
  readonly key: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** What relabeling says of histograms, instead of the configuration. The same object where it says the same. */
  readonly histograms: TargetHistograms;
  readonly #defaults: Labels;
  readonly #group: LabelSet;
  readonly #own: LabelSet;

  constructor({defaults, group, own}: Found, {key, intervalMs, timeoutMs, histograms}: TargetParts) {
    this.#defaults = defaults;
    this.#group = group;
    this.#own = own;
    this.key = key;
    this.intervalMs = intervalMs;
    this.timeoutMs = timeoutMs;
    this.histograms = histograms;
  }

  /** Before relabeling, as the targets page shows them. */
  get discoveredLabels(): Labels {
    return discoveredLabels({defaults: this.#defaults, group: this.#group, own: this.#own});
  }

  /** All labels but meta labels, those with `__` included. */
  get labels(): Labels {
    return partsOf(this.key)[0];
  }

  /** The labels that its series get. */
  get publicLabels(): Labels {
    if (lastKey !== this.key) {
      lastLabels = this.labels.filter((_, i, labels) => !labels[i & ~1]!.startsWith('__'));
      lastKey = this.key;
    }
    return lastLabels;
  }

  get url(): string {
    return partsOf(this.key)[1];
  }
}

/** New series come with others of the same target. */
let lastKey = '';
let lastLabels: Labels = [];

function partsOf(key: string): [labels: Labels, url: string] {
  return JSON.parse(key) as [Labels, string];
}

type TargetParts = Pick<Target, 'key' | 'intervalMs' | 'timeoutMs' | 'histograms'>;

export interface TargetHistograms {
  native?: boolean;
  keepClassic?: boolean;
  convertClassic?: boolean;
}

const histogramLabels = {
  native: ['__scrape_native_histograms__', 'scrape native histograms'],
  keepClassic: ['__always_scrape_classic_histograms__', 'always scrape classic histograms'],
  convertClassic: ['__convert_classic_histograms_to_nhcb__', 'convert classic histograms to nhcb'],
} as const;

/** These are read and left out: a target stays the same one when the configuration says otherwise. */
function isHistogramLabel(name: string): boolean {
  return name.startsWith('__') && Object.values(histogramLabels).some(([each]) => each === name);
}

export interface TargetSet {
  targets: Target[];
  /** Those of the group that relabeling dropped. */
  dropped: LabelSet[];
  /** What is wrong with targets that could not be made. */
  failures: string[];
}

/** The targets of a group. What is wrong with one does not touch the others. */
export function targetsOf(
  config: ScrapeConfig,
  relabelConfigs: readonly CompiledRelabelConfig[],
  group: TargetGroup,
): TargetSet {
  const targets: Target[] = [];
  const dropped: LabelSet[] = [];
  const failures: string[] = [];
  const defaults = defaultsOf(config);
  const base = baseOf(defaults, group.labels);
  for (const [i, own] of group.targets.entries()) {
    try {
      const labels = relabel(overlay(base, defaults, own), relabelConfigs);
      if (labels === null) dropped.push(own);
      else targets.push(new Target({defaults, group: group.labels, own}, partsOfTarget(config, labels)));
    } catch (cause) {
      failures.push(`instance ${i} in group ${group.source}: ${(cause as Error).message}`);
    }
  }
  // Without the spare room of growing arrays.
  return {targets: targets.slice(), dropped: dropped.slice(), failures: failures.slice()};
}

/** The labels of one of a group's targets before relabeling. */
export function discoveredOf(config: ScrapeConfig, group: LabelSet, own: LabelSet): Labels {
  return discoveredLabels({defaults: defaultsOf(config), group, own});
}

const knownDefaults = new WeakMap<ScrapeConfig, Labels>();

/** What the configuration says of every target that says nothing else itself. */
function defaultsOf(config: ScrapeConfig): Labels {
  let labels = knownDefaults.get(config);
  if (labels !== undefined) return labels;
  const defaults: Record<string, string> = {
    job: config.jobName,
    __scrape_interval__: formatDuration(config.scrapeIntervalMs),
    __scrape_timeout__: formatDuration(config.scrapeTimeoutMs),
    __metrics_path__: config.metricsPath,
    __scheme__: config.scheme,
    [histogramLabels.native[0]]: String(config.scrapeNativeHistograms),
    [histogramLabels.keepClassic[0]]: String(config.alwaysScrapeClassicHistograms),
    [histogramLabels.convertClassic[0]]: String(config.convertClassicHistogramsToNhcb),
  };
  for (const [name, values] of Object.entries(config.params)) {
    if (values[0] !== undefined) defaults[`__param_${name}`] = values[0];
  }
  labels = labelsOf(defaults);
  knownDefaults.set(config, labels);
  return labels;
}

function partsOfTarget(config: ScrapeConfig, relabeled: Labels): TargetParts {
  const address = labelOf(relabeled, '__address__');
  if (address === '') throw new TypeError('no address');
  if (address.includes('/')) throw new TypeError(`${quoteGo(address)} is not a valid hostname`);
  const interval = labelOf(relabeled, '__scrape_interval__');
  const intervalMs = durationOf(interval, 'interval');
  const timeout = labelOf(relabeled, '__scrape_timeout__');
  const timeoutMs = durationOf(timeout, 'timeout');
  if (timeoutMs > intervalMs) {
    throw new RangeError(
      `scrape timeout cannot be greater than scrape interval (${quoteGo(timeout)} > ${quoteGo(interval)})`,
    );
  }
  const histograms = histogramsOf(relabeled);
  const kept: string[] = [];
  for (let i = 0; i < relabeled.length; i += 2)
    if (!relabeled[i]!.startsWith('__meta_') && !isHistogramLabel(relabeled[i]!))
      kept.push(relabeled[i]!, relabeled[i + 1]!);
  const labels = labelOf(kept, 'instance') === '' ? withLabel(kept, 'instance', address) : kept;
  for (let i = 0; i < labels.length; i += 2) {
    if (!labels[i + 1]!.isWellFormed()) {
      throw new TypeError(`invalid label value for ${quoteGo(labels[i]!)}: ${quoteGo(labels[i + 1]!)}`);
    }
  }
  return {key: JSON.stringify([labels, urlOf(config, labels)]), intervalMs, timeoutMs, histograms};
}

const knownHistograms = new Map<string, TargetHistograms>();

function histogramsOf(labels: Labels): TargetHistograms {
  const histograms: TargetHistograms = {};
  for (const field of ['convertClassic', 'keepClassic', 'native'] as const) {
    const [name, description] = histogramLabels[field];
    const text = labelOf(labels, name);
    if (text === '') continue;
    if (/^(?:1|t|T|true|TRUE|True)$/.test(text)) histograms[field] = true;
    else if (/^(?:0|f|F|false|FALSE|False)$/.test(text)) histograms[field] = false;
    else {
      throw new SyntaxError(
        `error parsing ${description}: strconv.ParseBool: parsing ${quoteGo(text)}: invalid syntax`,
      );
    }
  }
  const {native, keepClassic, convertClassic} = histograms;
  const key = `${native} ${keepClassic} ${convertClassic}`;
  const known = knownHistograms.get(key);
  if (known === undefined) knownHistograms.set(key, histograms);
  return known ?? histograms;
}

function durationOf(text: string, what: string): number {
  let ms: number;
  try {
    ms = parseDuration(text);
  } catch (cause) {
    throw new SyntaxError(`error parsing scrape ${what}: ${(cause as Error).message}`, {cause});
  }
  if (ms === 0) throw new RangeError(`scrape ${what} cannot be 0`);
  return ms;
}

function urlOf(config: ScrapeConfig, labels: Labels): string {
  const params = new Map<string, string[]>();
  for (const [name, values] of Object.entries(config.params)) params.set(name, [...values]);
  for (let i = 0; i < labels.length; i += 2) {
    if (!labels[i]!.startsWith('__param_')) continue;
    const name = labels[i]!.slice('__param_'.length);
    const values = params.get(name);
    if (values !== undefined && values.length > 0) values[0] = labels[i + 1]!;
    else params.set(name, [labels[i + 1]!]);
  }
  const query = new URLSearchParams();
  for (const name of [...params.keys()].sort()) {
    for (const value of params.get(name)!) query.append(name, value);
  }
  const path = labelOf(labels, '__metrics_path__');
  const rooted = path === '' || path.startsWith('/') ? path : `/${path}`;
  const escaped = encodeURI(rooted).replaceAll('?', '%3F').replaceAll('#', '%23');
  const search = query.toString();
  return `${labelOf(labels, '__scheme__')}://${labelOf(labels, '__address__')}${escaped}${search === '' ? '' : `?${search}`}`;
}
