// The sending side of remote write 1.0, for tests and benchmarks.

import type {Labels} from '../model/labels.ts';
import type {Exemplar} from '../storage/exemplar.ts';
import type {WrittenHistogram} from './histogram.ts';
import {writeHistogram} from './histogram-encode.ts';
import {ProtobufWriter} from '../base/protobuf-writer.ts';
import {compressSnappy} from './snappy.ts';

/** Puts a WriteRequest together, series by series. */
export class WriteRequestEncoder {
  readonly #request = new ProtobufWriter();
  readonly #series = new ProtobufWriter();
  readonly #part = new ProtobufWriter();

  reset(): void {
    this.#request.reset();
  }

  /** Times are whole milliseconds. */
  series(
    labels: Labels,
    times: ArrayLike<number>,
    values: ArrayLike<number>,
    histograms: readonly WrittenHistogram[] = [],
    exemplars: readonly Exemplar[] = [],
  ): void {
    const series = this.#series;
    const part = this.#part;
    series.reset();
    for (let i = 0; i < labels.length; i += 2) {
      part.reset();
      part.string(1, labels[i]!);
      part.string(2, labels[i + 1]!);
      series.bytes(1, part.written);
    }
    for (let i = 0; i < times.length; i++) {
      part.reset();
      // As Prometheus encodes it: zero is not sent.
      if (values[i] !== 0 || Object.is(values[i], -0)) part.double(1, values[i]!);
      if (times[i] !== 0) part.int64(2, times[i]!);
      series.bytes(2, part.written);
    }
    for (const exemplar of exemplars) series.bytes(3, this.#exemplar(exemplar));
    for (const histogram of histograms) {
      part.reset();
      writeHistogram(part, histogram);
      series.bytes(4, part.written);
    }
    this.#request.bytes(1, series.written);
  }

  #exemplar({labels, value, timeMs}: Exemplar): Uint8Array {
    const part = this.#part;
    const message = new ProtobufWriter();
    for (let i = 0; i < labels.length; i += 2) {
      part.reset();
      part.string(1, labels[i]!);
      part.string(2, labels[i + 1]!);
      message.bytes(1, part.written);
    }
    message.double(2, value);
    message.int64(3, timeMs);
    return message.written;
  }

  /** `type` is a number of MetricMetadata.MetricType: 1 = counter, 2 = gauge. */
  metadata(type: number, family: string, help: string, unit: string): void {
    const part = this.#part;
    part.reset();
    part.int64(1, type);
    part.string(2, family);
    part.string(4, help);
    part.string(5, unit);
    this.#request.bytes(3, part.written);
  }

  /** The message, valid until the next call. */
  get message(): Uint8Array {
    return this.#request.written;
  }

  /** The body to send, with `Content-Encoding: snappy` and `Content-Type: application/x-protobuf`. */
  body(): Uint8Array {
    return compressSnappy(this.#request.written);
  }
}

/** Headers of a request as Prometheus sends them. */
export const writeRequestHeaders: Readonly<Record<string, string>> = {
  'Content-Encoding': 'snappy',
  'Content-Type': 'application/x-protobuf',
  'X-Prometheus-Remote-Write-Version': '0.1.0',
};
