import type {FloatHistogram} from '../model/histogram.ts';
import type {Labels} from '../model/labels.ts';
import type {DecodedSamples} from './wal/decodedsamples.ts';
import type {SamplesTable} from './wal/samplesdecoder.ts';

export interface LoggedHistogram {
  ref: number;
  timeMs: number;
  /** 0 = not known. */
  startMs: number;
  /** Null = stale marker. */
  histogram: FloatHistogram | null;
  /** Whether its counts are whole numbers. */
  integer: boolean;
}

/**
 * What the head writes to the write-ahead log. `ref` is Prometheus's HeadSeriesRef: counts up over the life of the data
 * directory, never given to another series, a whole number below 2^53.
 */
export interface HeadLog {
  /** A new series. Buffered until flush(). */
  series(ref: number, labels: Labels): void;
  /**
   * Accepted samples as columns in the shared memory: refs (f64), times (f64, whole milliseconds), values (f64).
   * Encoded at once into the log's buffer, so that the columns may be reused. `startTimes` is null where none is known.
   */
  samples(
    refsAddress: number,
    timesAddress: number,
    valuesAddress: number,
    count: number,
    startTimes?: Float64Array | null,
  ): void;
  histograms(samples: readonly LoggedHistogram[]): void;
  metadata(ref: number, type: string, unit: string, help: string): void;
  /** `time` in milliseconds. */
  exemplar(ref: number, time: number, value: number, labels: Labels): void;
  /**
   * Hands everything buffered to the operating system, in order. Throws where that fails, and then nothing of it counts as
   * written: series and metadata, too, have to be logged again before samples that need them.
   */
  flush(): void;
}

/** The log of late samples (`wbl`). */
export interface LateLog {
  /** As in HeadLog. */
  samples(
    refsAddress: number,
    timesAddress: number,
    valuesAddress: number,
    count: number,
    startTimes?: Float64Array | null,
  ): void;
  histograms(samples: readonly LoggedHistogram[]): void;
  /** All late samples of `ref` until now are in files of head chunks, the last of them in the chunk `reference`. */
  marker(ref: number, reference: number): void;
  flush(): void;
}

/** Receives what replay finds in the write-ahead log, in its order. Buffers are reused: copy what is kept. */
export interface ReplaySink {
  series(ref: number, labels: Labels): void;
  /** `startTimes` is null where the record has none. */
  samples(
    refs: Float64Array,
    times: Float64Array,
    values: Float64Array,
    count: number,
    startTimes?: Float64Array | null,
  ): void;
  /**
   * A record of samples (type 2) as it lies in the linear memory: faster than samples(). Gives the number of samples, or -1 where the
   * record is not sound: then nothing of it was used.
   */
  samplesRecord?(address: number, length: number): number;
  /** What refs stand for, until something other than samples is given: with it another thread reads records for decoded(). */
  readonly samplesTable?: SamplesTable;
  /** Samples that were found with that table. */
  decoded?(samples: DecodedSamples): void;
  /**
   * A record of series, likewise. Those that are not as usual, with a label that is new or names that do not rise, are given to `slowly`
   * instead.
   */
  seriesRecord?(address: number, length: number, slowly: (ref: number, labels: Labels) => void): number;
  histograms(samples: readonly LoggedHistogram[]): void;
  metadata(ref: number, type: string, unit: string, help: string): void;
  exemplar(ref: number, time: number, value: number, labels: Labels): void;
  /** In the log of late samples: see LateLog. */
  marker?(ref: number, reference: number): void;
  /** Samples of `ref` in [mint, maxt] were deleted. */
  tombstone(ref: number, mint: number, maxt: number): void;
}
