import type {QueryRequest} from '../api/backend.ts';
import {noteGarbage} from '../sys/garbage.ts';
import type {AnswerWorld, EvaluateRequest} from './query-answers.ts';
import {costKeyOf} from './querycosts.ts';
import type {WorkerAnswer} from './querypool.ts';

/** What a query should take, in seconds, for it to be evaluated here: where others are evaluated, and where none is. */
const lightSeconds = 0.0015;
const aloneSeconds = 0.004;

/**
 * A query that takes longer than that after all is given up, and goes to a query thread. Where that comes twice in a row, and so
 * is no pause of a collection, it goes there for a while, however little it takes there. So many of them are known.
 */
const patienceMs = 10;
const givenUpMs = 60_000;
const givenUpMax = 500;

/** The clock is looked at once in so many times, and one. */
const askedPerLook = 7;

/** The first light queries are rehearsed: evaluated so often for nothing, a few at a time, until the code is hot. */
const rehearsedMax = 24;
const rehearsals = 200;
const rehearsalMsMax = 150;
/** Between two looks at what else the thread has to do. */
const rehearsalMs = 2;

/** How to open the way to the data, and the function that evaluates. Loaded when first needed. */
export type LoadEvaluation = () => Promise<Evaluation>;

export interface Evaluation {
  world: Omit<AnswerWorld, 'cancelled'>;
  answer: (world: AnswerWorld, evaluate: EvaluateRequest) => WorkerAnswer;
  /** The query holds nothing but the bytes of its answer any more. Returns what is to be called once they are not needed. */
  onAnswer: (bytes: number) => () => void;
}

/**
 * Evaluates queries that are known to be very light in the main thread itself: to hand them to another thread and to have
 * the answer back takes several times as long as they do.
 */
export class LightQueries {
  readonly #load: LoadEvaluation;
  readonly #evaluationIntervalMs: () => number;
  #evaluation: Evaluation | null = null;
  #world: AnswerWorld | null = null;
  #loading = false;
  #untilMs = 0;
  #asked = 0;
  /** Until then, the thread is left to others where the query threads can do the work. */
  #restUntilMs = 0;
  /** What was or is to be rehearsed, and what of it waits. */
  readonly #rehearsed = new Set<string>();
  readonly #waiting: QueryRequest[] = [];
  #rehearsing = false;
  /** What was given up the last time, and until when it is not tried again (0 = it may be); the oldest first. */
  readonly #givenUp = new Map<string, number>();

  constructor({load, evaluationIntervalMs}: {load: LoadEvaluation; evaluationIntervalMs: () => number}) {
    this.#load = load;
    this.#evaluationIntervalMs = evaluationIntervalMs;
  }

  /** The answer to a query that should take `costSeconds`; null where it is a query thread's work. `alone`: these do nothing. */
  answer(request: QueryRequest, costSeconds: number, alone: boolean): WorkerAnswer | null {
    // Rules come by the thousand, and nobody waits for them.
    if (costSeconds > (alone ? aloneSeconds : lightSeconds) || request.kind === 'rule') return null;
    // Many at once are better shared out among the query threads.
    if (costSeconds > lightSeconds && performance.now() < this.#restUntilMs) return null;
    if (this.#isGivenUp(request)) return null;
    if (this.#evaluation === null) {
      this.#begin();
      return null;
    }
    if (this.#rehearse(this.#evaluation, request)) return null;
    const beganMs = performance.now();
    const answered = this.#evaluate(this.#evaluation, request);
    const endedMs = performance.now();
    this.#restUntilMs = 2 * endedMs - beganMs;
    const gaveUp = answered.outcome === 'canceled';
    const release = this.#evaluation.onAnswer(gaveUp ? 0 : answered.body.byteLength);
    if (gaveUp) this.#giveUp(request, endedMs);
    else if (this.#givenUp.size > 0) this.#givenUp.delete(costKeyOf(request));
    answered.release = release;
    return gaveUp ? null : answered;
  }

  #isGivenUp(request: QueryRequest): boolean {
    if (this.#givenUp.size === 0) return false;
    const untilMs = this.#givenUp.get(costKeyOf(request));
    return untilMs !== undefined && performance.now() < untilMs;
  }

  #giveUp(request: QueryRequest, nowMs: number): void {
    const key = costKeyOf(request);
    const isSecond = this.#givenUp.delete(key);
    this.#givenUp.set(key, isSecond ? nowMs + givenUpMs : 0);
    if (this.#givenUp.size > givenUpMax) this.#givenUp.delete(this.#givenUp.keys().next().value!);
  }

  #evaluate({world, answer}: Evaluation, request: QueryRequest): WorkerAnswer {
    this.#untilMs = performance.now() + patienceMs;
    this.#world ??= {...world, cancelled: this.#cancelled};
    return answer(this.#world, {
      request,
      deadlineMs: Infinity,
      queueSeconds: 0,
      defaultEvalIntervalMs: this.#evaluationIntervalMs(),
    });
  }

  /**
   * Code that has run a few times only takes five times as long as hot code does, and the query threads, which get all the
   * others, are hot already: they go on answering meanwhile. True where that has just begun.
   */
  #rehearse(evaluation: Evaluation, request: QueryRequest): boolean {
    const key = 'query' in request ? request.query : request.kind;
    if (this.#rehearsed.size >= rehearsedMax || this.#rehearsed.has(key)) return false;
    this.#rehearsed.add(key);
    this.#waiting.push(request);
    if (!this.#rehearsing) this.#rehearseNext(evaluation);
    return true;
  }

  /** One after another: a turn of the loop has time for one of them. */
  #rehearseNext(evaluation: Evaluation): void {
    const request = this.#waiting.shift();
    this.#rehearsing = request !== undefined;
    if (request === undefined) return;
    let left = rehearsals;
    let leftMs = rehearsalMsMax;
    const slice = (): void => {
      const beganMs = performance.now();
      while (left > 0 && performance.now() < beganMs + rehearsalMs) {
        left--;
        const {outcome, heldBytes} = this.#evaluate(evaluation, request);
        if (outcome === 'canceled') left = 0;
        noteGarbage(heldBytes);
      }
      leftMs -= performance.now() - beganMs;
      if (leftMs < 0) left = 0;
      evaluation.onAnswer(0)();
      if (left > 0) setImmediate(slice);
      else this.#rehearseNext(evaluation);
    };
    setImmediate(slice);
  }

  /** Asked for each series, and the clock takes as long as a small part of one does. */
  readonly #cancelled = (): boolean =>
    (this.#asked++ & askedPerLook) === askedPerLook && performance.now() > this.#untilMs;

  #begin(): void {
    if (this.#loading) return;
    this.#loading = true;
    this.#load().then(
      (evaluation) => (this.#evaluation = evaluation),
      // Without it, query threads answer everything.
      () => {},
    );
  }
}
