import type {EvaluationWorld} from './alerttexts.ts';
import {
  type AlertingResult,
  type BatchOutcome,
  type EvaluationRequest,
  evaluateRule,
  type ForStateSample,
  type RuleEvaluator,
  type RuleRequest,
} from './evaluation.ts';
import type {RuleSeries} from './series.ts';

/** Evaluates where it is called: for unit tests of rules. */
export class EngineEvaluator implements RuleEvaluator {
  readonly #world: EvaluationWorld;
  readonly #queryMsMax: number;

  /** An evaluation ends with an error after `queryMsMax`. */
  constructor(world: EvaluationWorld, queryMsMax: number) {
    this.#world = world;
    this.#queryMsMax = queryMsMax;
  }

  recording(request: RuleRequest): Promise<RuleSeries> {
    return this.#run(request);
  }

  alerting(request: RuleRequest): Promise<AlertingResult> {
    return this.#run(request);
  }

  batch(requests: EvaluationRequest[]): Promise<BatchOutcome[]> {
    return this.#run({rule: 'batch', requests});
  }

  forState(request: RuleRequest): Promise<ForStateSample[]> {
    return this.#run(request);
  }

  #run<T>(request: RuleRequest): Promise<T> {
    const options = {...this.#world.options, deadlineMs: Date.now() + this.#queryMsMax};
    // What is thrown becomes a rejection.
    return new Promise((resolve) => resolve(evaluateRule({...this.#world, options}, request) as T));
  }
}
