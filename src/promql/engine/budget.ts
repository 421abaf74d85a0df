import {formatBytes} from '../../model/size.ts';
import type {ReadGuard} from '../../storage/querier.ts';
import {executionError, QueryError} from './error.ts';

/** Memory that several queries share. */
export interface SharedBudget {
  /** What all of them may hold together. */
  readonly bytesMax: number;
  /** Says that this query now holds so many bytes in all. False where the others leave no room for that. */
  hold(bytes: number): boolean;
}

export interface BudgetLimits {
  /** Bytes that the query may hold at once. */
  bytesMax: number;
  /** What it shares with other queries; null = nothing. */
  shared: SharedBudget | null;
  /** When to give up, in milliseconds as Date.now() counts; Infinity = never. */
  deadlineMs: number;
  /** Whether to give up now: an atomic load. */
  cancelled: () => boolean;
}

/** How often the clock is looked at: once in so many checks, which are at most a series apart. */
const checksPerLook = 16;

/** Shared memory is held in steps of so many bytes: others need to know no better. */
const shareBytes = 2 ** 20;

/**
 * What a query may still use of memory and time. Memory is counted where it is allocated, not measured: what V8 needs for
 * arrays and objects is in the constants of those who count.
 */
export class QueryBudget implements ReadGuard {
  readonly limits: BudgetLimits;
  bytes = 0;
  bytesPeak = 0;
  /** What storage could not read and left out. */
  readonly storageWarnings = new Set<string>();
  #shared = 0;
  #checks = 0;

  constructor(limits: BudgetLimits) {
    this.limits = limits;
  }

  check(where = 'expression evaluation'): void {
    const {cancelled, deadlineMs} = this.limits;
    const gone = cancelled();
    // The clock costs more than the flag.
    if (!gone && this.#checks++ % checksPerLook !== 0) return;
    // Whoever watches the clock may set the flag at the deadline.
    if (Date.now() >= deadlineMs) throw new QueryError('timeout', `query timed out in ${where}`);
    if (gone) throw new QueryError('canceled', `query was canceled in ${where}`);
  }

  takeBytes(bytes: number): void {
    this.bytes += bytes;
    if (this.bytes <= this.bytesPeak) return;
    this.bytesPeak = this.bytes;
    const {bytesMax, shared} = this.limits;
    if (this.bytes > bytesMax) throw tooMuchMemory(this.bytes, bytesMax);
    if (shared !== null && this.bytes > this.#shared) this.#share(shared);
  }

  releaseBytes(bytes: number): void {
    this.bytes -= bytes;
  }

  warn(message: string): void {
    if (this.storageWarnings.size < storageWarningsMax) this.storageWarnings.add(message);
  }

  /** What was held once stays held: memory that is given up goes back to the system later, or not at all. */
  #share(shared: SharedBudget): void {
    const wanted = Math.ceil(this.bytes / shareBytes) * shareBytes;
    if (!shared.hold(wanted)) throw tooMuchTogether(this.bytes, shared.bytesMax);
    this.#shared = wanted;
  }
}

/** Of damage, so much is told with an answer; the log has all of it. */
const storageWarningsMax = 10;

/** Begins with what clients may look for. */
const refusal = 'query processing would need too much memory';
const remedies = 'select fewer series, a shorter range or a longer step';

function tooMuchMemory(bytes: number, bytesMax: number): QueryError {
  return executionError(
    `${refusal}: at least ${formatBytes(bytes)}, and a query may use ${formatBytes(bytesMax)}: ${remedies}, ` +
      'or raise --query.max-memory',
  );
}

function tooMuchTogether(bytes: number, bytesMax: number): QueryError {
  return executionError(
    `${refusal}: at least ${formatBytes(bytes)}, which the queries that run besides do not leave of ` +
      `${formatBytes(bytesMax)}: try again later, ${remedies}, or raise --query.max-memory-total`,
  );
}

export function isOverMemory(error: QueryError): boolean {
  return error.message.startsWith(refusal);
}

/** For when memory ran out in spite of all counting. */
export function outOfMemory(cause: string): QueryError {
  return executionError(`${refusal} than there is (${cause}): ${remedies}`);
}
