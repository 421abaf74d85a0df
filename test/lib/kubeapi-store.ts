// The objects of a small Kubernetes API server, with the history that watches and paged lists need. Written from
// https://kubernetes.io/docs/reference/using-api/api-concepts/: one counter of versions for everything, as in etcd; a history
// that is compacted, after which older versions are gone.
import {parseFieldSelector, parseLabelSelector, matchesLabels} from '../../src/kube/selector.ts';

export interface ApiResource {
  group: string;
  version: string;
  plural: string;
  singular: string;
  kind: string;
  namespaced: boolean;
  shortNames?: string[];
  hasStatus?: boolean;
}

export interface ApiObject {
  apiVersion?: string;
  kind?: string;
  metadata: ApiMeta;
  [field: string]: unknown;
}

export interface ApiMeta {
  name: string;
  namespace?: string;
  generateName?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: unknown[];
  managedFields?: unknown[];
  finalizers?: string[];
}

/** An object as of one version, with its text. */
export interface Stored {
  key: string;
  version: number;
  object: ApiObject;
  text: string;
}

/** One change: what the object was before, and is now. */
export interface Change {
  version: number;
  before: Stored | null;
  after: Stored | null;
}

export interface Selector {
  /** '' = all. */
  namespace: string;
  labels: string;
  fields: string;
}

/** What the server refuses, as a Status object. */
export class ApiError extends Error {
  readonly code: number;
  readonly reason: string;
  readonly details: Record<string, unknown>;
  readonly continueToken: string;

  constructor(
    code: number,
    reason: string,
    message: string,
    details: Record<string, unknown> = {},
    continueToken = '',
  ) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.details = details;
    this.continueToken = continueToken;
  }

  toStatus(): Record<string, unknown> {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: this.continueToken === '' ? {} : {continue: this.continueToken},
      status: 'Failure',
      message: this.message,
      reason: this.reason,
      details: this.details,
      code: this.code,
    };
  }
}

/** All objects of one kind. */
export class Collection {
  readonly resource: ApiResource;
  readonly objects = new Map<string, Stored>();
  /** In the order of versions. */
  changes: Change[] = [];
  readonly watchers = new Set<(change: Change) => void>();

  constructor(resource: ApiResource) {
    this.resource = resource;
  }

  /** The objects as they were at a version that is not compacted, in the order of their keys. */
  asOf(version: number): Stored[] {
    const objects = new Map(this.objects);
    for (let i = this.changes.length - 1; i >= 0; i--) {
      const {version: at, before, after} = this.changes[i]!;
      if (at <= version) break;
      if (before === null) objects.delete(after!.key);
      else objects.set(before.key, before);
    }
    return [...objects.values()].sort((left, right) => (left.key < right.key ? -1 : 1));
  }
}

export class ApiStore {
  readonly collections = new Map<string, Collection>();
  version = 1000;
  /** Versions before this one are gone. */
  compacted = 1000;
  /** So many changes are kept of each kind. */
  historyMax = 10_000;
  #uids = 0;

  define(resource: ApiResource): Collection {
    const collection = new Collection(resource);
    this.collections.set(nameOf(resource), collection);
    return collection;
  }

  collection(group: string, version: string, plural: string): Collection {
    const found = this.collections.get(nameOf({group, version, plural}));
    if (found === undefined)
      throw new ApiError(404, 'NotFound', 'the server could not find the requested resource');
    return found;
  }

  get(collection: Collection, key: string): Stored {
    const found = collection.objects.get(key);
    if (found === undefined) throw notFound(collection, key);
    return found;
  }

  create(collection: Collection, given: ApiObject): Stored {
    const meta = given.metadata;
    if (meta.name === undefined && meta.generateName !== undefined)
      meta.name = meta.generateName + (++this.#uids).toString(36).padStart(5, '0');
    const key = keyOfMeta(meta);
    const {resource} = collection;
    if (collection.objects.has(key))
      throw new ApiError(
        409,
        'AlreadyExists',
        `${resource.plural} "${meta.name}" already exists`,
        detailsOf(collection, meta.name),
      );
    if (resource.namespaced) this.#requireNamespace(meta);
    const object = {
      ...given,
      metadata: {
        ...meta,
        uid: `00000000-0000-4000-8000-${(++this.#uids).toString(16).padStart(12, '0')}`,
        creationTimestamp: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
        generation: 1,
      },
    };
    return this.#write(collection, null, object)!;
  }

  /** `given` replaces the object. Where it names a version, that must be the present one. */
  update(collection: Collection, key: string, given: ApiObject): Stored {
    const before = this.get(collection, key);
    const wanted = given.metadata.resourceVersion ?? '';
    if (wanted !== '' && wanted !== '0' && wanted !== String(before.version))
      throw new ApiError(
        409,
        'Conflict',
        `Operation cannot be fulfilled on ${collection.resource.plural} "${before.object.metadata.name}": the object has been modified; please apply your changes to the latest version and try again`,
        detailsOf(collection, before.object.metadata.name),
      );
    const {uid, creationTimestamp, generation = 1, name, namespace} = before.object.metadata;
    const kept = {uid, creationTimestamp, name, ...(namespace !== undefined && {namespace})};
    const isSpecSame = JSON.stringify(given['spec']) === JSON.stringify(before.object['spec']);
    const metadata = {
      ...given.metadata,
      ...kept,
      generation: isSpecSame ? generation : generation + 1,
    } as ApiMeta;
    const object = {...given, metadata};
    // As etcd: what changes nothing makes no version.
    const same = {...object, metadata: {...metadata, resourceVersion: String(before.version)}};
    if (JSON.stringify(sorted(same)) === JSON.stringify(sorted(before.object))) return before;
    return this.#write(collection, before, object)!;
  }

  delete(collection: Collection, key: string): Stored {
    const before = this.get(collection, key);
    this.#write(collection, before, null);
    return before;
  }

  /** Forgets the history before now, or before a version. */
  compact(version = this.version): void {
    this.compacted = Math.max(this.compacted, version);
    for (const collection of this.collections.values())
      collection.changes = collection.changes.filter((change) => change.version > this.compacted);
  }

  #requireNamespace({name, namespace = ''}: ApiMeta): void {
    const namespaces = this.collection('', 'v1', 'namespaces');
    if (namespaces.objects.has(namespace)) return;
    throw new ApiError(404, 'NotFound', `namespaces "${namespace}" not found`, {
      name: namespace,
      kind: 'namespaces',
      of: name,
    });
  }

