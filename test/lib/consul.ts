// A small Consul: catalog and health of services with blocking queries, as https://developer.hashicorp.com/consul/api-docs
// describes them. Filters are not read.
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';

export interface TestInstance {
  node: string;
  address: string;
  nodeMeta?: Record<string, string>;
  taggedAddresses?: Record<string, string>;
  id: string;
  service: string;
  serviceAddress?: string;
  port: number;
  tags?: string[];
  meta?: Record<string, string>;
  namespace?: string;
  partition?: string;
  /** By check. */
  checks?: Record<string, string>;
}

export interface ConsulAnswer {
  status: number;
  headers: Record<string, string>;
  text: string;
}

export class TestConsul {
  /** Where it is not '', requests must have it in their header. */
  token = '';
  /** Every request fails with this text, where it is not ''. */
  failure = '';
  readonly requests: string[] = [];
  readonly #instances = new Map<string, TestInstance>();
  readonly #waiting = new Set<() => void>();
  #index = 10;

  /** Registers instances, or replaces those of the same id. */
  register(...instances: TestInstance[]): void {
    for (const instance of instances) this.#instances.set(instance.id, instance);
    this.#changed();
  }

  deregister(...ids: string[]): void {
    for (const id of ids) this.#instances.delete(id);
    this.#changed();
  }

  /** What a server without its data does: the index begins anew. */
  reset(): void {
    this.#index = 1;
    this.#wake();
  }

  async handle(url: URL, token: string, signal: AbortSignal): Promise<ConsulAnswer> {
    this.requests.push(url.pathname + url.search);
    if (this.failure !== '') return {status: 500, headers: {}, text: this.failure};
    if (token !== this.token) return {status: 403, headers: {}, text: 'Permission denied: token is wrong'};
    if (url.pathname === '/v1/agent/self')
      return this.#answer({Config: {Datacenter: 'dc1', NodeName: 'agent'}});
    const {searchParams} = url;
    if (!['', 'dc1'].includes(searchParams.get('dc') ?? ''))
      return {status: 500, headers: {}, text: 'No path to datacenter'};
    await this.#wait(Number(searchParams.get('index') ?? 0), searchParams.get('wait') ?? '5m', signal);
    if (this.failure !== '') return {status: 500, headers: {}, text: this.failure};
    if (url.pathname === '/v1/catalog/services') return this.#answer(this.#services(searchParams));
    const [, name] = /^\/v1\/health\/service\/([^/]+)$/.exec(url.pathname) ?? [];
    if (name === undefined) return {status: 404, headers: {}, text: `Invalid URL path: not found`};
    return this.#answer(this.#health(decodeURIComponent(name), searchParams));
  }

  /** Listens on loopback. */
  async listen(): Promise<{address: string; close: () => void}> {
    const server = createServer((request, response) => {
      const abort = new AbortController();
      response.on('close', () => abort.abort());
      const token = request.headers['x-consul-token'];
      this.handle(new URL(request.url ?? '/', 'http://consul'), String(token ?? ''), abort.signal).then(
        ({status, headers, text}) => response.writeHead(status, headers).end(text),
        () => response.destroy(),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const close = (): void => {
      server.close();
      server.closeAllConnections();
    };
    return {address: `127.0.0.1:${(server.address() as AddressInfo).port}`, close};
  }

  #changed(): void {
    this.#index++;
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
  }

  /** Waits while the index is the one that the client knows. */
  async #wait(index: number, wait: string, signal: AbortSignal): Promise<void> {
    if (index < this.#index) return;
    const [, amount = '5', unit = 'm'] = /^(\d+)(ms|s|m)$/.exec(wait) ?? [];
    const ms = Number(amount) * {ms: 1, s: 1000, m: 60_000}[unit as 'ms' | 's' | 'm'];
    const {promise, resolve, reject} = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    const onAbort = (): void => reject(new Error('the client is gone'));
    signal.addEventListener('abort', onAbort);
    this.#waiting.add(resolve);
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(resolve);
      signal.removeEventListener('abort', onAbort);
    }
  }

  #answer(data: unknown): ConsulAnswer {
    return {
      status: 200,
      headers: {
        'content-type': 'application/json',
        'x-consul-index': String(this.#index),
        'x-consul-knownleader': 'true',
        'x-consul-lastcontact': '0',
      },
      text: JSON.stringify(data),
    };
  }

  #select(parameters: URLSearchParams): TestInstance[] {
    const nodeMeta = parameters.getAll('node-meta').map((pair) => pair.split(':') as [string, string]);
    return [...this.#instances.values()].filter(
      (each) =>
        (each.namespace ?? '') === (parameters.get('ns') ?? '') &&
        (each.partition ?? '') === (parameters.get('partition') ?? '') &&
        nodeMeta.every(([key, value]) => each.nodeMeta?.[key] === value),
    );
  }

  #services(parameters: URLSearchParams): Record<string, string[]> {
    const services: Record<string, string[]> = {};
    for (const {service, tags = []} of this.#select(parameters))
      services[service] = [...new Set([...(services[service] ?? []), ...tags])];
    return services;
  }

  #health(name: string, parameters: URLSearchParams): unknown[] {
    const tags = parameters.getAll('tag');
    return this.#select(parameters)
      .filter(({service, tags: own = []}) => service === name && tags.every((tag) => own.includes(tag)))
      .map((each) => ({
        Node: {
          ID: '',
          Node: each.node,
          Address: each.address,
          Datacenter: 'dc1',
          TaggedAddresses: each.taggedAddresses ?? null,
          Meta: each.nodeMeta ?? null,
        },
        Service: {
          ID: each.id,
          Service: name,
          Tags: each.tags ?? [],
          Address: each.serviceAddress ?? '',
          Port: each.port,
          Meta: each.meta ?? null,
          ...(each.namespace !== undefined && {Namespace: each.namespace}),
          ...(each.partition !== undefined && {Partition: each.partition}),
        },
        Checks: Object.entries(each.checks ?? {serfHealth: 'passing'}).map(([CheckID, Status]) => ({
          CheckID,
          Status,
          Node: each.node,
          ServiceName: name,
        })),
      }));
  }
}
