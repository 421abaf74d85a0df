import type {EngineFeatures} from '../promql/engine/engine.ts';

/** The parts of PromQL that --enable-feature switches on. */
export function engineFeatures(names: ReadonlySet<string>): EngineFeatures {
  return {
    experimentalFunctions: names.has('promql-experimental-functions'),
    extendedRangeSelectors: names.has('promql-extended-range-selectors'),
    fillModifiers: names.has('promql-binop-fill-modifiers'),
    delayedNameRemoval: names.has('promql-delayed-name-removal'),
    typeAndUnitLabels: names.has('type-and-unit-labels'),
    startTimestamps: names.has('use-start-timestamps'),
    perStepStats: names.has('promql-per-step-stats'),
  };
}
