// What the command line of `narthex alertmanager` says.
import type {LogOptions} from '../../sys/log.ts';
import type {ListenAddress} from '../../http/weburl.ts';
import {FlagError, FlagValues, splitFlags} from '../flags.ts';
import {checkSupport, computeExternalUrl, computeRoutePrefix, parseListenAddress} from '../server-flags.ts';
import {alertmanagerFlagSpecs} from './flag-specs.ts';
import {type AlertmanagerSettings, readFeatures, readSettings} from './settings.ts';

export interface AlertmanagerFlags {
  configFile: string;
  storagePath: string;
  listenAddresses: ListenAddress[];
  systemdSocket: boolean;
  /** Of TLS and users; '' = none. */
  webConfigFile: string;
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
    systemdSocket: values.switch('web.systemd-socket'),
    webConfigFile: values.text('web.config.file'),
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
