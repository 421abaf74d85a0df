// Which Alertmanagers a target group names.

import {quoteGo} from '../base/quote.ts';
import {recordOf, type TargetGroup} from '../discovery/targetgroup.ts';
import {labelOf, type Labels, labelsOf} from '../model/labels.ts';
import {type CompiledRelabelConfig, relabel} from '../relabel/relabel.ts';
import type {AlertmanagerConfig} from './config.ts';

const addressLabel = '__address__';
const schemeLabel = '__scheme__';
const pathLabel = '__alerts_path__';

/** URLs of the endpoints that take alerts, and of those that relabelling drops. Throws where an address is none. */
export function alertmanagersOf(
  {targets, labels}: TargetGroup,
  config: Pick<AlertmanagerConfig, 'scheme' | 'pathPrefix' | 'apiVersion'>,
  rules: readonly CompiledRelabelConfig[],
): {active: string[]; dropped: string[]} {
  const active: string[] = [];
  const dropped: string[] = [];
  const shared = recordOf(labels);
  for (const target of targets.map(recordOf)) {
    const found = labelsOf({
      ...target,
      [schemeLabel]: config.scheme,
      [pathLabel]: pathOf(config.pathPrefix, config.apiVersion),
      // Scheme and path of the group go before those of the configuration, those of a target do not.
      ...Object.fromEntries(Object.entries(shared).filter(([name]) => !Object.hasOwn(target, name))),
    });
    const kept = relabel(found, rules);
    if (kept === null) {
      dropped.push(urlOf(found));
      continue;
    }
    const address = labelOf(kept, addressLabel);
    if (address.includes('/')) throw new SyntaxError(`${quoteGo(address)} is not a valid hostname`);
    active.push(urlOf(kept));
  }
  return {active, dropped};
}

function pathOf(prefix: string, version: string): string {
  const parts: string[] = [];
  // As Go's path.Join, which leaves out empty elements and dots.
  for (const part of `${prefix}/api/${version}/alerts`.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

function urlOf(labels: Labels): string {
  const path = labelOf(labels, pathLabel);
  const slash = path === '' || path.startsWith('/') ? '' : '/';
  return `${labelOf(labels, schemeLabel)}://${labelOf(labels, addressLabel)}${slash}${encodeURI(path)}`;
}
