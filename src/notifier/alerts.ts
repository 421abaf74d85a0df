// Alerts on their way: relabelled, and as Alertmanager's API v2 wants them.

import {type Labels, labelOf, labelsToRecord, withLabel} from '../model/labels.ts';
import {type CompiledRelabelConfig, relabel} from '../relabel/relabel.ts';
import type {NotifiedAlert} from '../rules/world.ts';

/** The alerts with the external labels that they do not have themselves, as the rules leave them. */
export function relabelAlerts(
  alerts: readonly NotifiedAlert[],
  externalLabels: Labels,
  rules: readonly CompiledRelabelConfig[],
): NotifiedAlert[] {
  const kept: NotifiedAlert[] = [];
  for (const alert of alerts) {
    let {labels} = alert;
    for (let i = 0; i < externalLabels.length; i += 2) {
      if (labelOf(labels, externalLabels[i]!) === '')
        labels = withLabel(labels, externalLabels[i]!, externalLabels[i + 1]!);
    }
    const changed = relabel(labels, rules);
    if (changed !== null) kept.push({...alert, labels: changed});
  }
  return kept;
}

/** Body of POST /api/v2/alerts. */
export function payloadOf(alerts: readonly NotifiedAlert[]): string {
  return JSON.stringify(
    alerts.map(({labels, annotations, startsAtMs, endsAtMs, generatorUrl}) => ({
      ...(annotations.length > 0 && {annotations: labelsToRecord(annotations)}),
      endsAt: new Date(endsAtMs).toISOString(),
      startsAt: new Date(startsAtMs).toISOString(),
      generatorURL: generatorUrl,
      labels: labelsToRecord(labels),
    })),
  );
}
