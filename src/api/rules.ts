// /rules, /alerts and /alertmanagers.

import {quoteGo} from '../base/quote.ts';
import type {HttpReply} from '../http/reply.ts';
import type {HttpCall} from '../http/server.ts';
import type {Form} from '../http/form.ts';
import {labelOf, labelsToRecord} from '../model/labels.ts';
import {Matcher} from '../model/matcher.ts';
import type {AlertingRule} from '../rules/alertingrule.ts';
import type {Alert} from '../rules/alerts.ts';
import type {RuleGroup} from '../rules/group.ts';
import type {RecordingRule} from '../rules/recordingrule.ts';
import type {Rule} from '../rules/rule.ts';
import type {AlertingBackend, MatcherData} from './backend.ts';
import {ApiError, formatGoTime, invalidParameter, success} from './envelope.ts';
import {parameter, parseInteger} from './parameters.ts';
import {lazyCrypto} from '../sys/lazy-crypto.ts';

const booleans: Readonly<Record<string, boolean>> = {
  '1': true,
  t: true,
  true: true,
  '0': false,
  f: false,
  false: false,
};

/** What of the rules is wanted. */
interface RuleFilter {
  names: Set<string>;
  groups: Set<string>;
  files: Set<string>;
  /** One of these must match; none = all rules. */
  matcherSets: Matcher[][];
  kind: 'alerting' | 'recording' | null;
  excludeAlerts: boolean;
}

export class RulesApi {
  readonly #backend: AlertingBackend | null;
  readonly #parseSelector: (text: string) => MatcherData[];

  constructor(backend: AlertingBackend | null, parseSelector: (text: string) => MatcherData[]) {
    this.#backend = backend;
    this.#parseSelector = parseSelector;
  }

  rules({form}: HttpCall): HttpReply {
    const filter = this.#readFilter(form);
    const {limit, token} = readPage(form);
    const groups: unknown[] = [];
    let next = '';
    let found = token === '';
    for (const group of this.#backend?.groups() ?? []) {
      found ||= token === tokenOf(group);
      if (!found) continue;
      const described = describeGroup(group, filter);
      if (described === null) continue;
      if (limit > 0 && groups.length === limit) {
        next = tokenOf(group);
        break;
      }
      groups.push(described);
    }
    if (!found)
      throw invalidParameter(
        'group_next_token',
        `invalid group_next_token '${token}'. were rule groups changed?`,
      );
    return success({groups, ...(next !== '' && {groupNextToken: next})});
  }

  alerts(): HttpReply {
    const alerts: unknown[] = [];
    for (const group of this.#backend?.groups() ?? []) {
      for (const rule of group.rules) {
        if (rule.kind !== 'alerting') continue;
        for (const alert of rule.activeAlerts) alerts.push(describeAlert(alert));
      }
    }
    return success({alerts});
  }

  alertmanagers(): HttpReply {
    const {active, dropped} = this.#backend?.alertmanagers() ?? {active: [], dropped: []};
    return success({
      activeAlertmanagers: active.map((url) => ({url})),
      droppedAlertmanagers: dropped.map((url) => ({url})),
    });
  }

  #readFilter(form: Form): RuleFilter {
    const matcherSets = form.all('match[]').map((text) => this.#readMatchers(text));
    const type = form.get('type').toLowerCase();
    if (!['', 'alert', 'record'].includes(type))
      throw invalidParameter('type', `not supported value ${quoteGo(type)}`);
    const text = form.get('exclude_alerts').toLowerCase();
    const excludeAlerts = text === '' ? false : booleans[text];
    if (excludeAlerts === undefined) {
      const reason = `strconv.ParseBool: parsing ${quoteGo(text)}: invalid syntax`;
      throw invalidParameter('exclude_alerts', `error converting exclude_alerts: ${reason}`);
    }
    return {
      names: new Set(form.all('rule_name[]')),
      groups: new Set(form.all('rule_group[]')),
      files: new Set(form.all('file[]')),
      matcherSets,
      kind: type === 'alert' ? 'alerting' : type === 'record' ? 'recording' : null,
      excludeAlerts,
    };
  }

