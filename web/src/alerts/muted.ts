// Which of the rules' alerts are muted, by what the Alertmanager says of those that it was sent.
import type {NotifiedAlert} from '../api/alertmanager.ts';
import type {LabelSet} from '../api/types.ts';

export type Muting =
  | {kind: 'silenced'; silence: string}
  | {kind: 'inhibited'}
  | {kind: 'timeInterval'; name: string};

export type MutingByLabels = ReadonlyMap<string, Muting>;

export function mutingsOf(alerts: readonly NotifiedAlert[]): MutingByLabels {
  const mutings = new Map<string, Muting>();
  for (const {labels, status} of alerts) {
    const muting = mutingOf(status);
    if (muting !== null) mutings.set(labelsKey(labels), muting);
  }
  return mutings;
}

function mutingOf({silencedBy, inhibitedBy, mutedBy}: NotifiedAlert['status']): Muting | null {
  if (silencedBy.length > 0) return {kind: 'silenced', silence: silencedBy[0]!};
  if (inhibitedBy.length > 0) return {kind: 'inhibited'};
  return mutedBy.length > 0 ? {kind: 'timeInterval', name: mutedBy[0]!} : null;
}

/** What the Alertmanager does with the alert, where it knows it. */
export function mutingFor(mutings: MutingByLabels, labels: LabelSet): Muting | undefined {
  return mutings.get(labelsKey(labels));
}

function labelsKey(labels: LabelSet): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}
