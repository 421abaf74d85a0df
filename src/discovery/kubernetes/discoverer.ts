import type {KubeConnection} from '../../kube/client.ts';
import type {InformerEvents, KubeEventType, KubeSelection} from '../../kube/informer.ts';
import type {Following} from '../../kube/informers.ts';
import {connectionOfKubeconfig, inClusterConnection, ownNamespace} from '../../kube/kubeconfig.ts';
import {kubeResources, type KubeResource} from '../../kube/resource.ts';
import type {KubernetesDiscoveryConfig, KubernetesRoleName} from '../config.ts';
import type {Discoverer, DiscoveryContext} from '../discoverer.ts';
import type {TargetGroup} from '../targetgroup.ts';
import {endpointsRole} from './endpoints.ts';
import {endpointSliceRole} from './endpointslice.ts';
import {ingressRole} from './ingress.ts';
import {nodeRole} from './node.ts';
import {podRole} from './pod.ts';
import {References} from './references.ts';
import {type RelatedKind, RelatedObjects} from './related.ts';
import type {KubernetesRole} from './role.ts';
import {serviceRole} from './service.ts';

const roles: Record<KubernetesRoleName, KubernetesRole> = {
  node: nodeRole,
  service: serviceRole,
  pod: podRole,
  endpoints: endpointsRole,
  endpointslice: endpointSliceRole,
  ingress: ingressRole,
};

/** Roles whose events are counted; those of other kinds of objects are not. */
const roleOfResource: Record<string, KubernetesRoleName> = {
  nodes: 'node',
  services: 'service',
  pods: 'pod',
  endpoints: 'endpoints',
  endpointslices: 'endpointslice',
  ingresses: 'ingress',
};

/** Where the API server is cannot be said yet: a file or a variable is missing. */
const connectRetryMs = 15_000;
/** Changes that come together are handed on together. */
const gatherMs = 20;
/** The thread that finds targets also scrapes them. */
const turnMsMax = 8;

/** Follows the objects of a cluster, and tells a group for each of them. */
export class KubernetesDiscoverer implements Discoverer {
  readonly #config: KubernetesDiscoveryConfig;
  readonly #context: DiscoveryContext;
  #scopes: Scope[] = [];
  #shared = new Map<RelatedKind, Following>();
  #cancel: () => void = () => {};
  #stopped = false;
  /** How many informers have to list before anything is told. */
  #unsynced = 0;

  constructor(config: KubernetesDiscoveryConfig, context: DiscoveryContext) {
    this.#config = config;
    this.#context = context;
    this.#connect();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
    for (const scope of this.#scopes) scope.stop();
    for (const following of this.#shared.values()) following.stop();
  }

  /** Tries again when it fails: files and variables may come. */
  #connect(): void {
    const {world, logger} = this.#context;
    let connection: KubeConnection;
    let namespaces: string[];
    try {
      connection = this.#connection();
      namespaces = this.#namespaces();
    } catch (cause) {
      logger.error('Cannot create service discovery', {type: 'kubernetes', err: cause});
      this.#context.report('', cause as Error);
      this.#cancel = world.clock.after(connectRetryMs, () => this.#connect());
      return;
    }
    this.#context.report('', null);
    this.#begin(connection, namespaces);
  }

  #connection(): KubeConnection {
    const {apiServer, kubeconfigFile, client} = this.#config;
    const {kubeWorld} = this.#context.world;
    if (kubeconfigFile !== '') return connectionOfKubeconfig(kubeconfigFile, kubeWorld);
    if (apiServer !== '') return {server: apiServer, http: client};
    const connection = inClusterConnection(kubeWorld);
    this.#context.logger.info('Using pod service account via in-cluster config');
    return connection;
  }

