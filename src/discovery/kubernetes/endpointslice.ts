import {kubeResources} from '../../kube/resource.ts';
import type {PackedLabels} from '../packedlabels.ts';
import {addPairs, addressOf, LabelDraft, metaPrefix, namespaceLabel, sanitize} from './metalabels.ts';
import {addContainersOfPort, addPod, SeenPods} from './pod.ts';
import type {KeptEndpoint, KeptSlice, KeptSlicePort} from './projections.ts';
import type {RelatedObjects} from './related.ts';
import type {KubernetesRole} from './role.ts';
import {addServiceOf} from './service.ts';

const slicePrefix = `${metaPrefix}endpointslice_`;

/** One target for each address and port of each slice, and for ports of pods behind them that it does not name. */
export const endpointSliceRole: KubernetesRole = {
  resource: kubeResources.endpointslices,
  source: 'endpointslice',
  related: ['services', 'pods'],
  references(text) {
    const [[, namespace], , serviceName, endpoints] = JSON.parse(text) as KeptSlice;
    const references: string[] = [];
    if (serviceName !== null) references.push(`services/${namespace}/${serviceName}`);
    for (const [, , , , , nodeName, , reference] of endpoints) {
      if (nodeName !== null) references.push(`nodes/${nodeName}`);
      if (reference === null) continue;
      const [kind, podNamespace, referred] = reference;
      if (kind === 'Pod') references.push(`pods/${podNamespace}/${referred}`);
      if (kind === 'Node') references.push(`nodes/${referred}`);
    }
    return references;
  },
  build(text, related) {
    const [meta, addressType, serviceName, endpoints, ports] = JSON.parse(text) as KeptSlice;
    const [name, namespace, names, annotations] = meta;
    const labels = new LabelDraft(namespaceLabel, namespace);
    labels.set(`${slicePrefix}address_type`, addressType);
    labels.set(`${slicePrefix}name`, name);
    addPairs(labels, 'endpointslice', names, annotations);
    const service =
      serviceName === null ? null : addServiceOf(labels, `${namespace}/${serviceName}`, related);
    related.addNamespace(labels, namespace);
    // Of a service with both families of addresses the second one leads to the same pods again.
    const primaryFamily = service?.[5] ?? '';
    if (primaryFamily !== '' && primaryFamily !== addressType) return {targets: [], labels: labels.pack()};
    const seen = new SeenPods();
    const targets: PackedLabels[] = [];
    for (const endpoint of endpoints) {
      for (const port of ports) {
        for (const address of endpoint[0]) targets.push(targetOf(address, endpoint, port, {seen, related}));
      }
    }
    targets.push(...seen.rest(related));
    return {targets, labels: labels.pack()};
  },
};

function targetOf(
  address: string,
  endpoint: KeptEndpoint,
  portOfSlice: KeptSlicePort,
  {seen, related}: {seen: SeenPods; related: RelatedObjects},
): PackedLabels {
  const [port, portName, protocol, appProtocol] = portOfSlice;
  const [, ready, serving, terminating, hostname, nodeName, zone, reference, topology] = endpoint;
  const target = new LabelDraft('__address__', port === null ? address : addressOf(address, port));
  const set = (name: string, value: string | number | boolean | null): void => {
    if (value !== null) target.set(slicePrefix + name, String(value));
  };
  set('port_name', portName);
  set('port_protocol', protocol);
  set('port', port);
  set('port_app_protocol', appProtocol);
  set('endpoint_conditions_ready', ready);
  set('endpoint_conditions_serving', serving);
  set('endpoint_conditions_terminating', terminating);
  set('endpoint_hostname', hostname);
  set('endpoint_node_name', nodeName);
  set('endpoint_zone', zone);
  for (let i = 0; i < topology.length; i += 2) {
    const safe = sanitize(topology[i]!);
    set(`endpoint_topology_${safe}`, topology[i + 1]!);
    set(`endpoint_topology_present_${safe}`, true);
  }
  const [kind, namespace, name] = reference ?? ['', '', ''];
  if (reference !== null) {
    set('address_target_kind', kind);
    set('address_target_name', name);
  }
  related.addNode(target, kind === 'Node' ? name : nodeName);
  const pod = kind === 'Pod' ? related.pod(`${namespace}/${name}`) : null;
  if (pod === null) return target.pack();
  addPod(target, pod, related);
  if (port !== null) addContainersOfPort(target, pod, port, null);
  seen.add(pod, port);
  return target.pack();
}
