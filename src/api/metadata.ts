// Gathers what targets say of their metrics, where the targets live, so that only the answer travels to the main thread.

import {Matcher} from '../model/matcher.ts';
import type {MetricMetadata} from '../scrape/status.ts';
import type {MetadataByMetric, MetadataRequest, TargetMetadataRequest, TargetMetadataRow} from './backend.ts';

/** A target and what it said in its last scrapes. */
export interface TargetWithMetadata {
  labels: Record<string, string>;
  metadata: Iterable<MetricMetadata>;
}

/** What `/metadata` answers: every type, help and unit of each metric once. Metrics are sorted by name. */
export function collectMetadata(
  targets: Iterable<TargetWithMetadata>,
  request: MetadataRequest,
): MetadataByMetric {
  const byMetric = new Map<string, Map<string, Omit<MetricMetadata, 'metric'>>>();
  for (const target of targets) {
    for (const {metric, type, help, unit} of target.metadata) {
      if (request.metric !== '' && metric !== request.metric) continue;
      let entries = byMetric.get(metric);
      if (entries === undefined) {
        entries = new Map();
        byMetric.set(metric, entries);
      }
      if (request.limitPerMetric > 0 && entries.size >= request.limitPerMetric) continue;
      entries.set(`${type}\n${unit}\n${help}`, {type, unit, help});
    }
  }
  const names = [...byMetric.keys()].sort();
  const count = request.limit < 0 ? names.length : Math.min(request.limit, names.length);
  const result = Object.create(null) as MetadataByMetric;
  for (let i = 0; i < count; i++) result[names[i]!] = [...byMetric.get(names[i]!)!.values()];
  return result;
}

/** What `/targets/metadata` answers. The limit is looked at before each target, as in Prometheus: the last one is complete. */
export function collectTargetMetadata(
  targets: Iterable<TargetWithMetadata>,
  request: TargetMetadataRequest,
): TargetMetadataRow[] {
  const matchers = request.matchers.map(({type, name, value}) => new Matcher(type, name, value));
  const rows: TargetMetadataRow[] = [];
  for (const target of targets) {
    if (request.limit >= 0 && rows.length >= request.limit) break;
    if (!matchers.every((matcher) => matcher.matches(target.labels[matcher.name] ?? ''))) continue;
    for (const {metric, type, help, unit} of target.metadata) {
      if (request.metric === '') rows.push({target: target.labels, metric, type, help, unit});
      else if (metric === request.metric) rows.push({target: target.labels, type, help, unit});
    }
  }
  return rows;
}
