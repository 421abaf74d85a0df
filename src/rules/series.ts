// The series that a rule gives, as bytes and columns: query threads write them, the storage thread reads them, and nobody
// between them looks inside.
//
//     labels of series i: bytes [ends[i - 1], ends[i]) of `labels`: name, value, name, value, …, each a uvarint of its
//     length in bytes and the bytes of its UTF-8. Names rise, no value is empty.

import {assert} from '../base/assert.ts';
import {ByteReader, putUvarint} from '../base/varint.ts';
import {FloatHistogram} from '../model/histogram.ts';
import type {Labels} from '../model/labels.ts';

export interface RuleSeries {
  labels: Uint8Array;
  ends: Uint32Array;
  values: Float64Array;
  /** By series, undefined where the value is a float; null where all are. */
  histograms: (FloatHistogram | undefined)[] | null;
}

export const noSeries: RuleSeries = {
  labels: new Uint8Array(0),
  ends: new Uint32Array(0),
  values: new Float64Array(0),
  histograms: null,
};

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const lengthBytesMax = 5;

/** Gathers series. */
export class RuleSeriesWriter {
  #bytes = new Uint8Array(1024);
  #end = 0;
  readonly #ends: number[] = [];
  readonly #values: number[] = [];
  #histograms: (FloatHistogram | undefined)[] | null = null;

  get length(): number {
    return this.#ends.length;
  }

  add(labels: Labels, value: number | FloatHistogram): void {
    for (const text of labels) this.#addText(text);
    if (typeof value !== 'number') (this.#histograms ??= [])[this.#ends.length] = value;
    this.#values.push(typeof value === 'number' ? value : 0);
    this.#ends.push(this.#end);
  }

  finish(): RuleSeries {
    const histograms = this.#histograms;
    if (histograms !== null) histograms.length = this.#ends.length;
    return {
      // A copy of its own: what is sent to another thread takes its whole buffer along.
      labels: this.#bytes.slice(0, this.#end),
      ends: Uint32Array.from(this.#ends),
      values: Float64Array.from(this.#values),
      histograms,
    };
  }

  #addText(text: string): void {
    const bytesMax = 3 * text.length;
    const needed = this.#end + lengthBytesMax + bytesMax;
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    if (text.length < 0x2a) {
      // Fast path: the length takes one byte, whatever the text is.
      const {written} = encoder.encodeInto(text, this.#bytes.subarray(this.#end + 1));
      this.#bytes[this.#end] = written;
      this.#end += 1 + written;
      return;
    }
    const bytes = encoder.encode(text);
    const start = putUvarint(this.#bytes, this.#end, bytes.length);
    this.#bytes.set(bytes, start);
    this.#end = start + bytes.length;
  }
}

/** Labels of series `index`. */
export function labelsOfSeries({labels, ends}: RuleSeries, index: number): Labels {
  assert(index < ends.length, `series ${index} of ${ends.length}`);
  const reader = new ByteReader(labels, index === 0 ? 0 : ends[index - 1]!, ends[index]!);
  const texts: string[] = [];
  while (reader.position < reader.end) {
    const length = reader.uvarint();
    const start = reader.skip(length);
    texts.push(decoder.decode(labels.subarray(start, start + length)));
  }
  return texts;
}

/** The histogram of a series; undefined where it has a float. What came from another thread has lost its class. */
export function histogramOfSeries({histograms}: RuleSeries, index: number): FloatHistogram | undefined {
  const histogram = histograms?.[index];
  return histogram === undefined || histogram instanceof FloatHistogram
    ? histogram
    : new FloatHistogram(histogram);
}
