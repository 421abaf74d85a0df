import assert from 'node:assert/strict';
import test from 'node:test';
import type {DnsDiscoveryConfig} from './config.ts';
import {
  candidatesOf,
  type DnsQuery,
  type DnsRecord,
  type DnsType,
  parseResolvConf,
  SearchingResolver,
} from './resolver.ts';
import {DiscoveryBench} from './testing.ts';

function job(names: string[], type: DnsType, port = 0) {
  const config: DnsDiscoveryConfig = {mechanism: 'dns', names, type, port, refreshIntervalMs: 30_000};
  return {jobName: 'j', staticConfigs: [], discoveryConfigs: [config]};
}

test('the dns discoverer makes targets of records', async () => {
  const f = async (
    type: DnsType,
    port: number,
    record: DnsRecord,
    target: Record<string, string>,
  ): Promise<void> => {
    const bench = new DiscoveryBench({resolver: {lookup: () => Promise.resolve([record])}});
    bench.manager.apply([job(['a.b'], type, port)]);
    await bench.clock.pass(1000);
    assert.deepEqual(bench.targets.get('j'), [{source: 'a.b', targets: [target], labels: {}}]);
    bench.manager.stop();
  };
  const __meta_dns_name = 'a.b';
  await f('A', 80, {host: '10.0.0.1'}, {__address__: '10.0.0.1:80', __meta_dns_name});
  await f('AAAA', 80, {host: 'fe80::1'}, {__address__: '[fe80::1]:80', __meta_dns_name});
  await f(
    'MX',
    25,
    {host: 'mx.a'},
    {__address__: 'mx.a:25', __meta_dns_name, __meta_dns_mx_record_target: 'mx.a.'},
  );
  await f(
    'NS',
    53,
    {host: 'ns.a'},
    {__address__: 'ns.a:53', __meta_dns_name, __meta_dns_ns_record_target: 'ns.a.'},
  );
  await f(
    'SRV',
    1,
    {host: 's.a', port: 9090},
    {
      __address__: 's.a:9090',
      __meta_dns_name,
      __meta_dns_srv_record_target: 's.a.',
      __meta_dns_srv_record_port: '9090',
    },
  );
});

test('the dns discoverer keeps the targets of a name that cannot be looked up, and forgets those of one that is gone', async () => {
  const answers = new Map<string, DnsRecord[] | Error>();
  const lookup = (name: string): Promise<DnsRecord[]> => {
    const answer = answers.get(name) ?? [];
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  const bench = new DiscoveryBench({resolver: {lookup}});
  answers.set('a', [{host: '1.1.1.1'}]).set('b', [{host: '2.2.2.2'}]);
  bench.manager.apply([job(['a', 'b'], 'A', 1)]);
  await bench.clock.pass(1000);
  assert.deepEqual(bench.addresses('j'), ['1.1.1.1:1', '2.2.2.2:1']);
  answers.set('a', new Error('boned')).set('b', [{host: '3.3.3.3'}]);
  await bench.clock.pass(31_000);
  assert.deepEqual(bench.addresses('j'), ['1.1.1.1:1', '3.3.3.3:1']);
  assert.deepEqual(bench.errors, ['Error refreshing DNS targets: boned']);
  assert.deepEqual(
    bench.manager.failures().map(({part, error}) => [part, error]),
    [['a', 'boned']],
  );
  const {dnsLookups, dnsLookupFailures} = bench.manager.statistics();
  assert.deepEqual([dnsLookups, dnsLookupFailures], [4, 1]);
  answers.set('a', []);
  await bench.clock.pass(31_000);
  assert.deepEqual(bench.addresses('j'), ['3.3.3.3:1']);
  assert.deepEqual(bench.manager.failures(), []);
  bench.manager.stop();
});

test('candidatesOf() tries search domains as resolv.conf says', () => {
  const f = (name: string, conf: string, ...expected: string[]): void =>
    assert.deepEqual(candidatesOf(name, parseResolvConf(conf)), expected);
  f('a', '', 'a.');
  f('a.', 'search x y', 'a.');
  f('a', 'search x y.', 'a.x.', 'a.y.', 'a.');
  f('a.b', 'search x\n', 'a.b.', 'a.b.x.');
  f('a.b', '# c\nnameserver 1.1.1.1\nsearch x\noptions timeout:1 ndots:5', 'a.b.x.', 'a.b.');
  f('a', 'domain old\nsearch new', 'a.new.', 'a.');
});

test('SearchingResolver tells no such name from nobody knows', async () => {
  const failure = (code: string): Error => Object.assign(new Error(code), {code});
  const f = async (
    answers: Record<string, DnsRecord[] | string>,
    expected: DnsRecord[] | RegExp,
  ): Promise<void> => {
    const query: DnsQuery = (name) => {
      const answer = answers[name];
      assert.ok(answer !== undefined, `${name} is not to be asked for`);
      return typeof answer === 'string' ? Promise.reject(failure(answer)) : Promise.resolve(answer);
    };
    const looked = new SearchingResolver(query, () => ({search: ['x'], ndots: 1})).lookup('a', 'A');
    if (expected instanceof RegExp) await assert.rejects(looked, expected);
    else assert.deepEqual(await looked, expected);
  };
  const found = [{host: '1.1.1.1'}];
  await f({'a.x.': found}, found);
  await f({'a.x.': 'ENOTFOUND', 'a.': found}, found);
  await f({'a.x.': 'ESERVFAIL', 'a.': found}, found);
  await f({'a.x.': 'ENODATA'}, []);
  await f({'a.x.': 'ENOTFOUND', 'a.': 'ENOTFOUND'}, []);
  await f(
    {'a.x.': 'ETIMEOUT', 'a.': 'ENOTFOUND'},
    /^Error: could not resolve "a": all servers responded with errors to/,
  );
});
