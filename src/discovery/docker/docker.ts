import type {HttpFetcher} from '../../http/client.ts';
import type {DockerDiscoveryConfig} from '../config.ts';
import type {Discoverer, DiscoveryContext} from '../discoverer.ts';
import {joinHostPort} from '../dns.ts';
import {RefreshDiscoverer} from '../refresh.ts';
import type {TargetGroup} from '../targetgroup.ts';

// The part of Docker's API that is read: https://docs.docker.com/reference/api/engine/.

interface Container {
  Id: string;
  Names?: string[] | null;
  Image?: string;
  ImageID?: string;
  Labels?: Record<string, string> | null;
  Ports?: {IP?: string; PrivatePort: number; PublicPort?: number; Type: string}[] | null;
  HostConfig?: {NetworkMode?: string};
  NetworkSettings?: {Networks?: Record<string, ContainerNetwork | null> | null} | null;
}

interface ContainerNetwork {
  NetworkID?: string;
  IPAddress?: string;
  GlobalIPv6Address?: string;
}

interface Network {
  Id: string;
  Name: string;
  Scope: string;
  Internal: boolean;
  Ingress: boolean;
  Labels?: Record<string, string> | null;
}

const prefix = '__meta_docker_';

/** Asks a Docker daemon for its running containers: a target for each TCP port in each network. */
export function createDockerDiscoverer(config: DockerDiscoveryConfig, context: DiscoveryContext): Discoverer {
  const daemon = new DockerDaemon(config, context);
  return new RefreshDiscoverer(context, {
    mechanism: 'docker',
    intervalMs: config.refreshIntervalMs,
    refresh: async (signal) => {
      const filters = filtersOf(config.filters);
      const parameters = filters === '' ? '' : `?filters=${encodeURIComponent(filters)}`;
      const containers = (await daemon.get(
        `/containers/json${parameters}`,
        signal,
        'error while listing containers',
      )) as Container[];
      const networks = (await daemon.get(
        '/networks',
        signal,
        'error while computing network labels',
      )) as Network[];
      return [groupOf(containers, networks, config)];
    },
    close: () => void daemon.close(),
  });
}

function filtersOf(filters: DockerDiscoveryConfig['filters']): string {
  const byName: Record<string, Record<string, boolean>> = {};
  for (const {name, values} of filters) for (const value of values) (byName[name] ??= {})[value] = true;
  return filters.length === 0 ? '' : JSON.stringify(byName);
}

class DockerDaemon {
  readonly #http: HttpFetcher;
  readonly #base: string;
  readonly #timeoutMs: number;
  #version: string | null = null;

  constructor({host, client, refreshIntervalMs}: DockerDiscoveryConfig, {world}: DiscoveryContext) {
    const [, scheme = '', rest = ''] = /^([a-z]+):\/\/(.*)$/.exec(host) ?? [];
    const isHttp = scheme === 'http' || scheme === 'https';
    if (scheme === 'unix') {
      this.#http = world.createUnixClient(rest);
      this.#base = 'http://docker';
    } else {
      // As in Docker's own client: tcp is HTTP, and the configuration of HTTP is not meant for it.
      this.#http = world.createHttpClient(isHttp ? client : {followRedirects: true});
      this.#base = `${isHttp ? scheme : 'http'}://${rest}`.replace(/\/+$/, '');
    }
    this.#timeoutMs = refreshIntervalMs;
  }

  async get(path: string, signal: AbortSignal, failure: string): Promise<unknown> {
    try {
      this.#version ??= await this.#findVersion(signal);
      const version = this.#version === '' ? '' : `/v${this.#version}`;
      const {status, text} = await this.#ask(version + path, signal);
      if (status === 200) return JSON.parse(text) as unknown;
      throw new Error(`Error response from daemon: ${messageOf(text)}`);
    } catch (cause) {
      throw new Error(`${failure}: ${(cause as Error).message}`, {cause});
    }
  }

  close(): Promise<void> {
    return this.#http.close();
  }

  /** The daemon's own version of the API: it knows the fields that are read in all of them. */
  async #findVersion(signal: AbortSignal): Promise<string> {
    return (await this.#ask('/_ping', signal)).header('api-version');
  }

  #ask(path: string, signal: AbortSignal): ReturnType<HttpFetcher['get']> {
    return this.#http.get(this.#base + path, {timeoutMs: this.#timeoutMs, signal});
  }
}

