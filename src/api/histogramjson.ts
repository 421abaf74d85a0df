import type {FloatHistogram} from '../model/histogram.ts';
import {allBuckets} from '../model/histogram/cursor.ts';
import type {JsonBytes} from './jsonbytes.ts';

/**
 * A histogram sample as Prometheus's API writes it: `{"count":"3","sum":"1.5","buckets":[[3,"-0.001","0.001","3"]]}`.
 * Of a bucket: which bounds belong to it (0 the upper, 1 the lower, 2 neither, 3 both), lower and upper bound, count. Empty
 * buckets are left out, and `buckets` where there are none.
 */
export function writeHistogram(json: JsonBytes, histogram: FloatHistogram): void {
  json.ascii('{"count":');
  json.sampleValue(histogram.count);
  json.ascii(',"sum":');
  json.sampleValue(histogram.sum);
  let some = false;
  for (const bucket = allBuckets(histogram); bucket.next();) {
    if (bucket.count === 0) continue;
    json.ascii(some ? ',[' : ',"buckets":[[');
    some = true;
    const {lowerInclusive, upperInclusive} = bucket;
    json.ascii(lowerInclusive ? (upperInclusive ? '3,' : '1,') : upperInclusive ? '0,' : '2,');
    json.sampleValue(bucket.lower);
    json.ascii(',');
    json.sampleValue(bucket.upper);
    json.ascii(',');
    json.sampleValue(bucket.count);
    json.ascii(']');
  }
  json.ascii(some ? ']}' : '}');
}
