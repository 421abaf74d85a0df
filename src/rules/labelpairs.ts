import {type Labels, labelsOf} from '../model/labels.ts';

export function* pairsOf(labels: Labels): Generator<[string, string]> {
  for (let i = 0; i < labels.length; i += 2) yield [labels[i]!, labels[i + 1]!];
}

/**
 * Sorted by name; a later pair of the same name wins. Unlike the labels of a series, those of a rule may be empty: such a one
 * takes a label away.
 */
export function labelsWithEmpty(pairs: readonly [string, string][]): Labels {
  const names = labelsOf(pairs.map(([name]) => [name, 'x'] as const));
  const values = new Map(pairs);
  return names.flatMap((name, i) => (i % 2 === 0 ? [name, values.get(name)!] : []));
}
