import {type Labels, labelsToRecord} from '../model/labels.ts';

/** Labels by name, or flat, as mechanisms that find thousands of targets have them: that takes a third of the memory. */
export type LabelSet = Readonly<Record<string, string>> | Labels;

/** Targets that share labels, as a discovery mechanism yields them. */
export interface TargetGroup {
  /** Names the group within its job, for example `0` for the first static_config. */
  source: string;
  /** Label sets of the targets, at least `__address__` each. */
  targets: LabelSet[];
  labels: LabelSet;
}

export function recordOf(labels: LabelSet): Readonly<Record<string, string>> {
  return isFlat(labels) ? labelsToRecord(labels) : labels;
}

export function isFlat(labels: LabelSet): labels is Labels {
  return Array.isArray(labels);
}
