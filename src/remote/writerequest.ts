// Remote write 1.0: reads the message in place and fills the appender's batch; no object exists for a sample, and none for a
// series that was written before.
//
//     WriteRequest   repeated TimeSeries timeseries = 1; repeated MetricMetadata metadata = 3
//     TimeSeries     repeated Label labels = 1; repeated Sample samples = 2; repeated Exemplar exemplars = 3;
//                    repeated Histogram histograms = 4
//     Sample         double value = 1; int64 timestamp = 2
//     Exemplar       see exemplars.ts
//     Histogram      see histogram.ts

import {setImmediate as nextTurn} from 'node:timers/promises';
import {assert} from '../base/assert.ts';
import {InvalidHistogram} from '../model/histogram/validate.ts';
import type {Labels} from '../model/labels.ts';
import {type CheckingAppender, sampleStatus, type SampleBatch, type SeriesRef} from '../storage/appender.ts';
import type {Logger} from '../sys/log.ts';
import {readHistogram} from './histogram.ts';
import {wireBytes, ProtobufReader} from '../base/protobuf.ts';
import {WrittenExemplars} from './exemplars.ts';
import {SeriesCache} from '../storage/seriescache.ts';
import {giveBack, noteGarbage} from '../sys/garbage.ts';
import {decompressSnappy} from './snappy.ts';
import type {WriteOutcome} from './write-outcome.ts';
import {InvalidLabels, readWriteLabels} from './writelabels.ts';

/** As large as Prometheus takes. */
const messageBytesMax = 32 * 1024 * 1024;

/** Samples that far in the future are refused. */
const aheadMsMax = 10 * 60_000;

/** 40 bytes each. */
const cachedSeriesMax = 2_000_000;

/** So long the event loop waits for a request, at most: then the request lets it run. */
const turnMsMax = 8;
/** Series between looks at the clock. A power of two. */
const seriesPerLook = 256;

/** Buckets of histograms that wait to be stored: 32 MB. */
const bucketsMax = 4 * 2 ** 20;

/** Requests that wait for the one at hand. Their bodies are limited where they come in. */
const waitingMax = 1000;

/** The same failure of the store is logged once in this time. */
const failureLogMs = 1000;

const tagTimeseries = (1 << 3) | wireBytes;
const tagMetadata = (3 << 3) | wireBytes;
const tagLabels = (1 << 3) | wireBytes;
const tagSamples = (2 << 3) | wireBytes;
const tagExemplars = (3 << 3) | wireBytes;
const tagHistograms = (4 << 3) | wireBytes;
const tagValue = (1 << 3) | 1;
const tagTimestamp = 2 << 3;

/** What is done with a full batch: look whether all of it can be stored, or store it. */
type Pass = 'check' | 'commit';

const noBytes = new DataView(new ArrayBuffer(0));

/** Ends a request: nothing (more) of it is stored. */
class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The time and the event loop of a receiver. */
export interface ReceiverWorld {
  /** Milliseconds that only rise. */
  elapsed: () => number;
  /** Resolves when all else that waited for the event loop has had its turn. */
  giveWay: () => Promise<void>;
}

const realWorld: ReceiverWorld = {
  elapsed: () => performance.now(),
  giveWay: () => nextTurn(),
};

/** Running counts since the start. */
export interface ReceivedCounts {
  requests: number;
  samples: number;
  samplesRejected: number;
  samplesWithInvalidLabels: number;
  exemplars: number;
  exemplarsSkipped: number;
  /** Of the samples: native histograms. */
  histograms: number;
}

/**
 * Stores remote-write requests. A request is stored as a whole or not at all, as in Prometheus: where one sample is older
 * than what its series has, another value for the same time, or too far in the future, nothing of it is. Exceptions are
 * series whose labels name none, which are left out, and samples of one series that contradict each other within the
 * request, where the later ones are; both are counted and no error to the sender.
 *
 * Requests are stored one after the other, in the order of the calls. A large one gives way to whatever else the thread has
 * to do, again and again, and always with an empty batch, which others use, too. Whoever writes to the same series in
 * between, after the request was checked and before it is stored, makes the request's samples the ones that contradict.
 */
