// Our engine in this process, over samples in plain arrays: faster than a server, and without head and HTTP.

import {errorAnswer, queryAnswer} from '../../../src/api/queryresponse.ts';
import {parseDuration} from '../../../src/model/duration.ts';
import {Engine, type EngineFeatures} from '../../../src/promql/engine/engine.ts';
import type {QueryResult} from '../../../src/promql/engine/result.ts';
import {MemoryStore} from '../../../src/storage/memory.ts';
import type {FuzzSeries} from './data.ts';
import type {FuzzRequest} from './request.ts';
import type {RawAnswer, Side} from './sides.ts';

export class MemorySide implements Side {
  readonly #store = new MemoryStore();
  readonly #engine: Engine;

  constructor(features: readonly string[]) {
    this.#engine = new Engine({
      lookbackDeltaMs: 300_000,
      maxSamples: 50_000_000,
      defaultEvalIntervalMs: 60_000,
      features: featuresOf(features),
    });
  }

  push(series: readonly FuzzSeries[]): Promise<void> {
    for (const {labels, samples} of series) {
      for (const {timeMs, value} of samples) this.#store.append(labels, timeMs, value);
    }
    return Promise.resolve();
  }

  ask(request: FuzzRequest): Promise<RawAnswer> {
    const {limit = '0', stats = ''} = request.parameters;
    let answer: {status: number; body: Uint8Array};
    try {
      answer = queryAnswer(this.#evaluate(request), {limit: Number(limit), stats});
    } catch (error) {
      answer = errorAnswer(error);
    }
    return Promise.resolve({status: answer.status, text: new TextDecoder().decode(answer.body)});
  }

  #evaluate({path, parameters}: FuzzRequest): QueryResult {
    const {query, time, start, end, step, lookback_delta: lookback} = parameters;
    const options = lookback === undefined ? {} : {lookbackDeltaMs: durationOf(lookback)};
    if (path === 'query')
      return this.#engine.execInstant(this.#store, query!, {...options, timeMs: timeOf(time!)});
    return this.#engine.execRange(this.#store, query!, {
      ...options,
      startMs: timeOf(start!),
      endMs: timeOf(end!),
      stepMs: durationOf(step!),
    });
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }
}

function timeOf(text: string): number {
  return text.includes('T') ? Date.parse(text) : Math.round(Number(text) * 1000);
}

function durationOf(text: string): number {
  return /^[\d.]+$/.test(text) ? Math.round(Number(text) * 1000) : parseDuration(text);
}

function featuresOf(names: readonly string[]): EngineFeatures {
  return {
    experimentalFunctions: names.includes('promql-experimental-functions'),
    extendedRangeSelectors: names.includes('promql-extended-range-selectors'),
    fillModifiers: names.includes('promql-binop-fill-modifiers'),
    delayedNameRemoval: names.includes('promql-delayed-name-removal'),
    typeAndUnitLabels: names.includes('type-and-unit-labels'),
  };
}
