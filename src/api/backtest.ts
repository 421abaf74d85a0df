// /rules/backtest: what an alerting rule would have done over the stored history.

import {quoteGo} from '../base/quote.ts';
import type {Form} from '../http/form.ts';
import type {HttpReply} from '../http/reply.ts';
import type {HttpCall} from '../http/server.ts';
import {labelsToRecord} from '../model/labels.ts';
import {parseDurationParameter} from '../model/timestamp.ts';
import {backtestStepsMax, type BacktestAlert, type BacktestResult} from '../rules/backtest.ts';
import type {RuleGroup} from '../rules/group.ts';
import {parseRule} from '../rules/rulefile.ts';
import type {AlertingBackend, BacktestQuery} from './backend.ts';
import {ApiError, invalidParameter, success} from './envelope.ts';
import {parameter, timeParameter} from './parameters.ts';

export class BacktestApi {
  readonly #backend: AlertingBackend | null;

  constructor(backend: AlertingBackend | null) {
    this.#backend = backend;
  }

  /** `rule` (YAML of one rule), or `name` with `group` and `file` of a loaded one; `start`, `end`, `interval`. */
  async backtest({form, signal, client}: HttpCall): Promise<HttpReply> {
    const backend = this.#backend;
    if (backend === null) throw new ApiError('unavailable', 'there are no rules here');
    const {rule, intervalMs} = form.get('rule') === '' ? findRule(form, backend) : typedRule(form, backend);
    const query = {rule, ...readTimes(form, intervalMs)};
    const result = await backend.backtest(query, signal, {client, group: 'backtest'});
    const notifications = await backend.estimateNotifications(result.alerts, query.endMs);
    return success(
      {
        ...describe(query, result),
        notifications,
      },
      result.warnings,
    );
  }
}

interface ChosenRule {
  rule: BacktestQuery['rule'];
  intervalMs: number;
}

function typedRule(form: Form, backend: AlertingBackend): ChosenRule {
  const {rule, problems} = parseRule(form.get('rule'), backend.ruleOptions);
  if (rule === null) throw invalidParameter('rule', problems.join('; '));
  if (rule.alert === '')
    throw invalidParameter('rule', 'only alerting rules can be tested: the field alert is missing');
  return {rule, intervalMs: backend.evaluationIntervalMs};
}

function findRule(form: Form, backend: AlertingBackend): ChosenRule {
  const name = form.get('name');
  if (name === '') throw new ApiError('bad_data', 'one of rule and name is needed');
  const isWanted = (group: RuleGroup): boolean =>
    ['', group.name].includes(form.get('group')) && ['', group.file].includes(form.get('file'));
  const found = backend
    .groups()
    .filter(isWanted)
    .flatMap((group) =>
      group.rules.flatMap((rule) =>
        rule.kind === 'alerting' && rule.name === name
          ? [{rule: rule.config, intervalMs: group.options.intervalMs}]
          : [],
      ),
    );
  if (found.length === 0) throw new ApiError('not_found', `there is no alerting rule ${quoteGo(name)}`);
  if (found.length > 1) {
    const reason = `there are ${found.length} alerting rules of this name: say which by group and file, or send the rule itself`;
    throw invalidParameter('name', reason);
  }
  return found[0]!;
}

function readTimes(form: Form, intervalMs: number): {startMs: number; endMs: number; stepMs: number} {
  const startMs = timeParameter(form, 'start');
  const endMs = timeParameter(form, 'end');
  if (endMs < startMs) throw invalidParameter('end', 'end timestamp must not be before start time');
  const text = form.get('interval');
  const stepMs =
    text === '' ? intervalMs : Math.trunc(parameter('interval', () => parseDurationParameter(text)));
  if (!(stepMs > 0)) throw invalidParameter('interval', 'it must be greater than 0');
  if (Math.floor((endMs - startMs) / stepMs) + 1 > backtestStepsMax)
    throw invalidParameter(
      'interval',
      `there would be more than ${backtestStepsMax} evaluations: choose a longer interval or a shorter time`,
    );
  return {startMs, endMs, stepMs};
}

function describe(
  {rule, startMs, endMs, stepMs}: BacktestQuery,
  {alerts, evaluations}: BacktestResult,
): object {
  return {
    rule: {
      name: rule.alert,
      query: rule.expr,
      duration: rule.forMs / 1000,
      keepFiringFor: rule.keepFiringForMs / 1000,
      labels: labelsToRecord(rule.labels),
      annotations: labelsToRecord(rule.annotations),
    },
    start: startMs / 1000,
    end: endMs / 1000,
    interval: stepMs / 1000,
    evaluations,
    alerts: alerts.map(describeAlert),
    pendingSeconds: secondsIn('pending', alerts, endMs),
    firingSeconds: secondsIn('firing', alerts, endMs),
  };
}

function describeAlert({labels, annotations, intervals}: BacktestAlert): object {
  return {
    labels: labelsToRecord(labels),
    annotations: labelsToRecord(annotations),
    intervals: intervals.map(({state, startMs, endMs}) => ({
      state,
      start: startMs / 1000,
      end: endMs === null ? null : endMs / 1000,
    })),
  };
}

/** Of all alerts together. */
function secondsIn(state: 'pending' | 'firing', alerts: readonly BacktestAlert[], endMs: number): number {
  let ms = 0;
  for (const {intervals} of alerts) {
    for (const interval of intervals) {
      if (interval.state === state) ms += (interval.endMs ?? endMs) - interval.startMs;
    }
  }
  return ms / 1000;
}
