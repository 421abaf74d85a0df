// What is kept of each object: what its meta labels need, as the JSON text of a short list. A pod of five kilobytes becomes
// some hundred bytes that the garbage collector need not look into, and two texts are compared quicker than two objects. So
// what does not matter here (heartbeats, probes, managed fields) ends at the comparison.

import type {KubeObject, ObjectMeta} from '../../kube/resource.ts';
import type {Pairs} from './metalabels.ts';

/** By the name of the resource. */
export const kubernetesProjections: Record<string, (object: KubeObject) => string> = {
  nodes: (object) => JSON.stringify(nodeOf(object as NodeObject)),
  namespaces: (object) => JSON.stringify(metaOf(object.metadata)),
  pods: (object) => JSON.stringify(podOf(object as PodObject)),
  services: (object) => JSON.stringify(serviceOf(object as ServiceObject)),
  endpoints: (object) => JSON.stringify(endpointsOf(object as EndpointsObject)),
  endpointslices: (object) => JSON.stringify(sliceOf(object as SliceObject)),
  ingresses: (object) => JSON.stringify(ingressOf(object as IngressObject)),
  replicasets: (object) => JSON.stringify(ownerOf(object.metadata)),
  jobs: (object) => JSON.stringify(ownerOf(object.metadata)),
};

/** Name, namespace, labels, annotations. */
export type KeptMeta = [name: string, namespace: string, labels: Pairs, annotations: Pairs];

function metaOf({name, namespace = '', labels, annotations}: ObjectMeta): KeptMeta {
  return [name, namespace, pairsOf(labels), pairsOf(annotations)];
}

function pairsOf(map: Record<string, string> | null | undefined): Pairs {
  return map === null || map === undefined ? [] : Object.entries(map).flat();
}

/** Kind and name of the controller; empty texts where there is none. */
export type KeptOwner = [kind: string, name: string];

function ownerOf({ownerReferences}: ObjectMeta): KeptOwner {
  const owner = ownerReferences?.find(({controller}) => controller === true);
  return [owner?.kind ?? '', owner?.name ?? ''];
}

interface NodeObject extends KubeObject {
  spec?: {providerID?: string};
  status?: {
    conditions?: {type: string; status: string}[] | null;
    addresses?: {type: string; address: string}[] | null;
    daemonEndpoints?: {kubeletEndpoint?: {Port?: number}};
  };
}

export type KeptNode = [
  meta: KeptMeta,
  providerId: string,
  conditions: [type: string, status: string][],
  addresses: [type: string, address: string][],
  kubeletPort: number,
];

function nodeOf({metadata, spec, status}: NodeObject): KeptNode {
  return [
    metaOf(metadata),
    spec?.providerID ?? '',
    (status?.conditions ?? []).map(({type, status: state}) => [type, state]),
    (status?.addresses ?? []).map(({type, address}) => [type, address]),
    status?.daemonEndpoints?.kubeletEndpoint?.Port ?? 0,
  ];
}

interface ContainerObject {
  name: string;
  image?: string;
  ports?: {containerPort: number; name?: string; protocol?: string}[] | null;
}

interface ContainerStatus {
  name: string;
  containerID?: string;
}

interface PodObject extends KubeObject {
  spec?: {
    nodeName?: string;
    containers?: ContainerObject[] | null;
    initContainers?: ContainerObject[] | null;
  };
  status?: {
    phase?: string;
    podIP?: string;
    hostIP?: string;
    conditions?: {type: string; status: string}[] | null;
    containerStatuses?: ContainerStatus[] | null;
    initContainerStatuses?: ContainerStatus[] | null;
  };
}

export type KeptPort = [port: number, name: string, protocol: string];
export type KeptContainer = [name: string, image: string, id: string, isInit: 0 | 1, ports: KeptPort[]];

export type KeptPod = [
  meta: KeptMeta,
  uid: string,
  ip: string,
  hostIp: string,
  phase: string,
  nodeName: string,
  ready: string,
  owner: KeptOwner,
  containers: KeptContainer[],
];

function podOf({metadata, spec, status}: PodObject): KeptPod {
  const ready = status?.conditions?.find(({type}) => type === 'Ready')?.status ?? 'Unknown';
  return [
    metaOf(metadata),
    metadata.uid ?? '',
    status?.podIP ?? '',
    status?.hostIP ?? '',
    status?.phase ?? '',
    spec?.nodeName ?? '',
    ready.toLowerCase(),
    ownerOf(metadata),
    [
      ...containersOf(spec?.containers, status?.containerStatuses, 0),
      ...containersOf(spec?.initContainers, status?.initContainerStatuses, 1),
    ],
  ];
}

function containersOf(
  containers: ContainerObject[] | null | undefined,
  statuses: ContainerStatus[] | null | undefined,
  isInit: 0 | 1,
): KeptContainer[] {
  return (containers ?? []).map(({name, image = '', ports}) => [
    name,
    image,
    statuses?.find((each) => each.name === name)?.containerID ?? '',
    isInit,
    // The API server fills the protocol in.
    (ports ?? []).map((port) => [port.containerPort, port.name ?? '', port.protocol ?? '']),
  ]);
}

interface ServiceObject extends KubeObject {
  spec?: {
    type?: string;
    clusterIP?: string;
    externalName?: string;
    loadBalancerIP?: string;
    ipFamilyPolicy?: string;
    ipFamilies?: string[] | null;
    ports?: {port: number; name?: string; protocol?: string}[] | null;
  };
  status?: {loadBalancer?: {ingress?: {ip?: string}[] | null}};
}

export type KeptService = [
  meta: KeptMeta,
  type: string,
  clusterIp: string,
  externalName: string,
  loadBalancerIps: string,
  /** Of a service with two families the first one; '' of others. */
  primaryFamily: string,
  ports: KeptPort[],
];

