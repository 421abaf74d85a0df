// Bodies of messages, as Go's encoding/json writes them.
import {formatRfc3339, type Time, utc, zeroTime} from '../../template/time.ts';
import type {AlertData, KV, TemplateData} from '../../template/alertmanager.ts';

// TypeScript does not know it yet.
const rawJson = (JSON as unknown as {rawJSON: (text: string) => unknown}).rawJSON;

/** With a line break at the end; what means something in HTML is escaped, as services have always got it. */
export function encodeJson(value: unknown): string {
  let json = stringify(value);
  // Half of a surrogate pair, which stands for a byte that is no UTF-8; backslashes come in pairs.
  if (json.includes('\\ud'))
    json = json.replaceAll(/\\\\|\\ud[89a-f][0-9a-f]{2}/g, (part) => (part === '\\\\' ? part : '\ufffd'));
  return `${json.replaceAll(/[<>&\u2028\u2029]/g, escapeCharacter)}\n`;
}

function stringify(value: unknown): string {
  try {
    // Fast path: without a function that is called for each value.
    return JSON.stringify(value);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    // Integers beyond 2^53.
    return JSON.stringify(value, (_key, each: unknown) =>
      typeof each === 'bigint' ? rawJson(String(each)) : each,
    );
  }
}

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
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
    startsAt: formatInstant(alert.startsAt),
    endsAt: formatInstant(alert.endsAt),
    generatorURL: alert.generatorUrl,
    fingerprint: alert.fingerprint,
  };
}

/** As formatRfc3339(), ten times as fast for what nearly all times are: UTC, in whole milliseconds. */
function formatInstant(time: Time): string {
  if (time.ns === zeroTime.ns) return '0001-01-01T00:00:00Z';
  const ms = Number(time.ns / 1_000_000n);
  const isPlain = time.location === utc && time.ns % 1_000_000n === 0n && ms >= 0 && ms <= lastMs;
  if (!isPlain) return formatRfc3339(time);
  return new Date(ms).toISOString().replace(/\.?0*Z$/, 'Z');
}

/** The end of the year 9999. */
const lastMs = 253_402_300_799_999;

function jsonOfKv(kv: KV): Record<string, string> {
  return Object.fromEntries(kv);
}
