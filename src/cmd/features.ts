// Names that --enable-feature takes, and what becomes of each.

import type {FlagSupport} from './flags.ts';

interface Feature {
  support: FlagSupport;
  /** For ignored ones: why the name changes nothing, and what to use. */
  note?: string;
}

const works: Feature = {support: 'works'};
const later: Feature = {support: 'later'};
const always: Feature = {support: 'ignored', note: 'it is always on'};
const tuning: Feature = {support: 'ignored', note: 'it tunes how Prometheus works inside'};
const flag = (name: string): Feature => ({support: 'ignored', note: `use --${name}`});

/** Names of Prometheus 3.14 and, since people still pass them, of 2.x. */
const features: Readonly<Record<string, Feature>> = {
  agent: flag('agent'),
  'auto-gomaxprocs': tuning,
  'auto-gomemlimit': tuning,
  'auto-reload-config': flag('config.auto-reload'),
  'concurrent-rule-eval': works,
  'created-timestamp-zero-ingestion': works,
  'delayed-compaction': tuning,
  'exemplar-storage': works,
  'expand-external-labels': always,
  'extra-scrape-metrics': works,
  'fast-startup': tuning,
  'histograms-st-encoding': works,
  'memory-snapshot-on-shutdown': works,
  'metadata-wal-records': later,
  'native-histograms': {
    support: 'ignored',
    note: 'set scrape_native_histograms in the configuration',
  },
  'new-service-discovery-manager': always,
  'no-default-scrape-port': always,
  'old-ui': {support: 'ignored', note: 'there is one web UI'},
  'ooo-native-histograms': always,
  'otlp-deltatocumulative': later,
  'otlp-native-delta-ingestion': later,
  'otlp-write-receiver': flag('web.enable-otlp-receiver'),
  'promql-at-modifier': always,
  'promql-binop-fill-modifiers': works,
  'promql-delayed-name-removal': works,
  'promql-duration-expr': always,
  'promql-experimental-functions': works,
  'promql-extended-range-selectors': works,
  'promql-negative-offset': always,
  'promql-per-step-stats': works,
  'remote-write-receiver': flag('web.enable-remote-write-receiver'),
  'search-api': later,
  'st-storage': works,
  'st-synthesis': later,
  'type-and-unit-labels': works,
  'use-start-timestamps': works,
  'use-uncached-io': tuning,
  'utf8-names': always,
  'xor2-encoding': works,
};

export interface ReadFeatures {
  enabled: Set<string>;
  unsupported: string[];
  warnings: string[];
}

/** Sorts out the values of --enable-feature, each with names separated by commas. Unknown names are only warned of. */
export function readFeatures(texts: readonly string[]): ReadFeatures {
  const result: ReadFeatures = {enabled: new Set(), unsupported: [], warnings: []};
  for (const name of texts.join(',').split(',')) {
    if (name === '') continue;
    const feature = Object.hasOwn(features, name) ? features[name]! : null;
    if (feature === null) result.warnings.push(`Unknown option ${name} for --enable-feature`);
    else if (feature.support === 'works') result.enabled.add(name);
    else if (feature.support === 'later') result.unsupported.push(name);
    else result.warnings.push(`Option ${name} for --enable-feature changes nothing: ${feature.note}`);
  }
  return result;
}

/** How floats are stored: as the configuration says, else the flags. Throws where that has no room for what else is asked for. */
export function floatEncodingOf(
  {storage}: {storage: {floatEncoding: '' | 'xor' | 'xor2'}},
  enabled: ReadonlySet<string>,
): 'xor' | 'xor2' {
  const byFlags = enabled.has('xor2-encoding') ? 'xor2' : 'xor';
  const encoding = storage.floatEncoding === '' ? byFlags : storage.floatEncoding;
  if (encoding === 'xor' && enabled.has('st-storage')) {
    throw new RangeError(
      'float chunk encoding "xor" is incompatible with start-timestamp storage; XOR chunks do not store start timestamps, use "xor2"',
    );
  }
  return encoding;
}
