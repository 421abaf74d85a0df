// What the rules count, for prometheus_rule_… metrics.

import {Summary} from '../sys/summary.ts';

export interface DurationStatistics {
  count: number;
  secondsTotal: number;
  quantiles: [number, number][];
  /** By the bounds of `durationBounds`; the last is of what is above all. */
  buckets: number[];
}

export const durationBounds = [0.01, 0.1, 1, 10];

export interface GroupStatistics {
  /** `file;name` */
  key: string;
  intervalSeconds: number;
  rules: number;
  iterations: number;
  iterationsMissed: number;
  evaluations: number;
  evaluationsFailed: number;
  samples: number;
  /** When the last evaluation began, in seconds since 1970; 0 = there was none. */
  lastEvaluationSeconds: number;
  lastDurationSeconds: number;
  lastRuleDurationsSeconds: number;
  /** undefined where nothing was restored. */
  lastRestoreSeconds?: number;
}

export interface RuleStatistics {
  groups: GroupStatistics[];
  rules: DurationStatistics;
  iterations: DurationStatistics;
}

/** Durations as a summary and as a histogram. */
export class Durations {
  readonly #summary: Summary;
  readonly #buckets = [0, 0, 0, 0, 0];

  constructor(quantiles?: readonly number[]) {
    this.#summary = new Summary(quantiles);
  }

  observe(seconds: number): void {
    this.#summary.observe(seconds);
    const bucket = durationBounds.findIndex((bound) => seconds <= bound);
    this.#buckets[bucket < 0 ? durationBounds.length : bucket]!++;
  }

  snapshot(): DurationStatistics {
    return {...this.#summary.snapshot(), buckets: [...this.#buckets]};
  }
}

/** Of evaluations of rules, and of whole groups. */
export function createDurations(): {ruleDurations: Durations; iterationDurations: Durations} {
  return {
    ruleDurations: new Durations(),
    iterationDurations: new Durations([0.01, 0.05, 0.5, 0.9, 0.99]),
  };
}

/** What a server counts that has no rules. */
export function noRuleStatistics(): RuleStatistics {
  const {ruleDurations, iterationDurations} = createDurations();
  return {groups: [], rules: ruleDurations.snapshot(), iterations: iterationDurations.snapshot()};
}
