// All silences: what is set, what mutes an alert, what is kept on disk.
import {randomUUID} from 'node:crypto';
import {quoteGo} from '../base/quote.ts';
import {type Labels} from '../model/labels.ts';
import {type Matcher} from '../model/matcher.ts';
import type {Logger} from '../sys/log.ts';
import {
  decodeSilence,
  encodeSilence,
  type Silence,
  silenceMatches,
  type SilenceState,
  stateOf,
  type StoredSilence,
} from './silence.ts';
import {SilenceIndex} from './silence-index.ts';
import {KeptState, type KeptStateOptions} from './kept-state.ts';
import type {MaintenanceCounts} from './statistics.ts';
import {formatMatchers} from './matchers.ts';
import {millisecondsOf, type Nanoseconds, nanosecondsOf, zeroNs} from './timestamp.ts';

export interface SilencesOptions extends KeptStateOptions {
  readonly logger: Logger;
  /** How long a silence is kept after its end. */
  readonly retentionMs: number;
  /** 0 = no limit. */
  readonly silencesMax?: number;
  readonly silenceBytesMax?: number;
  /** Whether each change is logged. */
  readonly logChanges?: boolean;
  readonly isLabelName?: (name: string) => boolean;
  readonly uuid?: () => string;
}

export class SilenceError extends Error {
  override name = 'SilenceError';
  readonly kind: 'not found' | 'refused';

  constructor(kind: 'not found' | 'refused', message: string) {
    super(message);
    this.kind = kind;
  }
}

const notFound = 'silence not found';

/** What a user asks for. `id` is '' for a new one. */
export type PostedSilence = Omit<Silence, 'updatedAtNs'>;

export class Silences {
  readonly #options: SilencesOptions;
  readonly #kept: KeptState;
  readonly #state = new Map<string, StoredSilence>();
  readonly #index = new SilenceIndex();
  /** Matchers in the file that could not be compiled. */
  compileErrors = 0;
  queries = 0;

  constructor(options: SilencesOptions) {
    this.#options = options;
    this.#kept = new KeptState(options, () => [...this.#state.values()].map(encodeSilence));
  }

  get counts(): MaintenanceCounts {
    return this.#kept.counts;
  }

