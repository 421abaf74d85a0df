// What happens to a notification that is due: muted alerts are left out, each integration of the receiver is asked whether it
// knows all this already, and told if not, again and again until it takes it or the time is over.
import {Random} from '../base/random.ts';
import type {Clock} from '../sys/clock.ts';
import {noteBurst} from '../sys/garbage.ts';
import {describeError, type Logger} from '../sys/log.ts';
import {
  type KV,
  type NotificationAlert,
  type NotificationTemplates,
  templateDataOf,
} from '../template/alertmanager.ts';
import {compareAlertLabels} from './alert.ts';
import type {Flush, FlushedAlert, Group} from './group.ts';
import type {Inhibitor} from './inhibitor.ts';
import {
  type FailureReason,
  type Notification,
  type Notifier,
  NotifyError,
  type ReceiverData,
} from './integration.ts';
import {keyOf, type LogEntry, type LogReceiver, type NotificationLog} from './nflog.ts';
import type {NotificationRecord} from './notification-record.ts';
import type {PipelineStatistics, SuppressionReason} from './pipeline-statistics.ts';
import type {Silences} from './silences.ts';
import {containsTime, type TimeInterval} from './time-interval.ts';

/** An integration of a receiver, ready to be told. */
export interface Integration {
  readonly receiver: LogReceiver;
  readonly sendResolved: boolean;
  readonly notifier: Notifier;
}

export interface PipelineOptions {
  readonly inhibitor: Inhibitor;
  readonly silences: Silences;
  readonly timeIntervals: ReadonlyMap<string, readonly TimeInterval[]>;
  /** By receiver. */
  readonly integrations: ReadonlyMap<string, readonly Integration[]>;
  readonly log: NotificationLog;
  readonly templates: NotificationTemplates;
  readonly externalUrl: string;
  readonly statistics: PipelineStatistics;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told of each notification that was sent or given up. */
  readonly record: (record: NotificationRecord) => void;
  readonly random?: Random;
}

export type Reason =
  | 'first notification'
  | 'new alerts added'
  | 'some alerts resolved'
  | 'all alerts resolved'
  | 'repeat interval elapsed';

/** What it takes to tell of an alert, about: templates' data, the message and its JSON. */
const bytesPerAlert = 3000;

const backoffMsFirst = 500;
const backoffFactor = 1.5;
const backoffMsMax = 60_000;

export class Pipeline {
  readonly #options: PipelineOptions;
  readonly #random: Random;
  /** Notifications that are tried again, by `keyOf()`. */
  readonly #failing = new Map<string, FailingAttempt>();

  constructor(options: PipelineOptions) {
    this.#options = options;
    this.#random = options.random ?? new Random(Date.now());
  }

  /** Resolves to whether everybody who had to be told was. */
  async notify(flush: Flush): Promise<boolean> {
    const {group, nowMs} = flush;
    const {inhibitor, silences} = this.#options;
    let {alerts} = flush;
    if (inhibitor.hasSources)
      alerts = this.#without(
        alerts,
        'inhibition',
        ({labels}) => inhibitor.inhibitionOf(labels, nowMs) !== null,
      );
    if (this.#isOutOfTime(group, nowMs, alerts.length)) return true;
    if (silences.mayMute)
      alerts = this.#without(alerts, 'silence', ({labels}) => silences.mutesOf(labels).length > 0);
    if (alerts.length === 0) return true;
    const integrations = this.#options.integrations.get(group.route.options.receiver) ?? [];
    const state = new GroupState(alerts);
    const told = integrations.map((integration) => this.#tell(integration, flush, state));
    return (await Promise.all(told)).every(Boolean);
  }

  #without(
    alerts: readonly FlushedAlert[],
    reason: SuppressionReason,
    isMuted: (alert: FlushedAlert) => boolean,
  ): readonly FlushedAlert[] {
    const left = alerts.filter((alert) => !isMuted(alert));
    if (left.length === alerts.length) return alerts;
    this.#options.statistics.suppressed[reason] += alerts.length - left.length;
    return left;
  }

