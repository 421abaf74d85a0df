// Labels, each in a box of its own.
import type {ReactNode} from 'react';
import type {LabelSet} from '../api/types.ts';
import {matchersOf} from '../query/series-name.ts';

interface LabelBadgesProps {
  labels: LabelSet;
  /** Names of labels that are shown elsewhere already. */
  without?: readonly string[];
}

export function LabelBadges({labels, without = []}: LabelBadgesProps): ReactNode {
  return matchersOf(labels)
    .filter(([name]) => !without.includes(name))
    .map(([name, value]) => (
      <span key={name} className="nx-label-badge">
        <span className="nx-series-name">{name}</span>=
        <span className="nx-series-value">{JSON.stringify(value)}</span>
      </span>
    ));
}
