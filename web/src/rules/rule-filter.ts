// Which rules and alerts the pages show, and in which order. The choice stands in the address, with the parameter names of
// Prometheus's UI where it has them: `state` (one or several), `search`.
import type {Alert, AlertingRule, AlertState, LabelSet, Rule, RuleGroup} from '../api/types.ts';

export const alertStates = ['firing', 'pending', 'inactive'] as const satisfies AlertState[];

/** What a rule is filtered by: an alerting rule's state, or that its last evaluation failed. */
export type RuleChoice = AlertState | 'err' | '';

export interface RuleFilter {
  choice: RuleChoice;
  search: string;
}

const choices: readonly string[] = [...alertStates, 'err'];

export function decodeRuleFilter(search: string): RuleFilter {
  const params = new URLSearchParams(search);
  const wanted = params.getAll('state');
  const choice = wanted.length === 1 && choices.includes(wanted[0]!) ? (wanted[0] as RuleChoice) : '';
  return {choice, search: params.get('search') ?? ''};
}

export function encodeRuleFilter({choice, search}: RuleFilter): string {
  const params = new URLSearchParams();
  if (choice !== '') params.set('state', choice);
  if (search !== '') params.set('search', search);
  return params.toString();
}

export type RuleCounts = Record<AlertState | 'err' | 'all', number>;

export function countRules(groups: readonly RuleGroup[]): RuleCounts {
  const counts: RuleCounts = {all: 0, firing: 0, pending: 0, inactive: 0, err: 0};
  for (const {rules} of groups) {
    for (const rule of rules) {
      counts.all++;
      if (rule.type === 'alerting') counts[rule.state]++;
      if (rule.health === 'err') counts.err++;
    }
  }
  return counts;
}

export interface ShownGroup {
  group: RuleGroup;
  /** Those of its rules that pass the filter. */
  rules: Rule[];
}

/** The groups that have a rule that passes the filter; with `urgentFirst` those that fire first, else in the server's order. */
export function groupsOf(
  groups: readonly RuleGroup[],
  filter: RuleFilter,
  {urgentFirst = false}: {urgentFirst?: boolean} = {},
): ShownGroup[] {
  const words = filter.search.toLowerCase().split(/\s+/).filter(Boolean);
  const shown: ShownGroup[] = [];
  for (const group of groups) {
    const rules = group.rules.filter((rule) => passes(rule, group, filter.choice, words));
    if (rules.length === 0) continue;
    shown.push({group, rules: urgentFirst ? rules.toSorted((a, b) => urgencyOf(a) - urgencyOf(b)) : rules});
  }
  return urgentFirst ? shown.sort((a, b) => urgencyOf(a.rules[0]!) - urgencyOf(b.rules[0]!)) : shown;
}

function passes(rule: Rule, group: RuleGroup, choice: RuleChoice, words: readonly string[]): boolean {
  if (choice === 'err' && rule.health !== 'err') return false;
  if (choice !== '' && choice !== 'err' && (rule.type !== 'alerting' || rule.state !== choice)) return false;
  if (words.length === 0) return true;
  const alerts = rule.type === 'alerting' ? (rule.alerts ?? []).flatMap(({labels}) => textsOf(labels)) : [];
  const own = [rule.name, rule.query, group.name, group.file, rule.lastError ?? '', ...textsOf(rule.labels)];
  const text = [...own, ...alerts].join('\n').toLowerCase();
  return words.every((word) => text.includes(word.replaceAll('"', '')));
}

function textsOf(labels: LabelSet): string[] {
  return Object.entries(labels).map(([name, value]) => `${name}=${value}`);
}

/** What needs a look comes first: firing, failing, pending, then the rest. */
function urgencyOf(rule: Rule): number {
  const state = rule.type === 'alerting' ? rule.state : 'inactive';
  if (state === 'firing') return 0;
  if (rule.health === 'err') return 1;
  return state === 'pending' ? 2 : 3;
}

/** Its alerts, those that fire first, then the oldest. */
export function alertsOf({alerts}: AlertingRule): Alert[] {
  return [...(alerts ?? [])].sort(
    (a, b) =>
      alertStates.indexOf(a.state) - alertStates.indexOf(b.state) ||
      Date.parse(a.activeAt) - Date.parse(b.activeAt),
  );
}

/** Groups have the same name in several files. */
export function groupKey({file, name}: RuleGroup): string {
  return `${file};${name}`;
}

/** The expression's page. */
export function queryAddress(expr: string, tab: 'table' | 'graph' = 'graph'): string {
  return `/query?${new URLSearchParams({'g0.expr': expr, 'g0.tab': tab}).toString()}`;
}