  #isOutOfTime(group: Group, nowMs: number, alertCount: number): boolean {
    if (alertCount === 0) return false;
    const {activeTimeIntervals, muteTimeIntervals} = group.route.options;
    const {suppressed} = this.#options.statistics;
    const active = this.namesAt(activeTimeIntervals, nowMs);
    if (activeTimeIntervals.length > 0 && active.length === 0) {
      group.mutedBy = activeTimeIntervals;
      suppressed.active_time_interval += alertCount;
      return true;
    }
    group.mutedBy = this.namesAt(muteTimeIntervals, nowMs);
    if (group.mutedBy.length === 0) return false;
    suppressed.mute_time_interval += alertCount;
    return true;
  }

  /** Those of these time intervals in which the time is. */
  namesAt(names: readonly string[], nowMs: number): string[] {
    return names.filter((name) =>
      this.#options.timeIntervals.get(name)?.some((interval) => containsTime(interval, nowMs)),
    );
  }

  /** What is tried again at this moment, since it failed; null where nothing is. */
  failing(groupKey: string, receiver: LogReceiver): FailingAttempt | null {
    return this.#failing.get(keyOf(groupKey, receiver)) ?? null;
  }

  async #tell(integration: Integration, flush: Flush, state: GroupState): Promise<boolean> {
    const {group, nowMs} = flush;
    const {log} = this.#options;
    const {repeatIntervalMs} = group.route.options;
    const entry = log.query(group.key, integration.receiver);
    const reason = reasonOf(entry, state, {nowMs, repeatIntervalMs, sendResolved: integration.sendResolved});
    if (reason === null) return true;
    const receiverData: ReceiverData =
      reason === 'first notification' || entry === null ? new Map() : new Map(entry.receiverData);
    const isTold = await this.#send(integration, flush, state, reason, receiverData);
    if (!isTold) return false;
    log.log(
      {
        groupKey: group.key,
        receiver: integration.receiver,
        firing: state.firing,
        resolved: state.resolved,
        receiverData,
      },
      2 * repeatIntervalMs,
    );
    return true;
  }

  async #send(
    integration: Integration,
    flush: Flush,
    state: GroupState,
    reason: Reason,
    receiverData: ReceiverData,
  ): Promise<boolean> {
    const {statistics, clock} = this.#options;
    const counts = statistics.integration(integration.receiver);
    counts.notifications++;
    // Who does not want to hear of resolved alerts is taken to know.
    if (!integration.sendResolved && state.firing.length === 0) return true;
    const alerts = integration.sendResolved
      ? state.inOrder
      : state.inOrder.filter(({isResolved}) => !isResolved);
    const startMs = clock.elapsed();
    const outcome = await this.#attempt(integration, flush, {alerts, reason, receiverData});
    if (this.#failing.size > 0) this.#failing.delete(keyOf(flush.group.key, integration.receiver));
    this.#record(integration, flush, alerts, reason, outcome, clock.elapsed() - startMs);
    if (outcome.error === null) return true;
    counts.failed[outcome.reason]++;
    this.#logFailure(integration, flush, outcome);
    return false;
  }

  /** Until it is told, cannot be told, or the time is over. */
  async #attempt(integration: Integration, flush: Flush, told: Told): Promise<Outcome> {
    const {notifier, receiver} = integration;
    const {group, signal} = flush;
    const {clock, logger} = this.#options;
    const counts = this.#options.statistics.integration(receiver);
    const notification = this.#notificationOf(receiver, flush, told);
    let last: NotifyError | null = null;
    let backoffMs = backoffMsFirst;
    for (let attempts = 0; ;) {
      if (signal.aborted) return abortedOutcome(attempts, last, signal);
      const startMs = clock.elapsed();
      const error = await attemptOnce(notifier, notification);
      attempts++;
      counts.observe(clock.elapsed() - startMs, error !== null);
      noteBurst(told.alerts.length * bytesPerAlert);
      if (error === null) return {attempts, error: null, reason: 'other', isFinal: false};
      if (!error.retry) return {attempts, error, reason: error.reason, isFinal: true};
      if (!signal.aborted && last?.message !== error.message)
        logger.warn('Notify attempt failed, will retry later', {
          receiver: receiver.name,
          integration: `${receiver.integration}[${receiver.index}]`,
          aggrGroup: group.key,
          attempts,
          err: error,
        });
      last = error;
      this.#failing.set(keyOf(group.key, receiver), {attempts, error: error.message});
      const jitter = 1 + (this.#random.float() - 0.5);
      await pause(clock, Math.max(backoffMs * jitter, error.retryAfterMs), signal);
      backoffMs = Math.min(backoffMs * backoffFactor, backoffMsMax);
    }
  }

  #notificationOf(
    receiver: LogReceiver,
    {group, nowMs, signal}: Flush,
    {alerts, reason, receiverData}: Told,
  ): Notification {
    const notificationAlerts = alerts.map(notificationAlertOf);
    return {
      receiver: receiver.name,
      groupKey: group.key,
      groupLabels: kvOf(group.labels),
      routeLabels: this.routeLabelsOf(group, notificationAlerts),
      alerts: notificationAlerts,
      reason,
      externalUrl: this.#options.externalUrl,
      nowMs,
      signal,
      receiverData,
    };
  }

  /** The labels of the group's route, rendered. One that cannot be is left out. */
  routeLabelsOf(group: Group, alerts: readonly NotificationAlert[]): KV {
    const {labels, receiver} = group.route.options;
    if (labels.size === 0) return labels;
    const {templates, externalUrl, logger} = this.#options;
    const data = templateDataOf({
      receiver,
      alerts,
      groupLabels: kvOf(group.labels),
      routeLabels: labels,
      reason: 'unknown',
      externalUrl,
    });
    const render = templates.routeLabelRenderer(data);
    const rendered = new Map<string, string>();
    for (const [name, value] of labels) {
      try {
        rendered.set(name, render(name));
      } catch (error) {
        logger.error('failed to render route label', {label: name, value, err: error});
      }
    }
    return rendered;
  }

  #record(
    {receiver}: Integration,
    {group, nowMs}: Flush,
    alerts: readonly FlushedAlert[],
    reason: Reason,
    {attempts, error, reason: failure}: Outcome,
    durationMs: number,
  ): void {
    const resolved = alerts.reduce((count, {isResolved}) => count + Number(isResolved), 0);
    this.#options.record({
      timeMs: nowMs,
      receiver: receiver.name,
      integration: receiver.integration,
      index: receiver.index,
      groupKey: group.key,
      groupLabels: group.labels,
      reason,
      firing: alerts.length - resolved,
      resolved,
      alerts,
      attempts,
      durationMs,
      error: error === null ? '' : describeError(error),
      failure: error === null ? '' : failure,
    });
  }

  #logFailure({receiver}: Integration, {group, alerts, signal}: Flush, outcome: Outcome): void {
    const name = `${receiver.name}/${receiver.integration}[${receiver.index}]`;
    const why = outcome.isFinal ? 'canceled due to unrecoverable error' : 'canceled';
    const times = `after ${outcome.attempts} attempts`;
    const fields = {
      aggrGroup: group.key,
      num_alerts: alerts.length,
      err: `${name}: notify retry ${why} ${times}: ${describeError(outcome.error)}`,
    };
    const {logger} = this.#options;
    const isStopped = signal.aborted && outcome.reason === 'contextCanceled';
    if (isStopped) logger.debug('Notify for alerts failed', fields);
    else logger.error('Notify for alerts failed', fields);
  }
}

