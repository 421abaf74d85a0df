import assert from 'node:assert/strict';
import test from 'node:test';
import {FloatHistogram} from '../../model/histogram.ts';
import {HistogramAppender} from '../chunkenc/histogram.ts';
import {Xor2Appender} from '../chunkenc/xor2.ts';
import {AppenderCache} from './appendercache.ts';

test('AppenderCache gives the appender of the block that it has written, and no other', () => {
  const cache = new AppenderCache();
  const [one, other] = [new Xor2Appender(), new Xor2Appender()];
  cache.set(64, 1000, one);
  assert.equal(cache.get(64, 1000), one);
  assert.equal(cache.get(64, 2000), undefined);
  assert.equal(cache.get(128, 1000), undefined);
  cache.set(64, 2000, other);
  assert.equal(cache.get(64, 1000), undefined);
  assert.equal(cache.get(64, 2000), other);
  cache.delete(64);
  assert.equal(cache.get(64, 2000), undefined);
  assert.equal(cache.size, 0);
});

test('AppenderCache keeps most of what it has when more come by in turn', () => {
  const cache = new AppenderCache(100);
  let found = 0;
  for (let round = 0; round < 20; round++) {
    for (let slot = 1; slot <= 200; slot++) {
      if (cache.get(slot, slot) !== undefined) found++;
      cache.set(slot, slot, new Xor2Appender());
    }
    assert.equal(cache.size, 100);
  }
  assert.ok(found > 1000, `${found} of 4000 were there`);
  // Those that nobody appends to any more make room.
  for (let slot = 1001; slot <= 3000; slot++) cache.set(slot, slot, new Xor2Appender());
  const left = Array.from({length: 200}, (_, i) => cache.get(i + 1, i + 1)).filter(
    (each) => each !== undefined,
  );
  assert.equal(left.length, 0);
});

test('AppenderCache is limited by bytes, too', () => {
  const cache = new AppenderCache();
  const wide = new FloatHistogram({
    positiveSpans: [{offset: 0, length: 50_000}],
    positiveBuckets: new Float64Array(50_000),
  });
  for (let slot = 1; slot <= 100; slot++) {
    const appender = new HistogramAppender({integer: true, starts: false});
    appender.begin(1000, wide, 0, null);
    assert.ok(appender.stateBytes > 1e6);
    cache.set(slot, slot, appender);
  }
  assert.ok(cache.size > 40 && cache.size < 70, `${cache.size} are remembered`);
});
