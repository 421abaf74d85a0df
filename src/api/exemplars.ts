import type {ExemplarSeries} from './backend.ts';
import {JsonBytes} from './jsonbytes.ts';

/** The body of `/query_exemplars`, as Prometheus writes it: values as text, times in seconds. */
export function exemplarsBody(found: readonly ExemplarSeries[]): Uint8Array {
  const json = new JsonBytes();
  json.ascii('{"status":"success","data":[');
  for (const [i, {seriesLabels, exemplars}] of found.entries()) {
    json.ascii(i === 0 ? '{"seriesLabels":' : ',{"seriesLabels":');
    labels(json, seriesLabels);
    json.ascii(',"exemplars":[');
    for (const [j, exemplar] of exemplars.entries()) {
      json.ascii(j === 0 ? '{"labels":' : ',{"labels":');
      labels(json, exemplar.labels);
      json.ascii(',"value":');
      json.sampleValue(exemplar.value);
      json.ascii(',"timestamp":');
      json.timestamp(exemplar.timeMs);
      json.ascii('}');
    }
    json.ascii(']}');
  }
  json.ascii(']}');
  return json.finish();
}

function labels(json: JsonBytes, record: Readonly<Record<string, string>>): void {
  json.ascii('{');
  for (const [i, [name, value]] of Object.entries(record).entries()) {
    if (i > 0) json.ascii(',');
    json.string(name);
    json.ascii(':');
    json.string(value);
  }
  json.ascii('}');
}
