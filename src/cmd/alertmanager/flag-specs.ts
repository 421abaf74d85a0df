// Every flag of Alertmanager 0.34, and what becomes of it here.
import {logFormats, logLevels} from '../../sys/log.ts';
import type {FlagKind, FlagSpec} from '../flags.ts';

type Extra = Partial<Omit<FlagSpec, 'name' | 'kind' | 'initial' | 'help' | 'support'>>;

function works(name: string, kind: FlagKind, initial: string, help: string, extra: Extra = {}): FlagSpec {
  return {name, kind, initial, help, support: 'works', ...extra};
}

function ignored(name: string, kind: FlagKind, initial: string, note: string): FlagSpec {
  const help = `Accepted, changes nothing: ${note}.`;
  return {name, kind, initial, help, support: 'ignored', note};
}

const alone = 'there is no cluster yet, this Alertmanager works alone';
const goRuntime = 'it tunes the Go runtime; memory is set by the program itself';

/** Those that also the server takes, for the Alertmanager within it; there they begin with `alertmanager.`. */
export const alertmanagerCoreSpecs: readonly FlagSpec[] = [
  works(
    'data.retention',
    'duration',
    '120h',
    'How long to keep silences after their end, and notifications.',
  ),
  works(
    'data.maintenance-interval',
    'duration',
    '15m',
    'How often silences and the notification log are cleaned up and written as a whole.',
  ),
  works(
    'silences.max-silences',
    'integer',
    '0',
    'Most silences, with those that have ended but are kept. 0 is no limit.',
  ),
  works(
    'silences.max-silence-size-bytes',
    'integer',
    '0',
    'Largest silence, as it is stored. 0 is no limit.',
  ),
  works('log.silences', 'switch', 'false', 'Log each change of a silence.'),
  works('alerts.gc-interval', 'duration', '30m', 'How often resolved alerts are forgotten.'),
  works(
    'alerts.per-alertname-limit',
    'integer',
    '0',
    'Most alerts of one name. What comes beyond is dropped. 0 is no limit.',
  ),
  ignored('dispatch.maintenance-interval', 'duration', '30s', 'groups without alerts go at once'),
  works(
    'dispatch.start-delay',
    'duration',
    '0s',
    'How long after the start nobody is notified. It should be as long as --rules.alert.resend-delay.',
  ),
];

export const alertmanagerFlagSpecs: readonly FlagSpec[] = [
  works('help', 'switch', 'false', 'Show this help.', {short: 'h'}),
  works('version', 'switch', 'false', 'Show the version.'),
  works('config.file', 'text', 'alertmanager.yml', 'Configuration file.'),
  works('storage.path', 'text', 'data/', 'Folder of silences and the notification log.'),
  ...alertmanagerCoreSpecs,
  works(
    'web.systemd-socket',
    'switch',
    'false',
    'Take over the sockets that systemd listens on, instead of listening on addresses.',
  ),
  works(
    'web.listen-address',
    'texts',
    ':9093',
    'Address to listen on for the web UI and the API. May be given several times.',
  ),
  works('web.config.file', 'text', '', 'File with TLS and password settings of the web server.'),
  works(
    'web.external-url',
    'text',
    '',
    'The URL under which the server is reached from outside, for links back to it. Its path becomes the prefix of all routes unless --web.route-prefix says otherwise.',
  ),
  works('web.route-prefix', 'text', '', 'Prefix of all routes. By default the path of --web.external-url.'),
  works(
    'web.get-concurrency',
    'integer',
    '0',
    'GET requests that may run at once; 0 and less: as many as cores, at least 8.',
  ),
  works('web.timeout', 'duration', '0', 'Longest time for a request; 0: as long as it takes.'),
  ignored('auto-gomemlimit.ratio', 'float', '0.9', goRuntime),
  ignored('cluster.listen-address', 'text', '0.0.0.0:9094', alone),
  ignored('cluster.advertise-address', 'text', '', alone),
  ignored('cluster.peer-name', 'text', '', alone),
  ignored('cluster.peer', 'texts', '', alone),
  ignored('cluster.peer-timeout', 'duration', '15s', alone),
  ignored('cluster.peers-resolve-timeout', 'duration', '15s', alone),
  ignored('cluster.gossip-interval', 'duration', '200ms', alone),
  ignored('cluster.pushpull-interval', 'duration', '1m', alone),
  ignored('cluster.tcp-timeout', 'duration', '10s', alone),
  ignored('cluster.probe-timeout', 'duration', '500ms', alone),
  ignored('cluster.probe-interval', 'duration', '1s', alone),
  ignored('cluster.settle-timeout', 'duration', '1m', alone),
  ignored('cluster.reconnect-interval', 'duration', '10s', alone),
  ignored('cluster.reconnect-timeout', 'duration', '6h', alone),
  ignored('cluster.tls-config', 'text', '', alone),
  ignored('cluster.allow-insecure-public-advertise-address-discovery', 'switch', 'false', alone),
  ignored('cluster.label', 'text', '', alone),
  works(
    'enable-feature',
    'texts',
    '',
    'Comma-separated names: receiver-name-in-metrics, classic-mode, utf8-strict-mode, …',
  ),
  works('log.level', 'text', 'info', 'Least severe messages to log.', {choices: logLevels}),
  works('log.format', 'text', 'logfmt', 'Format of the log.', {choices: logFormats}),
];