  /** Reads the file. Throws what the file system throws. */
  open(): Promise<void> {
    return this.#kept.open(
      (bytes) => this.#load(bytes),
      (problem) => this.#options.logger.error('Silences are incomplete', {err: problem}),
    );
  }

  #load(bytes: Uint8Array): void {
    try {
      this.#put(decodeSilence(bytes));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.compileErrors++;
      this.#options.logger.error('Failed to compile silence matchers during snapshot load', {err: error});
    }
  }

  get(id: string): Silence | null {
    return this.#state.get(id)?.silence ?? null;
  }

  get size(): number {
    return this.#state.size;
  }

  /** In the order in which they were made known. */
  all(): Silence[] {
    this.queries++;
    return [...this.#state.values()].map(({silence}) => silence);
  }

  countByState(): Record<SilenceState, number> {
    const counts = {active: 0, pending: 0, expired: 0};
    const now = this.#nowNs();
    for (const {silence} of this.#state.values()) counts[stateOf(silence, now)]++;
    return counts;
  }

  /** False where mutesOf() finds nothing, whatever the labels. */
  get mayMute(): boolean {
    return !this.#index.isEmpty;
  }

  /** Ids of the silences that mute alerts with these labels now. */
  mutesOf(labels: Labels): string[] {
    if (!this.mayMute) return [];
    this.queries++;
    const now = this.#nowNs();
    const ids: string[] = [];
    for (const silence of this.#index.candidatesFor(labels))
      if (stateOf(silence, now) === 'active' && silenceMatches(silence, labels)) ids.push(silence.id);
    return ids;
  }

  /**
   * Makes a silence, or changes one; where history would be changed with it, the old one ends and a new one is made. Gives its
   * id. Resolves when it is on the disk. Throws SilenceError with Alertmanager's words.
   */
  async set(posted: PostedSilence): Promise<string> {
    const now = this.#nowNs();
    const given = {...posted, startsAtNs: posted.startsAtNs <= zeroNs ? now : posted.startsAtNs};
    this.#check(given);
    const before = given.id === '' ? null : this.get(given.id);
    if (given.id !== '' && before === null) throw new SilenceError('not found', notFound);
    if (before !== null && canUpdate(before, given, now)) {
      const stored = this.#store({...given, updatedAtNs: now});
      this.#checkSize(stored);
      this.#change('update silence', stored);
    } else {
      this.#checkCount();
      const made = {...given, id: (this.#options.uuid ?? randomUUID)(), updatedAtNs: now};
      if (made.startsAtNs < now) made.startsAtNs = now;
      const stored = this.#store(made);
      this.#checkSize(stored);
      if (before !== null && stateOf(before, now) !== 'expired') this.#expire(before, now);
      this.#change('create silence', stored);
      given.id = made.id;
    }
    await this.#kept.file?.sync();
    return given.id;
  }

  /** Ends a silence now. Nothing happens where it has ended. Throws SilenceError. */
  async expire(id: string): Promise<void> {
    const silence = this.get(id);
    if (silence === null) throw new SilenceError('not found', notFound);
    this.#expire(silence, this.#nowNs());
    await this.#kept.file?.sync();
  }

  /** Takes what another Alertmanager knows: the younger of two wins. Gives whether it was this one. */
  merge(stored: StoredSilence): boolean {
    if (stored.expiresAtNs < this.#nowNs()) return false;
    const before = this.get(stored.silence.id);
    if (before !== null && before.updatedAtNs >= stored.silence.updatedAtNs) return false;
    this.#put(stored);
    this.#kept.file?.append(encodeSilence(stored));
    return true;
  }

  /** Forgets what ended long ago and writes the file again. */
  maintain(): Promise<void> {
    return this.#kept.maintain(() => this.#forget());
  }

  /** Writes the whole, unless it was never read: then what is on disk stays as it is. */
  close(): Promise<void> {
    return this.#kept.close(() => this.#forget());
  }

  #forget(): void {
    const now = this.#nowNs();
    for (const [id, {silence, expiresAtNs}] of this.#state) {
      if (stateOf(silence, now) === 'expired') this.#index.remove(silence);
      if (expiresAtNs <= now) this.#state.delete(id);
    }
  }

  #expire(silence: Silence, now: Nanoseconds): void {
    const state = stateOf(silence, now);
    if (state === 'expired') return;
    const startsAtNs = state === 'pending' ? now : silence.startsAtNs;
    this.#change('expire silence', this.#store({...silence, startsAtNs, endsAtNs: now, updatedAtNs: now}));
  }

  #store(silence: Silence): StoredSilence {
    return {silence, expiresAtNs: silence.endsAtNs + nanosecondsOf(this.#options.retentionMs)};
  }

  #change(message: string, stored: StoredSilence): void {
    this.#put(stored);
    this.#kept.file?.append(encodeSilence(stored));
    if (this.#options.logChanges !== true) return;
    const {silence} = stored;
    this.#options.logger.info(message, {
      id: silence.id,
      createdBy: silence.createdBy,
      comment: silence.comment,
      startsAt: new Date(millisecondsOf(silence.startsAtNs)).toISOString(),
      endsAt: new Date(millisecondsOf(silence.endsAtNs)).toISOString(),
      matchers: silence.matcherSets.map(formatMatchers).join(' or '),
    });
  }

  #put(stored: StoredSilence): void {
    const before = this.get(stored.silence.id);
    if (before !== null) this.#index.remove(before);
    this.#state.set(stored.silence.id, stored);
    if (stateOf(stored.silence, this.#nowNs()) !== 'expired') this.#index.add(stored.silence);
  }

  #nowNs(): Nanoseconds {
    return nanosecondsOf(this.#options.clock.now());
  }

  #checkCount(): void {
    const {silencesMax = 0} = this.#options;
    if (silencesMax > 0 && this.#state.size + 1 > silencesMax)
      throw new SilenceError(
        'refused',
        `exceeded maximum number of silences: ${this.#state.size} (limit: ${silencesMax})`,
      );
  }

  #checkSize(stored: StoredSilence): void {
    const {silenceBytesMax = 0} = this.#options;
    if (silenceBytesMax <= 0) return;
    const size = encodeSilence(stored).length;
    if (size > silenceBytesMax)
      throw new SilenceError(
        'refused',
        `silence exceeded maximum size: ${size} bytes (limit: ${silenceBytesMax} bytes)`,
      );
  }

  #check(silence: PostedSilence): void {
    const refuse = (why: string): never => {
      throw new SilenceError('refused', `invalid silence: ${why}`);
    };
    const {isLabelName = (name: string): boolean => name !== ''} = this.#options;
    if (silence.matcherSets.length === 0) refuse('at least one matcher set required');
    for (const [set, matchers] of silence.matcherSets.entries()) {
      if (matchers.length === 0) refuse(`matcher set ${set} is empty`);
      for (const [index, {name}] of matchers.entries())
        if (!isLabelName(name))
          refuse(`invalid label matcher ${index} in set ${set}: invalid label name ${quoteGo(name)}`);
      if (matchers.every(matchesEmpty))
        refuse(`matcher set ${set}: at least one matcher must not match the empty string`);
    }
    if (silence.endsAtNs <= zeroNs) refuse('invalid zero end timestamp');
    if (silence.endsAtNs < silence.startsAtNs) refuse('end time must not be before start time');
  }
}

/** Negated matchers do not count as matching nothing. */
function matchesEmpty(matcher: Matcher): boolean {
  return (matcher.type === '=' || matcher.type === '=~') && matcher.matches('');
}

/** Whether what was muted until now stays as it was. */
function canUpdate(before: Silence, after: PostedSilence, now: Nanoseconds): boolean {
  if (formatSets(before) !== formatSets(after)) return false;
  switch (stateOf(before, now)) {
    case 'active':
      return (
        before.startsAtNs / 1_000_000_000n === after.startsAtNs / 1_000_000_000n && after.endsAtNs >= now
      );
    case 'pending':
      return after.startsAtNs >= now;
    case 'expired':
      return false;
  }
}

function formatSets({matcherSets}: PostedSilence): string {
  return matcherSets.map(formatMatchers).join('\n');
}
