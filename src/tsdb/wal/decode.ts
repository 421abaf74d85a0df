// Reads records; encode.ts draws them. Everything is checked: a record that does not hold what its type asks for throws a
// RangeError, and nothing of it is given.

import {ByteReader} from '../../base/varint.ts';
import type {Labels} from '../../model/labels.ts';
import type {LoggedHistogram} from '../log.ts';
import {metricTypes} from './encode.ts';
import {recordType} from './format.ts';
import {isHistogramRecord, readHistograms, readStart} from './histogram-records.ts';
import {StringReader} from './string-reader.ts';

/** Columns that samples are decoded into, reused from record to record. */
export class SampleColumnBuffer {
  readonly capacity: number;
  readonly refs: Float64Array;
  readonly times: Float64Array;
  readonly values: Float64Array;
  /** The halves of `values`, so that a NaN keeps its bits. */
  readonly words: Uint32Array;
  /** Start timestamps, of records that have them. */
  readonly startTimes: Float64Array;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.refs = new Float64Array(capacity);
    this.times = new Float64Array(capacity);
    this.values = new Float64Array(capacity);
    this.words = new Uint32Array(this.values.buffer);
    this.startTimes = new Float64Array(capacity);
  }
}

/** Receives runs of samples. The columns are reused; `startTimes` is null where the record has none. */
export type SamplesReceiver = (
  refs: Float64Array,
  times: Float64Array,
  values: Float64Array,
  count: number,
  startTimes: Float64Array | null,
) => void;

/** The least that a sample takes: two varints of one byte and the value. */
const sampleBytesMin = 10;

/** Decodes records one at a time. */
export class RecordDecoder {
  readonly #reader = new ByteReader(new Uint8Array(0));
  readonly #strings = new StringReader();
  readonly #columns: SampleColumnBuffer;

  constructor(columns = new SampleColumnBuffer(8192)) {
    this.#columns = columns;
  }

  /** Calls `receive` for each series. Checks the whole record first. */
  series(record: Uint8Array, receive: (ref: number, labels: Labels) => void): number {
    this.#checkSeries(record);
    const reader = this.#begin(record, recordType.series);
    let count = 0;
    for (; reader.position < reader.end; count++) {
      const ref = this.#ref(reader.uint64());
      receive(ref, this.#labels());
    }
    return count;
  }

  #checkSeries(record: Uint8Array): void {
    const reader = this.#begin(record, recordType.series);
    while (reader.position < reader.end) {
      this.#ref(reader.uint64());
      this.#skipLabels();
    }
  }

  /**
   * Samples of a record of type 2 or 11, in runs of at most the columns' capacity. A record is given whole or not at all.
   */
  samples(record: Uint8Array, receive: SamplesReceiver): number {
    const v2 = record[0] === recordType.samplesV2;
    // A record that fits the columns is checked while it is read, a longer one before it.
    if (record.length / sampleBytesMin > this.#columns.capacity) this.#tryDecode(record);
    return v2 ? this.#samplesV2(record, receive) : this.#samplesV1(record, receive);
  }

  #samplesV1(record: Uint8Array, receive: SamplesReceiver): number {
    const reader = this.#begin(record, recordType.samples);
    if (reader.position === reader.end) return 0;
    const {refs, times, values, words, capacity} = this.#columns;
    const baseRef = this.#ref(reader.uint64());
    const baseTime = reader.int64();
    const {end} = reader;
    let total = 0;
    let count = 0;
    while (reader.position < end) {
      if (count === capacity) {
        receive(refs, times, values, count, null);
        count = 0;
      }
      const ref = baseRef + reader.varint();
      if (!(ref >= 0 && ref <= Number.MAX_SAFE_INTEGER)) throw badRef(ref);
      refs[count] = ref;
      times[count] = baseTime + reader.varint();
      const at = reader.skip(8);
      words[2 * count + 1] =
        (record[at]! << 24) | (record[at + 1]! << 16) | (record[at + 2]! << 8) | record[at + 3]!;
      words[2 * count] =
        (record[at + 4]! << 24) | (record[at + 5]! << 16) | (record[at + 6]! << 8) | record[at + 7]!;
      count++;
      total++;
    }
    receive(refs, times, values, count, null);
    return total;
  }

