import {kubeResources} from '../../kube/resource.ts';
import {addPairs, addressOf, LabelDraft, metaPrefix, sanitize} from './metalabels.ts';
import type {KeptNode} from './projections.ts';
import type {KubernetesRole} from './role.ts';

/** Which address of a node is asked first. */
const addressTypes = ['InternalIP', 'InternalDNS', 'ExternalIP', 'ExternalDNS', 'LegacyHostIP', 'Hostname'];

/** One target for each node: its kubelet. */
export const nodeRole: KubernetesRole = {
  resource: kubeResources.nodes,
  source: 'node',
  related: [],
  references: () => [],
  build(text) {
    const [[name, , names, annotations], providerId, conditions, addresses, port] = JSON.parse(
      text,
    ) as KeptNode;
    const labels = new LabelDraft(`${metaPrefix}node_provider_id`, providerId);
    for (const [type, status] of conditions)
      labels.set(`${metaPrefix}node_condition_${sanitize(type.toLowerCase())}`, status.toLowerCase());
    labels.set(`${metaPrefix}node_name`, name);
    addPairs(labels, 'node', names, annotations);
    const first = new Map<string, string>();
    for (const [type, address] of addresses) if (!first.has(type)) first.set(type, address);
    const type = addressTypes.find((each) => first.has(each));
    if (type === undefined) return null;
    const target = new LabelDraft('__address__', addressOf(first.get(type)!, port), 'instance', name);
    for (const [each, address] of first) target.set(`${metaPrefix}node_address_${sanitize(each)}`, address);
    return {targets: [target.pack()], labels: labels.pack()};
  },
};
