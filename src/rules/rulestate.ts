import type {Labels} from '../model/labels.ts';
import type {Expr} from '../promql/ast.ts';
import {parseExpr} from '../promql/parser/parser.ts';
import {formatExpr} from '../promql/parser/printer.ts';
import type {ParseOptions} from '../promql/parser/tokenstream.ts';

export type RuleHealth = 'unknown' | 'ok' | 'err';

export interface RuleOptions {
  parse: ParseOptions;
  externalLabels: Labels;
  externalUrl: string;
  /** Whether alerts must be restored before ALERTS is written. */
  restore: boolean;
}

/** For when, and how, a rule is evaluated. */
export interface EvaluationMoment {
  nowMs: number;
  queryOffsetMs: number;
  /** Alerts or series that the rule may give; 0 = any number. */
  limit: number;
}

/** Numbers are given once in the life of the process: the store may still know those of rules that are gone. */
let nextNumber = 1;

/** What recording and alerting rules have in common: what they ask, and how the last evaluation went. */
export class RuleState {
  /** The store's name of the rule. A rule that takes over another's series takes over its number. */
  number = nextNumber++;
  readonly name: string;
  readonly expr: Expr;
  /** The expression as Prometheus prints it. */
  readonly query: string;
  /** Values may be empty: such a one takes a label away. */
  readonly labels: Labels;
  health: RuleHealth = 'unknown';
  lastError: string | null = null;
  evaluationSeconds = 0;
  /** When the last evaluation began; 0 = there was none. */
  lastEvaluationMs = 0;

  constructor(name: string, text: string, labels: Labels, parse: ParseOptions) {
    this.name = name;
    this.expr = parseExpr(text, parse);
    this.query = formatExpr(this.expr);
    this.labels = labels;
  }

  succeed(): void {
    this.health = 'ok';
    this.lastError = null;
  }

  fail(error: string): void {
    this.health = 'err';
    this.lastError = error;
  }
}
