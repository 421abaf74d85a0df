import {type Labels, labelsOf, labelsToRecord, metricNameLabel} from '../model/labels.ts';
import type {Logger} from '../sys/log.ts';
import {ActiveAlerts, type Alert, type AlertState, needsSending} from './alerts.ts';
import type {AlertingRequest, AlertingResult, ForStateSample} from './evaluation.ts';
import {generatorUrlOf} from './generatorurl.ts';
import type {RuleConfig} from './rulegroup-config.ts';
import {type EvaluationMoment, type RuleOptions, RuleState} from './rulestate.ts';
import {type RuleSeries, RuleSeriesWriter} from './series.ts';
import type {NotifiedAlert, RuleSettings} from './world.ts';

export const alertsMetric = 'ALERTS';
export const forStateMetric = 'ALERTS_FOR_STATE';
const alertNameLabel = 'alertname';
const alertStateLabel = 'alertstate';

const stateOrder: Readonly<Record<AlertState, number>> = {inactive: 0, pending: 1, firing: 2};

/** Makes alerts of what an expression gives. */
export class AlertingRule extends RuleState {
  readonly kind = 'alerting';
  readonly holdMs: number;
  readonly keepFiringForMs: number;
  readonly annotations: Labels;
  readonly alerts = new ActiveAlerts();
  /** Only then ALERTS is written: what was there before a restart is to be read first. */
  restored: boolean;
  /** The rule as its file has it, labels of the group among its own. */
  readonly config: RuleConfig;
  readonly #externalLabels: Readonly<Record<string, string>>;
  readonly #externalUrl: string;

  constructor(config: RuleConfig, {parse, externalLabels, externalUrl, restore}: RuleOptions) {
    super(config.alert, config.expr, config.labels, parse);
    this.config = config;
    this.holdMs = config.forMs;
    this.keepFiringForMs = config.keepFiringForMs;
    this.annotations = config.annotations;
    this.restored = !restore;
    this.#externalLabels = labelsToRecord(externalLabels);
    this.#externalUrl = externalUrl;
  }

  request({nowMs, queryOffsetMs}: EvaluationMoment): AlertingRequest {
    return {
      rule: 'alerting',
      expr: this.query,
      timeMs: nowMs - queryOffsetMs,
      name: this.name,
      labels: this.labels,
      annotations: this.annotations,
      externalLabels: this.#externalLabels,
      externalUrl: this.#externalUrl,
      templateTimeMs: nowMs,
    };
  }

  /** Moves the alerts on. Returns the series to store. Throws where there are too many alerts. */
  take({elements, warnings}: AlertingResult, {nowMs, limit}: EvaluationMoment, logger: Logger): RuleSeries {
    for (const err of warnings) logger.warn('Expanding alert template failed', {alert: this.name, err});
    const active = this.alerts.advance(elements, nowMs, this);
    if (limit > 0 && active.length > limit) {
      this.alerts.clear();
      throw new RangeError(`exceeded limit of ${limit} with ${active.length} alerts`);
    }
    const writer = new RuleSeriesWriter();
    if (!this.restored) return writer.finish();
    for (const alert of active) {
      writer.add(this.#labelsOf(alertsMetric, alert, alert.state), 1);
      writer.add(this.#labelsOf(forStateMetric, alert), Math.floor(alert.activeAtMs / 1000));
    }
    return writer.finish();
  }

  /** What Alertmanagers are to be told now. */
  takeNotifications(nowMs: number, intervalMs: number, settings: RuleSettings): NotifiedAlert[] {
    const {resendDelayMs, externalUrl} = settings;
    const due: NotifiedAlert[] = [];
    for (const alert of this.alerts) {
      if (!needsSending(alert, nowMs, resendDelayMs)) continue;
      alert.lastSentAtMs = nowMs;
      // Valid until several evaluations or sends have failed.
      alert.validUntilMs = nowMs + 4 * Math.max(intervalMs, resendDelayMs);
      due.push({
        labels: alert.labels,
        annotations: alert.annotations,
        startsAtMs: alert.firedAtMs,
        endsAtMs: alert.resolvedAtMs === 0 ? alert.validUntilMs : alert.resolvedAtMs,
        generatorUrl: generatorUrlOf(externalUrl, this.query),
      });
    }
    return due;
  }

  /** Pending and firing alerts; those that have been resolved are kept, but not shown. */
  get activeAlerts(): Alert[] {
    return [...this.alerts].filter(({resolvedAtMs}) => resolvedAtMs === 0);
  }

  get state(): AlertState | 'unknown' {
    if (this.lastEvaluationMs === 0) return 'unknown';
    let state: AlertState = 'inactive';
    for (const alert of this.alerts) if (stateOrder[alert.state] > stateOrder[state]) state = alert.state;
    return state;
  }

  /** Equal where two rules do the same. */
  get identity(): string {
    const {name, query, holdMs, keepFiringForMs, labels, annotations} = this;
    // Templates see the external labels.
    const external = this.#externalLabels;
    return JSON.stringify(['alert', name, query, holdMs, keepFiringForMs, labels, annotations, external]);
  }

  /** Labels that all ALERTS_FOR_STATE series of the rule have: templates differ from alert to alert. */
  get forStateLabels(): Labels {
    const pairs: [string, string][] = [];
    for (let i = 0; i < this.labels.length; i += 2) {
      if (!this.labels[i + 1]!.includes('{{')) pairs.push([this.labels[i]!, this.labels[i + 1]!]);
    }
    return labelsOf([...pairs, [metricNameLabel, forStateMetric], [alertNameLabel, this.name]]);
  }

  /** Sets since when alerts are active to what was stored before a restart. */
  restore(samples: readonly ForStateSample[], nowMs: number, forGracePeriodMs: number): void {
    const byLabels = new Map(samples.map((sample) => [JSON.stringify(sample.labels), sample]));
    for (const alert of this.alerts) {
      const sample = byLabels.get(JSON.stringify(alert.labels));
      if (sample === undefined || sample.activeSeconds === null) continue;
      alert.activeAtMs = restoredActiveAt(sample.activeSeconds * 1000, {
        downAtMs: Math.floor(sample.timeMs / 1000) * 1000,
        holdMs: this.holdMs,
        nowMs,
        forGracePeriodMs,
      });
    }
  }

  /** Labels of the rule, those of the alert over them. */
  #labelsOf(metric: string, {labels}: Alert, state: AlertState | '' = ''): Labels {
    const pairs: [string, string][] = [];
    for (const each of [this.labels, labels]) {
      for (let i = 0; i < each.length; i += 2) pairs.push([each[i]!, each[i + 1]!]);
    }
    pairs.push([metricNameLabel, metric], [alertNameLabel, this.name]);
    if (state !== '') pairs.push([alertStateLabel, state]);
    return labelsOf(pairs);
  }
}

/**
 * Time without evaluations does not count as pending. What was firing fires again at once; what would fire within the grace
 * period does so at its end, for until then there may not be all data.
 */
function restoredActiveAt(
  activeAtMs: number,
  {
    downAtMs,
    holdMs,
    nowMs,
    forGracePeriodMs,
  }: {downAtMs: number; holdMs: number; nowMs: number; forGracePeriodMs: number},
): number {
  const remainingMs = holdMs - (downAtMs - activeAtMs);
  if (remainingMs <= 0) return activeAtMs;
  if (remainingMs < forGracePeriodMs) return nowMs + forGracePeriodMs - holdMs;
  return activeAtMs + (nowMs - downAtMs);
}
