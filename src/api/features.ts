// /features: what clients may count on, in the categories and by the names of Prometheus. What is not there says so.

import {functions} from '../promql/functions.ts';
import {prometheusFunctionNames} from '../template/prometheus.ts';
import {sortKeys} from './envelope.ts';

export interface FeatureSwitches {
  lifecycle: boolean;
  admin: boolean;
  remoteWriteReceiver: boolean;
  /** Names of --enable-feature that are on. */
  enabled: ReadonlySet<string>;
  /** Names of the service discovery mechanisms that are there, `static` included. */
  serviceDiscoveries: readonly string[];
}

export function describeFeatures(switches: FeatureSwitches): Record<string, Record<string, boolean>> {
  const {enabled} = switches;
  const withExperiments = enabled.has('promql-experimental-functions');
  const functionNames = [...functions.values()].map(
    ({name, experimental}) => [name, !experimental || withExperiments] as const,
  );
  const fill = enabled.has('promql-binop-fill-modifiers');
  const extended = enabled.has('promql-extended-range-selectors');
  return sortKeys({
    api: sortKeys({
      admin: switches.admin,
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
    promql: sortKeys({
      ...named(
        'at_modifier bool by duration_expr group_left group_right ignoring negative_offset offset on per_query_lookback_delta subqueries without',
        'type_and_unit_labels',
      ),
      anchored: extended,
      delayed_name_removal: enabled.has('promql-delayed-name-removal'),
      fill,
      fill_left: fill,
      fill_right: fill,
      per_step_stats: enabled.has('promql-per-step-stats'),
      smoothed: extended,
    }),
    promql_functions: sortKeys(Object.fromEntries(functionNames)),
    promql_operators: sortKeys({
      ...named(
        '!= !~ % * + - / < <= == =~ > >= @ ^ and atan2 avg bottomk count count_values group max min or quantile stddev stdvar sum topk unless',
        '</ >/',
      ),
      limit_ratio: withExperiments,
      limitk: withExperiments,
    }),
    rules: sortKeys({
      ...named('keep_firing_for query_offset', ''),
      concurrent_rule_eval: enabled.has('concurrent-rule-eval'),
    }),
    templating_functions: named(prometheusFunctionNames().join(' '), ''),
    scrape: named('', 'extra_scrape_metrics start_timestamp_zero_ingestion type_and_unit_labels'),
    service_discovery_providers: named(switches.serviceDiscoveries.join(' '), ''),
    tsdb: sortKeys({
      ...named('isolation native_histograms xor2_encoding', 'delayed_compaction use_uncached_io'),
      exemplar_storage: enabled.has('exemplar-storage'),
      histograms_st_encoding: enabled.has('histograms-st-encoding'),
      st_storage: enabled.has('st-storage'),
    }),
    ui: named('ui_v3', 'ui_v2'),
  });
}

function named(on: string, off: string): Record<string, boolean> {
  const features: Record<string, boolean> = {};
  for (const name of on.split(' ')) if (name !== '') features[name] = true;
  for (const name of off.split(' ')) if (name !== '') features[name] = false;
  return sortKeys(features);
}
