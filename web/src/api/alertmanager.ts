// Alertmanager's API v2, which the server has below /alertmanager:
// https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml.
import {keepPreviousData, useQuery} from '@tanstack/react-query';
import type {Verdict} from '../../../src/alertmanager/verdict.ts';
import {ApiError, basePath} from './client.ts';
import type {LabelSet} from './types.ts';

export interface SilenceMatcher {
  name: string;
  value: string;
  isRegex: boolean;
  isEqual: boolean;
}

export type SilenceState = 'active' | 'pending' | 'expired';

export interface Silence {
  id: string;
  status: {state: SilenceState};
  /** RFC 3339, as the other times. */
  updatedAt: string;
  startsAt: string;
  endsAt: string;
  createdBy: string;
  comment: string;
  matchers: readonly SilenceMatcher[];
}

/** What is posted: with an id it takes the place of that one. */
export interface PostedSilence {
  id?: string;
  startsAt: string;
  endsAt: string;
  createdBy: string;
  comment: string;
  matchers: readonly SilenceMatcher[];
}

export interface NotifiedAlert {
  labels: LabelSet;
  annotations: LabelSet;
  fingerprint: string;
  startsAt: string;
  endsAt: string;
  receivers: readonly {name: string}[];
  status: {
    state: 'active' | 'suppressed' | 'unprocessed';
    silencedBy: readonly string[];
    inhibitedBy: readonly string[];
    mutedBy: readonly string[];
  };
}

interface AlertmanagerRequest {
  method?: 'GET' | 'POST' | 'DELETE';
  params?: URLSearchParams;
  body?: unknown;
  signal?: AbortSignal;
}

/** Asks `/alertmanager/PATH`. Throws ApiError; its kind is `not_found` where the server has no Alertmanager. */
export async function requestAlertmanager<T>(
  path: string,
  {method = 'GET', params, body, signal}: AlertmanagerRequest = {},
): Promise<T> {
  const search = params === undefined || params.size === 0 ? '' : `?${params.toString()}`;
  let response: Response;
  try {
    response = await fetch(`${basePath}/alertmanager/${path}${search}`, {
      method,
      headers: {accept: 'application/json', ...(body !== undefined && {'content-type': 'application/json'})},
      ...(body !== undefined && {body: JSON.stringify(body)}),
      ...(signal !== undefined && {signal}),
    });
  } catch (error) {
    signal?.throwIfAborted();
    throw new ApiError('network', 0, '', error);
  }
  const text = await response.text();
  if (!response.ok) {
    const kind = response.status === 404 ? 'not_found' : response.status < 500 ? 'bad_data' : 'internal';
    throw new ApiError(kind, response.status, messageOf(text) || response.statusText);
  }
  if (text === '') return undefined as T;
  try {
    return JSON.parse(text) as T;
  } catch (error) {
    // A page in place of an answer: somebody else has this address.
    throw new ApiError('not_found', response.status, '', error);
  }
}

/** Errors are a JSON string, or an object with a message. */
function messageOf(text: string): string {
  try {
    const parsed = JSON.parse(text) as unknown;
    if (typeof parsed === 'string') return parsed;
    return (parsed as {message?: string}).message ?? text;
  } catch {
    return text.trim();
  }
}

/** A route as the server's own address for them has it. */
export interface RouteNode {
  id: string;
  receiver: string;
  /** In how many ways the receiver notifies; 0 = nobody is told. */
  integrations: number;
  matchers: readonly string[];
  continue: boolean;
  groupBy: readonly string[];
  groupWait: string;
  groupInterval: string;
  repeatInterval: string;
  muteTimeIntervals: readonly string[];
  activeTimeIntervals: readonly string[];
  routes: readonly RouteNode[];
}

export interface Routing {
  route: RouteNode;
  matched?: readonly string[];
  passed?: readonly string[];
}

/** Why an alert is silent, for a route that it takes. */
export interface RouteExplanation {
  receiver: string;
  route: string;
  step: Verdict['step'];
  /** What `Verdict` has for this step. */
  facts: object;
  /** The server's words, in English. */
  why: string;
  change: string;
}

export interface Notification {
  time: string;
  receiver: string;
  integration: string;
  index: number;
  groupKey: string;
  groupLabels: LabelSet;
  reason: string;
  firing: number;
  resolved: number;
  attempts: number;
  durationMs: number;
  /** '' = it was taken. */
  error: string;
}

/** What of the Alertmanager is asked again after a change. */
export const alertmanagerKey = 'alertmanager';

export function useSilences(intervalMs: number | false) {
  return useQuery({
    queryKey: [alertmanagerKey, 'silences'],
    queryFn: ({signal}) => requestAlertmanager<readonly Silence[]>('api/v2/silences', {signal}),
    refetchInterval: intervalMs,
  });
}

export function useSilence(id: string) {
  return useQuery({
    queryKey: [alertmanagerKey, 'silence', id],
    queryFn: ({signal}) => requestAlertmanager<Silence>(`api/v2/silence/${encodeURIComponent(id)}`, {signal}),
    enabled: id !== '',
  });
}

/** The alerts that all filters (`name="value"`) match. */
export function useNotifiedAlerts(
  filters: readonly string[],
  enabled: boolean,
  intervalMs: number | false = false,
) {
  return useQuery({
    queryKey: [alertmanagerKey, 'alerts', ...filters],
    queryFn: ({signal}) => {
      const params = new URLSearchParams(filters.map((filter) => ['filter', filter]));
      return requestAlertmanager<readonly NotifiedAlert[]>('api/v2/alerts', {params, signal});
    },
    enabled,
    refetchInterval: intervalMs,
    retry: false,
  });
}

/** The routing tree, and the way of an alert with these labels. */
export function useRouting(labels: LabelSet) {
  const pairs = Object.entries(labels).map(([name, value]) => ['label', `${name}=${value}`]);
  return useQuery({
    queryKey: [alertmanagerKey, 'routes', pairs],
    queryFn: ({signal}) =>
      requestAlertmanager<Routing>('api/narthex/routes', {params: new URLSearchParams(pairs), signal}),
    placeholderData: keepPreviousData,
    retry: false,
  });
}

/** Which step of its way decides about an alert with exactly these labels. */
/** What is said of an alert's way changes by itself. */
const explanationMs = 5000;

export function useExplanation(labels: LabelSet) {
  const pairs = Object.entries(labels).map(([name, value]) => [
    'label',
    `${/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) ? name : JSON.stringify(name)}=${JSON.stringify(value)}`,
  ]);
  return useQuery({
    queryKey: [alertmanagerKey, 'explain', pairs],
    queryFn: ({signal}) =>
      requestAlertmanager<{known: boolean; routes: readonly RouteExplanation[]}>('api/narthex/explain', {
        params: new URLSearchParams(pairs),
        signal,
      }),
    enabled: pairs.length > 0,
    placeholderData: keepPreviousData,
    refetchInterval: explanationMs,
    retry: false,
  });
}

export function useNotifications(
  {failed, limit}: {failed: '' | 'true' | 'false'; limit: number},
  intervalMs: number | false,
) {
  return useQuery({
    queryKey: [alertmanagerKey, 'notifications', failed, limit],
    queryFn: ({signal}) => {
      const params = new URLSearchParams({limit: String(limit), ...(failed !== '' && {failed})});
      return requestAlertmanager<readonly Notification[]>('api/narthex/notifications', {params, signal});
    },
    placeholderData: keepPreviousData,
    refetchInterval: intervalMs,
  });
}
