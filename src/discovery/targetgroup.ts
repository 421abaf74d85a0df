import {type Labels, labelsOf, labelsToRecord} from '../model/labels.ts';
import {PackedLabels} from './packedlabels.ts';

/** Labels by name, or packed, as mechanisms that find thousands of targets have them. */
export type LabelSet = Readonly<Record<string, string>> | PackedLabels;

/** Targets that share labels, as a discovery mechanism yields them. */
export interface TargetGroup {
  /** Names the group within its job, for example `0` for the first static_config. */
  source: string;
  /** Label sets of the targets, at least `__address__` each. */
  targets: LabelSet[];
  labels: LabelSet;
}

export function recordOf(labels: LabelSet): Readonly<Record<string, string>> {
  return labels instanceof PackedLabels ? labelsToRecord(labels.labels()) : labels;
}

/** Those that are not empty. */
export function labelsOfSet(labels: LabelSet): Labels {
  return labels instanceof PackedLabels ? labels.labels() : labelsOf(labels);
}

/** Whether two groups of the same source are alike. */
export function isSameGroup(left: TargetGroup, right: TargetGroup): boolean {
  if (left.targets.length !== right.targets.length) return false;
  if (!isSameSet(left.labels, right.labels)) return false;
  return left.targets.every((target, i) => isSameSet(target, right.targets[i]!));
}

function isSameSet(left: LabelSet, right: LabelSet): boolean {
  if (left instanceof PackedLabels) return right instanceof PackedLabels && left.equals(right);
  return !(right instanceof PackedLabels) && JSON.stringify(left) === JSON.stringify(right);
}
