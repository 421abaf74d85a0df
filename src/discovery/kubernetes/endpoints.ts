import {kubeResources} from '../../kube/resource.ts';
import type {PackedLabels} from '../packedlabels.ts';
import {addPairs, addressOf, LabelDraft, metaPrefix, namespaceLabel} from './metalabels.ts';
import {addContainersOfPort, addPod, SeenPods} from './pod.ts';
import type {KeptAddress, KeptEndpoints, KeptPort} from './projections.ts';
import type {RelatedObjects} from './related.ts';
import type {KubernetesRole} from './role.ts';
import {addServiceOf} from './service.ts';

/** One target for each address and port of each Endpoints object, and for ports of pods behind them that it does not name. */
export const endpointsRole: KubernetesRole = {
  resource: kubeResources.endpoints,
  source: 'endpoints',
  related: ['services', 'pods'],
  references(text) {
    const [[name, namespace], subsets] = JSON.parse(text) as KeptEndpoints;
    const references = [`services/${namespace}/${name}`];
    for (const [ready, notReady] of subsets) {
      for (const [, , nodeName, reference] of [...ready, ...notReady]) {
        if (nodeName !== null) references.push(`nodes/${nodeName}`);
        if (reference === null) continue;
        const [kind, podNamespace, referred] = reference;
        if (kind === 'Pod') references.push(`pods/${podNamespace}/${referred}`);
        if (kind === 'Node') references.push(`nodes/${referred}`);
      }
    }
    return references;
  },
  build(text, related) {
    const [[name, namespace, names, annotations], subsets] = JSON.parse(text) as KeptEndpoints;
    const labels = new LabelDraft(namespaceLabel, namespace);
    addServiceOf(labels, `${namespace}/${name}`, related);
    labels.set(`${metaPrefix}endpoints_name`, name);
    addPairs(labels, 'endpoints', names, annotations);
    related.addNamespace(labels, namespace);
    const seen = new SeenPods();
    const targets: PackedLabels[] = [];
    for (const [ready, notReady, ports] of subsets) {
      for (const port of ports) {
        for (const address of ready) targets.push(targetOf(address, port, {ready: 'true', seen, related}));
        for (const address of notReady)
          targets.push(targetOf(address, port, {ready: 'false', seen, related}));
      }
    }
    targets.push(...seen.rest(related));
    return {targets, labels: labels.pack()};
  },
};

function targetOf(
  [ip, hostname, nodeName, reference]: KeptAddress,
  [port, portName, protocol]: KeptPort,
  {ready, seen, related}: {ready: string; seen: SeenPods; related: RelatedObjects},
): PackedLabels {
  const target = new LabelDraft('__address__', addressOf(ip, port));
  target.set(`${metaPrefix}endpoint_port_name`, portName);
  target.set(`${metaPrefix}endpoint_port_protocol`, protocol);
  target.set(`${metaPrefix}endpoint_ready`, ready);
  if (nodeName !== null) target.set(`${metaPrefix}endpoint_node_name`, nodeName);
  if (hostname !== '') target.set(`${metaPrefix}endpoint_hostname`, hostname);
  const [kind, namespace, name] = reference ?? ['', '', ''];
  if (reference !== null) {
    target.set(`${metaPrefix}endpoint_address_target_kind`, kind);
    target.set(`${metaPrefix}endpoint_address_target_name`, name);
  }
  related.addNode(target, nodeName ?? (kind === 'Node' ? name : null));
  const pod = kind === 'Pod' ? related.pod(`${namespace}/${name}`) : null;
  if (pod === null) return target.pack();
  addPod(target, pod, related);
  addContainersOfPort(target, pod, port, protocol);
  seen.add(pod, port);
  return target.pack();
}
