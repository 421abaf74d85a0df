// A query worker: reads the shared memory, evaluates one query at a time, answers with finished bytes.
import {setPriority} from 'node:os';
import {parentPort, threadId, workerData} from 'node:worker_threads';
import {assert} from '../base/assert.ts';
import {noteGarbage} from '../sys/garbage.ts';
import {serve, transfer} from '../sys/rpc.ts';
import type {WorkerAnswer} from './querypool.ts';
import {answerQuery, type AnswerWorld, type EvaluateRequest} from './query-answers.ts';
import {openQueryWorld, type QueryWorldOptions} from './query-world.ts';

export interface QueryThreadData extends QueryWorldOptions {
  /** One word: 1 = give up. */
  cancel: Int32Array;
}

/** Scraping and ingestion are on time before queries are fast: where cores are short, the system runs those threads first. */
const niceness = 5;

const data = workerData as QueryThreadData;
assert(parentPort !== null, 'query-thread.ts runs in a worker');

yieldToOthers();

const world: AnswerWorld = {
  ...openQueryWorld(data, {owner: threadId}),
  cancelled: (): boolean => Atomics.load(data.cancel, 0) !== 0,
};

serve(parentPort, {
  run(request: EvaluateRequest): WorkerAnswer | Promise<WorkerAnswer> {
    if (request.request.kind !== 'rule' || world.evaluateRule !== undefined) return run(request);
    return import('../rules/evaluation.ts').then(({evaluateRule}) => {
      world.evaluateRule = evaluateRule;
      return run(request);
    });
  },
});

function run(request: EvaluateRequest): WorkerAnswer {
  const answer = answerQuery(world, request);
  // Once the answer is on its way.
  setImmediate(() => noteGarbage(answer.heldBytes));
  // The bytes are moved where they own their buffer, which may be somewhat longer; a small part of a large one is copied.
  const {buffer, byteOffset, byteLength} = answer.body;
  const own = byteOffset === 0 && 2 * byteLength > buffer.byteLength;
  return own ? transfer(answer, [buffer as ArrayBuffer]) : answer;
}

/** On Linux a priority belongs to a thread; elsewhere it would be that of the whole process. */
function yieldToOthers(): void {
  if (process.platform !== 'linux') return;
  try {
    setPriority(niceness);
  } catch {
    // Not allowed here: then all threads are equal.
  }
}
