import type {QueryRequest} from '../api/backend.ts';

const queriesMax = 2000;
const textMax = 4096;

/** What a query counts for that was never seen; also what light queries stay below. */
export const unknownSeconds = 0.25;

interface Cost {
  /** What is expected. */
  seconds: number;
  /** What it took the last time. */
  last: number;
}

/** Remembers how long queries took, to tell what they will take: dashboards ask the same again and again. */
export class QueryCosts {
  /** The least recently used first. */
  readonly #costs = new Map<string, Cost>();

  expect(request: QueryRequest): number {
    return this.#costs.get(costKeyOf(request))?.seconds ?? unknownSeconds;
  }

  /** The lesser of two counts: a thread may be held up, and what is heavier from now on is so twice. */
  learn(request: QueryRequest, seconds: number): void {
    const key = costKeyOf(request);
    if (key.length > textMax) return;
    const known = this.#costs.get(key);
    this.#costs.delete(key);
    this.#costs.set(key, {seconds: Math.min(seconds, known?.last ?? seconds), last: seconds});
    if (this.#costs.size > queriesMax) this.#costs.delete(this.#costs.keys().next().value!);
  }
}

/** Queries that differ in their times alone are alike, as long as they have about as many steps. */
export function costKeyOf(request: QueryRequest): string {
  switch (request.kind) {
    case 'range': {
      const {startMs, endMs, stepMs} = request;
      return `range ${Math.round(Math.log2(1 + (endMs - startMs) / stepMs))} ${request.query}`;
    }
    case 'instant':
    case 'format':
    case 'parse':
    case 'selectors':
      return `${request.kind} ${request.query}`;
    case 'rule': {
      const {request: rule} = request;
      if (rule.rule === 'batch') return `rules ${rule.requests.map(({expr}) => expr).join(' ')}`;
      return `rule ${rule.rule === 'forState' ? rule.labels.join(' ') : rule.expr}`;
    }
    case 'labelValues':
      return `${request.kind} ${request.name} ${request.matches.join(' ')}`;
    default:
      return `${request.kind} ${request.matches.join(' ')}`;
  }
}
