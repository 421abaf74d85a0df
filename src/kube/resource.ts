/** A kind of object of the Kubernetes API, as its URLs name it. */
export interface KubeResource {
  /** '' = the core group. */
  group: string;
  version: string;
  plural: string;
  namespaced: boolean;
}

function resource(group: string, version: string, plural: string, namespaced = true): KubeResource {
  return {group, version, plural, namespaced};
}

/** Those that parts of this program read. */
export const kubeResources = {
  nodes: resource('', 'v1', 'nodes', false),
  namespaces: resource('', 'v1', 'namespaces', false),
  pods: resource('', 'v1', 'pods'),
  services: resource('', 'v1', 'services'),
  endpoints: resource('', 'v1', 'endpoints'),
  endpointslices: resource('discovery.k8s.io', 'v1', 'endpointslices'),
  ingresses: resource('networking.k8s.io', 'v1', 'ingresses'),
  replicasets: resource('apps', 'v1', 'replicasets'),
  jobs: resource('batch', 'v1', 'jobs'),
} as const;

/** The path of a collection; `namespace` '' = of all namespaces. */
export function collectionPath({group, version, plural, namespaced}: KubeResource, namespace = ''): string {
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  const scope = namespaced && namespace !== '' ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${root}${scope}/${plural}`;
}

/** What all objects have in common, as far as this program looks at it. */
export interface ObjectMeta {
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  labels?: Record<string, string> | null;
  annotations?: Record<string, string> | null;
  ownerReferences?: OwnerReference[] | null;
}

export interface OwnerReference {
  kind: string;
  name: string;
  controller?: boolean;
}

export interface KubeObject {
  metadata: ObjectMeta;
}

/** `namespace/name`, or the name of an object that is in no namespace. */
export function keyOf({namespace = '', name}: {namespace?: string; name: string}): string {
  return namespace === '' ? name : `${namespace}/${name}`;
}
