// What notifications are counted by.
import {type FailureReason, failureReasons} from './integration.ts';
import type {LogReceiver} from './nflog.ts';

export type SuppressionReason = 'silence' | 'inhibition' | 'mute_time_interval' | 'active_time_interval';

/** Seconds, as the histogram alertmanager_notification_latency_seconds has them. */
export const latencyBounds: readonly number[] = [1, 5, 10, 15, 20];

/** Of all integrations of one name, or of one receiver's. */
export class IntegrationCounts {
  notifications = 0;
  requests = 0;
  requestsFailed = 0;
  readonly failed = Object.fromEntries(failureReasons.map((reason) => [reason, 0])) as Record<
    FailureReason,
    number
  >;
  /** One more than there are bounds. */
  readonly latencies = Array.from({length: latencyBounds.length + 1}, () => 0);
  latencySum = 0;

  observe(ms: number, isFailed: boolean): void {
    const seconds = ms / 1000;
    const place = latencyBounds.findIndex((bound) => seconds <= bound);
    this.latencies[place < 0 ? latencyBounds.length : place]!++;
    this.latencySum += seconds;
    this.requests++;
    if (isFailed) this.requestsFailed++;
  }
}

export class PipelineStatistics {
  readonly suppressed: Record<SuppressionReason, number> = {
    silence: 0,
    inhibition: 0,
    mute_time_interval: 0,
    active_time_interval: 0,
  };
  /** By integration, or by integration and receiver. */
  readonly integrations = new Map<string, {labels: Record<string, string>; counts: IntegrationCounts}>();
  readonly #withReceivers: boolean;

  /** `withReceivers`: whether receivers are told apart. */
  constructor(withReceivers = false) {
    this.#withReceivers = withReceivers;
  }

  integration({name, integration}: Pick<LogReceiver, 'name' | 'integration'>): IntegrationCounts {
    const key = this.#withReceivers ? `${integration}\0${name}` : integration;
    let found = this.integrations.get(key);
    if (found === undefined) {
      const labels = {integration, ...(this.#withReceivers && {receiver_name: name})};
      found = {labels, counts: new IntegrationCounts()};
      this.integrations.set(key, found);
    }
    return found.counts;
  }
}
