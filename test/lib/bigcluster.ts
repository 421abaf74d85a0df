// A big cluster whose objects are alike, and that changes all the time: pods, services, endpoint slices and nodes.
import {Random} from '../../src/base/random.ts';
import type {TestKubeApi} from './kubeapi.ts';
import type {ApiObject} from './kubeapi-store.ts';
import {nodeObject} from './kubecluster.ts';

export interface BigClusterOptions {
  pods: number;
  services: number;
  slices: number;
  seed?: number;
}

/** Pods for each node, as Kubernetes allows. */
const podsPerNode = 100;
const namespaces = 20;

export class BigCluster {
  readonly api: TestKubeApi;
  readonly options: BigClusterOptions;
  readonly #random: Random;
  /** When a pod that is watched out for was created, by its address. */
  readonly markers = new Map<string, number>();
  readonly #markerNames: string[] = [];
  #changes = 0;

  constructor(api: TestKubeApi, options: BigClusterOptions) {
    this.api = api;
    this.options = options;
    this.#random = new Random(options.seed ?? 1);
  }

  fill(): void {
    const {pods, services, slices} = this.options;
    for (let i = 0; i < namespaces; i++)
      this.api.put({
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: {name: `ns-${i}`, labels: {team: `team-${i % 5}`}},
      });
    for (let i = 0; i * podsPerNode < pods; i++)
      this.api.put(nodeObject(`node-${i}`, `10.0.${i >> 8}.${i & 255}`));
    for (let i = 0; i < pods; i++) this.api.put(this.#pod(i, 0));
    for (let i = 0; i < services; i++) this.api.put(this.#service(i));
    for (let i = 0; i < slices; i++) this.api.put(this.#slice(i, 0));
  }

  /** One change of the cluster. */
  change(now: number): void {
    const {pods, slices} = this.options;
    this.#changes++;
    const kind = this.#random.below(10);
    if (kind === 0) this.#mark(now);
    else if (kind < 6) this.api.put(this.#pod(this.#random.below(pods), this.#changes));
    else if (kind < 9) this.api.put(this.#slice(this.#random.below(slices), this.#changes));
    else this.#heartbeat();
  }

  /** A new pod, whose coming is timed; after a while it goes again. */
  #mark(now: number): void {
    const name = `marker-${this.#changes}`;
    const address = `10.200.${(this.#changes >> 8) & 255}.${this.#changes & 255}`;
    const pod = this.#pod(this.#changes % this.options.pods, 0);
    pod.metadata.name = name;
    pod.metadata.labels = {...pod.metadata.labels, marker: 'yes'};
    (pod['status'] as Record<string, unknown>)['podIP'] = address;
    this.api.put(pod);
    this.markers.set(address, now);
    this.#markerNames.push(`${pod.metadata.namespace}/${name}`);
    if (this.#markerNames.length <= 40) return;
    const [namespace = '', gone = ''] = this.#markerNames.shift()!.split('/');
    this.api.remove({apiVersion: 'v1', kind: 'Pod', metadata: {name: gone, namespace}});
  }

  /** What changes most of all, and does not matter. */
  #heartbeat(): void {
    const i = this.#random.below(Math.ceil(this.options.pods / podsPerNode));
    const node = nodeObject(`node-${i}`, `10.0.${i >> 8}.${i & 255}`);
    (node['status'] as Record<string, unknown>)['images'] = [{names: [`image-${this.#changes}`]}];
    this.api.put(node);
  }

  #pod(i: number, revision: number): ApiObject {
    const app = `app-${i % this.options.services}`;
    const node = Math.floor(i / podsPerNode);
    const name = `${app}-7d9c5f6b8-${i.toString(36).padStart(5, '0')}`;
    const id = (container: string): string =>
      `containerd://${`${container}${i.toString(16)}`.padStart(64, '0')}`;
    const environment = Array.from({length: 20}, (_, each) => ({
      name: `SETTING_${each}`,
      value: `value of ${each}`,
    }));
    const fields = Object.fromEntries(
      environment.map(({name: each}) => [`k:{"name":"${each}"}`, {'.': {}, 'f:name': {}, 'f:value': {}}]),
    );
    return {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name,
        namespace: `ns-${(i % this.options.services) % namespaces}`,
        labels: {
          app,
          'app.kubernetes.io/name': app,
          'app.kubernetes.io/instance': `${app}-prod`,
          'app.kubernetes.io/version': '1.2.3',
          'pod-template-hash': '7d9c5f6b8',
          team: `team-${i % 5}`,
        },
        annotations: {
          'prometheus.io/scrape': 'true',
          'prometheus.io/port': '9090',
          'checksum/config': `b1946ac92492d2347c6235b4d2611184b1946ac92492d2347c6235b4d261${i % 100}`,
          revision: String(revision),
        },
        ownerReferences: [
          {apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `${app}-7d9c5f6b8`, uid: app, controller: true},
        ],
        managedFields: [
          {
            manager: 'kubelet',
            operation: 'Update',
            fieldsV1: {'f:spec': {'f:containers': {'f:env': fields}}},
          },
        ],
      },
      spec: {
        nodeName: `node-${node}`,
        containers: [
          {
            name: 'server',
            image: `registry.example.org/team/${app}:1.2.3`,
            env: environment,
            ports: [
              {containerPort: 8080, name: 'http', protocol: 'TCP'},
              {containerPort: 9090, name: 'metrics', protocol: 'TCP'},
            ],
          },
          {name: 'sidecar', image: 'registry.example.org/mesh/proxy:1.20.0', env: environment},
        ],
        volumes: environment.map(({name: each}) => ({name: each, emptyDir: {}})),
      },
      status: {
        phase: 'Running',
        podIP: `10.${100 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`,
        hostIP: `10.0.${node >> 8}.${node & 255}`,
        conditions: ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map((type) => ({
          type,
          status: 'True',
          lastTransitionTime: '2026-01-01T00:00:00Z',
        })),
        containerStatuses: ['server', 'sidecar'].map((each) => ({
          name: each,
          ready: true,
          restartCount: 0,
          containerID: id(each),
        })),
      },
    };
  }

  #service(i: number): ApiObject {
    return {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: {name: `app-${i}`, namespace: `ns-${i % namespaces}`, labels: {app: `app-${i}`}},
      spec: {
        type: 'ClusterIP',
        clusterIP: `10.96.${i >> 8}.${i & 255}`,
        ports: [{port: 80, name: 'http', protocol: 'TCP'}],
      },
    };
  }

  /** Each service has its pods in some slices. */
  #slice(i: number, revision: number): ApiObject {
    const {pods, services, slices} = this.options;
    const service = i % services;
    const slicesOfService = Math.max(1, Math.floor(slices / services));
    const part = Math.floor(i / services) % slicesOfService;
    const endpoints = [];
    for (let pod = service + part * services; pod < pods; pod += services * slicesOfService) {
      const {metadata, status, spec} = this.#pod(pod, 0) as ApiObject & {
        status: {podIP: string};
        spec: {nodeName: string};
      };
      endpoints.push({
        addresses: [status.podIP],
        conditions: {ready: true, serving: true, terminating: false},
        nodeName: spec.nodeName,
        targetRef: {kind: 'Pod', name: metadata.name, namespace: metadata.namespace},
      });
    }
    return {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: `app-${service}-${i}`,
        namespace: `ns-${service % namespaces}`,
        labels: {'kubernetes.io/service-name': `app-${service}`},
        annotations: {revision: String(revision)},
      },
      addressType: 'IPv4',
      endpoints,
      ports: [{port: 8080, name: 'http', protocol: 'TCP'}],
    } as unknown as ApiObject;
  }
}

