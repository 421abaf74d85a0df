import assert from 'node:assert/strict';
import test from 'node:test';
import {TestConsul, type TestInstance} from '../../test/lib/consul.ts';
import type {ConsulDiscoveryConfig} from './config.ts';
import {healthOf} from './consulclient.ts';
import {DiscoveryBench} from './testing.ts';

const defaults: ConsulDiscoveryConfig = {
  mechanism: 'consul',
  server: 'localhost:8500',
  pathPrefix: '',
  token: '',
  datacenter: '',
  namespace: '',
  partition: '',
  tagSeparator: ',',
  scheme: 'http',
  allowStale: true,
  refreshIntervalMs: 30_000,
  services: [],
  tags: [],
  nodeMeta: {},
  filter: '',
  healthFilter: '',
  client: {followRedirects: true},
};

const web: TestInstance = {node: 'n1', address: '10.0.0.1', id: 'web-1', service: 'web', port: 80};

function start(config: Partial<ConsulDiscoveryConfig> = {}): {bench: DiscoveryBench; consul: TestConsul} {
  const consul = new TestConsul();
  const bench = new DiscoveryBench();
  bench.server = ({url, headers, signal}) =>
    consul.handle(new URL(url), headers['x-consul-token'] ?? '', signal);
  const discoveryConfigs = [{...defaults, ...config}];
  consul.register(web);
  bench.manager.apply([{jobName: 'j', staticConfigs: [], discoveryConfigs}]);
  return {bench, consul};
}

test('ConsulDiscoverer gives all labels', async () => {
  const {bench, consul} = start();
  consul.register({
    ...web,
    nodeMeta: {'rack-no': '7'},
    taggedAddresses: {lan: '10.0.0.1', wan: '1.2.3.4'},
    serviceAddress: 'fd00::1',
    tags: ['a', 'b'],
    meta: {'v.1': 'x'},
    checks: {serfHealth: 'passing', http: 'warning'},
  });
  await bench.clock.pass(1000);
  assert.deepEqual(bench.targets.get('j'), [
    {
      source: 'web',
      targets: [
        {
          __address__: '[fd00::1]:80',
          __meta_consul_address: '10.0.0.1',
          __meta_consul_node: 'n1',
          __meta_consul_namespace: '',
          __meta_consul_partition: '',
          __meta_consul_tags: ',a,b,',
          __meta_consul_service_address: 'fd00::1',
          __meta_consul_service_port: '80',
          __meta_consul_service_id: 'web-1',
          __meta_consul_health: 'warning',
          __meta_consul_metadata_rack_no: '7',
          __meta_consul_service_metadata_v_1: 'x',
          __meta_consul_tagged_address_lan: '10.0.0.1',
          __meta_consul_tagged_address_wan: '1.2.3.4',
        },
      ],
      labels: {__meta_consul_service: 'web', __meta_consul_dc: 'dc1'},
    },
  ]);
  bench.manager.stop();
});

test('ConsulDiscoverer waits for changes, and follows services that come and go', async () => {
  const {bench, consul} = start();
  await bench.clock.pass(1000);
  assert.deepEqual(bench.addresses('j'), ['10.0.0.1:80']);
  await bench.clock.pass(120_000);
  const asked = consul.requests.length;
  await bench.clock.pass(120_000);
  // Both queries are waiting: no traffic without a change.
  assert.equal(consul.requests.length, asked);
  consul.register({...web, id: 'web-2', port: 81}, {...web, id: 'db-1', service: 'db', port: 5432});
  await bench.clock.pass(6000);
  assert.deepEqual(bench.addresses('j'), ['10.0.0.1:5432', '10.0.0.1:80', '10.0.0.1:81']);
  await bench.clock.pass(60_000);
  consul.deregister('db-1', 'web-1');
  await bench.clock.pass(60_000);
  assert.deepEqual(bench.addresses('j'), ['10.0.0.1:81']);
  consul.deregister('web-2');
  await bench.clock.pass(60_000);
  assert.deepEqual(bench.addresses('j'), []);
  bench.manager.stop();
  const ended = consul.requests.length;
  consul.register(web);
  await bench.clock.pass(60_000);
  assert.equal(consul.requests.length, ended);
});

