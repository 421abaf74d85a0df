// Remote write 1.0: reads the message in place and fills the appender's batch; no object exists for a sample, and none for a
// series that was written before.
//
//     WriteRequest   repeated TimeSeries timeseries = 1; repeated MetricMetadata metadata = 3
//     TimeSeries     repeated Label labels = 1; repeated Sample samples = 2; repeated Exemplar exemplars = 3;
//                    repeated Histogram histograms = 4
//     Sample         double value = 1; int64 timestamp = 2

import {assert} from '../base/assert.ts';
import type {Labels} from '../model/labels.ts';
import {type CheckingAppender, sampleStatus, type SampleBatch, type SeriesRef} from '../storage/appender.ts';
import type {Logger} from '../sys/log.ts';
import {wireBytes, ProtobufReader} from './protobuf.ts';
import {SeriesCache} from './seriescache.ts';
import {decompressSnappy} from './snappy.ts';
import type {WriteOutcome} from './write-outcome.ts';
import {InvalidLabels, readWriteLabels} from './writelabels.ts';

/** As large as Prometheus takes. */
const messageBytesMax = 32 * 1024 * 1024;

/** Samples that far in the future are refused. */
const aheadMsMax = 10 * 60_000;

/** 40 bytes each. */
const cachedSeriesMax = 2_000_000;

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

/** Ends a request: nothing (more) of it is stored. */
class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Running counts since the start. */
export interface ReceivedCounts {
  requests: number;
  samples: number;
  samplesRejected: number;
  samplesWithInvalidLabels: number;
  exemplarsSkipped: number;
  histogramsSkipped: number;
}

/**
 * Stores remote-write requests. A request is stored as a whole or not at all, as in Prometheus: where one sample is older
 * than what its series has, another value for the same time, or too far in the future, nothing of it is. Exceptions are
 * series whose labels name none, which are left out, and samples of one series that contradict each other within the
 * request, where the later ones are; both are counted and no error to the sender. Native histograms, which the head cannot
 * hold yet, are refused with a 400, but do not keep the rest from being stored.
 */
export class WriteReceiver {
  readonly counts: ReceivedCounts = {
    requests: 0,
    samples: 0,
    samplesRejected: 0,
    samplesWithInvalidLabels: 0,
    exemplarsSkipped: 0,
    histogramsSkipped: 0,
  };
  readonly #appender: CheckingAppender;
  readonly #batch: SampleBatch;
  readonly #logger: Logger;
  readonly #cache: SeriesCache;
  readonly #ref: SeriesRef = {slot: 0, generation: 0};
  #reader = new ProtobufReader(new Uint8Array(0));
  #view: DataView = new DataView(new ArrayBuffer(0));
  /** Samples after this time are out of bounds. */
  #timeMax = 0;
  #pass: Pass = 'check';
  /** The batch was full: the first pass has only looked. */
  #overflowed = false;
  #samples = 0;
  #accepted = 0;
  #exemplars = 0;
  #histograms = 0;
  #invalidSamples = 0;
  #invalidReason = '';

  constructor(appender: CheckingAppender, logger: Logger) {
    this.#appender = appender;
    this.#batch = appender.batch;
    this.#logger = logger;
    this.#cache = new SeriesCache(cachedSeriesMax, (slot, generation) => appender.alive(slot, generation));
  }

  /** Stores the body of a request as it came. Never throws: what goes wrong is an outcome. */
  apply(body: Uint8Array, {nowMs}: {nowMs: number}): WriteOutcome {
    this.#reset(nowMs);
    let refusal: Refusal | null = null;
    try {
      this.#applyMessage(refuseRangeErrors(() => decompressSnappy(body, messageBytesMax)));
    } catch (cause) {
      refusal = this.#explain(cause);
      this.#batch.length = 0;
    }
    this.#reader = new ProtobufReader(new Uint8Array(0));
    this.#view = new DataView(new ArrayBuffer(0));
    return this.#conclude(refusal);
  }

  #reset(nowMs: number): void {
    assert(this.#batch.length === 0, 'the batch is empty between requests');
    this.#timeMax = nowMs + aheadMsMax;
    this.#overflowed = false;
    this.#accepted = 0;
    this.#pass = 'check';
    this.#resetPass();
  }

