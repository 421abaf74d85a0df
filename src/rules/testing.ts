// A made-up world for tests of this folder: time passes when told to, samples are in memory.
import {Engine} from '../promql/engine/engine.ts';
import {HandClock} from '../sys/handclock.ts';
import {noLogger} from '../sys/log.ts';
import {EngineEvaluator} from './engineevaluator.ts';
import type {RuleEvaluator} from './evaluation.ts';
import type {RulesConfig} from './manager.ts';
import {TestStore} from './teststore.ts';
import type {NotifiedAlert, RuleWorld} from './world.ts';

export const startMs = 1_700_000_000_000;

export interface TestRules {
  world: RuleWorld;
  clock: HandClock;
  store: TestStore;
  notified: NotifiedAlert[];
  files: Map<string, string>;
  config: (fields?: Partial<RulesConfig>) => RulesConfig;
  /** `labels time value`, of a selector, over the last hour. */
  stored: (selector: string) => string[];
  /** How many series a selector gives now. */
  current: (selector: string) => number;
}

/** Input series have a sample each second, from `startMs` on. */
export function createTestRules(
  series: {series: string; values: string}[] = [],
  options: {
    clock?: HandClock;
    store?: TestStore;
    concurrent?: number;
    around?: (evaluator: RuleEvaluator) => RuleEvaluator;
  } = {},
): TestRules {
  const clock = options.clock ?? new HandClock();
  const store = options.store ?? new TestStore(series, {startMs, intervalMs: 1000});
  const engine = new Engine({maxSamples: 100_000, lookbackDeltaMs: 300_000});
  const files = new Map<string, string>();
  const notified: NotifiedAlert[] = [];
  const inner = new EngineEvaluator({engine, queryable: store.memory, options: {}}, 10_000);
  const passing: RuleEvaluator = {
    recording: (request) => (store.passTo(clock.now()), inner.recording(request)),
    alerting: (request) => (store.passTo(clock.now()), inner.alerting(request)),
    batch: (requests) => (store.passTo(clock.now()), inner.batch(requests)),
    forState: (request) => inner.forState(request),
  };
  return {
    clock,
    store,
    notified,
    files,
    world: {
      clock,
      logger: noLogger,
      evaluator: options.around?.(passing) ?? passing,
      store,
      notify: (alerts) => notified.push(...alerts),
      readFile: (file) => {
        const text = files.get(file);
        if (text === undefined) throw new Error(`open ${file}: no such file or directory`);
        return text;
      },
      parse: {},
      settings: {
        outageToleranceMs: 3_600_000,
        forGracePeriodMs: 10_000,
        resendDelayMs: 60_000,
        concurrentEvalsMax: options.concurrent ?? 0,
        externalUrl: 'http://here',
      },
    },
    config: (fields = {}) => ({
      files: [...files.keys()],
      intervalMs: 1000,
      queryOffsetMs: 0,
      externalLabels: [],
      legacyNames: false,
      ...fields,
    }),
    current: (selector) => {
      const {value} = engine.execInstant(store.memory, selector, {timeMs: clock.now()});
      return value.kind === 'vector' ? value.labels.length : 0;
    },
    stored: (selector) => {
      const {value, symbols} = engine.execInstant(store.memory, `${selector}[1h]`, {timeMs: clock.now()});
      if (value.kind !== 'matrix') throw new TypeError('a range vector was expected');
      return value.series.flatMap(({labels, times, values, length}) => {
        const name = labels.map((id) => symbols.text(id)).join(' ');
        return Array.from({length}, (_, i) => `${name} ${times[i]! - startMs} ${values[i]}`);
      });
    },
  };
}