test('ConsulDiscoverer passes on what limits the search', async () => {
  const {bench, consul} = start({
    datacenter: 'dc1',
    namespace: 'team',
    partition: 'p',
    services: ['web'],
    nodeMeta: {rack: '1'},
    healthFilter: 'Service.Meta.x == y',
    token: 't',
    pathPrefix: '',
    allowStale: false,
  });
  consul.token = 't';
  await bench.clock.pass(1000);
  const [first, ...rest] = consul.requests;
  assert.deepEqual(rest, []);
  const {pathname, searchParams} = new URL(first!, 'http://x');
  assert.equal(pathname, '/v1/health/service/web');
  assert.deepEqual(Object.fromEntries(searchParams), {
    ns: 'team',
    partition: 'p',
    dc: 'dc1',
    wait: '120000ms',
    'node-meta': 'rack:1',
    filter: 'Service.Meta.x == y',
  });
  bench.manager.stop();
});

test('ConsulDiscoverer watches only services with all tags', async () => {
  const {bench, consul} = start({tags: ['prod', 'eu']});
  consul.register(
    {...web, id: '1', tags: ['prod', 'eu', 'x'], port: 1},
    {...web, id: '2', tags: ['prod'], port: 2},
    {...web, id: '3', service: 'db', tags: ['prod'], port: 3},
  );
  await bench.clock.pass(1000);
  assert.deepEqual(bench.addresses('j'), ['10.0.0.1:1']);
  assert.ok(!consul.requests.some((each) => each.includes('/db')));
  bench.manager.stop();
});

test('ConsulDiscoverer keeps the last targets while the server fails, and goes on after it', async () => {
  const {bench, consul} = start();
  await bench.clock.pass(60_000);
  consul.failure = 'No cluster leader';
  consul.register({...web, port: 90});
  await bench.clock.pass(60_000);
  assert.deepEqual(bench.addresses('j'), ['10.0.0.1:80']);
  const error = 'Unexpected response code: 500 (No cluster leader)';
  assert.ok(bench.errors.includes(`Error refreshing service list: ${error}`), bench.errors.join('\n'));
  assert.ok(bench.errors.includes(`Error refreshing service: ${error}`));
  assert.deepEqual(
    bench.manager
      .failures()
      .map(({part}) => part)
      .sort(),
    ['', 'web'],
  );
  assert.ok(bench.manager.statistics().consulFailures >= 2);
  consul.failure = '';
  await bench.clock.pass(60_000);
  assert.deepEqual(bench.addresses('j'), ['10.0.0.1:90']);
  assert.deepEqual(bench.manager.failures(), []);
  // Its data is gone, and the index lower than before.
  consul.reset();
  await bench.clock.pass(60_000);
  consul.register({...web, port: 91});
  await bench.clock.pass(60_000);
  assert.deepEqual(bench.addresses('j'), ['10.0.0.1:91']);
  bench.manager.stop();
});

test('ConsulDiscoverer takes an answer that is not one of Consul for a failure, and goes on', async () => {
  for (const text of ['{}', '[{"Node": {}}]', '[null]', '7']) {
    const {bench, consul} = start({services: ['web']});
    await bench.clock.pass(1000);
    const wrong = {text, headers: {'x-consul-index': '900'}};
    const {server} = bench;
    bench.server = (request) => (request.url.includes('/v1/health/') ? wrong : server(request));
    consul.register({...web, id: 'web-2', port: 81});
    await bench.clock.pass(60_000);
    assert.deepEqual(bench.addresses('j'), ['10.0.0.1:80'], text);
    assert.equal(bench.manager.failures().length, 1, text);
    bench.server = server;
    await bench.clock.pass(60_000);
    assert.deepEqual(bench.addresses('j'), ['10.0.0.1:80', '10.0.0.1:81'], text);
    assert.deepEqual(bench.manager.failures(), []);
    bench.manager.stop();
  }
});

test('ConsulDiscoverer asks for the datacenter until it knows it', async () => {
  const {bench, consul} = start({token: 'wrong'});
  consul.token = 'right';
  await bench.clock.pass(1000);
  assert.deepEqual(bench.errors, [
    'Error retrieving datacenter name: Unexpected response code: 403 (Permission denied: token is wrong)',
  ]);
  consul.token = 'wrong';
  await bench.clock.pass(60_000);
  assert.deepEqual(bench.addresses('j'), ['10.0.0.1:80']);
  bench.manager.stop();
});

test('healthOf() is the worst of the checks', () => {
  const f = (checks: Record<string, string>, expected: string): void =>
    assert.equal(healthOf(Object.entries(checks).map(([CheckID, Status]) => ({CheckID, Status}))), expected);
  f({}, 'passing');
  f({a: 'passing', b: 'warning'}, 'warning');
  f({a: 'critical', b: 'warning'}, 'critical');
  f({a: 'critical', _node_maintenance: 'critical'}, 'maintenance');
  f({'_service_maintenance:web': 'critical'}, 'maintenance');
  f({a: 'strange'}, '');
});
