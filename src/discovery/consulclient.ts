// The part of Consul's HTTP API that finds services. See https://developer.hashicorp.com/consul/api-docs.

import type {HttpFetcher} from '../http/client.ts';
import type {ConsulDiscoveryConfig} from './config.ts';

/** How long a query waits for a change. The server may add up to a sixteenth of it. */
const waitMs = 120_000;
const timeoutMs = waitMs + 15_000;

/** An instance of a service, as /v1/health/service lists it. */
export interface ConsulInstance {
  Node: {
    Node: string;
    Address: string;
    Meta?: Record<string, string> | null;
    TaggedAddresses?: Record<string, string> | null;
  };
  Service: {
    ID: string;
    Tags?: string[] | null;
    Address: string;
    Port: number;
    Meta?: Record<string, string> | null;
    Namespace?: string;
    Partition?: string;
  };
  Checks?: ConsulCheck[] | null;
}

export interface ConsulCheck {
  CheckID: string;
  Status: string;
}

export interface Indexed<T> {
  data: T;
  /** To be given to the next query, which then waits until something has changed; '' = it cannot wait. */
  index: string;
}

export class ConsulClient {
  readonly #config: ConsulDiscoveryConfig;
  readonly #http: HttpFetcher;
  readonly #base: string;

  constructor(config: ConsulDiscoveryConfig, http: HttpFetcher) {
    this.#config = config;
    this.#http = http;
    this.#base = baseUrlOf(config);
  }

  /** The datacenter of the agent. */
  async datacenter(signal: AbortSignal): Promise<string> {
    const {data} = await this.#get('/v1/agent/self', new URLSearchParams(), signal);
    const name = (data as {Config?: {Datacenter?: unknown}} | null)?.Config?.Datacenter;
    if (typeof name !== 'string') throw new Error(`invalid value '${String(name)}' for Config.Datacenter`);
    return name;
  }

  /** Tags of all services by name. */
  services(index: string, signal: AbortSignal): Promise<Indexed<Record<string, string[] | null>>> {
    const parameters = this.#parameters(index, this.#config.filter);
    return this.#get('/v1/catalog/services', parameters, signal) as Promise<
      Indexed<Record<string, string[] | null>>
    >;
  }

  /** Instances of a service that have all the tags. */
  instances(service: string, index: string, signal: AbortSignal): Promise<Indexed<ConsulInstance[]>> {
    const parameters = this.#parameters(index, this.#config.healthFilter);
    for (const tag of this.#config.tags) parameters.append('tag', tag);
    const path = `/v1/health/service/${encodeURIComponent(service)}`;
    return this.#get(path, parameters, signal) as Promise<Indexed<ConsulInstance[]>>;
  }

  async close(): Promise<void> {
    await this.#http.close();
  }

  #parameters(index: string, filter: string): URLSearchParams {
    const {datacenter, namespace, partition, allowStale, nodeMeta} = this.#config;
    const parameters = new URLSearchParams();
    const set = (name: string, value: string): void => {
      if (value !== '') parameters.set(name, value);
    };
    set('ns', namespace);
    set('partition', partition);
    set('dc', datacenter);
    if (allowStale) parameters.set('stale', '');
    set('index', index);
    parameters.set('wait', `${waitMs}ms`);
    for (const [key, value] of Object.entries(nodeMeta)) parameters.append('node-meta', `${key}:${value}`);
    set('filter', filter);
    return parameters;
  }

  async #get(path: string, parameters: URLSearchParams, signal: AbortSignal): Promise<Indexed<unknown>> {
    const {token} = this.#config;
    const query = parameters.size === 0 ? '' : `?${parameters.toString()}`;
    const answer = await this.#http.get(`${this.#base}${path}${query}`, {
      headers: {accept: 'application/json'},
      ...(token !== '' && {secretHeaders: {'x-consul-token': token}}),
      timeoutMs,
      signal,
    });
    if (answer.status !== 200)
      throw new Error(`Unexpected response code: ${answer.status} (${answer.text.trimEnd()})`);
    const index = answer.header('x-consul-index');
    return {data: JSON.parse(answer.text) as unknown, index: index === '0' ? '' : index};
  }
}

/** As Consul's own client reads an address: it may have a scheme and a path before those of the API. */
function baseUrlOf({server, scheme, pathPrefix}: ConsulDiscoveryConfig): string {
  const [, ownScheme, address = server] = /^(https?):\/\/(.*)$/s.exec(server) ?? [];
  const secure = ownScheme === 'https' ? 'https' : scheme;
  return `${secure}://${address.replace(/\/+$/, '')}${pathPrefix.replace(/\/+$/, '').replace(/^(?=[^/])/, '/')}`;
}

/** The state of an instance, from its checks: the worst of them. */
export function healthOf(checks: readonly ConsulCheck[]): string {
  const isMaintenance = ({CheckID: id}: ConsulCheck): boolean =>
    id === '_node_maintenance' || id.startsWith('_service_maintenance:');
  if (checks.some(isMaintenance)) return 'maintenance';
  for (const {Status: status} of checks) if (!knownStates.includes(status)) return '';
  for (const state of knownStates) if (checks.some(({Status: status}) => status === state)) return state;
  return 'passing';
}

const knownStates: readonly string[] = ['critical', 'warning', 'passing'];
