// Why nobody is told of an alert: which step of the way decides, and what would change it.
import {formatDuration} from '../model/duration.ts';
import type {Labels} from '../model/labels.ts';
import {fingerprintOf, hashOfLabels, isResolvedAt} from './alert.ts';
import type {Alertmanager} from './alertmanager.ts';
import type {Group} from './group.ts';
import type {HistoryEntry} from './history.ts';
import {formatMatchers} from './matchers.ts';
import type {LogReceiver} from './nflog.ts';
import {type Integration, reasonOf} from './pipeline.ts';
import {formatLabelSet, groupLabelsOf, type Route} from './route.ts';
import {formatMs, millisecondsOf} from './timestamp.ts';
import type {Verdict} from './verdict.ts';

export interface Explanation {
  readonly fingerprint: string;
  readonly isKnown: boolean;
  readonly routes: readonly RouteExplanation[];
}

export interface RouteExplanation {
  readonly receiver: string;
  /** `{}/{team="x"}` */
  readonly route: string;
  readonly groupKey: string;
  readonly verdict: Verdict;
  /** When the group is looked at next; null where there is no such group. */
  readonly nextAtMs: number | null;
}

/** Goes the way of an alert with these labels, for each route that it takes. */
export function explain(alertmanager: Alertmanager, labels: Labels): Explanation {
  const fingerprint = fingerprintOf(labels);
  const nowMs = alertmanager.options.clock.now();
  const groups = [...alertmanager.dispatcher.groups()];
  const routes = alertmanager.route.match(labels).map((route): RouteExplanation => {
    const groupKey = `${route.key}:${formatLabelSet(groupLabelsOf(labels, route.options))}`;
    const group = groups.find((each) => each.route === route && each.key === groupKey) ?? null;
    const verdict =
      alertVerdict(alertmanager, labels, nowMs) ??
      timeVerdict(alertmanager, route, nowMs) ??
      silenceVerdict(alertmanager, labels) ??
      integrationsVerdict(alertmanager, route, group, labels, nowMs);
    return {
      receiver: route.options.receiver,
      route: route.key,
      groupKey,
      verdict,
      nextAtMs: group === null ? null : group.nextAtMs,
    };
  });
  return {fingerprint, isKnown: alertmanager.alerts.get(fingerprint) !== null, routes};
}

function alertVerdict({alerts, inhibitor}: Alertmanager, labels: Labels, nowMs: number): Verdict | null {
  const alert = alerts.get(fingerprintOf(labels));
  if (alert === null) return {step: 'not received'};
  if (isResolvedAt(alert, nowMs))
    return {step: 'resolved', endedAt: formatMs(alert.endsAtMs), isTimeout: alert.isTimeout};
  const inhibition = inhibitor.inhibitionOf(labels, nowMs);
  if (inhibition === null) return null;
  const {rule, source} = inhibition;
  return {
    step: 'inhibited',
    rule: rule.name === '' ? formatMatchers(rule.sourceMatchers) : rule.name,
    source: formatLabelSet(source.labels),
    equal: rule.equal,
  };
}

function timeVerdict({pipeline}: Alertmanager, {options}: Route, nowMs: number): Verdict | null {
  const {activeTimeIntervals: active, muteTimeIntervals: mute} = options;
  if (active.length > 0 && pipeline.namesAt(active, nowMs).length === 0)
    return {step: 'outside of active time intervals', intervals: active};
  const muted = pipeline.namesAt(mute, nowMs);
  return muted.length === 0 ? null : {step: 'within mute time intervals', intervals: muted};
}

function silenceVerdict({silences}: Alertmanager, labels: Labels): Verdict | null {
  const found = silences.mutesOf(labels).flatMap((id) => silences.get(id) ?? []);
  if (found.length === 0) return null;
  return {
    step: 'silenced',
    silences: found.map(({id, createdBy, comment, endsAtNs}) => ({
      id,
      createdBy,
      comment,
      endsAt: formatMs(millisecondsOf(endsAtNs)),
    })),
  };
}

function integrationsVerdict(
  alertmanager: Alertmanager,
  route: Route,
  group: Group | null,
  labels: Labels,
  nowMs: number,
): Verdict {
  const {receiver, groupIntervalMs, repeatIntervalMs} = route.options;
  const integrations = alertmanager.integrations.get(receiver) ?? [];
  const next = group === null ? null : formatMs(group.nextAtMs);
  if (integrations.length === 0) return {step: 'no integrations', receiver};
  const told = integrations.map((each) => lastTold(alertmanager, each, group, labels));
  if (told.every((each) => each !== null)) {
    const last = Math.min(...told);
    return {
      step: 'told already',
      toldAt: formatMs(last),
      repeatInterval: formatDuration(repeatIntervalMs),
      againAfter: formatMs(last + repeatIntervalMs),
      next,
    };
  }
  const untold = integrations.filter((_, i) => told[i] === null);
  const failing = group === null ? null : failingVerdict(alertmanager, group, untold);
  if (failing !== null) return failing;
  const due = group === null || group.nextAtMs <= nowMs;
  return {step: due ? 'due' : 'waiting', groupInterval: formatDuration(groupIntervalMs), next};
}

/** The first of these integrations of which the last attempt failed; null where there is none. */
function failingVerdict(
  {pipeline, history}: Alertmanager,
  group: Group,
  integrations: readonly Integration[],
): Verdict | null {
  for (const {receiver} of integrations) {
    const integration = `${receiver.integration}[${receiver.index}]`;
    const next = formatMs(group.nextAtMs);
    const now = pipeline.failing(group.key, receiver);
    if (now !== null) return {step: 'failing', integration, ...now, isGivenUp: false, next};
    const [last] = history.query((each) => each.groupKey === group.key && isSameReceiver(each, receiver), 1);
    if (last === undefined || last.error === '') continue;
    const {attempts, error} = last;
    return {step: 'failing', integration, attempts, error, isGivenUp: true, next};
  }
  return null;
}

function isSameReceiver(
  entry: Omit<HistoryEntry, 'alerts'>,
  {name, integration, index}: LogReceiver,
): boolean {
  return entry.receiver === name && entry.integration === integration && entry.index === index;
}

/** When an integration was last told that this alert fires; null where it has to be told. */
function lastTold(
  {log, options}: Alertmanager,
  {receiver, sendResolved}: Integration,
  group: Group | null,
  labels: Labels,
): number | null {
  if (group === null) return null;
  const entry = log.query(group.key, receiver);
  const firing = BigUint64Array.of(hashOfLabels(labels));
  const {repeatIntervalMs} = group.route.options;
  const state = {firing, resolved: new BigUint64Array(0)};
  const reason = reasonOf(entry, state, {nowMs: options.clock.now(), repeatIntervalMs, sendResolved});
  return reason === null && entry !== null ? millisecondsOf(entry.timestampNs) : null;
}