  #write(collection: Collection, before: Stored | null, object: ApiObject | null): Stored | null {
    const version = ++this.version;
    const after = object === null ? null : storedOf(collection, object, version);
    if (after === null) collection.objects.delete(before!.key);
    else collection.objects.set(after.key, after);
    const change: Change = {version, before, after};
    collection.changes.push(change);
    if (collection.changes.length > this.historyMax) {
      const dropped = collection.changes.splice(0, collection.changes.length - this.historyMax / 2);
      this.compacted = Math.max(this.compacted, dropped.at(-1)!.version);
    }
    for (const tell of collection.watchers) tell(change);
    return after;
  }
}

function storedOf({resource}: Collection, given: ApiObject, version: number): Stored {
  const object: ApiObject = {
    kind: resource.kind,
    apiVersion: apiVersionOf(resource),
    ...given,
    metadata: {...given.metadata, resourceVersion: String(version)},
  };
  return {key: keyOfMeta(given.metadata), version, object, text: JSON.stringify(object)};
}

export function apiVersionOf({group, version}: Pick<ApiResource, 'group' | 'version'>): string {
  return group === '' ? version : `${group}/${version}`;
}

function nameOf({group, version, plural}: Pick<ApiResource, 'group' | 'version' | 'plural'>): string {
  return `${group}/${version}/${plural}`;
}

export function keyOfMeta({name, namespace = ''}: {name: string; namespace?: string}): string {
  return namespace === '' ? name : `${namespace}/${name}`;
}

function notFound(collection: Collection, key: string): ApiError {
  const name = key.slice(key.indexOf('/') + 1);
  const {group, plural} = collection.resource;
  const kind = group === '' ? plural : `${plural}.${group}`;
  return new ApiError(404, 'NotFound', `${kind} "${name}" not found`, detailsOf(collection, name));
}

function detailsOf({resource: {plural, group}}: Collection, name: string): Record<string, unknown> {
  return {name, ...(group !== '' && {group}), kind: plural};
}

/** A copy whose keys are in order, so that equal objects have equal texts. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, each]) => each !== undefined)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([key, each]) => [key, sorted(each)]),
  );
}

/** Which objects a list or a watch is about. Throws what is wrong with the selector. */
export function matcherOf(
  {namespace, labels, fields}: Selector,
  {plural}: ApiResource,
): (stored: Stored) => boolean {
  let wantedLabels: ReturnType<typeof parseLabelSelector>;
  let wantedFields: ReturnType<typeof parseFieldSelector>;
  try {
    wantedLabels = parseLabelSelector(labels);
    wantedFields = parseFieldSelector(fields);
  } catch (error) {
    throw new ApiError(400, 'BadRequest', (error as Error).message);
  }
  for (const {field} of wantedFields) {
    if (
      field !== 'metadata.name' &&
      field !== 'metadata.namespace' &&
      !(knownFields[plural] ?? []).includes(field)
    )
      throw new ApiError(400, 'BadRequest', `field label not supported: ${field}`);
  }
  return ({object}) =>
    (namespace === '' || object.metadata.namespace === namespace) &&
    matchesLabels(wantedLabels, object.metadata.labels ?? {}) &&
    wantedFields.every(
      ({field, operator, value}) => (fieldOf(object, field) === value) === (operator !== '!='),
    );
}

/** Besides name and namespace. */
const knownFields: Record<string, readonly string[]> = {
  pods: ['spec.nodeName', 'spec.restartPolicy', 'spec.serviceAccountName', 'status.phase', 'status.podIP'],
  nodes: ['spec.unschedulable'],
  namespaces: ['status.phase'],
  services: ['spec.clusterIP', 'spec.type'],
  jobs: ['status.successful'],
  secrets: ['type'],
};

function fieldOf(object: ApiObject, path: string): string {
  let value: unknown = object;
  for (const step of path.split('.'))
    value =
      typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[step] : undefined;
  return value === undefined || value === null ? '' : String(value as string);
}