/** A notification that failed and is tried again. */
export interface FailingAttempt {
  /** So far. */
  readonly attempts: number;
  readonly error: string;
}

/** Alerts of a group that nothing mutes. */
class GroupState {
  /** Hashes of labels. */
  readonly firing: BigUint64Array;
  readonly resolved: BigUint64Array;
  readonly #alerts: readonly FlushedAlert[];
  #inOrder: readonly FlushedAlert[] | null = null;

  constructor(alerts: readonly FlushedAlert[]) {
    this.#alerts = alerts;
    this.firing = hashesOf(alerts, false);
    this.resolved = this.firing.length === alerts.length ? noHashes : hashesOf(alerts, true);
  }

  /** As they are told. Most groups have been told already, so this is put off. */
  get inOrder(): readonly FlushedAlert[] {
    return (this.#inOrder ??= this.#alerts.toSorted((left, right) =>
      compareAlertLabels(left.labels, right.labels),
    ));
  }
}

interface Told {
  readonly alerts: readonly FlushedAlert[];
  readonly reason: Reason;
  readonly receiverData: ReceiverData;
}

interface Outcome {
  readonly attempts: number;
  readonly error: Error | null;
  readonly reason: FailureReason;
  /** Whether another attempt would have been of no use. */
  readonly isFinal: boolean;
}

