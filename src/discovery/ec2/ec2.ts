import {itemsOf, parseXml, textAt, type XmlElement} from '../../base/xml.ts';
import {type AwsCredentialsSource, awsErrorOf, endpointOf} from '../../http/aws-credentials.ts';
import type {HttpSender} from '../../http/client.ts';
import {signRequest} from '../../http/sigv4.ts';
import type {Ec2DiscoveryConfig} from '../config.ts';
import type {Discoverer, DiscoveryContext} from '../discoverer.ts';
import {joinHostPort} from '../dns.ts';
import {RefreshDiscoverer} from '../refresh.ts';
import type {TargetGroup} from '../targetgroup.ts';

// The API: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html.

const version = '2016-11-15';
const prefix = '__meta_ec2_';

/** Asks EC2 for the instances of a region. */
export function createEc2Discoverer(config: Ec2DiscoveryConfig, context: DiscoveryContext): Discoverer {
  const http = context.world.createHttpClient(config.client);
  const api = new Ec2Api(config, context, http);
  /** IDs of availability zones by name, once they could be asked for. */
  let zones: Map<string, string> | null = null;
  return new RefreshDiscoverer(context, {
    mechanism: 'ec2',
    intervalMs: config.refreshIntervalMs,
    refresh: async (signal) => {
      zones ??= await api.zones(signal).catch((err: unknown) => {
        context.logger.debug('Unable to describe availability zones', {err});
        return null;
      });
      const {region, reservations} = await api.instances(signal);
      return [groupOf(region, reservations, zones, config.port)];
    },
    close: () => void http.close(),
  });
}

class Ec2Api {
  readonly #config: Ec2DiscoveryConfig;
  readonly #context: DiscoveryContext;
  readonly #http: HttpSender;
  readonly #credentials: AwsCredentialsSource;

  constructor(config: Ec2DiscoveryConfig, context: DiscoveryContext, http: HttpSender) {
    this.#config = config;
    this.#context = context;
    this.#http = http;
    this.#credentials = context.world.createAwsCredentials(config.identity, http);
  }

  async zones(signal: AbortSignal): Promise<Map<string, string>> {
    const {answer} = await this.#ask('DescribeAvailabilityZones', {}, signal);
    const pairs = itemsOf(answer, 'availabilityZoneInfo').flatMap((zone): [string, string][] => {
      const [name, id] = [textAt(zone, 'zoneName'), textAt(zone, 'zoneId')];
      return name === null || id === null ? [] : [[name, id]];
    });
    return new Map(pairs);
  }

  async instances(signal: AbortSignal): Promise<{region: string; reservations: XmlElement[]}> {
    const filters: Record<string, string> = {};
    for (const [index, {name, values}] of this.#config.filters.entries()) {
      filters[`Filter.${index + 1}.Name`] = name;
      for (const [at, value] of values.entries()) filters[`Filter.${index + 1}.Value.${at + 1}`] = value;
    }
    const reservations: XmlElement[] = [];
    let token = '';
    for (;;) {
      const parameters = {...filters, ...(token !== '' && {NextToken: token})};
      const {region, answer} = await this.#ask('DescribeInstances', parameters, signal).catch(
        (cause: unknown) => {
          throw new Error(`could not describe instances: ${(cause as Error).message}`, {cause});
        },
      );
      reservations.push(...itemsOf(answer, 'reservationSet'));
      token = textAt(answer, 'nextToken') ?? '';
      if (token === '') return {region, reservations};
    }
  }

  async #ask(
    action: string,
    parameters: Record<string, string>,
    signal: AbortSignal,
  ): Promise<{region: string; answer: XmlElement}> {
    const {region, credentials} = await this.#credentials.identity(signal);
    const {environment} = this.#context.world.kubeWorld;
    const url = new URL(this.#config.endpoint || endpointOf('ec2', region, environment));
    const body = new URLSearchParams({Action: action, Version: version, ...parameters}).toString();
    const plain = {'content-type': 'application/x-www-form-urlencoded; charset=utf-8'};
    const nowMs = this.#context.world.clock.now();
    const headers = signRequest(
      {method: 'POST', url, headers: plain, body},
      {credentials, region, service: 'ec2', nowMs},
    );
    const timeoutMs = this.#config.refreshIntervalMs;
    const {status, text} = await this.#http.request(url.href, {
      method: 'POST',
      body,
      headers,
      timeoutMs,
      signal,
    });
    if (status === 200) return {region, answer: parseXml(text)};
    const {code, message} = awsErrorOf(text);
    throw new Error(`operation error EC2: ${action}, status ${status}, api error ${code}: ${message}`);
  }
}

