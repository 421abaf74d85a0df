// Sends samples by remote write 1.0, as Prometheus does; for tests and benchmarks.
import type {Labels} from '../src/model/labels.ts';
import {WriteRequestEncoder, writeRequestHeaders} from '../src/remote/writerequest-encode.ts';

export interface PushedSeries {
  labels: Labels;
  /** Milliseconds, rising. */
  times: Float64Array;
  values: Float64Array;
}

/** Throws where the receiver does not take them. */
export async function pushSamples(baseUrl: string, series: readonly PushedSeries[]): Promise<void> {
  const encoder = new WriteRequestEncoder();
  for (const {labels, times, values} of series) encoder.series(labels, times, values);
  const response = await fetch(`${baseUrl}/api/v1/write`, {
    method: 'POST',
    headers: writeRequestHeaders,
    body: new Uint8Array(encoder.body()),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`cannot push to ${baseUrl}: ${response.status} ${text}`);
}
