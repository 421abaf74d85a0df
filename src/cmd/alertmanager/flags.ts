// What the command line of `narthex alertmanager` says.
import {availableParallelism} from 'node:os';
import type {MatcherMode} from '../../alertmanager/matchers/parse.ts';
import type {LogOptions} from '../../sys/log.ts';
import type {ListenAddress} from '../../http/weburl.ts';
import {FlagError, FlagValues, splitFlags} from '../flags.ts';
import {checkSupport, computeExternalUrl, computeRoutePrefix, parseListenAddress} from '../server-flags.ts';
import {alertmanagerFlagSpecs} from './flag-specs.ts';

/** Of the core, which also the server has. */
export interface AlertmanagerSettings {
  retentionMs: number;
  maintenanceIntervalMs: number;
  alertGcIntervalMs: number;
  alertsPerNameMax: number;
  silencesMax: number;
  silenceBytesMax: number;
  logSilences: boolean;
  startDelayMs: number;
  getConcurrencyMax: number;
  matcherMode: MatcherMode;
  receiverNamesInMetrics: boolean;
}

export interface AlertmanagerFlags {
  configFile: string;
  storagePath: string;
  listenAddresses: ListenAddress[];
  externalUrl: string;
  routePrefix: string;
  timeoutMs: number;
  settings: AlertmanagerSettings;
  log: LogOptions;
  warnings: string[];
}

export type AlertmanagerCommandLine =
  | {kind: 'help'}
  | {kind: 'version'}
  | {kind: 'run'; flags: AlertmanagerFlags};

/** Throws FlagError. */
export function parseAlertmanagerFlags(args: readonly string[]): AlertmanagerCommandLine {
  const specs = alertmanagerFlagSpecs;
  const values = new FlagValues(specs, splitFlags(args, specs));
  if (values.switch('help')) return {kind: 'help'};
  if (values.switch('version')) return {kind: 'version'};
  const warnings: string[] = [];
  const problems = checkSupport(specs, values, warnings);
  if (problems.length > 0) throw new FlagError(problems.join('\n'), 1);
  // Who switches the cluster off need not be told that there is none.
  if (values.text('cluster.listen-address') === '')
    warnings.splice(
      0,
      warnings.length,
      ...warnings.filter((each) => !each.includes('--cluster.listen-address ')),
    );
  if (values.texts('cluster.peer').length > 0)
    warnings.push(
      '--cluster.peer is given, but this version has no cluster yet: its peers are not told of silences and notifications, and what they notify of is notified again here',
    );
  const listenAddresses = values.texts('web.listen-address').map(parseListenAddress);
  const externalUrl = computeExternalUrl(values.text('web.external-url'), listenAddresses[0]!);
  const features = readFeatures(values.texts('enable-feature'), warnings);
  const flags: AlertmanagerFlags = {
    configFile: values.text('config.file'),
    storagePath: values.text('storage.path').replace(/(?<=.)\/+$/, ''),
    listenAddresses,
    externalUrl,
    routePrefix: computeRoutePrefix(values.text('web.route-prefix'), externalUrl),
    timeoutMs: Math.max(0, values.duration('web.timeout')),
    settings: readSettings(values, '', features),
    log: {
      level: values.text('log.level') as LogOptions['level'],
      format: values.text('log.format') as LogOptions['format'],
    },
    warnings,
  };
  return {kind: 'run', flags};
}

/** `prefix` stands before the names of the flags. */
export function readSettings(
  values: FlagValues,
  prefix: string,
  features: AlertmanagerFeatures,
): AlertmanagerSettings {
  const positive = (name: string): number => {
    const ms = values.duration(prefix + name);
    if (ms <= 0) throw new FlagError(`--${prefix}${name} must be greater than 0`, 1);
    return ms;
  };
  const concurrency = prefix === '' ? values.integer('web.get-concurrency') : 0;
  return {
    retentionMs: positive('data.retention'),
    maintenanceIntervalMs: positive('data.maintenance-interval'),
    alertGcIntervalMs: positive('alerts.gc-interval'),
    alertsPerNameMax: values.integer(`${prefix}alerts.per-alertname-limit`),
    silencesMax: values.integer(`${prefix}silences.max-silences`),
    silenceBytesMax: values.integer(`${prefix}silences.max-silence-size-bytes`),
    logSilences: values.switch(`${prefix}log.silences`),
    startDelayMs: values.duration(`${prefix}dispatch.start-delay`),
    getConcurrencyMax: concurrency < 1 ? Math.max(availableParallelism(), 8) : concurrency,
    matcherMode: features.matcherMode,
    receiverNamesInMetrics: features.receiverNamesInMetrics,
  };
}

export interface AlertmanagerFeatures {
  matcherMode: MatcherMode;
  receiverNamesInMetrics: boolean;
}

const idleFeatures: Record<string, string> = {
  'alert-names-in-metrics': 'metrics of alerts are not told apart by name',
  'group-key-in-metrics': 'metrics are not told apart by group',
  'auto-gomemlimit': 'memory is set by the program itself',
  'event-recorder': 'events are not recorded yet',
};

/** Throws FlagError. */
export function readFeatures(texts: readonly string[], warnings: string[]): AlertmanagerFeatures {
  const names = texts.flatMap((text) => text.split(',')).filter((name) => name !== '');
  const features: AlertmanagerFeatures = {matcherMode: 'fallback', receiverNamesInMetrics: false};
  for (const name of names) {
    if (name === 'receiver-name-in-metrics') features.receiverNamesInMetrics = true;
    else if (name === 'classic-mode') features.matcherMode = 'classic';
    else if (name === 'utf8-strict-mode') features.matcherMode = 'utf8';
    else if (name in idleFeatures)
      warnings.push(`--enable-feature=${name} changes nothing: ${idleFeatures[name]}`);
    else throw new FlagError(`Unknown option '${name}' for --enable-feature`, 1);
  }
  if (names.includes('classic-mode') && names.includes('utf8-strict-mode'))
    throw new FlagError('cannot have both classic-mode and utf8-strict-mode enabled', 1);
  return features;
}
