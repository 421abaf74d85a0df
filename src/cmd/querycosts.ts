import type {QueryRequest} from '../api/backend.ts';

const queriesMax = 2000;
const textMax = 4096;

/** What a query counts for that was never seen; also what light queries stay below. */
export const unknownSeconds = 0.25;

/** To hand a query to a query thread that has slept, and to have its answer back, takes so long. */
const handOverSeconds = 0.0015;

/** After so many evaluations by query threads, what it took here is not known any more. */
const elsewhereMax = 30;

/** What is expected, and what it took the last time: of query threads, and here (NaN = it was not evaluated here lately). */
interface Cost {
  seconds: number;
  last: number;
  hereSeconds: number;
  hereLast: number;
  /** Evaluations by query threads since the last one here. */
  elsewhere: number;
}

/** Remembers how long queries took, to tell what they will take: dashboards ask the same again and again. */
export class QueryCosts {
  /** The least recently used first. */
  readonly #costs = new Map<string, Cost>();

  expect(request: QueryRequest): number {
    const known = this.#costs.get(costKeyOf(request));
    return known === undefined ? unknownSeconds : lesserOf(known);
  }

  /**
   * The same where it is answered sooner here than by a query thread, as far as known, else Infinity: this thread has fewer chunks at
   * hand, so that a query of thousands of series may take it twice as long.
   */
  expectHere(request: QueryRequest): number {
    const known = this.#costs.get(costKeyOf(request));
    if (known === undefined) return unknownSeconds;
    return known.hereSeconds > known.seconds + handOverSeconds ? Infinity : lesserOf(known);
  }

  /** The lesser of two counts: a thread may be held up, and what is heavier from now on is so twice. */
  learn(request: QueryRequest, seconds: number): void {
    const cost = this.#touch(request, seconds);
    if (cost === null) return;
    cost.seconds = Math.min(seconds, cost.last);
    cost.last = seconds;
    if (++cost.elsewhere > elsewhereMax) cost.hereSeconds = cost.hereLast = NaN;
  }

  /** As learn(), of an evaluation in this thread, of which the first alone says nothing. */
  learnHere(request: QueryRequest, seconds: number): void {
    const cost = this.#touch(request, seconds);
    if (cost === null) return;
    cost.hereSeconds = Math.min(seconds, cost.hereLast);
    cost.hereLast = seconds;
    cost.elsewhere = 0;
  }

  /** What is known of the query, or may be from now on; null where its text is too long. */
  #touch(request: QueryRequest, seconds: number): Cost | null {
    const key = costKeyOf(request);
    if (key.length > textMax) return null;
    const unseen = {seconds, last: seconds, hereSeconds: NaN, hereLast: NaN, elsewhere: 0};
    const cost = this.#costs.get(key) ?? unseen;
    this.#costs.delete(key);
    this.#costs.set(key, cost);
    if (this.#costs.size > queriesMax) this.#costs.delete(this.#costs.keys().next().value!);
    return cost;
  }
}

function lesserOf({seconds, hereSeconds}: Cost): number {
  return hereSeconds < seconds ? hereSeconds : seconds;
}

let lastRequest: QueryRequest | null = null;
let lastKey = '';

/**
 * Queries that differ in their times alone are alike, as long as they have about as many steps. What is asked of one request several
 * times is the same text, which is hashed once.
 */
export function costKeyOf(request: QueryRequest): string {
  if (request === lastRequest) return lastKey;
  lastRequest = request;
  return (lastKey = keyOf(request));
}

function keyOf(request: QueryRequest): string {
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