export class WriteReceiver {
  readonly counts: ReceivedCounts = {
    requests: 0,
    samples: 0,
    samplesRejected: 0,
    samplesWithInvalidLabels: 0,
    exemplars: 0,
    exemplarsSkipped: 0,
    histograms: 0,
  };
  readonly #appender: CheckingAppender;
  readonly #batch: SampleBatch;
  readonly #logger: Logger;
  readonly #cache: SeriesCache;
  readonly #ref: SeriesRef = {slot: 0, generation: 0};
  readonly #world: ReceiverWorld;
  /** The last request that was taken in, when it is done. */
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  /** When the event loop last had its turn. */
  #turnMs = 0;
  readonly #failures: FailureLog;
  readonly #exemplars: WrittenExemplars;
  #reader = new ProtobufReader(new Uint8Array(0));
  #view: DataView = noBytes;
  /** Samples after this time are out of bounds. */
  #timeMax = 0;
  #pass: Pass = 'check';
  /** The batch was emptied during the first pass, which has only looked. */
  #overflowed = false;
  #seriesSeen = 0;
  /** The walk is to stop where it is until others had their turn; the batch is empty then. */
  #paused = false;
  /** Where the series that is being read ends, or -1 between series. */
  #seriesEnd = -1;
  /** Its labels: bytes [labelsStart, labelsEnd) of `labels`. */
  #labels: DataView = noBytes;
  #labelsStart = 0;
  #labelsEnd = 0;
  /** Whether they name a series. */
  #valid = false;
  #samples = 0;
  #accepted = 0;
  /** Histograms that were stored. */
  #histograms = 0;
  /** Buckets of those that wait. */
  #buckets = 0;
  #invalidSamples = 0;
  #invalidReason = '';

  constructor(appender: CheckingAppender, logger: Logger, world: ReceiverWorld = realWorld) {
    this.#appender = appender;
    this.#batch = appender.batch;
    this.#logger = logger;
    this.#world = world;
    this.#exemplars = new WrittenExemplars(appender);
    this.#failures = new FailureLog(logger, world);
    this.#cache = new SeriesCache(cachedSeriesMax, (slot, generation) => appender.alive(slot, generation));
  }

  /**
   * Stores the body of a request as it came, after those that came before it. Never rejects: what goes wrong is an outcome.
   * The body must stay as it is until then.
   */
  apply(body: Uint8Array, info: {nowMs: number}): Promise<WriteOutcome> {
    if (this.#waiting >= waitingMax) return Promise.resolve(this.#refuseAtOnce());
    const mustWait = this.#waiting++ > 0;
    const outcome = this.#last.then(() => this.#applyNext(body, info, mustWait));
    this.#last = outcome;
    return outcome;
  }

  /** Resolves when all requests that were taken in are done. */
  async settled(): Promise<void> {
    await this.#last;
  }

  async #applyNext(body: Uint8Array, {nowMs}: {nowMs: number}, waited: boolean): Promise<WriteOutcome> {
    let refusal: Refusal | null = null;
    try {
      // One that waited runs in the turn of the one before.
      if (!waited) this.#turnMs = this.#world.elapsed();
      else if (this.#isTimeUp()) await this.#giveWay();
      this.#reset(nowMs);
      const message = refuseRangeErrors(() => decompressSnappy(body, messageBytesMax));
      await this.#applyMessage(message);
      giveBack(message);
      // Reading it leaves about as much.
      noteGarbage(body.length + message.length);
    } catch (cause) {
      refusal = this.#explain(cause);
      this.#forget();
    }
    this.#reader = new ProtobufReader(new Uint8Array(0));
    this.#view = noBytes;
    this.#labels = noBytes;
    this.#waiting--;
    return this.#conclude(refusal);
  }

  #refuseAtOnce(): WriteOutcome {
    this.counts.requests++;
    const message = `too many remote write requests at the same time: ${waitingMax} wait`;
    this.#failures.add(new Error(message));
    return {
      status: 503,
      message,
      samples: 0,
      samplesRejected: 0,
      samplesWithInvalidLabels: 0,
      exemplars: 0,
      exemplarsSkipped: 0,
      histograms: 0,
    };
  }

