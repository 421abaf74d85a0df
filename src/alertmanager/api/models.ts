// What API v2 answers, with fields in the order in which Alertmanager writes them.
import type {Labels} from '../../model/labels.ts';
import type {Alert} from '../alert.ts';
import {type Silence, stateOf} from '../silence.ts';
import {formatMs, millisecondsOf, type Nanoseconds} from '../timestamp.ts';

export interface AlertStatus {
  readonly silencedBy: readonly string[];
  readonly inhibitedBy: readonly string[];
}

export function isSuppressed({silencedBy, inhibitedBy}: AlertStatus): boolean {
  return silencedBy.length > 0 || inhibitedBy.length > 0;
}

export function gettableAlert(
  alert: Alert,
  labels: Labels,
  status: AlertStatus,
  receivers: readonly string[],
  mutedBy: readonly string[],
): Record<string, unknown> {
  const {inhibitedBy, silencedBy} = status;
  const state = isSuppressed(status) || mutedBy.length > 0 ? 'suppressed' : 'active';
  return {
    annotations: recordOf(alert.annotations),
    endsAt: formatMs(alert.endsAtMs),
    fingerprint: alert.fingerprint,
    receivers: receivers.map((name) => ({name})),
    startsAt: formatMs(alert.startsAtMs),
    status: {inhibitedBy, mutedBy, silencedBy, state},
    updatedAt: formatMs(alert.updatedAtMs),
    ...(alert.generatorUrl !== '' && {generatorURL: alert.generatorUrl}),
    labels: recordOf(labels),
  };
}

/** Names that look like numbers would come first otherwise, but for JSON.parse it is all the same. */
export function recordOf(pairs: Labels): Record<string, string> {
  const record = Object.create(null) as Record<string, string>;
  for (let i = 0; i < pairs.length; i += 2) record[pairs[i]!] = pairs[i + 1]!;
  return record;
}

export function gettableSilence(silence: Silence, nowNs: Nanoseconds): Record<string, unknown> {
  const format = (ns: Nanoseconds): string => formatMs(millisecondsOf(ns));
  return {
    id: silence.id,
    status: {state: stateOf(silence, nowNs)},
    updatedAt: format(silence.updatedAtNs),
    ...(silence.annotations.size > 0 && {annotations: Object.fromEntries(silence.annotations)}),
    comment: silence.comment,
    createdBy: silence.createdBy,
    endsAt: format(silence.endsAtNs),
    matchers: (silence.matcherSets[0] ?? []).map(({type, name, value}) => ({
      isEqual: type === '=' || type === '=~',
      isRegex: type === '=~' || type === '!~',
      name,
      value,
    })),
    startsAt: format(silence.startsAtNs),
  };
}

const stateOrder = {active: 1, pending: 2, expired: 3};

/** Active ones by their ends, then pending ones by their starts, then expired ones, those that ended last first. */
export function compareSilences(left: Silence, right: Silence, nowNs: Nanoseconds): number {
  const state = stateOf(left, nowNs);
  const other = stateOf(right, nowNs);
  if (state !== other) return stateOrder[state] - stateOrder[other];
  if (state === 'pending') return Number(left.startsAtNs - right.startsAtNs);
  const order = Number(left.endsAtNs - right.endsAtNs);
  return state === 'active' ? order : -order;
}