const noHashes = new BigUint64Array(0);

function hashesOf(alerts: readonly FlushedAlert[], ofResolved: boolean): BigUint64Array {
  const hashes = new BigUint64Array(alerts.length);
  let count = 0;
  for (const {alert, isResolved} of alerts) if (isResolved === ofResolved) hashes[count++] = alert.hash;
  return count === alerts.length ? hashes : hashes.slice(0, count);
}

/** Why an integration is told; null where it knows all. */
export function reasonOf(
  entry: Pick<LogEntry, 'firing' | 'resolved' | 'timestampNs'> | null,
  {firing, resolved}: {firing: BigUint64Array; resolved: BigUint64Array},
  {nowMs, repeatIntervalMs, sendResolved}: {nowMs: number; repeatIntervalMs: number; sendResolved: boolean},
): Reason | null {
  if (entry === null) return firing.length > 0 ? 'first notification' : null;
  if (!isSubset(firing, entry.firing))
    return entry.firing.length === 0 ? 'first notification' : 'new alerts added';
  // Also for those who do not want to hear of it: the log must say that nothing fires.
  if (firing.length === 0) return entry.firing.length > 0 ? 'all alerts resolved' : null;
  if (sendResolved && !isSubset(resolved, entry.resolved)) return 'some alerts resolved';
  return Number(entry.timestampNs) / 1e6 < nowMs - repeatIntervalMs ? 'repeat interval elapsed' : null;
}

/** Whether each hash of `part`, in which each is once, is in `whole`. */
export function isSubset(part: BigUint64Array, whole: BigUint64Array): boolean {
  if (part.length > whole.length) return false;
  if (areBeginningOf(part, whole)) return true; // Fast path: nothing has changed.
  if (part.length === 1) return whole.includes(part[0]!);
  const known = new Set(whole);
  for (const hash of part) if (!known.has(hash)) return false;
  return true;
}

/** By halves: whole numbers of 64 bits would be objects. */
function areBeginningOf(part: BigUint64Array, whole: BigUint64Array): boolean {
  const words = new Uint32Array(part.buffer, part.byteOffset, 2 * part.length);
  const others = new Uint32Array(whole.buffer, whole.byteOffset, 2 * whole.length);
  for (let i = 0; i < words.length; i++) if (words[i] !== others[i]) return false;
  return true;
}

async function attemptOnce(
  notifier: Notifier,
  notification: Parameters<Notifier['notify']>[0],
): Promise<NotifyError | null> {
  try {
    await notifier.notify(notification);
    return null;
  } catch (cause) {
    if (cause instanceof NotifyError) return cause;
    return new NotifyError(describeError(cause), {retry: false, cause});
  }
}

function abortedOutcome(attempts: number, last: NotifyError | null, signal: AbortSignal): Outcome {
  const message = describeError(signal.reason);
  const reason = message.includes('deadline') ? 'contextDeadlineExceeded' : 'contextCanceled';
  return {attempts, error: last ?? new Error(message), reason: last?.reason ?? reason, isFinal: false};
}

/** Resolves after a time, or when the signal aborts. */
function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.after(ms, done);
    signal.addEventListener('abort', done, {once: true});
  });
}

export function notificationAlertOf({
  alert,
  labels,
  isResolved,
}: Pick<FlushedAlert, 'alert' | 'labels' | 'isResolved'>): NotificationAlert {
  return {
    labels: kvOf(labels),
    annotations: kvOf(alert.annotations),
    startsAtMs: alert.startsAtMs,
    endsAtMs: isResolved ? alert.endsAtMs : 0,
    isResolved,
    generatorUrl: alert.generatorUrl,
    fingerprint: alert.fingerprint,
  };
}

export function kvOf(pairs: readonly string[]): KV {
  const kv = new Map<string, string>();
  for (let i = 0; i < pairs.length; i += 2) kv.set(pairs[i]!, pairs[i + 1]!);
  return kv;
}