  #isTimeUp(): boolean {
    return this.#world.elapsed() - this.#turnMs > turnMsMax;
  }

  async #giveWay(): Promise<void> {
    assert(this.#pending === 0, 'the batch is empty while others run');
    await this.#world.giveWay();
    assert(this.#pending === 0, 'others leave the batch empty');
    this.#turnMs = this.#world.elapsed();
  }

  #reset(nowMs: number): void {
    assert(this.#pending === 0, 'the batch is empty between requests');
    this.#timeMax = nowMs + aheadMsMax;
    this.#overflowed = false;
    this.#accepted = 0;
    this.#pass = 'check';
    this.#paused = false;
    this.#seriesEnd = -1;
    this.#resetPass();
  }

  /** Samples and histograms in the batch. */
  get #pending(): number {
    return this.#batch.length + this.#appender.histogramCount;
  }

  #forget(): void {
    this.#batch.length = 0;
    this.#appender.dropHistograms();
    this.#exemplars.forget();
    this.#buckets = 0;
  }

  #isFull(): boolean {
    const {histogramCount, histogramsMax} = this.#appender;
    return (
      this.#batch.length === this.#batch.capacity ||
      histogramCount === histogramsMax ||
      this.#exemplars.isFull ||
      this.#buckets > bucketsMax
    );
  }

  #resetPass(): void {
    this.#samples = 0;
    this.#exemplars.reset();
    this.#histograms = 0;
    this.#invalidSamples = 0;
    this.#invalidReason = '';
  }

  async #applyMessage(message: Uint8Array): Promise<void> {
    this.#reader = new ProtobufReader(message);
    this.#view = new DataView(message.buffer, message.byteOffset, message.byteLength);
    while (!this.#walk()) await this.#giveWay();
    this.#checkBatch();
    this.#pass = 'commit';
    if (this.#overflowed) {
      // All of it can be stored: read it again, and do.
      this.#forget();
      this.#reader.position = 0;
      this.#resetPass();
      while (!this.#walk()) await this.#giveWay();
    }
    this.#commitBatch();
  }

  /** Reads on; false where it has stopped to give way. */
  #walk(): boolean {
    const reader = this.#reader;
    const limit = reader.bytes.length;
    this.#resume();
    while (reader.position < limit) {
      if (this.#paused) return false;
      const tag = reader.readTag(limit);
      if (tag !== tagTimeseries && tag !== tagMetadata) {
        reader.skip(tag, limit);
        continue;
      }
      reader.readBytes(limit);
      const {end} = reader;
      // Metadata of metric families is of no use to the head, which has it by series; Prometheus leaves it out, too.
      if (tag === tagTimeseries) this.#readSeries(end);
      else reader.position = end;
      if ((++this.#seriesSeen & (seriesPerLook - 1)) === 0 && this.#isTimeUp()) this.#pause();
    }
    return true;
  }

  #pause(): void {
    this.#flush();
    this.#paused = true;
  }

  /** Goes on in the series that the walk stopped in, which may be gone by now. */
  #resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#seriesEnd < 0) return;
    const {slot, generation} = this.#ref;
    if (this.#valid && !this.#appender.alive(slot, generation)) this.#valid = this.#resolve(true);
    this.#readSamples();
  }

  /** Reads one TimeSeries up to `end`, or its first part, where the walk is to pause. */
  #readSeries(end: number): void {
    const reader = this.#reader;
    const {position: start} = reader;
    const labelsEnd = this.#skipLabels(end);
    let sampled = false;
    let exemplified = false;
    let scattered = false;
    while (reader.position < end && !sampled) {
      const tag = reader.readTag(end);
      sampled = tag === tagSamples || tag === tagHistograms;
      exemplified ||= tag === tagExemplars;
      scattered ||= tag === tagLabels;
      reader.skip(tag, end);
    }
    if (sampled || exemplified) {
      if (scattered || this.#labelsFollow(end)) this.#gatherLabels(start, end);
      else this.#setLabels(this.#view, start, labelsEnd);
      // A series without samples is not made.
      this.#valid = this.#resolve(sampled);
    }
    reader.position = labelsEnd;
    this.#seriesEnd = end;
    this.#readSamples();
  }

  /** Reads what follows the labels of a series. */
  #readSamples(): void {
    const reader = this.#reader;
    const end = this.#seriesEnd;
    while (reader.position < end) {
      if (this.#isFull()) {
        this.#flush();
        if (this.#isTimeUp()) {
          this.#paused = true;
          return;
        }
      }
      const tag = reader.readTag(end);
      if (tag !== tagSamples && tag !== tagHistograms && tag !== tagExemplars) {
        reader.skip(tag, end);
        continue;
      }
      reader.readBytes(end);
      if (tag === tagExemplars) {
        this.#exemplars.read(reader, reader.end, this.#valid ? this.#ref : null, this.#timeMax);
      } else if (!this.#valid) this.#skipSample(reader.end);
      else if (tag === tagSamples) this.#readSample(reader.end);
      else this.#readHistogram(reader.end);
    }
    this.#seriesEnd = -1;
  }

  /** Labels come first; whoever writes them elsewhere pays for it. */
  #skipLabels(end: number): number {
    const reader = this.#reader;
    const {bytes} = reader;
    let at = reader.position;
    while (at + 1 < end && bytes[at] === tagLabels) {
      const size = bytes[at + 1]!;
      if (size < 0x80) {
        at += 2 + size; // Fast path.
        continue;
      }
      reader.position = at + 1;
      reader.readBytes(end);
      at = reader.end;
    }
    if (at > end) throw new SyntaxError(`cut short: labels before byte ${end}`);
    reader.position = at;
    return at;
  }

  /** Whether there are labels behind the first sample, which the series cannot be found without. */
  #labelsFollow(end: number): boolean {
    const reader = this.#reader;
    while (reader.position < end) {
      const tag = reader.readTag(end);
      if (tag === tagLabels) return true;
      reader.skip(tag, end);
    }
    return false;
  }

  #setLabels(bytes: DataView, start: number, end: number): void {
    this.#labels = bytes;
    this.#labelsStart = start;
    this.#labelsEnd = end;
  }

  /** Puts labels together that are not all in front. */
  #gatherLabels(start: number, end: number): void {
    const reader = this.#reader;
    const block = new Uint8Array(end - start);
    let size = 0;
    reader.position = start;
    while (reader.position < end) {
      const fieldStart = reader.position;
      const tag = reader.readTag(end);
      reader.skip(tag, end);
      if (tag !== tagLabels) continue;
      block.set(reader.bytes.subarray(fieldStart, reader.position), size);
      size += reader.position - fieldStart;
    }
    this.#setLabels(new DataView(block.buffer), 0, size);
  }

  /** Finds the series of the labels, or makes it where `make` says so; false where there is none. */
  #resolve(make: boolean): boolean {
    const bytes = this.#labels;
    const start = this.#labelsStart;
    const end = this.#labelsEnd;
    const ref = this.#ref;
    if (this.#cache.find(bytes, start, end, ref)) return true; // The usual case.
    let labels: Labels;
    try {
      labels = refuseRangeErrors(() =>
        readWriteLabels(new Uint8Array(bytes.buffer, bytes.byteOffset, end), start, end),
      );
    } catch (cause) {
      if (!(cause instanceof InvalidLabels)) throw cause;
      if (this.#invalidReason === '') this.#invalidReason = cause.message;
      return false;
    }
    if (!make && !this.#appender.find(labels, ref)) return false;
    if (make) this.#appender.series(labels, ref);
    this.#cache.add(ref.slot, ref.generation);
    return true;
  }

  /** Reads a Sample up to `end` into the batch. A value or time of zero is not sent. */
  #readSample(end: number): void {
    const reader = this.#reader;
    const {bytes} = reader;
    let low = 0;
    let high = 0;
    let time = 0;
    while (reader.position < end) {
      const tag = reader.readTag(end);
      if (tag === tagValue) {
        const at = reader.position;
        reader.position += 8;
        if (reader.position > end) throw new SyntaxError(`cut short: value at byte ${at}`);
        // The bits, not the number: a stale marker is one particular NaN.
        low = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
        high = bytes[at + 4]! | (bytes[at + 5]! << 8) | (bytes[at + 6]! << 16) | (bytes[at + 7]! << 24);
      } else if (tag === tagTimestamp) time = reader.readInt64(end);
      else reader.skip(tag, end);
    }
    this.#samples++;
    this.#checkTime(time);
    const batch = this.#batch;
    const i = batch.length++;
    batch.slots[i] = this.#ref.slot;
    batch.generations[i] = this.#ref.generation;
    batch.times[i] = time;
    batch.valueWords[2 * i] = low;
    batch.valueWords[2 * i + 1] = high;
  }

  #checkTime(time: number): void {
    if (time <= this.#timeMax && time >= -Number.MAX_SAFE_INTEGER) return;
    // What came before may be wrong, too, and then that is what is said.
    this.#checkBatch();
    const where = time < 0 ? '' : ': timestamp is too far in the future';
    throw new Refusal(400, `out of bounds${where}`);
  }

  /** Reads a Histogram up to `end` into the batch. */
  #readHistogram(end: number): void {
    this.#samples++;
    try {
      const {timeMs, histogram, integer} = readHistogram(this.#reader, end);
      this.#checkTime(timeMs);
      const {slot, generation} = this.#ref;
      this.#appender.histogram(slot, generation, timeMs, histogram, {integer, startMs: 0});
      if (histogram === null) return;
      this.#buckets += histogram.positiveBuckets.length + histogram.negativeBuckets.length;
    } catch (cause) {
      if (!(cause instanceof InvalidHistogram)) throw cause;
      this.#checkBatch();
      throw new Refusal(400, cause.message);
    }
  }

  /** A sample of a series whose labels name none. */
  #skipSample(end: number): void {
    this.#samples++;
    this.#invalidSamples++;
    this.#reader.position = end;
  }

  /** Empties the batch. */
  #flush(): void {
    if (this.#pass === 'commit') return this.#commitBatch();
    this.#overflowed = true;
    this.#checkBatch();
    this.#forget();
  }

  /** Throws a Refusal that names what is wrong with the first sample that cannot be stored. */
  #checkBatch(): void {
    if (this.#pending === 0 || this.#pass === 'commit') return;
    if (this.#appender.check().accepted === this.#pending) return;
    const {statuses, times, length} = this.#batch;
    for (let i = 0; i < length; i++) {
      if (statuses[i] !== sampleStatus.accepted)
        throw new Refusal(400, describeStatus(statuses[i]!, times[i]!));
    }
    const {histogramStatuses, histogramCount} = this.#appender;
    const refused = histogramStatuses
      .subarray(0, histogramCount)
      .find((status) => status !== sampleStatus.accepted);
    assert(refused !== undefined, 'a batch that is not accepted has a sample that is not');
    throw new Refusal(400, describeStatus(refused, null));
  }

  #commitBatch(): void {
    if (this.#pending === 0 && this.#exemplars.length === 0) return;
    this.#exemplars.give();
    const {histogramCount, histogramStatuses} = this.#appender;
    this.#accepted += this.#appender.commit().accepted;
    for (let i = 0; i < histogramCount; i++) {
      if (histogramStatuses[i] === sampleStatus.accepted) this.#histograms++;
    }
    this.#buckets = 0;
  }

  #explain(cause: unknown): Refusal {
    if (cause instanceof Refusal) return cause;
    if (cause instanceof SyntaxError) {
      return new Refusal(400, `cannot decode the write request: ${cause.message}`);
    }
    const error = cause instanceof Error ? cause : new Error(String(cause));
    this.#failures.add(error);
    return new Refusal(500, error.message);
  }

  #conclude(refusal: Refusal | null): WriteOutcome {
    const {counts} = this;
    let status = 204;
    let message = '';
    if (refusal !== null) ({status, message} = refusal);
    const outcome: WriteOutcome = {
      status,
      message,
      samples: this.#accepted,
      samplesRejected: this.#samples - this.#accepted,
      samplesWithInvalidLabels: this.#invalidSamples,
      exemplars: refusal === null ? this.#exemplars.stored : 0,
      exemplarsSkipped: this.#exemplars.skipped,
      histograms: this.#histograms,
    };
    counts.requests++;
    counts.samples += outcome.samples;
    counts.samplesRejected += outcome.samplesRejected;
    counts.samplesWithInvalidLabels += outcome.samplesWithInvalidLabels;
    counts.exemplars += outcome.exemplars;
    counts.exemplarsSkipped += outcome.exemplarsSkipped;
    counts.histograms += outcome.histograms;
    this.#report(outcome);
    return outcome;
  }

  #report(outcome: WriteOutcome): void {
    if (this.#invalidSamples > 0) {
      this.#logger.warn('Invalid labels in a remote write request', {
        samples: this.#invalidSamples,
        first: this.#invalidReason,
      });
    }
    if (this.#exemplars.outOfOrder > 0) {
      this.#logger.warn('Error on ingesting out-of-order exemplars', {
        num_dropped: this.#exemplars.outOfOrder,
      });
    }
    if (outcome.status === 400) {
      this.#logger.warn('Refused a remote write request', {err: outcome.message, samples: this.#samples});
    }
  }
}

