import assert from 'node:assert/strict';
import test from 'node:test';
import {fillEc2, TestEc2} from '../../../test/lib/ec2.ts';
import type {Ec2DiscoveryConfig} from '../config.ts';
import {recordOf} from '../targetgroup.ts';
import {DiscoveryBench} from '../testing.ts';

async function benchOf(ec2: TestEc2, options: Partial<Ec2DiscoveryConfig> = {}): Promise<DiscoveryBench> {
  const bench = new DiscoveryBench();
  bench.server = ({url, headers, body}) => ec2.answer({headers, host: new URL(url).host, body});
  const config: Ec2DiscoveryConfig = {
    mechanism: 'ec2',
    endpoint: 'http://ec2.test/',
    identity: {
      region: 'eu-west-1',
      accessKey: ec2.accessKey,
      secretKey: ec2.secretKey,
      profile: '',
      roleArn: '',
      externalId: '',
      useFipsStsEndpoint: false,
      serviceName: '',
    },
    port: 80,
    filters: [],
    refreshIntervalMs: 60_000,
    client: {followRedirects: true},
    ...options,
  };
  bench.manager.apply([{jobName: 'j', staticConfigs: [], discoveryConfigs: [config]}]);
  await bench.clock.pass(1000);
  return bench;
}

test('createEc2Discoverer() reads all pages of instances', async () => {
  const ec2 = new TestEc2();
  fillEc2(ec2);
  const bench = await benchOf(ec2);
  assert.deepEqual(bench.errors, []);
  assert.deepEqual(bench.addresses('j'), ['10.0.0.1:80', '10.0.0.2:80', '10.0.0.3:80', '[2001:db8::9]:80']);
  assert.deepEqual(
    ec2.requests.map((form) => `${form.get('Action')} ${form.get('NextToken') ?? ''}`),
    ['DescribeAvailabilityZones ', 'DescribeInstances ', 'DescribeInstances 2', 'DescribeInstances 4'],
  );
  const [full, six] = bench.targets.get('j')![0]!.targets.map(recordOf);
  assert.equal(full!['__meta_ec2_default_ipv6_address'], '2001:db8::2');
  assert.equal(full!['__meta_ec2_primary_ipv6_addresses'], ',2001:db8::2,,2001:db8::3,');
  assert.equal(full!['__meta_ec2_subnet_id'], ',subnet-1,subnet-2,');
  assert.equal(full!['__meta_ec2_tag_aws_autoscaling_group'], 'g');
  assert.equal(full!['__meta_ec2_availability_zone_id'], 'euw1-az2');
  assert.equal(six!['__meta_ec2_default_ipv6_address'], '2001:db8::9');
  bench.manager.stop();
});

test('createEc2Discoverer() sends filters, and says why it is refused', async () => {
  const ec2 = new TestEc2();
  fillEc2(ec2);
  const bench = await benchOf(ec2, {
    filters: [{name: 'instance-type', values: ['m5.large', 'x']}],
    port: 9100,
  });
  assert.deepEqual(bench.addresses('j'), ['10.0.0.2:9100', '10.0.0.3:9100']);
  assert.equal(ec2.requests.at(-1)!.get('Filter.1.Value.2'), 'x');
  ec2.failure = {code: 'RequestLimitExceeded', message: 'Request limit exceeded.'};
  await bench.clock.pass(60_000);
  assert.match(
    bench.errors[0]!,
    /could not describe instances: operation error EC2: DescribeInstances, status 503, api error RequestLimitExceeded: Request limit exceeded\.$/,
  );
  assert.equal(bench.addresses('j').length, 2);
  bench.manager.stop();
});
