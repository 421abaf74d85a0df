import {labelsOfSet, type LabelSet} from '../discovery/targetgroup.ts';
import {PackedLabels} from '../discovery/packedlabels.ts';
import {compareStrings, type Labels, labelsOf} from '../model/labels.ts';

/** Where the labels of a target before relabeling come from. */
export interface Found {
  /** What the configuration says of every target that says nothing else itself. */
  defaults: Labels;
  group: LabelSet;
  own: LabelSet;
}

/** Labels of a target before relabeling. */
export function discoveredLabels({defaults, group, own}: Found): Labels {
  return overlay(baseOf(defaults, group), defaults, own);
}

/** Labels of a group, and what the configuration says where the group says nothing. */
export function baseOf(defaults: Labels, group: LabelSet): Labels {
  return merge(defaults, labelsOfSet(group));
}

/** A target's own labels over those of `base`. An empty one hides the group's, and leaves the configuration's. */
export function overlay(base: Labels, defaults: Labels, own: LabelSet): Labels {
  if (own instanceof PackedLabels) return merge(base, own.labels());
  let under = base;
  for (const name of Object.keys(own)) {
    if (own[name] !== '') continue;
    const without: string[] = [];
    for (let i = 0; i < under.length; i += 2) if (under[i] !== name) without.push(under[i]!, under[i + 1]!);
    under = without;
  }
  return merge(merge(defaults, under), labelsOf(own));
}

/** Those of `over` win. */
function merge(under: Labels, over: Labels): Labels {
  const merged: string[] = [];
  let i = 0;
  let j = 0;
  while (i < under.length && j < over.length) {
    const [left, right] = [under[i]!, over[j]!];
    const order = left === right ? 0 : compareStrings(left, right);
    if (order < 0) {
      merged.push(left, under[i + 1]!);
      i += 2;
      continue;
    }
    merged.push(right, over[j + 1]!);
    j += 2;
    if (order === 0) i += 2;
  }
  for (; i < under.length; i += 2) merged.push(under[i]!, under[i + 1]!);
  for (; j < over.length; j += 2) merged.push(over[j]!, over[j + 1]!);
  return merged;
}
