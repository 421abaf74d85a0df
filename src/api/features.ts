// /features: what clients may count on, in the categories and by the names of Prometheus. What is not there says so.

import {functions} from '../promql/functions.ts';
import {sortKeys} from './envelope.ts';

export interface FeatureSwitches {
  lifecycle: boolean;
  remoteWriteReceiver: boolean;
  /** Names of the service discovery mechanisms that are there, `static` included. */
  serviceDiscoveries: readonly string[];
}

export function describeFeatures(switches: FeatureSwitches): Record<string, Record<string, boolean>> {
  const functionNames = [...functions.values()].map(({name, experimental}) => [name, !experimental] as const);
  return sortKeys({
    api: sortKeys({
      admin: false,
      exclude_alerts: true,
      label_values_match: true,
      lifecycle: switches.lifecycle,
      otlp_write_receiver: false,
      query_stats: true,
      query_warnings: true,
      remote_write_receiver: switches.remoteWriteReceiver,
      search: false,
      time_range_labels: true,
      time_range_series: true,
    }),
    otlp_receiver: named('', 'delta_conversion native_delta_ingestion'),
    prometheus: named('server_mode', 'agent_mode auto_reload_config'),
    promql: named(
      'at_modifier bool by duration_expr group_left group_right ignoring negative_offset offset on per_query_lookback_delta subqueries without',
      'anchored delayed_name_removal fill fill_left fill_right per_step_stats smoothed type_and_unit_labels',
    ),
    promql_functions: sortKeys(Object.fromEntries(functionNames)),
    promql_operators: named(
      '!= !~ % * + - / < <= == =~ > >= @ ^ and atan2 avg bottomk count count_values group max min or quantile stddev stdvar sum topk unless',
      '</ >/ limit_ratio limitk',
    ),
    scrape: named('', 'extra_scrape_metrics start_timestamp_zero_ingestion type_and_unit_labels'),
    service_discovery_providers: named(switches.serviceDiscoveries.join(' '), ''),
    tsdb: named(
      'isolation',
      'delayed_compaction exemplar_storage histograms_st_encoding native_histograms st_storage use_uncached_io xor2_encoding',
    ),
    ui: named('ui_v3', 'ui_v2'),
  });
}

function named(on: string, off: string): Record<string, boolean> {
  const features: Record<string, boolean> = {};
  for (const name of on.split(' ')) if (name !== '') features[name] = true;
  for (const name of off.split(' ')) if (name !== '') features[name] = false;
  return sortKeys(features);
}
