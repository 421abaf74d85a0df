import type {DnsDiscoveryConfig} from './config.ts';
import type {Discoverer, DiscoveryContext} from './discoverer.ts';
import {RefreshDiscoverer} from './refresh.ts';
import type {DnsRecord, DnsType} from './resolver.ts';
import type {TargetGroup} from './targetgroup.ts';

/** Looks names up. One that cannot be looked up keeps its last targets; the others do not wait for it. */
export function createDnsDiscoverer(config: DnsDiscoveryConfig, context: DiscoveryContext): Discoverer {
  const lookup = async (name: string): Promise<TargetGroup[]> => {
    const {counters, logger, world} = context;
    try {
      counters.dnsLookups++;
      const records = await world.resolver.lookup(name, config.type);
      context.report(name, null);
      return [{source: name, targets: records.map((record) => targetOf(config, name, record)), labels: {}}];
    } catch (cause) {
      counters.dnsLookupFailures++;
      context.report(name, cause as Error);
      logger.error('Error refreshing DNS targets', {err: cause});
      return [];
    }
  };
  return new RefreshDiscoverer(context, {
    mechanism: 'dns',
    intervalMs: config.refreshIntervalMs,
    refresh: async () => (await Promise.all(config.names.map(lookup))).flat(),
  });
}

const nameLabels: Partial<Record<DnsType, string>> = {
  SRV: '__meta_dns_srv_record_target',
  MX: '__meta_dns_mx_record_target',
  NS: '__meta_dns_ns_record_target',
};

function targetOf({type, port}: DnsDiscoveryConfig, name: string, record: DnsRecord): Record<string, string> {
  const nameLabel = nameLabels[type];
  return {
    __address__: joinHostPort(record.host, record.port ?? port),
    __meta_dns_name: name,
    // The name as it stands in the record: rooted.
    ...(nameLabel !== undefined && {[nameLabel]: `${record.host}.`}),
    ...(record.port !== undefined && {__meta_dns_srv_record_port: String(record.port)}),
  };
}

/** `[::1]:80` for an IPv6 address. */
export function joinHostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
