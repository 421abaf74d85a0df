import {staleNaNHigh, staleNaNLow} from '../../../model/value.ts';
import type {Encoding} from '../encoding.ts';
import {HistogramAppender, histogramKind} from '../histogram.ts';
import {Xor2Appender} from '../xor2.ts';
import type {FloatSample, HistogramSample} from './randomsamples.ts';

/** One chunk of all samples. */
export function makeXor2(samples: readonly FloatSample[]): Xor2Appender {
  const appender = new Xor2Appender();
  for (const sample of samples) appendFloat(appender, sample);
  return appender;
}

const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);

export function appendFloat(appender: Xor2Appender, {time, start, value}: FloatSample): void {
  float[0] = value ?? 0;
  if (value === null) appender.append(time, staleNaNHigh, staleNaNLow, start);
  else appender.append(time, words[1]!, words[0]!, start);
}

/** A chunk and the samples that went into it. */
export interface MadeChunk {
  appender: HistogramAppender;
  samples: HistogramSample[];
}

/** Chunks as the appender cuts them, and one after every seven samples besides. */
export function makeHistogramChunks(samples: readonly HistogramSample[], encoding: Encoding): MadeChunk[] {
  const chunks: MadeChunk[] = [];
  let current: MadeChunk | null = null;
  for (const [number, sample] of samples.entries()) {
    const {time, start, histogram} = sample;
    if (current === null || number % 7 === 0) {
      const appender = new HistogramAppender(histogramKind(encoding));
      appender.begin(time, histogram, start, current?.appender ?? null);
      chunks.push((current = {appender, samples: [sample]}));
      continue;
    }
    const next: HistogramAppender | null = current.appender.append(time, histogram, start);
    if (next === null) current.samples.push(sample);
    else chunks.push((current = {appender: next, samples: [sample]}));
  }
  return chunks;
}