function groupOf(
  region: string,
  reservations: readonly XmlElement[],
  zones: ReadonlyMap<string, string> | null,
  port: number,
): TargetGroup {
  const targets: Record<string, string>[] = [];
  for (const reservation of reservations) {
    const owner = textAt(reservation, 'ownerId') ?? '';
    for (const instance of itemsOf(reservation, 'instancesSet')) {
      const target = targetOf(instance, port);
      if (target === null) continue;
      target[`${prefix}region`] = region;
      target[`${prefix}owner_id`] = owner;
      target[`${prefix}availability_zone_id`] = zones?.get(target[`${prefix}availability_zone`]!) ?? '';
      targets.push(target);
    }
  }
  return {source: region, targets, labels: {}};
}

/** Where an element of an instance stands, by the label that it becomes. */
const fields: Readonly<Record<string, readonly string[]>> = {
  ami: ['imageId'],
  architecture: ['architecture'],
  availability_zone: ['placement', 'availabilityZone'],
  instance_id: ['instanceId'],
  instance_lifecycle: ['instanceLifecycle'],
  instance_state: ['instanceState', 'name'],
  instance_type: ['instanceType'],
  platform: ['platform'],
  private_dns_name: ['privateDnsName'],
  private_ip: ['privateIpAddress'],
};

/** null for an instance that has no address. */
function targetOf(instance: XmlElement, port: number): Record<string, string> | null {
  const vpc = textAt(instance, 'vpcId');
  const interfaces =
    vpc === null
      ? []
      : itemsOf(instance, 'networkInterfaceSet').filter((each) => textAt(each, 'subnetId') !== null);
  const {primary, all} = ipv6AddressesOf(interfaces);
  const ipv6 = [...primary, ...all].find((address) => address !== '') ?? null;
  const ip = textAt(instance, 'privateIpAddress') ?? ipv6;
  if (ip === null) return null;
  const labels: Record<string, string> = {__address__: joinHostPort(ip, port)};
  const set = (name: string, value: string | null): void => {
    labels[prefix + name] = value ?? '';
  };
  for (const [name, path] of Object.entries(fields)) set(name, textAt(instance, ...path));
  set('default_ipv6_address', ipv6);
  set('ipv6_addresses', listOf(all));
  set('primary_ipv6_addresses', listOf(primary));
  const publicIp = textAt(instance, 'ipAddress');
  if (publicIp !== null) {
    set('public_ip', publicIp);
    set('public_dns_name', textAt(instance, 'dnsName'));
  }
  if (vpc !== null) {
    set('vpc_id', vpc);
    set('primary_subnet_id', textAt(instance, 'subnetId'));
    const subnets = [...new Set(interfaces.map((each) => textAt(each, 'subnetId')!))];
    set('subnet_id', `,${subnets.join(',')},`);
  }
  for (const tag of itemsOf(instance, 'tagSet')) {
    const [key, value] = [textAt(tag, 'key'), textAt(tag, 'value')];
    if (key !== null && value !== null) set(`tag_${key.replaceAll(/[^a-zA-Z0-9_]/g, '_')}`, value);
  }
  return labels;
}

/** With separators at both ends, so that regular expressions need not care where an address stands. */
function listOf(addresses: readonly string[]): string | null {
  return addresses.length === 0 ? null : `,${addresses.join(',')},`;
}

/** `primary` by the index of the device: '' where a device has none. */
function ipv6AddressesOf(interfaces: readonly XmlElement[]): {primary: string[]; all: string[]} {
  const primary: string[] = [];
  const all: string[] = [];
  for (const each of interfaces) {
    for (const item of itemsOf(each, 'ipv6AddressesSet')) {
      const address = textAt(item, 'ipv6Address') ?? '';
      all.push(address);
      if (textAt(item, 'isPrimaryIpv6') !== 'true') continue;
      const device = Math.min(Number(textAt(each, 'attachment', 'deviceIndex') ?? 0), 1000);
      while (primary.length <= device) primary.push('');
      primary[device] = address;
    }
  }
  return {primary, all};
}
