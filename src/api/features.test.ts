import assert from 'node:assert/strict';
import test from 'node:test';
import {Engine} from '../promql/engine/engine.ts';
import {QueryError} from '../promql/engine/error.ts';
import {functions} from '../promql/functions.ts';
import {MemoryStore} from '../storage/memory.ts';
import {describeFeatures} from './features.ts';

function describe(...enabled: string[]): Record<string, Record<string, boolean>> {
  return describeFeatures({
    lifecycle: false,
    admin: false,
    remoteWriteReceiver: false,
    enabled: new Set(enabled),
    serviceDiscoveries: ['static'],
  });
}

test('describeFeatures() says what --enable-feature has switched on', () => {
  function f(feature: string, category: string, ...names: string[]): void {
    for (const name of names) {
      assert.equal(describe()[category]![name], false, name);
      assert.equal(describe(feature)[category]![name], true, name);
    }
  }
  f('promql-delayed-name-removal', 'promql', 'delayed_name_removal');
  f('promql-binop-fill-modifiers', 'promql', 'fill', 'fill_left', 'fill_right');
  f('promql-extended-range-selectors', 'promql', 'anchored', 'smoothed');
  f('promql-per-step-stats', 'promql', 'per_step_stats');
  f('promql-experimental-functions', 'promql_functions', 'mad_over_time', 'sort_by_label', 'max_of');
  f('promql-experimental-functions', 'promql_operators', 'limitk', 'limit_ratio');
});

test('the engine evaluates every function that describeFeatures() names', () => {
  const engine = new Engine({
    lookbackDeltaMs: 300_000,
    maxSamples: 1000,
    defaultEvalIntervalMs: 60_000,
    features: {experimentalFunctions: true},
  });
  const examples = {matrix: 'm[5m]', vector: 'm', scalar: '1', string: '"a"'} as Record<string, string>;
  const described = describe('promql-experimental-functions')['promql_functions']!;
  for (const {name, argTypes} of functions.values()) {
    const args = name === 'info' ? ['m'] : argTypes.map((type) => examples[type]!);
    assert.equal(described[name], true, name);
    try {
      engine.execInstant(new MemoryStore(), `${name}(${args.join(', ')})`, {timeMs: 0});
    } catch (error) {
      // Some complain of the example, but none is unknown.
      assert.ok(error instanceof QueryError, name);
    }
  }
});

test('features of rules and of their templates are those of Prometheus', () => {
  const {rules, templating_functions: functionNames} = describe('concurrent-rule-eval');
  assert.deepEqual({...rules}, {concurrent_rule_eval: true, keep_firing_for: true, query_offset: true});
  assert.equal(describe()['rules']!['concurrent_rule_eval'], false);
  assert.equal(Object.keys(functionNames!).length, 29);
  assert.equal(functionNames!['humanizeDuration'], true);
});
