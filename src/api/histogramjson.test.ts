import assert from 'node:assert/strict';
import test from 'node:test';
import {customBucketsSchema, FloatHistogram} from '../model/histogram.ts';
import {writeHistogram} from './histogramjson.ts';
import {JsonBytes} from './jsonbytes.ts';

test('writeHistogram() writes what Prometheus writes', () => {
  function f(fields: ConstructorParameters<typeof FloatHistogram>[0], expected: string): void {
    const json = new JsonBytes();
    writeHistogram(json, new FloatHistogram(fields));
    assert.equal(new TextDecoder().decode(json.finish()), expected);
  }
  f({count: 0, sum: NaN}, '{"count":"0","sum":"NaN"}');
  f(
    {
      count: 42.5,
      sum: 1e21,
      zeroThreshold: 0.25,
      zeroCount: 3,
      positiveSpans: [{offset: -1, length: 4}],
      positiveBuckets: Float64Array.of(12, 21, 0, 6),
      negativeSpans: [{offset: 0, length: 1}],
      negativeBuckets: Float64Array.of(1e-7),
    },
    '{"count":"42.5","sum":"1e+21","buckets":[[1,"-1","-0.5","1e-07"],[3,"-0.25","0.25","3"],[0,"0.25","0.5","12"],' +
      '[0,"0.5","1","21"],[0,"2","4","6"]]}',
  );
  f(
    {
      schema: customBucketsSchema,
      count: 2,
      customValues: [1],
      positiveSpans: [{offset: 0, length: 2}],
      positiveBuckets: Float64Array.of(1, 1),
    },
    '{"count":"2","sum":"0","buckets":[[3,"-Inf","1","1"],[0,"1","+Inf","1"]]}',
  );
});
