import type {ParseOptions} from '../promql/parser/tokenstream.ts';
import type {RecordingRequest} from './evaluation.ts';
import type {RuleConfig} from './rulegroup-config.ts';
import {type EvaluationMoment, RuleState} from './rulestate.ts';

/** Stores what an expression gives as series of another name. */
export class RecordingRule extends RuleState {
  readonly kind = 'recording';

  constructor({record, expr, labels}: RuleConfig, parse: ParseOptions) {
    super(record, expr, labels, parse);
  }

  request({nowMs, queryOffsetMs, limit}: EvaluationMoment): RecordingRequest {
    const {name, labels, query: expr} = this;
    return {rule: 'recording', expr, timeMs: nowMs - queryOffsetMs, name, labels, limit};
  }

  /** Equal where two rules do the same. */
  get identity(): string {
    return JSON.stringify(['record', this.name, this.query, this.labels]);
  }
}
