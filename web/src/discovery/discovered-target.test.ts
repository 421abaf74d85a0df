import assert from 'node:assert/strict';
import test from 'node:test';
import type {TargetsData} from '../api/types.ts';
import {
  decodeDiscoveryFilter,
  discoveredPoolsOf,
  discoveredTargetsOf,
  encodeDiscoveryFilter,
  tellingFirst,
} from './discovered-target.ts';

const active = (scrapePool: string, instance: string): unknown => ({
  scrapePool,
  discoveredLabels: {__address__: instance, __meta_zone: 'north'},
  labels: {instance, job: scrapePool},
});
const data = {
  activeTargets: [active('b', 'x:1'), active('a', 'y:1'), active('a', 'z:1')],
  droppedTargets: [{scrapePool: 'a', discoveredLabels: {__address__: 'gone:1', __meta_zone: 'south'}}],
  droppedTargetCounts: {a: 7, c: 2, d: 0},
} as unknown as TargetsData;

test('discoveredPoolsOf() filters by pool, state and words, and counts all', () => {
  const targets = discoveredTargetsOf(data);
  const f = (search: string, expected: string[]): void => {
    const pools = discoveredPoolsOf(targets, data.droppedTargetCounts!, decodeDiscoveryFilter(search));
    const line = (pool: (typeof pools)[number]): string =>
      `${pool.name} ${pool.active} ${pool.dropped}: ${pool.targets.map(({discoveredLabels}) => discoveredLabels['__address__']).join(' ')}`;
    assert.deepEqual(pools.map(line), expected);
  };
  f('', ['a 2 7: y:1 z:1 gone:1', 'b 1 0: x:1', 'c 0 2: ']);
  f('pool=b', ['b 1 0: x:1']);
  f('state=dropped', ['a 2 7: gone:1']);
  f('state=active&pool=a', ['a 2 7: y:1 z:1']);
  f('state=active&state=dropped&pool=a', ['a 2 7: y:1 z:1 gone:1']);
  f('search=ZONE%3Dsouth', ['a 2 7: gone:1']);
  f('search=job%3D%22a%22+z', ['a 2 7: y:1 z:1']);
  f('search=nothing', []);
});

test('the filter stands in the address', () => {
  for (const each of ['', 'pool=a+b', 'state=dropped', 'pool=x&state=active&search=y'])
    assert.equal(encodeDiscoveryFilter(decodeDiscoveryFilter(each)), each);
  assert.equal(decodeDiscoveryFilter('state=other').state, '');
});

test('tellingFirst() begins with the address', () => {
  const labels = {
    __scheme__: 'http',
    __meta_a: '1',
    __address__: 'x:1',
    zone: 'z',
    job: 'j',
    __meta_b: '2',
  };
  assert.deepEqual(Object.keys(tellingFirst(labels)), [
    '__address__',
    'job',
    '__meta_a',
    '__meta_b',
    'zone',
    '__scheme__',
  ]);
  assert.deepEqual(tellingFirst(labels), labels);
});