  /** '' stands for all of them. */
  #namespaces(): string[] {
    const {names, own} = this.#config.namespaces;
    if (names.length === 0 && !own) return [''];
    return [...new Set([...names, ...(own ? [ownNamespace(this.#context.world.kubeWorld)] : [])])];
  }

  #begin(connection: KubeConnection, namespaces: readonly string[]): void {
    const {role: name, metadata} = this.#config;
    const role = roles[name];
    const followed: FollowedKind[] = role.related.map((kind) => ({kind, namespaced: true}));
    const hasPods = name === 'pod' || name === 'endpoints' || name === 'endpointslice';
    if (metadata.namespace && name !== 'node') followed.push({kind: 'namespaces', namespaced: false});
    if (metadata.node && hasPods) followed.push({kind: 'nodes', namespaced: false});
    if (metadata.deployment && hasPods) followed.push({kind: 'replicasets', namespaced: true});
    if ((metadata.job || metadata.cronjob) && hasPods) followed.push({kind: 'jobs', namespaced: true});
    const scopesOf = role.resource.namespaced ? namespaces : [''];
    const onSynced = (): void => {
      this.#unsynced--;
      if (this.#unsynced === 0) this.#tellFirst();
    };
    const pending: {isSynced: boolean}[] = [];
    const follow = (
      resource: KubeResource,
      namespace: string,
      onEvent: InformerEvents['onEvent'],
    ): Following => {
      const following = this.#follow(connection, {resource, namespace}, {onEvent, onSynced});
      pending.push(following);
      return following;
    };
    for (const {kind, namespaced} of followed) {
      if (namespaced) continue;
      const onEvent: InformerEvents['onEvent'] = (type, key, {before, after}) => {
        for (const scope of this.#scopes) scope.onRelated(kind, type, key, before === after);
      };
      this.#shared.set(kind, follow(kubeResources[kind], '', onEvent));
    }
    this.#scopes = scopesOf.map((namespace) => {
      const scope = new Scope(role, this.#context, this.#config, this.#shared);
      const kinds = followed.filter(({namespaced}) => namespaced).map(({kind}) => kind);
      scope.follow(kinds, (resource, onEvent) => follow(resource, namespace, onEvent));
      return scope;
    });
    this.#unsynced = pending.filter(({isSynced}) => !isSynced).length;
    // What others follow already may be known: then nothing is told of it.
    if (this.#unsynced === 0) this.#cancel = this.#context.world.clock.after(0, () => this.#tellFirst());
  }

  /** All at once, when all are known: a part of the targets would end the scraping of the others. */
  #tellFirst(): void {
    if (this.#stopped) return;
    for (const scope of this.#scopes) scope.begin();
    const groups: TargetGroup[] = [];
    const step = (): void => {
      const deadline = performance.now() + turnMsMax;
      for (const scope of this.#scopes) {
        if (!scope.take(groups, deadline)) {
          this.#cancel = this.#context.world.clock.after(0, step);
          return;
        }
      }
      this.#context.update(groups);
      for (const scope of this.#scopes) scope.tellChanges();
    };
    step();
  }

  #follow(
    connection: KubeConnection,
    {resource, namespace}: {resource: KubeResource; namespace: string},
    events: Pick<InformerEvents, 'onEvent' | 'onSynced'>,
  ): Following {
    const {counters, world, logger} = this.#context;
    const {plural} = resource;
    const part = namespace === '' ? plural : `${plural} in ${namespace}`;
    const counted = roleOfResource[plural];
    const selection: KubeSelection = {resource, namespace, ...this.#selectorsOf(counted)};
    const own = roles[this.#config.role].resource.plural;
    // Of pods that others refer to, only changes count, as in Prometheus.
    const isCounted = (type: KubeEventType): boolean =>
      plural === own || plural === 'services' || (plural === 'pods' && type === 'update');
    let failing = false;
    const following = world.kube.follow(connection, selection, {
      onEvent: (type, key, change) => {
        if (isCounted(type)) counters.countKubernetesEvent(counted!, type);
        events.onEvent(type, key, change);
      },
      onSynced: events.onSynced,
      onFailure: (failure) => {
        if (this.#stopped) return;
        counters.kubernetesFailures++;
        // A watch that ends and begins again is nothing to tell of.
        if (failing) logger.error(`Failed to watch ${part}`, {err: failure});
        else logger.warn(`Failed to watch ${part}`, {err: failure});
        failing = true;
        this.#context.report(part, failure);
      },
      onSuccess: () => {
        if (!failing || this.#stopped) return;
        failing = false;
        this.#context.report(part, null);
      },
    });
    if (isCounted('add')) for (const _key of following.keys()) counters.countKubernetesEvent(counted!, 'add');
    return following;
  }

  #selectorsOf(role: KubernetesRoleName | undefined): {labelSelector: string; fieldSelector: string} {
    const selector = this.#config.selectors.find((each) => each.role === role);
    return {labelSelector: selector?.label ?? '', fieldSelector: selector?.field ?? ''};
  }
}

interface FollowedKind {
  kind: RelatedKind;
  namespaced: boolean;
}

/** The objects of one namespace, or of all. */
class Scope {
  readonly #role: KubernetesRole;
  readonly #context: DiscoveryContext;
  readonly #shared: ReadonlyMap<RelatedKind, Following>;
  readonly #related: RelatedObjects;
  readonly #withNamespace: boolean;
  readonly #references = new References();
  readonly #own = new Map<RelatedKind, Following>();
  /** Keys whose groups are to be told anew. */
  readonly #dirty = new Set<string>();
  #primary: Following | null = null;
  #begun = false;
  #tells = false;
  #cancel: (() => void) | null = null;

  constructor(
    role: KubernetesRole,
    context: DiscoveryContext,
    {metadata}: KubernetesDiscoveryConfig,
    shared: ReadonlyMap<RelatedKind, Following>,
  ) {
    this.#role = role;
    this.#context = context;
    this.#shared = shared;
    this.#withNamespace = metadata.namespace;
    this.#related = new RelatedObjects(metadata, (kind, key) => this.#followingOf(kind)?.get(key) ?? null);
  }

  follow(
    kinds: readonly RelatedKind[],
    open: (resource: KubeResource, onEvent: InformerEvents['onEvent']) => Following,
  ): void {
    for (const kind of kinds) {
      const onEvent: InformerEvents['onEvent'] = (type, key, {before, after}) =>
        this.onRelated(kind, type, key, before === after);
      this.#own.set(kind, open(kubeResources[kind], onEvent));
    }
    this.#primary = open(this.#role.resource, (_type, key, {before, after}) => {
      if (before === after) return;
      this.#refer(key, before, 'remove');
      this.#refer(key, after, 'add');
      if (this.#begun) this.#mark(key);
    });
    for (const key of this.#primary.keys()) this.#refer(key, this.#primary.get(key), 'add');
  }

  stop(): void {
    this.#begun = false;
    this.#cancel?.();
    this.#primary?.stop();
    for (const following of this.#own.values()) following.stop();
  }

  /** Everything is known: each object becomes a group. */
  begin(): void {
    this.#begun = true;
    for (const key of this.#primary!.keys()) this.#dirty.add(key);
  }

  /** Adds groups of what has changed until the deadline; whether that was all. */
  take(groups: TargetGroup[], deadline: number): boolean {
    let count = 0;
    for (const key of this.#dirty) {
      this.#dirty.delete(key);
      const group = this.#groupOf(key);
      if (group !== null) groups.push(group);
      if (++count % 16 === 0 && performance.now() > deadline) break;
    }
    this.#related.forget();
    return this.#dirty.size === 0;
  }

  /** From now on changes are told as they come. */
  tellChanges(): void {
    this.#tells = true;
    if (this.#dirty.size > 0) this.#schedule(0);
  }

  /** Something that labels are taken from has changed. */
  onRelated(kind: RelatedKind, type: KubeEventType, key: string, isSame: boolean): void {
    if (isSame || !this.#begun) return;
    // What is deleted leaves its labels until the endpoints go as well: a target that loses them first would be another one.
    if (type === 'delete' && kind !== 'services' && kind !== 'nodes') return;
    this.#references.forEach(`${kind}/${key}`, (user) => this.#mark(user));
  }

  #followingOf(kind: RelatedKind): Following | undefined {
    return this.#own.get(kind) ?? this.#shared.get(kind);
  }

  #refer(key: string, text: string | null, change: 'add' | 'remove'): void {
    if (text === null) return;
    for (const reference of this.#role.references(text)) {
      const kind = reference.slice(0, reference.indexOf('/')) as RelatedKind;
      if (this.#followingOf(kind) !== undefined) this.#references[change](reference, key);
    }
    const namespaceEnd = key.indexOf('/');
    if (this.#withNamespace && namespaceEnd > 0)
      this.#references[change](`namespaces/${key.slice(0, namespaceEnd)}`, key);
  }

  #mark(key: string): void {
    this.#dirty.add(key);
    if (this.#tells) this.#schedule(gatherMs);
  }

  #schedule(ms: number): void {
    this.#cancel ??= this.#context.world.clock.after(ms, () => {
      this.#cancel = null;
      const groups: TargetGroup[] = [];
      const isAll = this.take(groups, performance.now() + turnMsMax);
      if (groups.length > 0) this.#context.update(groups);
      if (!isAll) this.#schedule(0);
    });
  }

  #groupOf(key: string): TargetGroup | null {
    const source = `${this.#role.source}/${key}`;
    const text = this.#primary!.get(key);
    if (text === null) return {source, targets: [], labels: {}};
    const group = this.#role.build(text, this.#related);
    if (group === null) {
      this.#context.logger.warn('No node address found', {node: key, err: new Error('host address unknown')});
      return null;
    }
    return {source, ...group};
  }
}
