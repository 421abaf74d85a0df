// alertmanager_* metrics, read from what is counted anyway.
import {isResolvedAt} from '../../alertmanager/alert.ts';
import type {Alertmanager} from '../../alertmanager/alertmanager.ts';
import type {ConcurrencyStatistics} from '../../alertmanager/api/routes.ts';
import {failureReasons} from '../../alertmanager/integration.ts';
import {type IntegrationCounts, latencyBounds} from '../../alertmanager/pipeline-statistics.ts';
import {integrationKinds} from '../../alertmanager/receivers/registry.ts';
import type {MaintenanceCounts} from '../../alertmanager/statistics.ts';
import {type Family, FamilyList, type Labels} from '../../api/families.ts';

export interface ReloadState {
  readonly successful: boolean;
  readonly timeMs: number;
  readonly hash: number;
}

export function alertmanagerFamilies(
  alertmanager: Alertmanager,
  reload: ReloadState,
  concurrency: ConcurrencyStatistics,
): Family[] {
  const list = new FamilyList();
  addAlerts(list, alertmanager);
  addConfig(list, alertmanager, reload);
  addNotifications(list, alertmanager);
  addSilences(list, alertmanager);
  const {log} = alertmanager;
  list.counter('alertmanager_nflog_queries_total', 'Look-ups in the notification log.', log.queries);
  list.counter('alertmanager_nflog_query_errors_total', 'Look-ups that failed.', 0);
  list.counter(
    'alertmanager_nflog_gossip_messages_propagated_total',
    'Entries that were passed on to other Alertmanagers.',
    0,
  );
  addMaintenance(list, 'nflog', 'the notification log', log.counts);
  list.gauge('alertmanager_cluster_enabled', 'Whether there is a cluster.', 0);
  list.gauge('alertmanager_http_requests_in_flight', 'Requests being answered.', concurrency.inFlight, {
    method: 'get',
  });
  list.counter(
    'alertmanager_http_concurrency_limit_exceeded_total',
    'Requests that were refused because there were too many.',
    concurrency.refused,
    {method: 'get'},
  );
  return list.families;
}

function addAlerts(list: FamilyList, alertmanager: Alertmanager): void {
  const {received} = alertmanager;
  list.each(
    'gauge',
    {name: 'alertmanager_alerts', help: 'Alerts by state.'},
    Object.entries(alertsByState(alertmanager)),
    ([state, value]) => ({labels: {state}, value}),
  );
  const version = 'v2';
  list.each(
    'counter',
    {name: 'alertmanager_alerts_received_total', help: 'Reports of alerts that were received.'},
    ['firing', 'resolved'] as const,
    (status) => ({labels: {status, version}, value: received[status]}),
  );
  list.counter('alertmanager_alerts_invalid_total', 'Reports that were refused.', received.invalid, {
    version,
  });
  list.counter(
    'alertmanager_alerts_limited_total',
    'Alerts that were dropped because there were too many of their name.',
    received.limited,
  );
  list.gauge(
    'alertmanager_alerts_per_alert_limit',
    'Most alerts of one name; 0 is no limit.',
    alertmanager.options.alertsPerNameMax ?? 0,
  );
  list.gauge(
    'alertmanager_dispatcher_aggregation_groups',
    'Groups of alerts.',
    alertmanager.isReady ? alertmanager.dispatcher.groupCount : 0,
  );
  const {count, seconds} = alertmanager.dispatched;
  list.summary(
    {
      name: 'alertmanager_dispatcher_alert_processing_duration_seconds',
      help: 'Time to bring an alert into its groups.',
    },
    [null],
    () => ({labels: {}, count, secondsTotal: seconds}),
  );
}

function alertsByState(alertmanager: Alertmanager): Record<string, number> {
  const counts = {active: 0, suppressed: 0, unprocessed: 0};
  if (!alertmanager.isReady) return counts;
  const {inhibitor, silences, options} = alertmanager;
  const nowMs = options.clock.now();
  for (const alert of alertmanager.alerts.values()) {
    if (isResolvedAt(alert, nowMs)) continue;
    const isMuted =
      inhibitor.inhibitionOf(alert.labels, nowMs) !== null || silences.mutesOf(alert.labels).length > 0;
    counts[isMuted ? 'suppressed' : 'active']++;
  }
  return counts;
}

