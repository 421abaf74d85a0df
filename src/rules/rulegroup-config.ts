import type {Labels} from '../model/labels.ts';

/** A group of a rule file, checked. */
export interface RuleGroupConfig {
  name: string;
  /** 0 = global.evaluation_interval. */
  intervalMs: number;
  /** null = global.rule_query_offset. */
  queryOffsetMs: number | null;
  /** Alerts or series that one rule may give; 0 = any number. */
  limit: number;
  rules: RuleConfig[];
}

/** A rule: an alerting one where `alert` is not '', else a recording one. Labels of the group are among its own. */
export interface RuleConfig {
  record: string;
  alert: string;
  expr: string;
  forMs: number;
  keepFiringForMs: number;
  labels: Labels;
  annotations: Labels;
}