function messageOf(text: string): string {
  try {
    const {message} = JSON.parse(text) as {message?: unknown};
    if (typeof message === 'string') return message;
  } catch {
    // Not JSON: the text itself says what is wrong.
  }
  return text.trim().slice(0, 300);
}

type LabelRecord = Record<string, string>;

function groupOf(
  containers: readonly Container[],
  networks: readonly Network[],
  config: DockerDiscoveryConfig,
): TargetGroup {
  const byId = new Map(containers.map((container) => [container.Id, container]));
  const networkLabels = new Map(networks.map((network) => [network.Id, labelsOfNetwork(network)]));
  const targets: LabelRecord[] = [];
  for (const container of containers) {
    if ((container.Names ?? []).length === 0) continue;
    const common = labelsOfContainer(container);
    for (const network of networksOf(container, byId, config.matchFirstNetwork)) {
      const ofNetwork = networkLabels.get(network.NetworkID ?? '') ?? {};
      for (const own of targetsOf(container, network, config))
        targets.push({...own, ...common, ...ofNetwork});
    }
  }
  return {source: 'Docker', targets, labels: {}};
}

function modeOf({HostConfig: host}: Container): string {
  return host?.NetworkMode ?? '';
}

function labelsOfContainer(container: Container): LabelRecord {
  const labels: LabelRecord = {
    [`${prefix}container_id`]: container.Id,
    [`${prefix}container_name`]: container.Names![0]!,
    [`${prefix}container_network_mode`]: modeOf(container),
    [`${prefix}container_image`]: container.Image ?? '',
    [`${prefix}container_image_id`]: container.ImageID ?? '',
  };
  addLabels(labels, `${prefix}container_label_`, container.Labels);
  return labels;
}

function labelsOfNetwork({
  Id: id,
  Name: name,
  Scope: scope,
  Internal: internal,
  Ingress: ingress,
  Labels: own,
}: Network): LabelRecord {
  const labels: LabelRecord = {
    [`${prefix}network_id`]: id,
    [`${prefix}network_name`]: name,
    [`${prefix}network_scope`]: scope,
    [`${prefix}network_internal`]: String(internal),
    [`${prefix}network_ingress`]: String(ingress),
  };
  addLabels(labels, `${prefix}network_label_`, own);
  return labels;
}

function addLabels(
  target: LabelRecord,
  start: string,
  labels: Record<string, string> | null | undefined,
): void {
  for (const [name, value] of Object.entries(labels ?? {}))
    target[start + name.replaceAll(/[^a-zA-Z0-9_]/g, '_')] = value;
}

/** A container may use the networks of another one, and that those of a third. */
function networksOf(
  container: Container,
  byId: ReadonlyMap<string, Container>,
  onlyFirst: boolean,
): ContainerNetwork[] {
  let networks = container.NetworkSettings?.Networks ?? {};
  let mode = modeOf(container);
  const seen = new Set<Container>();
  while (Object.keys(networks).length === 0 && mode.startsWith('container:')) {
    const other = byId.get(mode.slice('container:'.length));
    if (other === undefined || seen.has(other)) break;
    seen.add(other);
    networks = other.NetworkSettings?.Networks ?? {};
    mode = modeOf(other);
  }
  const names = Object.keys(networks)
    .filter((name) => networks[name] !== null)
    .sort();
  return (onlyFirst ? names.slice(0, 1) : names).map((name) => networks[name]!);
}

function targetsOf(
  container: Container,
  {IPAddress: v4 = '', GlobalIPv6Address: v6 = ''}: ContainerNetwork,
  {port: fallback, hostNetworkingHost}: DockerDiscoveryConfig,
): LabelRecord[] {
  const ip = v4 === '' ? v6 : v4;
  const ports = (container.Ports ?? []).filter(({Type: type}) => type === 'tcp');
  if (ports.length === 0) {
    const isHost = modeOf(container) === 'host';
    const address = isHost ? hostNetworkingHost : joinHostPort(ip, fallback);
    return [{__address__: address, [`${prefix}network_ip`]: ip}];
  }
  return ports.map(({PrivatePort: port, PublicPort: publicPort = 0, IP: publicIp = ''}) => ({
    __address__: joinHostPort(ip, port),
    [`${prefix}network_ip`]: ip,
    [`${prefix}port_private`]: String(port),
    ...(publicPort > 0 && {
      [`${prefix}port_public`]: String(publicPort),
      [`${prefix}port_public_ip`]: publicIp,
    }),
  }));
}
