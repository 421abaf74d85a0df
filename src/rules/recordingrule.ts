import type {ParseOptions} from '../promql/parser/tokenstream.ts';
import type {RuleEvaluator} from './evaluation.ts';
import type {RuleConfig} from './rulegroup-config.ts';
import {RuleState} from './rulestate.ts';
import type {RuleSeries} from './series.ts';

/** Stores what an expression gives as series of another name. */
export class RecordingRule extends RuleState {
  readonly kind = 'recording';

  constructor({record, expr, labels}: RuleConfig, parse: ParseOptions) {
    super(record, expr, labels, parse);
  }

  evaluate(
    evaluator: RuleEvaluator,
    {nowMs, queryOffsetMs, limit}: {nowMs: number; queryOffsetMs: number; limit: number},
  ): Promise<RuleSeries> {
    const {name, labels, query} = this;
    return evaluator.recording({
      rule: 'recording',
      expr: query,
      timeMs: nowMs - queryOffsetMs,
      name,
      labels,
      limit,
    });
  }

  /** Equal where two rules do the same. */
  get identity(): string {
    return JSON.stringify(['record', this.name, this.query, this.labels]);
  }
}
