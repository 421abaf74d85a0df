import {assert} from '../../base/assert.ts';
import {putVarint, varintBytesMax} from '../../base/varint.ts';
import {sampleBytesMax} from '../../kernels/walsamples.ts';
import type {Labels} from '../../model/labels.ts';
import type {HeadLog, LoggedHistogram} from '../log.ts';
import {RecordCompressor} from './compression.ts';
import type {Compression} from './compression.ts';
import {putSamplesHeader, RecordBuffer, samplesHeaderBytes} from './encode.ts';
import {recordType} from './format.ts';
import {HistogramRecord, histogramRecordType, putStart} from './histogram-records.ts';
import {LogFile} from './log-file.ts';
import type {LogFileOptions, LogFileStatistics} from './log-file.ts';
import type {LogMemory} from './page-buffer.ts';
import {PageBuffer} from './page-buffer.ts';

export interface WalOptions extends LogFileOptions {
  linear: LogMemory;
  /** Snappy where it is not said, as in Prometheus. */
  compression?: Compression;
  /** Whether samples are logged with their start timestamps, as with Prometheus's feature `st-storage`. Default: no. */
  startTimes?: boolean;
}

/** About 45 KB of samples: snappy looks back 64 KB at most, and what a torn record can cost stays small. */
const samplesPerRecordMax = 4096;

/** A record of another kind is ended beyond this. */
const recordBytesSoftMax = 64 * 1024;

export interface WalStatistics extends LogFileStatistics {
  segmentCurrent: number;
  recordBytesSaved: number;
}

/**
 * The write-ahead log of the head. Calls between two flush() are a batch; records are in the order of the calls, and
 * neighbours of one kind share a record.
 */
export class Wal implements HeadLog {
  readonly #file: LogFile;
  readonly #compressor: RecordCompressor;
  readonly #linear: LogMemory;
  /** The open record, where it is not one of samples. */
  readonly #record = new RecordBuffer();
  /** The open record of samples, in the linear memory, where the kernel writes it. */
  readonly #samples: PageBuffer;
  #samplesLength = 0;
  #samplesCount = 0;
  #baseRef = 0;
  #baseTime = 0;
  #bytesSaved = 0;
  readonly #startTimes: boolean;