function serviceOf({metadata, spec = {}, status}: ServiceObject): KeptService {
  const ips = (status?.loadBalancer?.ingress ?? []).flatMap(({ip = ''}) => (ip === '' ? [] : [ip]));
  const isDual = spec.ipFamilyPolicy === 'PreferDualStack' || spec.ipFamilyPolicy === 'RequireDualStack';
  return [
    metaOf(metadata),
    spec.type ?? '',
    spec.clusterIP ?? '',
    spec.externalName ?? '',
    ips.length > 0 ? ips.join(',') : (spec.loadBalancerIP ?? ''),
    isDual ? (spec.ipFamilies?.[0] ?? '') : '',
    (spec.ports ?? []).map(({port, name = '', protocol = ''}) => [port, name, protocol]),
  ];
}

interface ObjectReference {
  kind?: string;
  namespace?: string;
  name?: string;
}

/** Kind, namespace, name. */
export type KeptReference = [kind: string, namespace: string, name: string];

function referenceOf(reference: ObjectReference | null | undefined): KeptReference | null {
  if (reference === null || reference === undefined) return null;
  return [reference.kind ?? '', reference.namespace ?? '', reference.name ?? ''];
}

interface EndpointAddress {
  ip: string;
  hostname?: string;
  nodeName?: string;
  targetRef?: ObjectReference | null;
}

interface EndpointsObject extends KubeObject {
  subsets?:
    | {
        addresses?: EndpointAddress[] | null;
        notReadyAddresses?: EndpointAddress[] | null;
        ports?: {port: number; name?: string; protocol?: string}[] | null;
      }[]
    | null;
}

export type KeptAddress = [
  ip: string,
  hostname: string,
  nodeName: string | null,
  reference: KeptReference | null,
];
export type KeptSubset = [ready: KeptAddress[], notReady: KeptAddress[], ports: KeptPort[]];
export type KeptEndpoints = [meta: KeptMeta, subsets: KeptSubset[]];

function endpointsOf({metadata, subsets}: EndpointsObject): KeptEndpoints {
  return [
    metaOf(metadata),
    (subsets ?? []).map(({addresses, notReadyAddresses, ports}) => [
      addressesOf(addresses),
      addressesOf(notReadyAddresses),
      (ports ?? []).map(({port, name = '', protocol = ''}) => [port, name, protocol]),
    ]),
  ];
}

function addressesOf(addresses: EndpointAddress[] | null | undefined): KeptAddress[] {
  return (addresses ?? []).map(({ip, hostname = '', nodeName = null, targetRef}) => [
    ip,
    hostname,
    nodeName,
    referenceOf(targetRef),
  ]);
}

interface SliceObject extends KubeObject {
  addressType?: string;
  endpoints?:
    | {
        addresses?: string[] | null;
        conditions?: {ready?: boolean | null; serving?: boolean | null; terminating?: boolean | null} | null;
        hostname?: string | null;
        nodeName?: string | null;
        zone?: string | null;
        targetRef?: ObjectReference | null;
        deprecatedTopology?: Record<string, string> | null;
      }[]
    | null;
  ports?:
    | {name?: string | null; protocol?: string | null; port?: number | null; appProtocol?: string | null}[]
    | null;
}

export type KeptEndpoint = [
  addresses: string[],
  ready: boolean | null,
  serving: boolean | null,
  terminating: boolean | null,
  hostname: string | null,
  nodeName: string | null,
  zone: string | null,
  reference: KeptReference | null,
  topology: Pairs,
];
export type KeptSlicePort = [
  port: number | null,
  name: string | null,
  protocol: string | null,
  appProtocol: string | null,
];
export type KeptSlice = [
  meta: KeptMeta,
  addressType: string,
  serviceName: string | null,
  endpoints: KeptEndpoint[],
  ports: KeptSlicePort[],
];

function sliceOf({metadata, addressType = '', endpoints, ports}: SliceObject): KeptSlice {
  return [
    metaOf(metadata),
    addressType,
    metadata.labels?.['kubernetes.io/service-name'] ?? null,
    (endpoints ?? []).map(
      ({addresses, conditions, hostname, nodeName, zone, targetRef, deprecatedTopology}) => [
        addresses ?? [],
        conditions?.ready ?? null,
        conditions?.serving ?? null,
        conditions?.terminating ?? null,
        hostname ?? null,
        nodeName ?? null,
        zone ?? null,
        referenceOf(targetRef),
        pairsOf(deprecatedTopology),
      ],
    ),
    (ports ?? []).map(({port, name, protocol, appProtocol}) => [
      port ?? null,
      name ?? null,
      protocol ?? null,
      appProtocol ?? null,
    ]),
  ];
}

interface IngressObject extends KubeObject {
  spec?: {
    ingressClassName?: string | null;
    tls?: {hosts?: string[] | null}[] | null;
    rules?: {host?: string; http?: {paths?: {path?: string}[] | null} | null}[] | null;
  };
}

export type KeptRule = [host: string, paths: string[]];
export type KeptIngress = [meta: KeptMeta, className: string | null, tlsHosts: string[], rules: KeptRule[]];

function ingressOf({metadata, spec}: IngressObject): KeptIngress {
  return [
    metaOf(metadata),
    spec?.ingressClassName ?? null,
    (spec?.tls ?? []).flatMap(({hosts}) => hosts ?? []),
    (spec?.rules ?? []).map(({host = '', http}) => [
      host,
      // A rule without HTTP stands for the whole host; one with an empty list of paths for nothing.
      http === null || http === undefined ? ['/'] : (http.paths ?? []).map(({path = ''}) => path || '/'),
    ]),
  ];
}
