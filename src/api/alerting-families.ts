// prometheus_rule_… and prometheus_notifications_…, from snapshots of what rules and the notifier have counted.

import type {LatencySnapshot, NotifierStatistics} from '../notifier/statistics.ts';
import {latencyBounds} from '../notifier/statistics.ts';
import {durationBounds, type DurationStatistics, type RuleStatistics} from '../rules/statistics.ts';
import type {FamilyList} from './families.ts';
import type {BucketCounts} from './statistics.ts';

export function addRuleFamilies(list: FamilyList, {groups, rules, iterations}: RuleStatistics): void {
  const each = (
    type: 'counter' | 'gauge',
    name: string,
    help: string,
    read: (group: RuleStatistics['groups'][number]) => number | undefined,
  ): void => {
    const values = groups.flatMap((group) => {
      const value = read(group);
      return value === undefined ? [] : [{labels: {rule_group: group.key}, value}];
    });
    list.each(type, {name: `prometheus_${name}`, help}, values, (value) => value);
  };
  each('counter', 'rule_evaluations_total', 'Evaluations of rules.', (group) => group.evaluations);
  each(
    'counter',
    'rule_evaluation_failures_total',
    'Evaluations of rules that failed.',
    (group) => group.evaluationsFailed,
  );
  each(
    'counter',
    'rule_group_iterations_total',
    'Evaluations of groups that were due, done or missed.',
    (group) => group.iterations,
  );
  each(
    'counter',
    'rule_group_iterations_missed_total',
    'Evaluations of groups that were missed, because the one before took too long.',
    (group) => group.iterationsMissed,
  );
  each('gauge', 'rule_group_interval_seconds', 'Interval of the group.', (group) => group.intervalSeconds);
  each('gauge', 'rule_group_rules', 'Rules of the group.', (group) => group.rules);
  each(
    'gauge',
    'rule_group_last_evaluation_samples',
    'Samples that the last evaluation of the group gave.',
    (group) => group.samples,
  );
  each(
    'gauge',
    'rule_group_last_evaluation_timestamp_seconds',
    'When the last evaluation of the group began, in seconds since 1970.',
    (group) => group.lastEvaluationSeconds,
  );
  each(
    'gauge',
    'rule_group_last_duration_seconds',
    'Time that the last evaluation of the group took.',
    (group) => group.lastDurationSeconds,
  );
  each(
    'gauge',
    'rule_group_last_rule_duration_sum_seconds',
    'Time that the rules of the group took in its last evaluation, together.',
    (group) => group.lastRuleDurationsSeconds,
  );
  each(
    'gauge',
    'rule_group_last_restore_duration_seconds',
    'Time that restoring the alerts of the group took.',
    (group) => group.lastRestoreSeconds,
  );
  addDurations(list, 'prometheus_rule_evaluation_duration', 'Time that evaluations of rules took.', rules);
  addDurations(list, 'prometheus_rule_group_duration', 'Time that evaluations of groups took.', iterations);
}

function addDurations(list: FamilyList, name: string, help: string, durations: DurationStatistics): void {
  list.summary({name: `${name}_seconds`, help}, [durations], (each) => ({labels: {}, ...each}));
  list.histogram({name: `${name}_histogram_seconds`, help}, [durations], (each) => ({
    labels: {},
    counts: bucketCounts(each, durationBounds),
  }));
}

export function addNotifierFamilies(list: FamilyList, statistics: NotifierStatistics): void {
  const {senders, queueCapacity, alertmanagersDiscovered} = statistics;
  const prefix = 'prometheus_notifications';
  list.gauge(`${prefix}_alertmanagers_discovered`, 'Alertmanagers that get alerts.', alertmanagersDiscovered);
  list.gauge(`${prefix}_queue_capacity`, 'Alerts that may wait for each Alertmanager.', queueCapacity);
  const each = (
    type: 'counter' | 'gauge',
    name: string,
    help: string,
    read: (sender: NotifierStatistics['senders'][number]) => number,
  ): void =>
    list.each(type, {name: `${prefix}_${name}`, help}, senders, (sender) => ({
      labels: {alertmanager: sender.url},
      value: read(sender),
    }));
  each('gauge', 'queue_length', 'Alerts that wait.', (sender) => sender.queueLength);
  each('counter', 'sent_total', 'Alerts sent.', (sender) => sender.sent);
  each('counter', 'dropped_total', 'Alerts that were not sent.', (sender) => sender.dropped);
  each('counter', 'errors_total', 'Alerts that could not be sent for an error.', (sender) => sender.errors);
  const help = 'Time that sending alerts took.';
  const observed = senders.filter(({latency}) => latency.count > 0);
  list.summary({name: `${prefix}_latency_seconds`, help}, observed, ({url, latency}) => ({
    labels: {alertmanager: url},
    ...latency,
  }));
  list.histogram({name: `${prefix}_latency_histogram_seconds`, help}, observed, ({url, latency}) => ({
    labels: {alertmanager: url},
    counts: bucketCounts(latency, latencyBounds),
  }));
}

function bucketCounts(
  {buckets, count, secondsTotal}: LatencySnapshot | DurationStatistics,
  bounds: readonly number[],
): BucketCounts {
  return {bounds, counts: buckets, sum: secondsTotal, count};
}
