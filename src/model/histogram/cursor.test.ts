import assert from 'node:assert/strict';
import test from 'node:test';
import {customBucketsSchema, FloatHistogram} from '../histogram.ts';
import {
  allBuckets,
  allBucketsDescending,
  type BucketCursor,
  negativeBuckets,
  negativeBucketsAscending,
  positiveBuckets,
} from './cursor.ts';

/** `(lower,upper]count` of each bucket. */
function list(bucket: BucketCursor): string {
  const texts: string[] = [];
  while (bucket.next()) {
    const {lower, upper, lowerInclusive, upperInclusive, count} = bucket;
    texts.push(`${lowerInclusive ? '[' : '('}${lower},${upper}${upperInclusive ? ']' : ')'}${count}`);
  }
  return texts.join(' ');
}

const both = new FloatHistogram({
  zeroThreshold: 0.5,
  zeroCount: 7,
  positiveSpans: [
    {offset: 1, length: 2},
    {offset: 0, length: 0},
    {offset: 1, length: 1},
  ],
  positiveBuckets: Float64Array.of(1, 0, 3),
  negativeSpans: [{offset: 0, length: 2}],
  negativeBuckets: Float64Array.of(4, 5),
});

test('cursors go through the buckets in both directions', () => {
  assert.equal(list(positiveBuckets(both)), '(1,2]1 (2,4]0 (8,16]3');
  assert.equal(list(negativeBuckets(both)), '[-1,-0.5)4 [-2,-1)5');
  assert.equal(list(negativeBucketsAscending(both)), '[-2,-1)5 [-1,-0.5)4');
  const rising = '[-2,-1)5 [-1,-0.5)4 [-0.5,0.5]7 (1,2]1 (2,4]0 (8,16]3';
  assert.equal(list(allBuckets(both)), rising);
  assert.equal(list(allBucketsDescending(both)), rising.split(' ').reverse().join(' '));
});

test('cursors know the index', () => {
  const indexes: number[] = [];
  for (const bucket = positiveBuckets(both); bucket.next();) indexes.push(bucket.index);
  assert.deepEqual(indexes, [1, 2, 4]);
});

test('allBuckets() cuts off what overlaps the zero bucket, and leaves an empty one out', () => {
  const wide = both.with({
    zeroThreshold: 1.5,
    positiveSpans: [{offset: 1, length: 1}],
    positiveBuckets: Float64Array.of(1),
  });
  assert.equal(list(allBuckets(wide)), '[-2,-1.5)5 [-1,-1.5)4 [-1.5,1.5]7 (1.5,2]1');
  assert.equal(list(positiveBuckets(wide)), '(1,2]1');
  assert.equal(list(allBuckets(wide.with({zeroCount: 0}))), '[-2,-1.5)5 [-1,-1.5)4 (1.5,2]1');
});

test('custom buckets include both ends of the first', () => {
  const custom = new FloatHistogram({
    schema: customBucketsSchema,
    customValues: [-1, 5],
    positiveSpans: [{offset: 0, length: 3}],
    positiveBuckets: Float64Array.of(1, 2, 3),
  });
  assert.equal(list(allBuckets(custom)), '[-Infinity,-1]1 (-1,5]2 (5,Infinity]3');
  assert.equal(list(allBucketsDescending(custom)), '(5,Infinity]3 (-1,5]2 [-Infinity,-1]1');
});

test('after the end, a cursor still shows the last bucket', () => {
  const bucket = allBuckets(
    both.with({positiveSpans: [], positiveBuckets: new Float64Array(0), zeroCount: 0}),
  );
  while (bucket.next());
  assert.deepEqual([bucket.lower, bucket.upper, bucket.count], [-1, -0.5, 4]);
});

test('a histogram without buckets has none', () => {
  for (const cursor of [allBuckets, allBucketsDescending, positiveBuckets, negativeBucketsAscending]) {
    assert.equal(list(cursor(new FloatHistogram({count: 1}))), '');
  }
});