/** Logs why requests were not stored: each reason once in a while, since a full disk fails all of them. */
class FailureLog {
  readonly #logger: Logger;
  readonly #world: ReceiverWorld;
  #reason = '';
  #loggedMs = -Infinity;
  /** Failures for that reason since it was logged. */
  #unlogged = 0;

  constructor(logger: Logger, world: ReceiverWorld) {
    this.#logger = logger;
    this.#world = world;
  }

  add(error: Error): void {
    const now = this.#world.elapsed();
    if (error.message === this.#reason && now - this.#loggedMs < failureLogMs) {
      this.#unlogged++;
      return;
    }
    this.#logger.error('Error while storing a remote write request', {
      err: error.message,
      further: this.#unlogged === 0 ? undefined : this.#unlogged,
      // A fault of the program, not of the disk.
      stack: error.message.startsWith('BUG') || error instanceof TypeError ? error.stack : undefined,
    });
    this.#reason = error.message;
    this.#loggedMs = now;
    this.#unlogged = 0;
  }
}

/** What is beyond a limit is the sender's fault; the store's own RangeErrors are not. */
function refuseRangeErrors<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw cause instanceof RangeError ? new Refusal(400, cause.message) : cause;
  }
}

/** `timeMs` is null for a histogram. */
function describeStatus(status: number, timeMs: number | null): string {
  if (status === sampleStatus.outOfOrder) return 'out of order sample';
  if (status === sampleStatus.duplicate) {
    if (timeMs === null) return 'duplicate sample for timestamp';
    return `duplicate sample for timestamp ${timeMs}; overrides not allowed`;
  }
  if (status === sampleStatus.tooOld) return 'too old sample';
  assert(status === sampleStatus.outOfBounds, 'a series that was just found is there');
  return 'out of bounds';
}