function addConfig(list: FamilyList, alertmanager: Alertmanager, reload: ReloadState): void {
  const prefix = 'alertmanager_config';
  list.gauge(`${prefix}_hash`, 'A hash of the configuration in force.', reload.hash);
  list.gauge(
    `${prefix}_last_reload_successful`,
    'Whether the last reading of the configuration went well.',
    Number(reload.successful),
  );
  list.gauge(
    `${prefix}_last_reload_success_timestamp_seconds`,
    'When the configuration in force was read.',
    reload.timeMs / 1000,
  );
  if (!alertmanager.isReady) return;
  const {integrations, config} = alertmanager;
  const count = [...integrations.values()].reduce((sum, each) => sum + each.length, 0);
  list.gauge('alertmanager_receivers', 'Receivers in use.', integrations.size);
  list.gauge('alertmanager_integrations', 'Integrations of these receivers.', count);
  list.gauge('alertmanager_inhibition_rules', 'Inhibition rules.', config.inhibitRules.length);
}

function addNotifications(list: FamilyList, alertmanager: Alertmanager): void {
  const {statistics} = alertmanager;
  if (alertmanager.options.receiverNamesInMetrics !== true)
    for (const {name} of integrationKinds) statistics.integration({name: '', integration: name});
  const all = [...statistics.integrations.values()];
  const counters: [name: string, help: string, read: (counts: IntegrationCounts) => number][] = [
    ['notifications_total', 'Notifications that were due.', (counts) => counts.notifications],
    ['notification_requests_total', 'Attempts to notify.', (counts) => counts.requests],
    ['notification_requests_failed_total', 'Attempts that failed.', (counts) => counts.requestsFailed],
  ];
  for (const [name, help, read] of counters)
    list.each('counter', {name: `alertmanager_${name}`, help}, all, ({labels, counts}) => ({
      labels,
      value: read(counts),
    }));
  list.each(
    'counter',
    {name: 'alertmanager_notifications_failed_total', help: 'Notifications that were given up.'},
    all.flatMap(({labels, counts}) => failureReasons.map((reason) => ({labels, counts, reason}))),
    ({labels, counts, reason}) => ({labels: {...labels, reason}, value: counts.failed[reason]}),
  );
  list.histogram(
    {name: 'alertmanager_notification_latency_seconds', help: 'Time of an attempt to notify.'},
    all,
    ({labels, counts}) => ({
      labels,
      counts: {
        bounds: latencyBounds,
        counts: counts.latencies,
        count: counts.requests,
        sum: counts.latencySum,
      },
    }),
  );
  list.each(
    'counter',
    {
      name: 'alertmanager_notifications_suppressed_total',
      help: 'Alerts that were left out of notifications.',
    },
    Object.entries(statistics.suppressed),
    ([reason, value]) => ({labels: {reason}, value}),
  );
}

function addSilences(list: FamilyList, {silences}: Alertmanager): void {
  list.each(
    'gauge',
    {name: 'alertmanager_silences', help: 'Silences by state.'},
    Object.entries(silences.countByState()),
    ([state, value]): {labels: Labels; value: number} => ({labels: {state}, value}),
  );
  list.gauge('alertmanager_silences_state_size', 'Silences that are kept.', silences.size);
  list.counter('alertmanager_silences_queries_total', 'Look-ups of silences.', silences.queries);
  list.counter('alertmanager_silences_query_errors_total', 'Look-ups that failed.', 0);
  list.counter(
    'alertmanager_silences_gossip_messages_propagated_total',
    'Silences that were passed on to other Alertmanagers.',
    0,
  );
  list.counter(
    'alertmanager_silences_matcher_compile_errors_total',
    'Silences on disk whose matchers make no sense.',
    silences.compileErrors,
    {stage: 'load_snapshot'},
  );
  addMaintenance(list, 'silences', 'silences', silences.counts);
}

function addMaintenance(list: FamilyList, name: string, what: string, counts: MaintenanceCounts): void {
  const prefix = `alertmanager_${name}`;
  list.counter(`${prefix}_maintenance_total`, `Clean-ups of ${what}.`, counts.maintenances);
  list.counter(`${prefix}_maintenance_errors_total`, `Clean-ups of ${what} that failed.`, counts.errors);
  list.gauge(`${prefix}_snapshot_size_bytes`, `Size of the file of ${what}.`, counts.snapshotBytes);
  for (const [part, help, {count, seconds}] of [
    ['gc', 'Time to forget what is old', counts.collections],
    ['snapshot', 'Time to write the file', counts.snapshots],
  ] as const)
    list.summary({name: `${prefix}_${part}_duration_seconds`, help: `${help}: ${what}.`}, [null], () => ({
      labels: {},
      count,
      secondsTotal: seconds,
    }));
}
