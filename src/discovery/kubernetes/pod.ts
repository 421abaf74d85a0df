import {kubeResources} from '../../kube/resource.ts';
import type {PackedLabels} from '../packedlabels.ts';
import {addPairs, addressOf, LabelDraft, metaPrefix, namespaceLabel} from './metalabels.ts';
import type {KeptContainer, KeptPod, KeptPort} from './projections.ts';
import type {RelatedObjects} from './related.ts';
import type {KubernetesRole} from './role.ts';

const noLabels = new LabelDraft().pack();

/** One target for each declared port of each container, or for a container without ports. */
export const podRole: KubernetesRole = {
  resource: kubeResources.pods,
  source: 'pod',
  related: [],
  references(text) {
    const [[, namespace], , , , , nodeName, , [ownerKind, ownerName]] = JSON.parse(text) as KeptPod;
    const references = [`nodes/${nodeName}`];
    if (ownerKind === 'ReplicaSet') references.push(`replicasets/${namespace}/${ownerName}`);
    if (ownerKind === 'Job') references.push(`jobs/${namespace}/${ownerName}`);
    return references;
  },
  build(text, related) {
    const pod = JSON.parse(text) as KeptPod;
    const [[, namespace], , ip, , , nodeName, , , containers] = pod;
    // A pod that is starting, or was evicted, has no address.
    if (ip === '') return {targets: [], labels: noLabels};
    // Nodes that a selector does not admit are not known, and neither are their pods.
    if (related.metadata.node && related.node(nodeName) === null) return {targets: [], labels: noLabels};
    const labels = new LabelDraft();
    addPod(labels, pod, related);
    labels.set(namespaceLabel, namespace);
    related.addNode(labels, nodeName);
    related.addNamespace(labels, namespace);
    const targets = containers.flatMap((container) => targetsOf(ip, container));
    return {targets, labels: labels.pack()};
  },
};

function targetsOf(ip: string, container: KeptContainer): PackedLabels[] {
  const [name, image, id, isInit, ports] = container;
  const withId = (target: LabelDraft): PackedLabels => {
    target.set(`${metaPrefix}pod_container_id`, id);
    return target.pack();
  };
  if (ports.length === 0) {
    const target = new LabelDraft('__address__', ip);
    addContainer(target, name, image, isInit);
    return [withId(target)];
  }
  return ports.map((port) => withId(targetOfPort(ip, container, port)));
}

function addContainer(target: LabelDraft, name: string, image: string, isInit: 0 | 1): void {
  target.set(`${metaPrefix}pod_container_name`, name);
  target.set(`${metaPrefix}pod_container_image`, image);
  target.set(`${metaPrefix}pod_container_init`, String(isInit === 1));
}

/** Labels of the container that has a port. `protocol` may come from what leads there. */
export function addContainerPort(
  target: LabelDraft,
  [name, image, , isInit]: KeptContainer,
  [port, portName, protocol]: KeptPort,
): void {
  addContainer(target, name, image, isInit);
  target.set(`${metaPrefix}pod_container_port_number`, String(port));
  target.set(`${metaPrefix}pod_container_port_name`, portName);
  target.set(`${metaPrefix}pod_container_port_protocol`, protocol);
}

function targetOfPort(ip: string, container: KeptContainer, port: KeptPort): LabelDraft {
  const target = new LabelDraft('__address__', addressOf(ip, port[0]));
  addContainerPort(target, container, port);
  return target;
}

/** The labels of a pod itself. */
export function addPod(labels: LabelDraft, pod: KeptPod, related: RelatedObjects): void {
  const [[name, namespace, names, annotations], uid, ip, hostIp, phase, nodeName, ready, owner] = pod;
  labels.set(`${metaPrefix}pod_ip`, ip);
  labels.set(`${metaPrefix}pod_ready`, ready);
  labels.set(`${metaPrefix}pod_phase`, phase);
  labels.set(`${metaPrefix}pod_node_name`, nodeName);
  labels.set(`${metaPrefix}pod_host_ip`, hostIp);
  labels.set(`${metaPrefix}pod_uid`, uid);
  labels.set(`${metaPrefix}pod_name`, name);
  addPairs(labels, 'pod', names, annotations);
  const [kind, ownerName] = owner;
  if (kind !== '') labels.set(`${metaPrefix}pod_controller_kind`, kind);
  if (ownerName !== '') labels.set(`${metaPrefix}pod_controller_name`, ownerName);
  const {deployment, job, cronjob} = related.metadata;
  const key = `${namespace}/${ownerName}`;
  if (kind === 'ReplicaSet' && deployment) {
    const [above, aboveName] = related.owner('replicasets', key) ?? ['', ''];
    if (above === 'Deployment') labels.set(`${metaPrefix}pod_deployment_name`, aboveName);
  }
  if (kind !== 'Job') return;
  if (job) labels.set(`${metaPrefix}pod_job_name`, ownerName);
  if (!cronjob) return;
  const [above, aboveName] = related.owner('jobs', key) ?? ['', ''];
  if (above === 'CronJob') labels.set(`${metaPrefix}pod_cronjob_name`, aboveName);
}

/** Ports of pods that something leads to, so that the rest of their ports can become targets too. */
export class SeenPods {
  readonly #seen = new Map<KeptPod, Set<number>>();

  /** `port` null: the pod, but none of its ports. */
  add(pod: KeptPod, port: number | null): void {
    let ports = this.#seen.get(pod);
    if (ports === undefined) this.#seen.set(pod, (ports = new Set()));
    if (port !== null) ports.add(port);
  }

  /** Targets for the declared ports that nothing leads to. */
  rest(related: RelatedObjects): PackedLabels[] {
    const targets: PackedLabels[] = [];
    for (const [pod, seen] of this.#seen) {
      const [, , ip, , , , , , containers] = pod;
      if (ip === '') continue;
      for (const container of containers) {
        for (const port of container[4]) {
          if (seen.has(port[0])) continue;
          const target = targetOfPort(ip, container, port);
          addPod(target, pod, related);
          targets.push(target.pack());
        }
      }
    }
    return targets;
  }
}

/** Labels of the containers that declare a port; of several the last one's stay. */
export function addContainersOfPort(
  target: LabelDraft,
  pod: KeptPod,
  port: number,
  protocol: string | null,
): void {
  for (const container of pod[8]) {
    const declared = container[4].find(([each]) => each === port);
    if (declared !== undefined)
      addContainerPort(target, container, [port, declared[1], protocol ?? declared[2]]);
  }
}
