import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../../base/random.ts';
import {SizeClassArena} from '../../kernels/arena.ts';
import {loadKernels} from '../../kernels/kernels.ts';
import {arenaStart, LinearMemory} from '../../kernels/memory.ts';
import {Workspace} from '../../kernels/workspace.ts';
import {labelsToRecord} from '../../model/labels.ts';
import {Engine} from './engine.ts';
import {QueryError} from './error.ts';
import {labelTexts} from './labelset.ts';
import type {QueryResult} from './result.ts';
import {keyOf, Oracle, OracleError, type VectorSample} from './testing/oracle.ts';
import {randomSeries, storeOf} from './testing/randomdata.ts';
import {randomQuery} from './testing/randomquery.ts';

const memory = LinearMemory.reserve(16 * 2 ** 20);
const linear = {
  memory,
  kernels: loadKernels(memory),
  arena: new SizeClassArena(memory, arenaStart, memory.byteLength),
};

const startMs = 1_600_000_000_000;
const options = {lookbackDeltaMs: 60_000, defaultStepMs: 20_000};

function newEngine(): Engine {
  return new Engine({
    lookbackDeltaMs: options.lookbackDeltaMs,
    maxSamples: 50_000_000,
    defaultEvalIntervalMs: options.defaultStepMs,
    features: {experimentalFunctions: true},
  });
}

/** The value of each series at each step, by the key of its labels. */
function bySeries(steps: readonly VectorSample[][]): Map<string, Map<number, number>> {
  const series = new Map<string, Map<number, number>>();
  for (const [step, samples] of steps.entries()) {
    for (const {labels, value} of samples) {
      const key = keyOf(labels);
      const points = series.get(key) ?? new Map<number, number>();
      points.set(step, value);
      series.set(key, points);
    }
  }
  return series;
}

function resultBySeries(
  {value, symbols}: QueryResult,
  times: {startMs: number; stepMs: number},
): Map<string, Map<number, number>> {
  assert.ok(value.kind === 'matrix');
  const series = new Map<string, Map<number, number>>();
  for (const {labels, times: columns, values, length} of value.series) {
    const key = keyOf(labelsToRecord(labelTexts(symbols, labels)));
    assert.ok(!series.has(key), `${key} twice`);
    const points = new Map<number, number>();
    for (let i = 0; i < length; i++) points.set((columns[i]! - times.startMs) / times.stepMs, values[i]!);
    series.set(key, points);
  }
  return series;
}

/**
 * Sums may be added in another order, and what follows a subtraction then differs by what is small beside the numbers
 * that were subtracted; the data are such that 1 is small.
 */
function isClose(got: number, expected: number): boolean {
  if (got === expected || (got !== got && expected !== expected)) return true;
  return Math.abs(got - expected) <= 1e-9 * Math.max(Math.abs(got), Math.abs(expected), 1);
}

function check(seed: number): 'error' | 'empty' | 'full' {
  const random = new Random(seed);
  const series = randomSeries(random, {
    startMs,
    endMs: startMs + 600_000,
    intervalMs: 10_000,
    special: seed % 3 === 0,
    offSeconds: seed % 2 === 0,
  });
  const query = randomQuery(random, {unitSeconds: 5, atSeconds: startMs / 1000 + 205});
  const beginMs = startMs + 5000 * random.below(100);
  const stepMs = 5000 * (1 + random.below(10));
  const times = {startMs: beginMs, endMs: beginMs + stepMs * random.below(12), stepMs};
  const where = `seed ${seed}: ${query} from ${times.startMs} to ${times.endMs} step ${stepMs}`;
  const engine = newEngine();
  let expected: Map<string, Map<number, number>> | null = null;
  try {
    expected = bySeries(new Oracle(series, options).range(engine.parse(query), times));
  } catch (error) {
    if (!(error instanceof OracleError)) throw error;
  }
  let result: QueryResult;
  try {
    const makeWorkspace = seed % 4 < 2 ? () => new Workspace(linear) : null;
    result = engine.execRange(storeOf(series, makeWorkspace), query, times);
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    // Where a function over windows drops names, series must not become one even at different times.
    assert.ok(expected === null || error.message.includes('same labelset'), `${where}: ${error.message}`);
    return 'error';
  }
  if (expected === null) return assert.fail(`${where}: must fail`);
  const got = resultBySeries(result, times);
  assert.deepEqual([...got.keys()].sort(), [...expected.keys()].sort(), where);
  for (const [key, points] of expected) {
    const gotPoints = got.get(key)!;
    for (const step of new Set([...points.keys(), ...gotPoints.keys()])) {
      const a = gotPoints.get(step);
      const b = points.get(step);
      assert.ok(
        a !== undefined && b !== undefined && isClose(a, b),
        `${where}: ${key} step ${step}: ${a}, not ${b}`,
      );
    }
  }
  return expected.size === 0 ? 'empty' : 'full';
}

test('random queries have the answers that their definition gives', () => {
  const counts = {error: 0, empty: 0, full: 0};
  const first = Number(process.env['ENGINE_SEED'] ?? 1);
  const queries = Number(process.env['ENGINE_QUERIES'] ?? 250);
  for (let seed = first; seed < first + queries; seed++) counts[check(seed)]++;
  assert.ok(counts.full > queries / 2, JSON.stringify(counts));
});