  /**
   *     first   ref: varint   time: varint   start time: varint   value: f64
   *     others  ref - previous: varint   time - first: varint   0 | 1 | 2, start time - first: varint   value: f64
   */
  #samplesV2(record: Uint8Array, receive: SamplesReceiver): number {
    const reader = this.#begin(record, recordType.samplesV2);
    const {refs, times, values, words, startTimes, capacity} = this.#columns;
    let ref = 0;
    let timeFirst = 0;
    let startFirst = 0;
    let start = 0;
    let total = 0;
    let count = 0;
    while (reader.position < reader.end) {
      if (count === capacity) {
        receive(refs, times, values, count, startTimes);
        count = 0;
      }
      ref = this.#ref(ref + reader.varint());
      const time = timeFirst + reader.varint();
      if (total === 0) {
        timeFirst = time;
        start = startFirst = reader.varint();
      } else start = readStart(reader, {first: startFirst, before: start});
      startTimes[count] = start;
      refs[count] = ref;
      times[count] = time;
      words[2 * count + 1] = reader.uint32();
      words[2 * count] = reader.uint32();
      count++;
      total++;
    }
    if (count > 0) receive(refs, times, values, count, startTimes);
    return total;
  }

  /** Histograms of a record of types 7 to 10, 12 and 13. */
  histograms(record: Uint8Array): LoggedHistogram[] {
    return readHistograms(this.#begin(record, record[0]!), record[0]!);
  }

  /** `mint` and `maxt` in [-2^63, 2^63]; both at their ends: the series is gone. */
  tombstones(record: Uint8Array, receive: (ref: number, mint: number, maxt: number) => void): number {
    const reader = this.#begin(record, recordType.tombstones);
    const found: number[] = [];
    while (reader.position < reader.end) {
      found.push(this.#ref(reader.uint64()), reader.varint(), reader.varint());
    }
    for (let i = 0; i < found.length; i += 3) receive(found[i]!, found[i + 1]!, found[i + 2]!);
    return found.length / 3;
  }

  exemplars(
    record: Uint8Array,
    receive: (ref: number, time: number, value: number, labels: Labels) => void,
  ): number {
    const count = this.#exemplarsPass(record, ignoreExemplar);
    this.#exemplarsPass(record, receive);
    return count;
  }

  #exemplarsPass(
    record: Uint8Array,
    receive: (ref: number, time: number, value: number, labels: Labels) => void,
  ): number {
    const reader = this.#begin(record, recordType.exemplars);
    if (reader.position === reader.end) return 0;
    const baseRef = this.#ref(reader.uint64());
    const baseTime = reader.int64();
    let count = 0;
    for (; reader.position < reader.end; count++) {
      const ref = this.#ref(baseRef + reader.varint());
      const time = baseTime + reader.varint();
      const value = reader.float64();
      receive(ref, time, value, this.#labels());
    }
    return count;
  }

  /** Late samples of `ref` up to here are in files of head chunks, the last of them in the chunk `reference`. */
  markers(record: Uint8Array, receive: (ref: number, reference: number) => void): number {
    const reader = this.#begin(record, recordType.mmapMarkers);
    const found: number[] = [];
    while (reader.position < reader.end) found.push(this.#ref(reader.uint64()), this.#ref(reader.uint64()));
    for (let i = 0; i < found.length; i += 2) receive(found[i]!, found[i + 1]!);
    return found.length / 2;
  }

  /** Fields other than unit and help are passed over. */
  metadata(
    record: Uint8Array,
    receive: (ref: number, metricType: string, unit: string, help: string) => void,
  ): number {
    const count = this.#metadataPass(record, ignoreMetadata);
    this.#metadataPass(record, receive);
    return count;
  }

  #metadataPass(
    record: Uint8Array,
    receive: (ref: number, metricType: string, unit: string, help: string) => void,
  ): number {
    const reader = this.#begin(record, recordType.metadata);
    let count = 0;
    for (; reader.position < reader.end; count++) {
      const ref = this.#ref(reader.uvarint());
      const metricType = metricTypes[reader.byte()] ?? 'unknown';
      let unit = '';
      let help = '';
      const fields = reader.uvarint();
      for (let field = 0; field < fields; field++) {
        const name = this.#strings.read(reader);
        const value = this.#strings.read(reader);
        if (name === 'UNIT') unit = value;
        else if (name === 'HELP') help = value;
      }
      receive(ref, metricType, unit, help);
    }
    return count;
  }

  /** The newest time of a record of samples or histograms; Infinity where the record is of another kind. */
  newestTime(record: Uint8Array): number {
    if (isHistogramRecord(record[0]!)) {
      return this.histograms(record).reduce((newest, {timeMs}) => Math.max(newest, timeMs), -Infinity);
    }
    if (record[0] !== recordType.samples && record[0] !== recordType.samplesV2) return Infinity;
    let newest = -Infinity;
    this.samples(record, (_refs, times, _values, count) => {
      for (let i = 0; i < count; i++) newest = Math.max(newest, times[i]!);
    });
    return newest;
  }

  /** Whether a record can be decoded, or is of a kind that is not. */
  sound(record: Uint8Array): boolean {
    try {
      this.#tryDecode(record);
      return true;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return false;
    }
  }

  #tryDecode(record: Uint8Array): void {
    switch (record[0]) {
      case recordType.series:
        this.#checkSeries(record);
        break;
      case recordType.samples:
        this.#samplesV1(record, ignoreSamples);
        break;
      case recordType.samplesV2:
        this.#samplesV2(record, ignoreSamples);
        break;
      case recordType.tombstones:
        this.tombstones(record, ignoreSamples);
        break;
      case recordType.exemplars:
        this.#exemplarsPass(record, ignoreExemplar);
        break;
      case recordType.mmapMarkers:
        this.markers(record, ignoreSamples);
        break;
      case recordType.metadata:
        this.#metadataPass(record, ignoreMetadata);
        break;
      default:
        if (isHistogramRecord(record[0]!)) this.histograms(record);
    }
  }

  #begin(record: Uint8Array, type: number): ByteReader {
    if (record[0] !== type) throw new RangeError(`invalid record type ${record[0]}, expected ${type}`);
    this.#reader.reset(record, 1, record.length);
    return this.#reader;
  }

  #ref(ref: number): number {
    if (!(ref >= 0 && ref <= Number.MAX_SAFE_INTEGER)) throw badRef(ref);
    return ref;
  }

  #labels(): Labels {
    const reader = this.#reader;
    const count = this.#labelCount();
    const labels: string[] = [];
    for (let i = 0; i < 2 * count; i++) labels.push(this.#strings.read(reader));
    return labels;
  }

  #skipLabels(): void {
    const reader = this.#reader;
    for (let left = 2 * this.#labelCount(); left > 0; left--) reader.skip(reader.uvarint());
  }

  #labelCount(): number {
    const count = this.#reader.uvarint();
    // A label takes at least two bytes: no loop that the record could not feed.
    if (2 * count > this.#reader.end - this.#reader.position)
      throw new RangeError(`${count} labels do not fit the record`);
    return count;
  }
}

function ignoreSamples(): void {}
function ignoreExemplar(): void {}
function ignoreMetadata(): void {}

function badRef(ref: number): RangeError {
  return new RangeError(`invalid series reference ${ref}`);
}
