// How amtool prints silences, alerts and what it is told of an Alertmanager.
import {formatMatcher, formatMatchers, type MatcherText} from '../../../alertmanager/matchers.ts';
import {compareStrings} from '../../../model/labels.ts';
import {formatTime} from '../../../template/time/layout.ts';
import {timeOfMs} from '../../../template/time.ts';
import type {FlagValues} from '../../flags.ts';
import type {Output} from '../output.ts';
import type {ApiAlert, ApiMatcher, ApiSilence, ApiStatus} from './client.ts';

type OutputKind = 'simple' | 'extended' | 'json';

function kindOf(flags: FlagValues): OutputKind {
  return flags.text('output') as OutputKind;
}

export function printSilences(silences: readonly ApiSilence[], flags: FlagValues, output: Output): void {
  if (kindOf(flags) === 'json') {
    printJson(silences, output);
    return;
  }
  const date = dateFormatter(flags);
  const sorted = silences.toSorted((left, right) => Date.parse(left.endsAt) - Date.parse(right.endsAt));
  const rows =
    kindOf(flags) === 'simple'
      ? [
          ['ID', 'Matchers', 'Ends At', 'Created By', 'Comment'],
          ...sorted.map(({id, matchers, endsAt, createdBy, comment}) => [
            id,
            matchers.map((each) => formatMatcher(matcherOf(each))).join(' '),
            date(endsAt),
            createdBy,
            comment,
          ]),
        ]
      : [
          ['ID', 'Matchers', 'Starts At', 'Ends At', 'Updated At', 'Created By', 'Comment'],
          ...sorted.map(({id, matchers, startsAt, endsAt, updatedAt = '', createdBy, comment}) => [
            id,
            formatMatchers(matchers.map(matcherOf)),
            date(startsAt),
            date(endsAt),
            date(updatedAt),
            createdBy,
            comment,
          ]),
        ];
  output.write(tableOf(rows));
}

export function printAlerts(alerts: readonly ApiAlert[], flags: FlagValues, output: Output): void {
  if (kindOf(flags) === 'json') {
    printJson(alerts, output);
    return;
  }
  const date = dateFormatter(flags);
  const sorted = alerts.toSorted((left, right) => Date.parse(left.startsAt) - Date.parse(right.startsAt));
  const rows =
    kindOf(flags) === 'simple'
      ? [
          ['Alertname', 'Starts At', 'Summary', 'State'],
          ...sorted.map(({labels, startsAt, annotations, status}) => [
            labels['alertname'] ?? '',
            date(startsAt),
            annotations['summary'] ?? '',
            status.state,
          ]),
        ]
      : [
          ['Labels', 'Annotations', 'Starts At', 'Ends At', 'Generator URL', 'State'],
          ...sorted.map(({labels, annotations, startsAt, endsAt, generatorURL = '', status}) => [
            pairsText(labels),
            pairsText(annotations),
            date(startsAt),
            date(endsAt),
            generatorURL,
            status.state,
          ]),
        ];
  output.write(tableOf(rows));
}

export function printConfig(status: ApiStatus, flags: FlagValues, output: Output): void {
  if (kindOf(flags) === 'json') {
    printJson(status, output);
    return;
  }
  output.write(`${status.config.original}\n`);
  if (kindOf(flags) === 'simple') return;
  for (const name of ['buildUser', 'goVersion', 'revision', 'version', 'branch', 'buildDate'])
    output.write(`${name} ${status.versionInfo[name] ?? ''}\n`);
  output.write(`uptime ${status.uptime}\n`);
}

export function printCluster({cluster}: ApiStatus, flags: FlagValues, output: Output): void {
  if (kindOf(flags) === 'json') {
    printJson(cluster, output);
    return;
  }
  output.write(`Cluster Status:  ${cluster.status}\nNode Name:       ${cluster.name ?? ''}\n`);
  if (kindOf(flags) === 'simple') return;
  const peers = (cluster.peers ?? []).toSorted((left, right) => compareStrings(left.address, right.address));
  const width = Math.max(7, ...peers.map(({address}) => address.length)) + 2;
  output.write(`\n${'Address'.padEnd(width)}Name\n`);
  const names = Math.max(0, ...peers.map(({name}) => name.length)) + 2;
  for (const {address, name} of peers) output.write(`${address.padEnd(width)}${name.padEnd(names)}\n`);
}

function printJson(value: unknown, output: Output): void {
  output.write(`${JSON.stringify(value)}\n`);
}

function matcherOf({name, value, isRegex, isEqual = true}: ApiMatcher): MatcherText {
  const type = isRegex ? (isEqual ? '=~' : '!~') : isEqual ? '=' : '!=';
  return {type, name, value};
}

function pairsText(pairs: Readonly<Record<string, string>>): string {
  return Object.entries(pairs)
    .map(([name, value]) => `${name}="${value}"`)
    .sort(compareStrings)
    .join(' ');
}

function dateFormatter(flags: FlagValues): (text: string) => string {
  const layout = flags.text('date.format');
  return (text) => formatTime(timeOfMs(Date.parse(text)), layout);
}

/** Columns as wide as they need, and two spaces behind each, the last one too. */
function tableOf(rows: readonly (readonly string[])[]): string {
  const lengthOf = (text: string): number => Array.from(text).length;
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => lengthOf(row[column]!))) + 2);
  const lines = rows.map((row) =>
    row.map((cell, column) => cell + ' '.repeat(widths[column]! - lengthOf(cell))).join(''),
  );
  return `${lines.join('\n')}\n`;
}
