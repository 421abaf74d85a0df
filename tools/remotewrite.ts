// Sends samples by remote write 1.0, as Prometheus does; for tests and benchmarks.
import type {Labels} from '../src/model/labels.ts';
import {WriteRequestEncoder, writeRequestHeaders} from '../src/remote/writerequest-encode.ts';

/** Sends the body of a request. Throws where the receiver does not take it. */
export async function pushBody(baseUrl: string, body: Uint8Array): Promise<void> {
  const response = await fetch(`${baseUrl}/api/v1/write`, {
    method: 'POST',
    headers: writeRequestHeaders,
    body: new Uint8Array(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`cannot push to ${baseUrl}: ${response.status} ${text}`);
}

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
  await pushBody(baseUrl, encoder.body());
}
