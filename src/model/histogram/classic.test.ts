import assert from 'node:assert/strict';
import test from 'node:test';
import {ClassicHistogram, classicPart} from './classic.ts';
import {formatTestExpression} from './format.ts';

function classic(buckets: [number, number][], count?: number, sum?: number): ClassicHistogram {
  const histogram = new ClassicHistogram();
  for (const [bound, cumulative] of buckets) histogram.setBucket(bound, cumulative);
  if (count !== undefined) histogram.setCount(count);
  if (sum !== undefined) histogram.setSum(sum);
  return histogram;
}

test('ClassicHistogram becomes one with custom buckets', () => {
  function f(histogram: ClassicHistogram, expected: string): void {
    assert.equal(formatTestExpression(histogram.convert()), expected);
  }
  f(
    classic(
      [
        [1, 2],
        [2, 5],
        [Infinity, 6],
      ],
      6,
      7.5,
    ),
    '{{schema:-53 count:6 sum:7.5 custom_values:[1 2] buckets:[2 3 1]}}',
  );
  // In any order, a bound twice, without count, without +Inf.
  f(
    classic([
      [Infinity, 6],
      [2, 5],
      [1, 2],
      [1, 9],
    ]),
    '{{schema:-53 count:6 custom_values:[1 2] buckets:[2 3 1]}}',
  );
  f(classic([[1, 2]], 3), '{{schema:-53 count:3 custom_values:[1] buckets:[2 1]}}');
  f(classic([], 3, 1), '{{schema:-53 count:3 sum:1 custom_values:[] buckets:[3]}}');
  f(
    classic([
      [1, 0.5],
      [2, 0.5],
    ]),
    '{{schema:-53 count:0.5 custom_values:[1 2] buckets:[0.5]}}',
  );
});

test('ClassicHistogram refuses what contradicts itself', () => {
  function f(histogram: ClassicHistogram, message: string): void {
    assert.throws(() => histogram.convert(), new RangeError(message));
  }
  f(
    classic([
      [1, 3],
      [2, 2],
    ]),
    'count is not cumulative: 2 < 3',
  );
  f(
    classic([
      [2, 2],
      [1, 3],
    ]),
    'count is not cumulative: 3 > 2',
  );
  f(classic([[1, -1]]), 'bucket count must be non-negative: le=1, count=-1');
  f(classic([[NaN, 1]]), 'bucket boundary must not be NaN');
  f(classic([], -1), 'count must be non-negative: count=-1');
  f(classic([[Infinity, 2]], 3), 'count mismatch: count=3 != le=+Inf count=2');
});

test('classicPart() of a series name', () => {
  assert.deepEqual(classicPart('a_b_bucket'), {part: 'bucket', base: 'a_b'});
  assert.deepEqual(classicPart('a_sum'), {part: 'sum', base: 'a'});
  assert.deepEqual(classicPart('a_count'), {part: 'count', base: 'a'});
  assert.equal(classicPart('a_total'), null);
});
