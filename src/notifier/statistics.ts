// What is counted about sending alerts, for prometheus_notifications_… metrics.

import {Summary} from '../sys/summary.ts';

export interface LatencySnapshot {
  count: number;
  secondsTotal: number;
  quantiles: [number, number][];
  /** By the bounds of `latencyBounds`; the last is of what is above all. */
  buckets: number[];
}

export interface SenderStatistics {
  url: string;
  sent: number;
  dropped: number;
  errors: number;
  queueLength: number;
  latency: LatencySnapshot;
}

export interface NotifierStatistics {
  queueCapacity: number;
  alertmanagersDiscovered: number;
  senders: SenderStatistics[];
}

export const latencyBounds = [0.01, 0.1, 1, 10];

export class LatencyStatistics {
  readonly #summary = new Summary();
  readonly #buckets = [0, 0, 0, 0, 0];

  observe(seconds: number): void {
    this.#summary.observe(seconds);
    const bucket = latencyBounds.findIndex((bound) => seconds <= bound);
    this.#buckets[bucket < 0 ? latencyBounds.length : bucket]!++;
  }

  snapshot(): LatencySnapshot {
    return {...this.#summary.snapshot(), buckets: [...this.#buckets]};
  }
}
