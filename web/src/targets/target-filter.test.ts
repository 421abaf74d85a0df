import assert from 'node:assert/strict';
import test from 'node:test';
import type {Health, Target} from '../api/types.ts';
import {countsOf, decodeFilter, encodeFilter, poolsOf, type TargetFilter} from './target-filter.ts';

function target(scrapePool: string, host: string, health: Health, lastError = ''): Target {
  return {
    discoveredLabels: {},
    labels: {job: scrapePool, instance: host},
    scrapePool,
    scrapeUrl: `http://${host}/metrics`,
    lastError,
    lastScrape: '0001-01-01T00:00:00Z',
    lastScrapeDuration: 0,
    health,
    scrapeInterval: '15s',
    scrapeTimeout: '10s',
  };
}

const targets = [
  target('node', 'b:9100', 'up'),
  target('node', 'c:9100', 'down', 'connection refused'),
  target('node', 'a:9100', 'up'),
  target('api', 'z:80', 'unknown'),
];
const all: TargetFilter = {pool: '', health: '', search: ''};

test('poolsOf() groups by pool, sick targets first, and counts what the filter hides', () => {
  function f(filter: Partial<TargetFilter>, expected: [string, string[]][]): void {
    assert.deepEqual(
      poolsOf(targets, {...all, ...filter}).map(({name, targets: shown}) => [
        name,
        shown.map(({labels}) => labels['instance']),
      ]),
      expected,
    );
  }
  f({}, [
    ['api', ['z:80']],
    ['node', ['c:9100', 'a:9100', 'b:9100']],
  ]);
  f({pool: 'node', health: 'up'}, [['node', ['a:9100', 'b:9100']]]);
  f({search: 'REFUSED'}, [['node', ['c:9100']]]);
  f({search: 'job="node" b:9'}, [['node', ['b:9100']]]);
  f({search: 'nothing'}, []);
  assert.deepEqual(poolsOf(targets, {...all, health: 'down'})[0]?.counts, {up: 2, down: 1, unknown: 0});
  assert.deepEqual(countsOf(targets), {up: 2, down: 1, unknown: 1});
});

test('decodeFilter() reads Prometheus links and what encodeFilter() wrote', () => {
  assert.deepEqual(decodeFilter('?pool=node&health=down'), {pool: 'node', health: 'down', search: ''});
  assert.deepEqual(decodeFilter('?scrapePool=node'), {...all, pool: 'node'});
  assert.deepEqual(decodeFilter('?health=up&health=down&search=x'), {...all, search: 'x'});
  assert.deepEqual(decodeFilter('?health=ill'), all);
  for (const filter of [all, {pool: 'a b', health: 'up', search: 'job="x" &'}] as const) {
    assert.deepEqual(decodeFilter(`?${encodeFilter(filter)}`), filter);
  }
});
