import type {ApiResource} from './kubeapi-store.ts';

function define(
  apiVersion: string,
  kind: string,
  plural: string,
  rest: Partial<ApiResource> = {},
): ApiResource {
  const [version = '', group = ''] = apiVersion.split('/').reverse();
  return {
    group,
    version,
    kind,
    plural,
    singular: kind.toLowerCase(),
    namespaced: true,
    hasStatus: true,
    ...rest,
  };
}

/** The kinds of objects that the test server has. */
export const apiResources: readonly ApiResource[] = [
  define('v1', 'Namespace', 'namespaces', {namespaced: false, shortNames: ['ns']}),
  define('v1', 'Node', 'nodes', {namespaced: false, shortNames: ['no']}),
  define('v1', 'Pod', 'pods', {shortNames: ['po']}),
  define('v1', 'Service', 'services', {shortNames: ['svc']}),
  define('v1', 'Endpoints', 'endpoints', {shortNames: ['ep'], singular: 'endpoints', hasStatus: false}),
  define('v1', 'ConfigMap', 'configmaps', {shortNames: ['cm'], hasStatus: false}),
  define('v1', 'Secret', 'secrets', {hasStatus: false}),
  define('apps/v1', 'Deployment', 'deployments', {shortNames: ['deploy']}),
  define('apps/v1', 'ReplicaSet', 'replicasets', {shortNames: ['rs']}),
  define('apps/v1', 'StatefulSet', 'statefulsets', {shortNames: ['sts']}),
  define('apps/v1', 'DaemonSet', 'daemonsets', {shortNames: ['ds']}),
  define('batch/v1', 'Job', 'jobs'),
  define('batch/v1', 'CronJob', 'cronjobs', {shortNames: ['cj']}),
  define('discovery.k8s.io/v1', 'EndpointSlice', 'endpointslices', {hasStatus: false}),
  define('networking.k8s.io/v1', 'Ingress', 'ingresses', {shortNames: ['ing']}),
];