/** A configuration that finds pods, slices, services, and by itself the pods that are watched out for. None is ever scraped. */
export function bigClusterConfig(server: string): string {
  const nowhere = `      - {target_label: __address__, replacement: '127.0.0.1:1'}`;
  const instance = `      - {source_labels: [__address__], target_label: instance}`;
  const job = (name: string, role: string, rest = '', relabel = ''): string => `  - job_name: ${name}
    kubernetes_sd_configs: [{role: ${role}, api_server: '${server}'${rest}}]
    relabel_configs:
${relabel}${instance}
${nowhere}
`;
  const marked = `      - {source_labels: [__meta_kubernetes_pod_label_marker], regex: 'yes', action: keep}\n`;
  const unmarked = `      - {source_labels: [__meta_kubernetes_pod_label_marker], regex: 'yes', action: drop}\n`;
  const revision = `      - {source_labels: [__meta_kubernetes_endpointslice_annotation_revision], target_label: revision}\n`;
  return `global: {scrape_interval: 1d, scrape_timeout: 1s}
scrape_configs:
${job('pods', 'pod', '', `${unmarked}      - {source_labels: [__meta_kubernetes_pod_annotation_revision], target_label: revision}\n`)}${job('slices', 'endpointslice', ', attach_metadata: {node: true}', revision)}${job('services', 'service')}${job('marker', 'pod', '', marked)}`;
}
