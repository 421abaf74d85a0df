// Why nobody is told of an alert: which step of the way decides, and what would change it.
import {formatDuration} from '../model/duration.ts';
import type {Labels} from '../model/labels.ts';
import {fingerprintOf, hashOfLabels, isResolvedAt} from './alert.ts';
import type {Alertmanager} from './alertmanager.ts';
import type {Group} from './group.ts';
import {formatMatchers} from './matchers.ts';
import {type Integration, reasonOf} from './pipeline.ts';
import {formatLabelSet, groupLabelsOf, type Route} from './route.ts';
import {formatMs, millisecondsOf} from './timestamp.ts';

/** The step that decides. */
export type Step =
  | 'not received'
  | 'resolved'
  | 'inhibited'
  | 'outside of active time intervals'
  | 'within mute time intervals'
  | 'silenced'
  | 'no integrations'
  | 'waiting'
  | 'told already'
  | 'due';

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
  readonly step: Step;
  /** What it is about this step, and what would change it. */
  readonly why: string;
  readonly change: string;
  /** When the group is looked at next; null where there is no such group. */
  readonly nextAtMs: number | null;
}

interface Verdict {
  readonly step: Step;
  readonly why: string;
  readonly change: string;
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
      ...verdict,
      nextAtMs: group === null ? null : group.nextAtMs,
    };
  });
  return {fingerprint, isKnown: alertmanager.alerts.get(fingerprint) !== null, routes};
}

function alertVerdict({alerts, inhibitor}: Alertmanager, labels: Labels, nowMs: number): Verdict | null {
  const alert = alerts.get(fingerprintOf(labels));
  if (alert === null)
    return {
      step: 'not received',
      why: 'nobody has reported an alert with exactly these labels, or it was resolved and is forgotten',
      change: 'look whether the rule fires, and whether its Prometheus reaches this Alertmanager',
    };
  if (isResolvedAt(alert, nowMs))
    return {
      step: 'resolved',
      why: `it ended at ${formatMs(alert.endsAtMs)}${alert.isTimeout ? ', because nobody reported it again within resolve_timeout' : ''}`,
      change: 'it has to be reported again with a later end',
    };
  const inhibition = inhibitor.inhibitionOf(labels, nowMs);
  if (inhibition === null) return null;
  const {rule, source} = inhibition;
  const name = rule.name === '' ? formatMatchers(rule.sourceMatchers) : rule.name;
  const same = rule.equal.length === 0 ? '' : `, with the same ${rule.equal.join(', ')}`;
  return {
    step: 'inhibited',
    why: `the inhibition rule ${name} mutes it while ${formatLabelSet(source.labels)} fires${same}`,
    change: 'it is told of when that alert is resolved, or when the rule does not match any more',
  };
}

function timeVerdict({pipeline}: Alertmanager, {options}: Route, nowMs: number): Verdict | null {
  const {activeTimeIntervals: active, muteTimeIntervals: mute} = options;
  if (active.length > 0 && pipeline.namesAt(active, nowMs).length === 0)
    return {
      step: 'outside of active time intervals',
      why: `the route is active only in ${active.join(', ')}`,
      change: 'it is told of when one of these time intervals begins',
    };
  const muted = pipeline.namesAt(mute, nowMs);
  if (muted.length === 0) return null;
  return {
    step: 'within mute time intervals',
    why: `the route is muted in ${muted.join(', ')}`,
    change: 'it is told of when none of them is on',
  };
}

function silenceVerdict({silences}: Alertmanager, labels: Labels): Verdict | null {
  const found = silences.mutesOf(labels).flatMap((id) => silences.get(id) ?? []);
  if (found.length === 0) return null;
  const texts = found.map(
    ({id, createdBy, comment, endsAtNs}) =>
      `${id} of ${createdBy} (${comment}) until ${formatMs(millisecondsOf(endsAtNs))}`,
  );
  return {
    step: 'silenced',
    why: `${texts.length === 1 ? 'silence' : 'silences'} ${texts.join('; ')}`,
    change: 'it is told of when they end; they can be ended now',
  };
}

function integrationsVerdict(
  alertmanager: Alertmanager,
  route: Route,
  group: Group | null,
  labels: Labels,
  nowMs: number,
): Verdict {
  const integrations = alertmanager.integrations.get(route.options.receiver) ?? [];
  const next = group === null ? '' : `, next at ${formatMs(group.nextAtMs)}`;
  if (integrations.length === 0)
    return {
      step: 'no integrations',
      why: `the receiver ${route.options.receiver} has no integrations`,
      change: 'give the receiver one, or the route another receiver',
    };
  const told = integrations.map((each) => lastTold(alertmanager, each, group, labels));
  if (told.some((each) => each === null)) {
    const due = group === null || group.nextAtMs <= nowMs;
    return {
      step: due ? 'due' : 'waiting',
      why: `its group is told of after group_wait, then every group_interval (${formatDuration(route.options.groupIntervalMs)})${next}`,
      change:
        'nothing stands in its way; where attempts fail, the log and the history of notifications say why',
    };
  }
  const last = Math.min(...told.map((each) => each ?? 0));
  const repeat = route.options.repeatIntervalMs;
  return {
    step: 'told already',
    why: `all integrations were told at ${formatMs(last)}, and again after repeat_interval (${formatDuration(repeat)})`,
    change: `it is told of again after ${formatMs(last + repeat)}${next}, or sooner where other alerts join the group or are resolved`,
  };
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
  const firing = new Set([hashOfLabels(labels)]);
  const {repeatIntervalMs} = group.route.options;
  const state = {firing, resolved: new Set<bigint>()};
  const reason = reasonOf(entry, state, {nowMs: options.clock.now(), repeatIntervalMs, sendResolved});
  return reason === null && entry !== null ? millisecondsOf(entry.timestampNs) : null;
}