  #resetPass(): void {
    this.#samples = 0;
    this.#exemplars = 0;
    this.#histograms = 0;
    this.#invalidSamples = 0;
    this.#invalidReason = '';
  }

  #applyMessage(message: Uint8Array): void {
    this.#reader = new ProtobufReader(message);
    this.#view = new DataView(message.buffer, message.byteOffset, message.byteLength);
    this.#walk();
    this.#checkBatch();
    this.#pass = 'commit';
    if (this.#overflowed) {
      // All of it can be stored: read it again, and do.
      this.#batch.length = 0;
      this.#resetPass();
      this.#walk();
    }
    this.#commitBatch();
  }

  #walk(): void {
    const reader = this.#reader;
    const limit = reader.bytes.length;
    reader.position = 0;
    while (reader.position < limit) {
      const tag = reader.readTag(limit);
      if (tag !== tagTimeseries && tag !== tagMetadata) {
        reader.skip(tag, limit);
        continue;
      }
      reader.readBytes(limit);
      const {end} = reader;
      // Metadata of metric families is of no use to the head, which has it by series; Prometheus leaves it out, too.
      if (tag === tagTimeseries) this.#readSeries(end);
      reader.position = end;
    }
  }

  /** Reads one TimeSeries up to `end`. */
  #readSeries(end: number): void {
    const reader = this.#reader;
    const {position: start} = reader;
    const labelsEnd = this.#skipLabels(end);
    let resolved = false;
    let valid = true;
    while (reader.position < end) {
      const tag = reader.readTag(end);
      if (tag !== tagSamples) {
        if (tag === tagLabels) return this.#readScatteredSeries(start, end);
        this.#readOther(tag, end);
        continue;
      }
      reader.readBytes(end);
      if (!resolved) {
        const {position, end: sampleEnd} = reader;
        if (this.#labelsFollow(sampleEnd, end)) return this.#readScatteredSeries(start, end);
        valid = this.#resolve(this.#view, start, labelsEnd);
        resolved = true;
        reader.position = position;
        reader.end = sampleEnd;
      }
      if (valid) this.#readSample(reader.end);
      else this.#skipSample(reader.end);
    }
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

  /** Whether there are labels behind the samples, which the series cannot be found without. */
  #labelsFollow(position: number, end: number): boolean {
    const reader = this.#reader;
    reader.position = position;
    while (reader.position < end) {
      const tag = reader.readTag(end);
      if (tag === tagLabels) return true;
      reader.skip(tag, end);
    }
    return false;
  }

  /** A TimeSeries whose labels are not all in front: gathers them, then reads the rest. */
  #readScatteredSeries(start: number, end: number): void {
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
    let valid: boolean | null = null;
    reader.position = start;
    while (reader.position < end) {
      const tag = reader.readTag(end);
      if (tag === tagSamples) {
        valid ??= this.#resolve(new DataView(block.buffer), 0, size);
        reader.readBytes(end);
        if (valid) this.#readSample(reader.end);
        else this.#skipSample(reader.end);
      } else if (tag === tagLabels) reader.skip(tag, end);
      else this.#readOther(tag, end);
    }
  }

  #readOther(tag: number, end: number): void {
    if (tag === tagExemplars) this.#exemplars++;
    else if (tag === tagHistograms) this.#histograms++;
    this.#reader.skip(tag, end);
  }

  /** Finds the series of a block of labels, or makes it; false where the labels name none. */
  #resolve(bytes: DataView, start: number, end: number): boolean {
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
    this.#appender.series(labels, ref);
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
    if (time > this.#timeMax || time < -Number.MAX_SAFE_INTEGER) {
      // What came before may be wrong, too, and then that is what is said.
      this.#checkBatch();
      const where = time < 0 ? '' : ': timestamp is too far in the future';
      throw new Refusal(400, `out of bounds${where}`);
    }
    if (this.#batch.length === this.#batch.capacity) this.#flushFull();
    const batch = this.#batch;
    const i = batch.length++;
    batch.slots[i] = this.#ref.slot;
    batch.generations[i] = this.#ref.generation;
    batch.times[i] = time;
    batch.valueWords[2 * i] = low;
    batch.valueWords[2 * i + 1] = high;
  }

  /** A sample of a series whose labels name none. */
  #skipSample(end: number): void {
    this.#samples++;
    this.#invalidSamples++;
    this.#reader.position = end;
  }

  #flushFull(): void {
    if (this.#pass === 'commit') return this.#commitBatch();
    this.#overflowed = true;
    this.#checkBatch();
    this.#batch.length = 0;
  }

  /** Throws a Refusal that names what is wrong with the first sample that cannot be stored. */
  #checkBatch(): void {
    const batch = this.#batch;
    if (batch.length === 0 || this.#pass === 'commit') return;
    const {length} = batch;
    if (this.#appender.check().accepted === length) return;
    const {statuses} = batch;
    let i = 0;
    while (i < length && statuses[i] === sampleStatus.accepted) i++;
    assert(i < length, 'a batch that is not accepted has a sample that is not');
    throw new Refusal(400, describeStatus(statuses[i]!, batch.times[i]!));
  }

  #commitBatch(): void {
    if (this.#batch.length === 0) return;
    this.#accepted += this.#appender.commit().accepted;
  }

  #explain(cause: unknown): Refusal {
    if (cause instanceof Refusal) return cause;
    if (cause instanceof SyntaxError) {
      return new Refusal(400, `cannot decode the write request: ${cause.message}`);
    }
    const error = cause instanceof Error ? cause : new Error(String(cause));
    this.#logger.error('Error while storing a remote write request', {err: error, stack: error.stack});
    return new Refusal(500, error.message);
  }

  #conclude(refusal: Refusal | null): WriteOutcome {
    const {counts} = this;
    let status = 204;
    let message = '';
    if (refusal !== null) ({status, message} = refusal);
    else if (this.#histograms > 0) {
      status = 400;
      message = `native histograms are not supported yet: ${this.#histograms} of them were not stored, ${this.#accepted} other samples were`;
    }
    const outcome: WriteOutcome = {
      status,
      message,
      samples: this.#accepted,
      samplesRejected: this.#samples - this.#accepted,
      samplesWithInvalidLabels: this.#invalidSamples,
      exemplarsSkipped: this.#exemplars,
      histogramsSkipped: this.#histograms,
    };
    counts.requests++;
    counts.samples += outcome.samples;
    counts.samplesRejected += outcome.samplesRejected;
    counts.samplesWithInvalidLabels += outcome.samplesWithInvalidLabels;
    counts.exemplarsSkipped += outcome.exemplarsSkipped;
    counts.histogramsSkipped += outcome.histogramsSkipped;
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
    if (outcome.status === 400) {
      this.#logger.warn('Refused a remote write request', {err: outcome.message, samples: this.#samples});
    }
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

function describeStatus(status: number, timeMs: number): string {
  if (status === sampleStatus.outOfOrder) return 'out of order sample';
  if (status === sampleStatus.duplicate) {
    return `duplicate sample for timestamp ${timeMs}; overrides not allowed`;
  }
  assert(status === sampleStatus.outOfBounds, 'a series that was just found is there');
  return 'out of bounds';
}
