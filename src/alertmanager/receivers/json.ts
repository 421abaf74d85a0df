// Bodies of messages, as Go's encoding/json writes them.
import {formatRfc3339} from '../../template/time.ts';
import type {AlertData, KV, TemplateData} from '../../template/alertmanager.ts';

// TypeScript does not know it yet.
const rawJson = (JSON as unknown as {rawJSON: (text: string) => unknown}).rawJSON;

/** With a line break at the end; what means something in HTML is escaped, as services have always got it. */
export function encodeJson(value: unknown): string {
  const json = JSON.stringify(value, (_key, each: unknown) => {
    if (typeof each === 'string') return each.toWellFormed();
    // Integers beyond 2^53.
    return typeof each === 'bigint' ? rawJson(String(each)) : each;
  });
  const escaped = json.replaceAll(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `${escaped}\n`;
}

/** Leaves out '', false, 0, null, undefined and empty lists and objects, as Go's omitempty does; `always` are kept. */
export function omitEmpty(
  fields: Readonly<Record<string, unknown>>,
  always: readonly string[] = [],
): Record<string, unknown> {
  const kept = Object.entries(fields).filter(([name, value]) => always.includes(name) || !isEmpty(value));
  return Object.fromEntries(kept);
}

function isEmpty(value: unknown): boolean {
  if (!value) return true;
  return Array.isArray(value) && value.length === 0;
}

/** The data of templates as webhooks get them. */
export function jsonOfData(data: TemplateData): Record<string, unknown> {
  return {
    receiver: data.receiver,
    status: data.status,
    alerts: data.alerts.map(jsonOfAlert),
    notification_reason: data.notificationReason,
    groupLabels: jsonOfKv(data.groupLabels),
    commonLabels: jsonOfKv(data.commonLabels),
    commonAnnotations: jsonOfKv(data.commonAnnotations),
    routeLabels: jsonOfKv(data.routeLabels),
    externalURL: data.externalUrl,
  };
}

function jsonOfAlert(alert: AlertData): Record<string, unknown> {
  return {
    status: alert.status,
    labels: jsonOfKv(alert.labels),
    annotations: jsonOfKv(alert.annotations),
    startsAt: formatRfc3339(alert.startsAt),
    endsAt: formatRfc3339(alert.endsAt),
    generatorURL: alert.generatorUrl,
    fingerprint: alert.fingerprint,
  };
}

function jsonOfKv(kv: KV): Record<string, string> {
  return Object.fromEntries(kv);
}
