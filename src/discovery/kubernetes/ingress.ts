import {kubeResources} from '../../kube/resource.ts';
import {addPairs, LabelDraft, metaPrefix, namespaceLabel} from './metalabels.ts';
import type {KeptIngress} from './projections.ts';
import type {KubernetesRole} from './role.ts';

/** One target for each path of each rule, for black-box probes. */
export const ingressRole: KubernetesRole = {
  resource: kubeResources.ingresses,
  source: 'ingress',
  related: [],
  references: () => [],
  build(text, related) {
    const [meta, className, tlsHosts, rules] = JSON.parse(text) as KeptIngress;
    const [name, namespace, names, annotations] = meta;
    const labels = new LabelDraft(namespaceLabel, namespace);
    if (className !== null) labels.set(`${metaPrefix}ingress_class_name`, className);
    labels.set(`${metaPrefix}ingress_name`, name);
    addPairs(labels, 'ingress', names, annotations);
    related.addNamespace(labels, namespace);
    const targets = rules.flatMap(([host, paths]) => {
      const scheme = tlsHosts.some((pattern) => matchesHost(pattern, host)) ? 'https' : 'http';
      return paths.map((path) => {
        const target = new LabelDraft('__address__', host);
        target.set(`${metaPrefix}ingress_scheme`, scheme);
        target.set(`${metaPrefix}ingress_host`, host);
        target.set(`${metaPrefix}ingress_path`, path);
        return target.pack();
      });
    });
    return {targets, labels: labels.pack()};
  },
};

/** `*.example.org` stands for one more level, whatever it is called. */
export function matchesHost(pattern: string, host: string): boolean {
  if (pattern === host) return true;
  if (pattern !== '*' && !pattern.startsWith('*.')) return false;
  const [patternParts, hostParts] = [pattern.split('.'), host.split('.')];
  return (
    patternParts.length === hostParts.length &&
    patternParts.every((part, index) => index === 0 || part === hostParts[index])
  );
}
