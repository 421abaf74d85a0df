import type {KubernetesMetadata} from '../config.ts';
import {addPairs, type LabelDraft, metaPrefix} from './metalabels.ts';
import type {KeptMeta, KeptNode, KeptOwner, KeptPod, KeptService} from './projections.ts';

/** Kinds of objects that labels are taken from besides those that are the targets. */
export type RelatedKind = 'pods' | 'services' | 'nodes' | 'namespaces' | 'replicasets' | 'jobs';

/** Reads objects that others refer to. What was read once is at hand until `forget()`. */
export class RelatedObjects {
  readonly metadata: KubernetesMetadata;
  readonly #textOf: (kind: RelatedKind, key: string) => string | null;
  readonly #read = new Map<string, unknown>();

  constructor(metadata: KubernetesMetadata, textOf: (kind: RelatedKind, key: string) => string | null) {
    this.metadata = metadata;
    this.#textOf = textOf;
  }

  forget(): void {
    this.#read.clear();
  }

  pod(key: string): KeptPod | null {
    return this.#get('pods', key) as KeptPod | null;
  }

  service(key: string): KeptService | null {
    return this.#get('services', key) as KeptService | null;
  }

  node(name: string): KeptNode | null {
    return this.#get('nodes', name) as KeptNode | null;
  }

  /** What controls a replica set or a job. */
  owner(kind: 'replicasets' | 'jobs', key: string): KeptOwner | null {
    return this.#get(kind, key) as KeptOwner | null;
  }

  /** Labels and annotations of the namespace, where they are wanted. */
  addNamespace(target: LabelDraft, namespace: string): void {
    if (!this.metadata.namespace) return;
    const meta = this.#get('namespaces', namespace) as KeptMeta | null;
    if (meta !== null) addPairs(target, 'namespace', meta[2], meta[3]);
  }

  /** Name, labels and annotations of the node, where they are wanted. */
  addNode(target: LabelDraft, name: string | null): void {
    if (!this.metadata.node || name === null) return;
    const node = this.node(name);
    if (node === null) return;
    const [[nodeName, , labels, annotations]] = node;
    target.set(`${metaPrefix}node_name`, nodeName);
    addPairs(target, 'node', labels, annotations);
  }

  #get(kind: RelatedKind, key: string): unknown {
    const id = `${kind}/${key}`;
    let object = this.#read.get(id);
    if (object === undefined) {
      const text = this.#textOf(kind, key);
      object = text === null ? null : (JSON.parse(text) as unknown);
      this.#read.set(id, object);
    }
    return object;
  }
}
