// The types of the data that Alertmanager's templates get, with their methods.
import {compareStrings} from '../../model/labels.ts';
import {joinTexts} from './join.ts';
import {type Time, timeType} from '../time.ts';
import {boolType, defineMethod, mapOf, named, sliceOf, stringType, structType, type Type} from '../type.ts';

export type KV = ReadonlyMap<string, string>;

export interface Pair {
  readonly Name: string;
  readonly Value: string;
}

export interface AlertData {
  readonly status: string;
  readonly labels: KV;
  readonly annotations: KV;
  readonly startsAt: Time;
  readonly endsAt: Time;
  readonly generatorUrl: string;
  readonly fingerprint: string;
}

export interface TemplateData {
  readonly receiver: string;
  readonly status: string;
  readonly alerts: readonly AlertData[];
  /** Why this notification is sent. */
  readonly notificationReason: string;
  readonly groupLabels: KV;
  readonly commonLabels: KV;
  readonly commonAnnotations: KV;
  readonly routeLabels: KV;
  readonly externalUrl: string;
  /** Whether the route labels are no templates any more. */
  readonly routeLabelsRendered: boolean;
}

export const pairType: Type<Pair> = structType<Pair>('template.Pair', {Name: stringType, Value: stringType});
export const pairsType = named('template.Pairs', sliceOf(pairType));
export const stringsType = named('template.Strings', sliceOf(stringType));
export const kvType = named('template.KV', mapOf(stringType, stringType));

export const alertType: Type<AlertData> = structType<AlertData>(
  'template.Alert',
  {
    Status: stringType,
    Labels: kvType,
    Annotations: kvType,
    StartsAt: timeType,
    EndsAt: timeType,
    GeneratorURL: stringType,
    Fingerprint: stringType,
  },
  lowerCaseNames({
    Status: 'status',
    Labels: 'labels',
    Annotations: 'annotations',
    StartsAt: 'startsAt',
    EndsAt: 'endsAt',
    GeneratorURL: 'generatorUrl',
    Fingerprint: 'fingerprint',
  }),
);
export const alertsType = named('template.Alerts', sliceOf(alertType));

export const dataType: Type<TemplateData> = structType<TemplateData>(
  'template.Data',
  {
    Receiver: stringType,
    Status: stringType,
    Alerts: alertsType,
    NotificationReason: stringType,
    GroupLabels: kvType,
    CommonLabels: kvType,
    CommonAnnotations: kvType,
    RouteLabels: kvType,
    ExternalURL: stringType,
    routeLabelsRendered: boolType,
  },
  lowerCaseNames({
    Receiver: 'receiver',
    Status: 'status',
    Alerts: 'alerts',
    NotificationReason: 'notificationReason',
    GroupLabels: 'groupLabels',
    CommonLabels: 'commonLabels',
    CommonAnnotations: 'commonAnnotations',
    RouteLabels: 'routeLabels',
    ExternalURL: 'externalUrl',
    routeLabelsRendered: 'routeLabelsRendered',
  }),
);

/** In JSON the names are the properties', but for these. */
function lowerCaseNames(properties: Record<string, string>): {
  properties: Record<string, string>;
  json: Record<string, string>;
} {
  const other: Record<string, string> = {
    GeneratorURL: 'generatorURL',
    ExternalURL: 'externalURL',
    NotificationReason: 'notification_reason',
  };
  return {properties, json: {...properties, ...other}};
}

/** The name of the alert first, the others in their order. */
export function sortedPairs(kv: KV | null): Pair[] {
  const names = [...(kv?.keys() ?? [])].sort((left, right) => {
    if (left === 'alertname') return -1;
    return right === 'alertname' ? 1 : compareStrings(left, right);
  });
  return names.map((name) => ({Name: name, Value: kv!.get(name)!}));
}

function textOf(pairs: readonly Pair[]): string {
  return pairs.map(({Name, Value}) => `${Name}=${Value}`).join(', ');
}

defineMethod(stringsType, 'Join', [stringType], stringType, (strings, separator) =>
  joinTexts(strings, separator),
);

defineMethod(pairsType, 'Names', [], stringsType, (pairs) => (pairs ?? []).map(({Name}) => Name));
defineMethod(pairsType, 'Values', [], stringsType, (pairs) => (pairs ?? []).map(({Value}) => Value));
defineMethod(pairsType, 'String', [], stringType, (pairs) => textOf(pairs ?? []));

defineMethod(kvType, 'SortedPairs', [], pairsType, sortedPairs);
defineMethod(kvType, 'Names', [], stringsType, (kv) => sortedPairs(kv).map(({Name}) => Name));
defineMethod(kvType, 'Values', [], stringsType, (kv) => sortedPairs(kv).map(({Value}) => Value));
defineMethod(kvType, 'String', [], stringType, (kv) => textOf(sortedPairs(kv)));
defineMethod(kvType, 'Remove', [sliceOf(stringType)], kvType, (kv, names) => {
  const left = new Map(kv ?? []);
  for (const name of names ?? []) left.delete(name);
  return left;
});

for (const [name, status] of [
  ['Firing', 'firing'],
  ['Resolved', 'resolved'],
] as const) {
  defineMethod(alertsType, name, [], sliceOf(alertType), (alerts) =>
    (alerts ?? []).filter((alert) => alert.status === status),
  );
}
