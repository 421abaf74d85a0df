import assert from 'node:assert/strict';
import {formatLabels, labelsOf} from '../../../model/labels.ts';
import {MemoryStore, stale} from '../../../storage/memory.ts';
import type {Queryable} from '../../../storage/querier.ts';
import {Engine, type EngineFeatures, type EngineOptions, type InstantOptions} from '../engine.ts';
import {QueryError} from '../error.ts';
import {labelTexts} from '../labelset.ts';
import type {QueryResult} from '../result.ts';

export function newEngine(options: Partial<EngineOptions> = {}, features: EngineFeatures = {}): Engine {
  return new Engine({
    lookbackDeltaMs: 300_000,
    maxSamples: 1_000_000,
    defaultEvalIntervalMs: 60_000,
    features: {experimentalFunctions: true, ...features},
    ...options,
  });
}

type Values = readonly (number | null | typeof stale)[];

/** Series by their text, `name{label="value"}` without quotes: `a{b=c}`; a sample every `stepMs`, null for none. */
export function storeOf(series: Record<string, Values>, stepMs = 10_000): MemoryStore {
  const store = new MemoryStore();
  for (const [text, values] of Object.entries(series)) {
    const match = /^(\w*)(?:\{(.*)\})?$/.exec(text)!;
    const entries = (match[2] ?? '').split(',').filter((each) => each !== '');
    const labels = labelsOf([
      ['__name__', match[1]!],
      ...entries.map((each) => each.split('=') as [string, string]),
    ]);
    for (const [index, value] of values.entries()) {
      if (value !== null) store.append(labels, index * stepMs, value);
    }
  }
  return store;
}

/** The result as lines: `{labels} value` or `{labels} value@seconds …`. */
function lines({value, symbols}: QueryResult): string[] {
  switch (value.kind) {
    case 'scalar':
    case 'string':
      return [String(value.value)];
    case 'vector':
      return value.labels.map(
        (labels, i) => `${formatLabels(labelTexts(symbols, labels))} ${value.values[i]}`,
      );
    case 'matrix':
      return value.series.map(({labels, times, values, length}) => {
        const points = Array.from({length}, (_, i) => `${values[i]}@${times[i]! / 1000}`);
        return `${formatLabels(labelTexts(symbols, labels))} ${points.join(' ')}`;
      });
  }
}

export const instant = (
  store: Queryable,
  query: string,
  timeMs: number,
  options: {engine?: Engine} & Partial<InstantOptions> = {},
): string[] => lines((options.engine ?? newEngine()).execInstant(store, query, {timeMs, ...options}));

export function range(
  store: Queryable,
  query: string,
  times: [number, number, number],
  engine = newEngine(),
): string[] {
  const [startMs, endMs, stepMs] = times;
  return lines(engine.execRange(store, query, {startMs, endMs, stepMs}));
}

export function failure(run: () => unknown): {kind: string; message: string} {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof QueryError, String(error));
    return {kind: error.kind, message: error.message};
  }
  return assert.fail('does not fail');
}
