// prometheus_sd_…, from a snapshot of what service discovery has counted.

import type {DiscoveryStatistics} from '../discovery/statistics.ts';
import type {FamilyList} from './families.ts';

export function addDiscoveryFamilies(list: FamilyList, discovery: DiscoveryStatistics): void {
  addDiscoveryManager(list, 'scrape', discovery);
  addRefreshes(list, discovery);
  addMechanisms(list, discovery);
}

/** What a manager has found. `name`: 'scrape' or 'notify', for what it looks. */
export function addDiscoveryManager(list: FamilyList, name: string, discovery: DiscoveryStatistics): void {
  const manager = {name};
  const {jobs} = discovery;
  list.gauge(
    'prometheus_sd_failed_configs',
    'Service discovery configurations that failed to load.',
    0,
    manager,
  );
  list.each(
    'gauge',
    {name: 'prometheus_sd_discovered_targets', help: 'Discovered targets.'},
    jobs,
    (job) => ({
      labels: {config: job.name, ...manager},
      value: job.targets,
    }),
  );
  list.each(
    'gauge',
    {name: 'prometheus_sd_last_update_timestamp_seconds', help: 'When targets were last handed on.'},
    jobs,
    (job) => ({labels: {config: job.name, ...manager}, value: job.updatedMs / 1000}),
  );
  list.counter(
    'prometheus_sd_received_updates_total',
    'Updates from discoverers.',
    discovery.received,
    manager,
  );
  list.counter('prometheus_sd_updates_total', 'Updates handed on.', discovery.sent, manager);
  list.counter(
    'prometheus_sd_updates_delayed_total',
    'Updates that could not be handed on in their turn.',
    0,
    manager,
  );
  list.each(
    'gauge',
    {
      name: 'narthex_sd_failing',
      help: 'Whether something cannot be discovered at the moment, so that its last targets stay.',
    },
    discovery.failing,
    ({mechanism, config, failing}) => ({labels: {mechanism, config}, value: failing ? 1 : 0}),
  );
}

function addRefreshes(list: FamilyList, {refreshes, refreshHistograms}: DiscoveryStatistics): void {
  list.each(
    'counter',
    {name: 'prometheus_sd_refresh_failures_total', help: 'Refreshes that failed.'},
    refreshes,
    ({mechanism, config, failures}) => ({labels: {mechanism, config}, value: failures}),
  );
  list.summary(
    {name: 'prometheus_sd_refresh_duration_seconds', help: 'Time that refreshes took.'},
    refreshes,
    ({mechanism, config, durations}) => ({labels: {mechanism, config}, ...durations}),
  );
  list.histogram(
    {name: 'prometheus_sd_refresh_duration_histogram_seconds', help: 'Time that refreshes took.'},
    refreshHistograms,
    ({mechanism, histogram}) => ({labels: {mechanism}, counts: histogram}),
  );
}

function addMechanisms(list: FamilyList, discovery: DiscoveryStatistics): void {
  list.counter(
    'prometheus_sd_file_read_errors_total',
    'Files that could not be read.',
    discovery.fileReadErrors,
  );
  list.counter(
    'prometheus_sd_file_watcher_errors_total',
    'Errors of the system that tells of changed files.',
    discovery.fileWatcherErrors,
  );
  list.summary(
    {name: 'prometheus_sd_file_scan_duration_seconds', help: 'Time that reading all files took.'},
    [discovery.fileScans],
    (scans) => ({labels: {}, ...scans}),
  );
  list.each(
    'gauge',
    {
      name: 'prometheus_sd_file_mtime_seconds',
      help: 'When files with targets were modified, as of when they were read.',
    },
    discovery.fileTimes,
    ([filename, value]) => ({labels: {filename}, value}),
  );
  list.counter(
    'prometheus_sd_http_failures_total',
    'Refreshes over HTTP that failed.',
    discovery.httpFailures,
  );
  list.counter('prometheus_sd_dns_lookups_total', 'Names looked up.', discovery.dnsLookups);
  list.counter(
    'prometheus_sd_dns_lookup_failures_total',
    'Names that could not be looked up.',
    discovery.dnsLookupFailures,
  );
  list.counter(
    'prometheus_sd_kubernetes_failures_total',
    'Lists and watches of Kubernetes objects that failed.',
    discovery.kubernetesFailures,
  );
  list.each(
    'counter',
    {
      name: 'prometheus_sd_kubernetes_events_total',
      help: 'Kubernetes objects that were added, changed or deleted.',
    },
    discovery.kubernetesEvents,
    ({role, event, count}) => ({labels: {event, role}, value: count}),
  );
  list.counter(
    'prometheus_sd_consul_rpc_failures_total',
    'Queries to Consul that failed.',
    discovery.consulFailures,
  );
  list.summary(
    {
      name: 'prometheus_sd_consul_rpc_duration_seconds',
      help: 'Time that queries to Consul took, waiting for changes included.',
    },
    discovery.consulCalls,
    ({call, durations}) => ({labels: {call, endpoint: 'catalog'}, ...durations}),
  );
}