  #readMatchers(text: string): Matcher[] {
    const matchers = parameterless(() => this.#parseSelector(text)).map(
      ({type, name, value}) => new Matcher(type, name, value),
    );
    if (matchers.every((matcher) => matcher.matches('')))
      throw new ApiError('bad_data', 'match[] must contain at least one non-empty matcher');
    return matchers;
  }
}

/** The endpoint says what is wrong without naming the parameter. */
function parameterless<T>(parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw new ApiError('bad_data', (cause as Error).message);
  }
}

function readPage(form: Form): {limit: number; token: string} {
  const text = form.get('group_limit');
  const token = form.get('group_next_token');
  if (text === '') {
    if (token === '') return {limit: 0, token};
    const reason = 'group_limit needs to be present in order to paginate over the groups';
    throw invalidParameter('group_next_token', reason);
  }
  const limit = parameter('group_limit', () => {
    try {
      return parseInteger(text);
    } catch (cause) {
      const reason = (cause as Error).message.replace('Atoi', 'ParseInt');
      throw new SyntaxError(`group_limit needs to be a valid number: ${reason}`, {cause});
    }
  });
  if (limit <= 0) throw invalidParameter('group_limit', 'group_limit needs to be greater than 0');
  return {limit, token};
}

function tokenOf({key}: RuleGroup): string {
  return lazyCrypto().createHash('sha256').update(key).digest('hex');
}

/** null where nothing of it is wanted. */
function describeGroup(group: RuleGroup, filter: RuleFilter): unknown {
  const {groups, files} = filter;
  if (groups.size > 0 && !groups.has(group.name)) return null;
  if (files.size > 0 && !files.has(group.file)) return null;
  const rules = group.rules.filter((rule) => isWanted(rule, filter));
  if (rules.length === 0) return null;
  return {
    name: group.name,
    file: group.file,
    rules: rules.map((rule) =>
      rule.kind === 'alerting' ? describeAlerting(rule, filter) : describeRecording(rule),
    ),
    interval: group.options.intervalMs / 1000,
    limit: group.options.limit,
    evaluationTime: group.evaluationSeconds,
    lastEvaluation: formatGoTime(group.lastEvaluationMs),
  };
}

function isWanted(rule: Rule, {names, matcherSets, kind}: RuleFilter): boolean {
  if (kind !== null && rule.kind !== kind) return false;
  if (names.size > 0 && !names.has(rule.name)) return false;
  if (matcherSets.length === 0) return true;
  return matcherSets.some((matchers) =>
    matchers.every((matcher) => matcher.matches(labelOf(rule.labels, matcher.name))),
  );
}

function describeAlerting(rule: AlertingRule, {excludeAlerts}: RuleFilter): unknown {
  return {
    state: rule.state,
    name: rule.name,
    query: rule.query,
    duration: rule.holdMs / 1000,
    keepFiringFor: rule.keepFiringForMs / 1000,
    labels: labelsToRecord(rule.labels),
    annotations: labelsToRecord(rule.annotations),
    alerts: excludeAlerts ? null : rule.activeAlerts.map(describeAlert),
    ...describeState(rule),
    type: 'alerting',
  };
}

function describeRecording(rule: RecordingRule): unknown {
  return {
    name: rule.name,
    query: rule.query,
    labels: labelsToRecord(rule.labels),
    ...describeState(rule),
    type: 'recording',
  };
}

function describeState({health, lastError, evaluationSeconds, lastEvaluationMs}: Rule): object {
  return {
    health,
    ...(lastError !== null && lastError !== '' && {lastError}),
    evaluationTime: evaluationSeconds,
    lastEvaluation: formatGoTime(lastEvaluationMs),
  };
}

function describeAlert({labels, annotations, state, activeAtMs, keepFiringSinceMs, value}: Alert): unknown {
  return {
    labels: labelsToRecord(labels),
    annotations: labelsToRecord(annotations),
    state,
    activeAt: formatGoTime(activeAtMs),
    ...(keepFiringSinceMs !== 0 && {keepFiringSince: formatGoTime(keepFiringSinceMs)}),
    value: formatExponential(value),
  };
}

/** strconv.FormatFloat(value, 'e', -1, 64). */
function formatExponential(value: number): string {
  if (value !== value) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const sign = Object.is(value, -0) ? '-' : '';
  return sign + value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
}
