import type {KubeResource} from '../../kube/resource.ts';
import type {PackedLabels} from '../packedlabels.ts';
import type {RelatedKind, RelatedObjects} from './related.ts';

export interface BuiltGroup {
  targets: PackedLabels[];
  labels: PackedLabels;
}

/** How objects of one kind become targets. */
export interface KubernetesRole {
  resource: KubeResource;
  /** Begins the names of groups, which end in the object's key. */
  source: string;
  /** Followed in the same namespaces, with the selectors of their own roles. */
  related: readonly RelatedKind[];
  /** The objects that the labels of this one are taken from, as `kind/key`. */
  references(text: string): string[];
  /** The group of an object, from what is kept of it. null: leave what there is. */
  build(text: string, related: RelatedObjects): BuiltGroup | null;
}
