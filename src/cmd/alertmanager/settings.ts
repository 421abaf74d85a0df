// What an Alertmanager is told by flags, alone or within the server.
import {availableParallelism} from 'node:os';
import type {MatcherMode} from '../../alertmanager/matchers/parse.ts';
import {FlagError, type FlagValues} from '../flags.ts';

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
