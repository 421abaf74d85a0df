import type {ConsulDiscoveryConfig} from './config.ts';
import {ConsulClient, type ConsulInstance, healthOf, type Indexed} from './consulclient.ts';
import type {Discoverer, DiscoveryContext} from './discoverer.ts';
import {joinHostPort} from './dns.ts';

/** After a failure so much time passes, at least. */
const retryMs = 15_000;

/** Follows the services of a Consul server with queries that wait for changes, one for each service. */
export class ConsulDiscoverer implements Discoverer {
  readonly #config: ConsulDiscoveryConfig;
  readonly #context: DiscoveryContext;
  readonly #client: ConsulClient;
  readonly #watches = new Map<string, Watch>();
  #datacenter: string;

  constructor(config: ConsulDiscoveryConfig, context: DiscoveryContext) {
    this.#config = config;
    this.#context = context;
    this.#client = new ConsulClient(config, context.world.createHttpClient(config.client));
    this.#datacenter = config.datacenter;
    if (this.#datacenter === '') this.#watch('', (watch) => this.#findDatacenter(watch));
    else this.#begin();
  }

  stop(): void {
    for (const watch of this.#watches.values()) watch.stop();
    this.#watches.clear();
    void this.#client.close();
  }

  /** The labels need it. Tried until it is known. */
  async #findDatacenter(watch: Watch): Promise<void> {
    try {
      this.#datacenter = await this.#client.datacenter(watch.signal);
    } catch (cause) {
      this.#fail(watch, '', 'Error retrieving datacenter name', cause as Error);
      return;
    }
    if (watch.signal.aborted) return;
    this.#context.report('', null);
    watch.stop();
    this.#begin();
  }

  #begin(): void {
    const {services, tags, filter} = this.#config;
    if (services.length > 0 && tags.length === 0 && filter === '') {
      for (const name of new Set(services)) this.#watchService(name);
      return;
    }
    this.#watch('', (watch) => this.#followCatalog(watch));
  }

  async #followCatalog(watch: Watch): Promise<void> {
    const found = await this.#query(watch, {
      part: '',
      call: 'services',
      failure: 'Error refreshing service list',
      ask: () => this.#client.services(watch.index, watch.signal),
    });
    if (found === null) return;
    for (const [name, tags] of Object.entries(found)) {
      if (!this.#watches.has(name) && this.#wants(name, tags ?? [])) this.#watchService(name);
    }
    for (const [name, {stop}] of this.#watches) {
      if (name === '' || Object.hasOwn(found, name)) continue;
      stop();
      this.#watches.delete(name);
      this.#context.report(name, null);
      this.#context.update([{source: name, targets: [], labels: {}}]);
    }
    // Only the catalog is watched: there is nothing.
    if (this.#watches.size === 1) this.#context.update([]);
  }

  #wants(name: string, tags: readonly string[]): boolean {
    const {services, tags: wanted} = this.#config;
    return (services.length === 0 || services.includes(name)) && wanted.every((tag) => tags.includes(tag));
  }

  #watchService(name: string): void {
    this.#watch(name, (watch) => this.#followService(name, watch));
  }

  async #followService(name: string, watch: Watch): Promise<void> {
    const instances = await this.#query(watch, {
      part: name,
      call: 'service',
      failure: 'Error refreshing service',
      ask: () => this.#client.instances(name, watch.index, watch.signal),
    });
    if (instances === null) return;
    const targets = instances.map((instance) => targetOf(instance, this.#config.tagSeparator));
    const labels = {__meta_consul_service: name, __meta_consul_dc: this.#datacenter};
    this.#context.update([{source: name, targets, labels}]);
  }

  /** One query that waits; null where nothing has changed, or where it failed. */
  async #query<T>(watch: Watch, query: Query<T>): Promise<T | null> {
    const {clock} = this.#context.world;
    const started = clock.elapsed();
    let answer: Indexed<T> | null = null;
    let failure: Error | null = null;
    try {
      answer = await query.ask();
    } catch (cause) {
      failure = cause as Error;
    }
    if (watch.signal.aborted) return null;
    this.#context.counters.observeConsul(query.call, (clock.elapsed() - started) / 1000);
    if (answer === null) {
      this.#fail(watch, query.part, query.failure, failure);
      return null;
    }
    this.#context.report(query.part, null);
    const {data, index} = answer;
    const unchanged = index !== '' && index === watch.index;
    // An index that goes back is that of a server that was set up anew.
    watch.index = Number(index) < Number(watch.index) ? '' : index;
    return unchanged ? null : data;
  }

  #fail(watch: Watch, part: string, message: string, err: Error | null): void {
    if (watch.signal.aborted || err === null) return;
    this.#context.counters.consulFailures++;
    this.#context.logger.error(message, {...(part !== '' && {service: part}), err});
    this.#context.report(part, err);
    watch.failed = true;
  }

  /** Runs `step` again and again, but not more often than the configuration says. */
  #watch(name: string, step: (watch: Watch) => Promise<void>): void {
    const {clock} = this.#context.world;
    const watch = new Watch();
    this.#watches.set(name, watch);
    const run = async (): Promise<void> => {
      const started = clock.elapsed();
      watch.failed = false;
      try {
        await step(watch);
      } catch (cause) {
        // An answer that is JSON, but not Consul's. It is asked for again, not what comes after it.
        watch.index = '';
        this.#fail(watch, name, 'Error reading an answer', cause as Error);
      }
      if (watch.signal.aborted) return;
      const wait = Math.max(0, this.#config.refreshIntervalMs - (clock.elapsed() - started));
      watch.cancel = clock.after(watch.failed ? Math.max(wait, retryMs) : wait, () => void run());
    };
    void run();
  }
}

interface Query<T> {
  /** The service that it is about; '' = the list of services. */
  part: string;
  call: 'services' | 'service';
  failure: string;
  ask: () => Promise<Indexed<T>>;
}

/** Something that is asked for again and again. */
class Watch {
  readonly #abort = new AbortController();
  readonly signal = this.#abort.signal;
  index = '';
  failed = false;
  cancel: () => void = () => {};

  readonly stop = (): void => {
    this.#abort.abort();
    this.cancel();
  };
}

function targetOf(instance: ConsulInstance, separator: string): Record<string, string> {
  const {Node: node, Service: service, Checks: checks} = instance;
  // A service may be registered through a node that it does not run on.
  const address = service.Address === '' ? node.Address : service.Address;
  const labels: [string, string][] = [
    ['__address__', joinHostPort(address, service.Port)],
    ['__meta_consul_address', node.Address],
    ['__meta_consul_node', node.Node],
    ['__meta_consul_namespace', service.Namespace ?? ''],
    ['__meta_consul_partition', service.Partition ?? ''],
    // With separators at both ends, so that regular expressions need not care where a tag stands.
    ['__meta_consul_tags', `${separator}${(service.Tags ?? []).join(separator)}${separator}`],
    ['__meta_consul_service_address', service.Address],
    ['__meta_consul_service_port', String(service.Port)],
    ['__meta_consul_service_id', service.ID],
    ['__meta_consul_health', healthOf(checks ?? [])],
  ];
  const addAll = (prefix: string, values: Record<string, string> | null | undefined): void => {
    for (const [key, value] of Object.entries(values ?? {}))
      labels.push([`__meta_consul_${prefix}_${key.replaceAll(/[^a-zA-Z0-9_]/g, '_')}`, value]);
  };
  addAll('metadata', node.Meta);
  addAll('service_metadata', service.Meta);
  addAll('tagged_address', node.TaggedAddresses);
  return Object.fromEntries(labels);
}