  constructor(options: WalOptions) {
    this.#linear = options.linear;
    this.#startTimes = options.startTimes ?? false;
    this.#samples = new PageBuffer(
      samplesHeaderBytes + 7 + samplesPerRecordMax * sampleBytesMax,
      options.linear,
    );
    const recordBytes = this.#samples.bytes.length;
    this.#compressor = new RecordCompressor(options.compression ?? 'snappy', options.linear, recordBytes);
    this.#file = new LogFile(options);
  }

  get statistics(): WalStatistics {
    return {
      ...this.#file.statistics,
      segmentCurrent: this.#file.segment,
      recordBytesSaved: this.#bytesSaved,
    };
  }

  /** The end of what flush() has written. */
  get position(): {segment: number; offset: number} {
    return {segment: this.#file.segment, offset: this.#file.committedOffset};
  }

  series(ref: number, labels: Labels): void {
    this.#open(recordType.series).series(ref, labels);
  }

  samples(
    refsAddress: number,
    timesAddress: number,
    valuesAddress: number,
    count: number,
    startTimes: Float64Array | null = null,
  ): void {
    if (this.#startTimes) {
      return this.#samplesV2({refsAddress, timesAddress, valuesAddress, count, startTimes});
    }
    if (this.#record.type !== 0) this.#end();
    for (let done = 0; done < count;) {
      if (this.#samplesCount === 0) this.#beginSamples(refsAddress + 8 * done, timesAddress + 8 * done);
      const run = Math.min(count - done, samplesPerRecordMax - this.#samplesCount);
      const skip = 8 * done;
      this.#samplesLength += this.#linear.kernels.encodeSamples(
        refsAddress + skip,
        timesAddress + skip,
        valuesAddress + skip,
        run,
        this.#baseRef,
        this.#baseTime,
        this.#samples.address + this.#samplesLength,
      );
      this.#samplesCount += run;
      done += run;
      if (this.#samplesCount === samplesPerRecordMax) this.#end();
    }
  }

  histograms(samples: readonly LoggedHistogram[]): void {
    this.#end();
    let records = new Map<number, HistogramRecord>();
    let types = new Map<number, number>();
    for (const sample of samples) {
      const type = histogramRecordType(sample, this.#startTimes);
      // One series that changes its type: what was before goes into the log first.
      if ((types.get(sample.ref) ?? type) !== type) {
        this.#endHistograms(records);
        records = new Map();
        types = new Map();
      }
      types.set(sample.ref, type);
      const record = records.get(type) ?? new HistogramRecord(type);
      records.set(type, record);
      record.add(sample);
      if (record.length <= recordBytesSoftMax) continue;
      this.#endHistograms(new Map([[type, record]]));
      records.delete(type);
    }
    this.#endHistograms(records);
  }

  #endHistograms(records: ReadonlyMap<number, HistogramRecord>): void {
    for (const {bytes, length} of records.values()) this.#log(bytes.subarray(0, length));
  }

  metadata(ref: number, type: string, unit: string, help: string): void {
    this.#open(recordType.metadata).metadata(ref, type, unit, help);
  }

  /** Samples of `ref` in [mint, maxt] are deleted; from -2^63 to 2^63: the series is. */
  tombstone(ref: number, mint: number, maxt: number): void {
    this.#open(recordType.tombstones).tombstone(ref, mint, maxt);
  }

  exemplar(ref: number, time: number, value: number, labels: Labels): void {
    this.#open(recordType.exemplars).exemplar(ref, time, value, labels);
  }

  /** In the log of late samples: those of `ref` until now are in files of head chunks. */
  marker(ref: number, reference: number): void {
    this.#open(recordType.mmapMarkers).marker(ref, reference);
  }

  /** Adds a record as another log has it. */
  copy(record: Uint8Array): void {
    this.#end();
    this.#log(record);
  }

  flush(): void {
    this.#end();
    this.#file.commit();
  }

  /** Ends the segment, where it holds anything: the next batch begins a new one. After flush(). Throws where that fails. */
  cut(): void {
    this.#file.cut();
  }

  /** Makes all that was flushed durable. */
  sync(): Promise<void> {
    return this.#file.sync();
  }

  /** Makes all that was flushed durable and closes the files. */
  async close(): Promise<void> {
    try {
      await this.#file.close();
    } finally {
      this.#samples.free();
      this.#compressor.free();
    }
  }

  #open(type: number): RecordBuffer {
    const record = this.#record;
    if (record.type !== type || record.length > recordBytesSoftMax) {
      this.#end();
      record.begin(type);
    }
    return record;
  }

  #beginSamples(refAddress: number, timeAddress: number): void {
    const {f64} = this.#linear.memory;
    assert(refAddress % 8 === 0 && timeAddress % 8 === 0, 'columns are aligned');
    this.#baseRef = f64[refAddress / 8]!;
    this.#baseTime = f64[timeAddress / 8]!;
    putSamplesHeader(this.#samples.bytes, 0, this.#baseRef, this.#baseTime);
    this.#samplesLength = samplesHeaderBytes;
  }

  /** Records of type 11, which are not written by a kernel. */
  #samplesV2(columns: {
    refsAddress: number;
    timesAddress: number;
    valuesAddress: number;
    count: number;
    startTimes: Float64Array | null;
  }): void {
    this.#end();
    const {f64, u8} = this.#linear.memory;
    const {count, startTimes} = columns;
    const bytes = new Uint8Array(1 + samplesPerRecordMax * (4 * varintBytesMax + 8));
    for (let done = 0; done < count;) {
      const run = Math.min(count - done, samplesPerRecordMax);
      let refBefore = 0;
      let startBefore = 0;
      const timeFirst = f64[columns.timesAddress / 8 + done]!;
      const startFirst = startTimes?.[done] ?? 0;
      bytes[0] = recordType.samplesV2;
      let at = 1;
      for (let i = done; i < done + run; i++) {
        const ref = f64[columns.refsAddress / 8 + i]!;
        const start = startTimes?.[i] ?? 0;
        at = putVarint(bytes, at, ref - refBefore);
        at = putVarint(bytes, at, f64[columns.timesAddress / 8 + i]! - (i === done ? 0 : timeFirst));
        if (i === done) at = putVarint(bytes, at, start);
        else at = putStart(bytes, at, start, {first: startFirst, before: startBefore});
        const value = columns.valuesAddress + 8 * i;
        for (let byte = 7; byte >= 0; byte--) bytes[at++] = u8[value + byte]!;
        refBefore = ref;
        startBefore = start;
      }
      this.#log(bytes.subarray(0, at));
      done += run;
    }
  }

  /** Ends the open record. */
  #end(): void {
    if (this.#samplesCount > 0) {
      this.#log(this.#samples.bytes.subarray(0, this.#samplesLength));
      this.#samplesCount = 0;
    } else if (this.#record.type !== 0) {
      this.#log(this.#record.bytes.subarray(0, this.#record.length));
      this.#record.clear();
    }
  }

  #log(record: Uint8Array): void {
    const {bits, bytes} = this.#compressor.compress(record);
    this.#bytesSaved += record.length - bytes.length;
    this.#file.append(bits, bytes, 0, bytes.length);
  }
}
