// One random expression with the time or times at which it is asked for.

import type {Random} from '../../../src/base/random.ts';
import {randomQuery, type QueryOptions} from './queries.ts';

export interface FuzzRequest {
  /** `query` or `query_range`. */
  path: 'query' | 'query_range';
  parameters: Record<string, string>;
}

export interface RequestOptions extends QueryOptions {
  startMs: number;
  endMs: number;
}

/** One expression, as an instant or a range query, now and then with optional parameters. */
export function randomRequest(random: Random, options: RequestOptions): FuzzRequest {
  const query = randomQuery(random, options);
  const optional: Record<string, string> = {};
  if (random.below(12) === 0) optional['lookback_delta'] = random.pick(['15s', '1m', '10m', '30', '0.5']);
  if (random.below(20) === 0) optional['limit'] = random.pick(['1', '2', '5', '1000']);
  if (random.below(5) === 0) optional['stats'] = random.pick(['true', 'all']);
  const lengthMs = options.endMs - options.startMs;
  const aligned = random.below(4) > 0 ? 5000 : 1;
  // Most within the samples, some where only lookback finds them, or nothing at all.
  const laterMs = random.below(8) === 0 ? 360_000 : 30_000;
  let timeMs = options.startMs - 10_000 + random.below(lengthMs + laterMs);
  timeMs -= timeMs % aligned;
  if (random.below(2) === 0) {
    return {path: 'query', parameters: {query, time: formatTime(random, timeMs), ...optional}};
  }
  const stepMs = random.pick([5000, 10_000, 15_000, 15_000, 30_000, 60_000, 7000, 12_345, 100_000]);
  const endMs = timeMs + Math.floor(stepMs * random.below(24) * 0.5);
  return {
    path: 'query_range',
    parameters: {
      query,
      start: formatTime(random, timeMs),
      end: formatTime(random, endMs),
      step: random.below(3) === 0 ? `${stepMs}ms` : String(stepMs / 1000),
      ...optional,
    },
  };
}

function formatTime(random: Random, timeMs: number): string {
  return random.below(4) === 0 ? new Date(timeMs).toISOString() : String(timeMs / 1000);
}
