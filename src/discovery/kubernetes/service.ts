import {kubeResources} from '../../kube/resource.ts';
import {addPairs, addressOf, LabelDraft, metaPrefix, namespaceLabel} from './metalabels.ts';
import type {KeptMeta, KeptService} from './projections.ts';
import type {RelatedObjects} from './related.ts';
import type {KubernetesRole} from './role.ts';

/** One target for each port of each service, by its name in the cluster. */
export const serviceRole: KubernetesRole = {
  resource: kubeResources.services,
  source: 'svc',
  related: [],
  references: () => [],
  build(text, related) {
    const [meta, type, clusterIp, externalName, loadBalancerIps, , ports] = JSON.parse(text) as KeptService;
    const [name, namespace] = meta;
    const labels = new LabelDraft();
    addService(labels, meta);
    related.addNamespace(labels, namespace);
    const targets = ports.map(([port, portName, protocol]) => {
      const target = new LabelDraft('__address__', addressOf(`${name}.${namespace}.svc`, port));
      target.set(`${metaPrefix}service_port_name`, portName);
      target.set(`${metaPrefix}service_port_number`, String(port));
      target.set(`${metaPrefix}service_port_protocol`, protocol);
      target.set(`${metaPrefix}service_type`, type);
      if (type === 'ExternalName') target.set(`${metaPrefix}service_external_name`, externalName);
      else target.set(`${metaPrefix}service_cluster_ip`, clusterIp);
      if (type === 'LoadBalancer') target.set(`${metaPrefix}service_loadbalancer_ip`, loadBalancerIps);
      return target.pack();
    });
    return {targets, labels: labels.pack()};
  },
};

function addService(labels: LabelDraft, [name, namespace, names, annotations]: KeptMeta): void {
  labels.set(namespaceLabel, namespace);
  labels.set(`${metaPrefix}service_name`, name);
  addPairs(labels, 'service', names, annotations);
}

/** Labels of a service for what stands behind it; gives the service, where it is known. */
export function addServiceOf(labels: LabelDraft, key: string, related: RelatedObjects): KeptService | null {
  const service = related.service(key);
  if (service !== null) addService(labels, service[0]);
  return service;
}
