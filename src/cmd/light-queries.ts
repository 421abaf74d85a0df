import type {QueryRequest} from '../api/backend.ts';
import type {AnswerWorld, EvaluateRequest} from './query-answers.ts';
import type {WorkerAnswer} from './querypool.ts';

/** What a query took when it was evaluated last, in seconds, for it to be evaluated here. */
const lightSeconds = 0.0015;

/** A query that takes longer than that after all is given up, and goes to a query thread. */
const patienceMs = 10;

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
  #loading = false;
  #untilMs = 0;

  constructor({load, evaluationIntervalMs}: {load: LoadEvaluation; evaluationIntervalMs: () => number}) {
    this.#load = load;
    this.#evaluationIntervalMs = evaluationIntervalMs;
  }

  /** The answer to a query that should take `costSeconds`; null where it is a query thread's work. */
  answer(request: QueryRequest, costSeconds: number): WorkerAnswer | null {
    // Rules come by the thousand, and nobody waits for them.
    if (costSeconds > lightSeconds || request.kind === 'rule') return null;
    if (this.#evaluation === null) {
      this.#begin();
      return null;
    }
    this.#untilMs = performance.now() + patienceMs;
    const {world, answer, onAnswer} = this.#evaluation;
    const answered = answer(
      {...world, cancelled: this.#cancelled},
      {
        request,
        deadlineMs: Infinity,
        queueSeconds: 0,
        defaultEvalIntervalMs: this.#evaluationIntervalMs(),
      },
    );
    const gaveUp = answered.outcome === 'canceled';
    const release = onAnswer(gaveUp ? 0 : answered.body.byteLength);
    return gaveUp ? null : {...answered, release};
  }

  readonly #cancelled = (): boolean => performance.now() > this.#untilMs;

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
