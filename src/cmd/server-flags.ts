import {hostname} from 'node:os';
import type {Retention} from '../config/config.ts';
import {Cors} from '../http/cors.ts';
import {formatDuration} from '../model/duration.ts';
import type {LogOptions} from '../sys/log.ts';
import {
  type AlertmanagerSettings,
  readFeatures as readAlertmanagerFeatures,
  readSettings,
} from './alertmanager/settings.ts';
import {readFeatures} from './features.ts';
import {FlagError, type FlagSpec, FlagValues, splitFlags} from './flags.ts';
import {obsoleteServerFlagSpecs, serverFlagSpecs} from './server-flag-specs.ts';

export interface ListenAddress {
  /** '' = all addresses. */
  host: string;
  /** 0 = any free port. */
  port: number;
}

/** What the command line of the server says, checked, with defaults. */
export interface ServerFlags {
  configFile: string;
  /** Whether --config.file was given: where it was not and there is no such file, the quickstart configuration is used. */
  configFileGiven: boolean;
  /** How often to look for changed files of the configuration; 0 = never. */
  autoReloadIntervalMs: number;
  storagePath: string;
  /** What to keep, where the configuration does not say it; 15 days unless the flags say otherwise. */
  retention: Retention;
  /** Shortest and longest block. */
  blockMsMin: number;
  blockMsMax: number;
  listenAddresses: ListenAddress[];
  /** The URL of the server as seen from outside, without a slash at its end. */
  externalUrl: string;
  /** Prefix of all routes: begins with a slash, ends with one only where it is nothing else. */
  routePrefix: string;
  pageTitle: string;
  /** Of TLS and users; '' = none. */
  webConfigFile: string;
  /** Anchored regular expression. */
  corsOrigin: string;
  connectionsMax: number;
  readTimeoutMs: number;
  lockfile: boolean;
  enableLifecycle: boolean;
  enableRemoteWriteReceiver: boolean;
  enableAdminApi: boolean;
  lookbackDeltaMs: number;
  queryTimeoutMs: number;
  queryConcurrency: number;
  queryMaxSamples: number;
  /** Bytes; 0 = to be derived. */
  queryMaxMemory: number;
  queryMaxMemoryTotal: number;
  rules: {
    outageToleranceMs: number;
    forGracePeriodMs: number;
    resendDelayMs: number;
    concurrentEvalsMax: number;
  };
  notifier: {queueCapacity: number; batchMax: number; drains: boolean};
  /** The one in this process; null = none. */
  alertmanager: EmbeddedAlertmanagerFlags | null;
  features: Set<string>;
  log: LogOptions;
  /** To be logged once there is a logger. */
  warnings: string[];
  /** Every flag and its value as /api/v1/status/flags shows them, names sorted. */
  values: Record<string, string>;
}

export interface EmbeddedAlertmanagerFlags {
  configFile: string;
  storagePath: string;
  /** None: it answers below /alertmanager. */
  listenAddresses: ListenAddress[];
  settings: AlertmanagerSettings;
}

export type ServerCommandLine = {kind: 'help'} | {kind: 'version'} | {kind: 'run'; flags: ServerFlags};

const defaultRetentionMs = 15 * 86_400_000;
const retentionMsMax = 100 * 365 * 86_400_000;
const notificationBatchMax = 256;
const blockMsMaxDefault = 31 * 86_400_000;
const minBlock = 'storage.tsdb.min-block-duration';
const maxBlock = 'storage.tsdb.max-block-duration';

/** 24 days: a timer of Node waits for that, and for what is added to it, but not for much more. */
const waitMsMax = 24 * 86_400_000;

/** Reads the arguments after the command's name. Throws FlagError. */
export function parseServerFlags(args: readonly string[]): ServerCommandLine {
  const specs = [...serverFlagSpecs, ...obsoleteServerFlagSpecs];
  const values = new FlagValues(specs, splitFlags(args, specs));
  if (values.switch('help') || values.switch('help-long')) return {kind: 'help'};
  if (values.switch('version')) return {kind: 'version'};
  const warnings: string[] = [];
  const problems = checkSupport(specs, values, warnings);
  const features = readFeatures(values.texts('enable-feature'));
  warnings.push(...features.warnings);
  if (features.unsupported.length > 0)
    problems.push(`--enable-feature=${features.unsupported.join(',')} is not supported yet: leave it out`);
  if (problems.length > 0) throw new FlagError(problems.join('\n'), 2);
  return {kind: 'run', flags: readFlags(values, features.enabled, warnings)};
}

/** What stands in the way of running with these flags; adds warnings about those that change nothing. */
export function checkSupport(specs: readonly FlagSpec[], values: FlagValues, warnings: string[]): string[] {
  const problems: string[] = [];
  const agentOnly = specs.filter(({name, mode}) => mode === 'agent' && values.isGiven(name));
  if (agentOnly.length > 0 && !values.switch('agent')) {
    const names = agentOnly.map(({name}) => `"--${name}"`).join(' ');
    throw new FlagError(`The following flag(s) can only be used in agent mode: [${names}]`, 3);
  }
  for (const spec of specs) {
    if (!values.isGiven(spec.name)) continue;
    const value = values.format(spec.name);
    const initial = new FlagValues([spec], new Map()).format(spec.name);
    if (spec.support === 'ignored') warnings.push(`Flag --${spec.name} changes nothing: ${spec.note}`);
    if (spec.support === 'later' && value !== initial)
      problems.push(`flag --${spec.name} is not supported yet: leave it out${initialHint(spec, initial)}`);
  }
  return problems;
}

function initialHint(spec: FlagSpec, initial: string): string {
  return spec.initial === '' ? '' : ` or at its default, ${initial}`;
}

/** Looking more often makes nothing faster. */
const autoReloadMsMin = 1000;

function readFlags(values: FlagValues, features: Set<string>, warnings: string[]): ServerFlags {
  const listenTexts = values.texts('web.listen-address');
  const listenAddresses = listenTexts.map(parseListenAddress);
  const externalUrl = computeExternalUrl(values.text('web.external-url'), listenAddresses[0]!);
  const routePrefix = computeRoutePrefix(values.text('web.route-prefix'), externalUrl);
  const flags: ServerFlags = {
    configFile: values.text('config.file'),
    configFileGiven: values.isGiven('config.file'),
    autoReloadIntervalMs: values.switch('config.auto-reload')
      ? Math.min(waitMsMax, Math.max(autoReloadMsMin, values.duration('config.auto-reload-interval')))
      : 0,
    storagePath: notEmpty('storage.tsdb.path', values.text('storage.tsdb.path')),
    ...readBlockLengths(values, readRetention(values, warnings)),
    listenAddresses,
    externalUrl,
    routePrefix,
    pageTitle: values.text('web.page-title'),
    webConfigFile: values.text('web.config.file'),
    corsOrigin: checkRegexp('web.cors.origin', values.text('web.cors.origin')),
    connectionsMax: above('web.max-connections', values.integer('web.max-connections'), 0),
    readTimeoutMs: Math.min(waitMsMax, above('web.read-timeout', values.duration('web.read-timeout'), 0)),
    lockfile: !values.switch('storage.tsdb.no-lockfile'),
    enableLifecycle: values.switch('web.enable-lifecycle'),
    enableRemoteWriteReceiver: values.switch('web.enable-remote-write-receiver'),
    enableAdminApi: values.switch('web.enable-admin-api'),
    lookbackDeltaMs: above('query.lookback-delta', values.duration('query.lookback-delta'), 0),
    queryTimeoutMs: Math.min(waitMsMax, above('query.timeout', values.duration('query.timeout'), 0)),
    queryConcurrency: above('query.max-concurrency', values.integer('query.max-concurrency'), 0),
    queryMaxSamples: above('query.max-samples', values.integer('query.max-samples'), 0),
    queryMaxMemory: above('query.max-memory', values.size('query.max-memory'), -1),
    queryMaxMemoryTotal: above('query.max-memory-total', values.size('query.max-memory-total'), -1),
    rules: {
      outageToleranceMs: values.duration('rules.alert.for-outage-tolerance'),
      forGracePeriodMs: values.duration('rules.alert.for-grace-period'),
      resendDelayMs: values.duration('rules.alert.resend-delay'),
      concurrentEvalsMax: above(
        'rules.max-concurrent-evals',
        values.integer('rules.max-concurrent-evals'),
        0,
      ),
    },
    notifier: readNotifier(values),
    alertmanager: readAlertmanager(values),
    features,
    log: {
      level: values.text('log.level') as LogOptions['level'],
      format: values.text('log.format') as LogOptions['format'],
    },
    warnings,
    values: {},
  };
  flags.values = describeValues(values, flags);
  return flags;
}

function readNotifier(values: FlagValues): ServerFlags['notifier'] {
  const capacity = 'alertmanager.notification-queue-capacity';
  return {
    queueCapacity: above(capacity, values.integer(capacity), 0),
    // As in Prometheus, 0 and less are the default.
    batchMax: Math.max(0, values.integer('alertmanager.notification-batch-size')) || notificationBatchMax,
    drains: values.switch('alertmanager.drain-notification-queue-on-shutdown'),
  };
}

function readAlertmanager(values: FlagValues): EmbeddedAlertmanagerFlags | null {
  if (!values.switch('alertmanager.enabled')) return null;
  const storagePath = values.text('alertmanager.storage.path');
  return {
    configFile: values.text('alertmanager.config.file'),
    storagePath:
      storagePath === '' ? `${trimSlashes(values.text('storage.tsdb.path'))}/alertmanager` : storagePath,
    listenAddresses: values.texts('alertmanager.web.listen-address').map(parseListenAddress),
    settings: readSettings(values, 'alertmanager.', readAlertmanagerFeatures([], [])),
  };
}

function readRetention(values: FlagValues, warnings: string[]): Retention {
  const old = 'storage.tsdb.retention';
  const current = 'storage.tsdb.retention.time';
  if (values.isGiven(old)) warnings.push(`Flag --${old} is deprecated: use --${current}`);
  let timeMs = values.duration(values.isGiven(current) ? current : old);
  const bytes = above('storage.tsdb.retention.size', values.size('storage.tsdb.retention.size'), -1);
  if (timeMs > retentionMsMax) {
    warnings.push('Time retention value is too high. Limiting to: 100y');
    timeMs = retentionMsMax;
  }
  if (timeMs === 0 && bytes === 0) timeMs = defaultRetentionMs;
  return {timeMs, bytes, percentage: 0};
}

function readBlockLengths(
  values: FlagValues,
  retention: Retention,
): Pick<ServerFlags, 'retention' | 'blockMsMin' | 'blockMsMax'> {
  const blockMsMin = above(minBlock, values.duration(minBlock), 0);
  const tenth = retention.timeMs === 0 ? Infinity : Math.trunc(retention.timeMs / 10);
  const blockMsMax = values.duration(maxBlock) || Math.min(blockMsMaxDefault, tenth);
  return {retention, blockMsMin, blockMsMax};
}

function describeValues(values: FlagValues, flags: ServerFlags): Record<string, string> {
  const described: Record<string, string> = {};
  const names = serverFlagSpecs
    .map(({name}) => name)
    .filter((name) => !['help', 'help-long', 'version'].includes(name));
  for (const name of names.sort()) described[name] = values.format(name);
  // These show what follows from other flags, as Prometheus does.
  described['storage.tsdb.retention.time'] = formatDuration(flags.retention.timeMs);
  described[maxBlock] = formatDuration(flags.blockMsMax);
  described['web.route-prefix'] = flags.routePrefix;
  return described;
}

function notEmpty(name: string, text: string): string {
  if (text === '') throw new FlagError(`--${name} must not be empty`, 2);
  return text;
}

function checkRegexp(name: string, text: string): string {
  try {
    new Cors(text);
    return text;
  } catch (error) {
    throw new FlagError(`--${name} is no regular expression: ${(error as Error).message}`, 2);
  }
}

function above(name: string, value: number, least: number): number {
  if (!(value > least)) throw new FlagError(`--${name} must be greater than ${least}; got ${value}`, 2);
  return value;
}

/** `host:port`, `:port`, `[::1]:port`. Throws FlagError. */
export function parseListenAddress(text: string): ListenAddress {
  const [, bracketed, plain, port] = /^(?:\[([^[\]]*)\]|([^:[\]]*)):([0-9]{1,5})$/.exec(text) ?? [];
  if (port === undefined || Number(port) > 65_535) {
    const form = 'it is host:port, for example 0.0.0.0:9090, [::1]:9090 or :9090';
    throw new FlagError(`cannot listen on ${JSON.stringify(text)} (--web.listen-address): ${form}`, 2);
  }
  return {host: bracketed ?? plain ?? '', port: Number(port)};
}

/** Throws FlagError. */
export function computeExternalUrl(given: string, listen: ListenAddress): string {
  const text = given === '' ? `http://${hostname()}:${listen.port}/` : given;
  const fail = (why: string): never => {
    throw new FlagError(`parse external URL ${JSON.stringify(given)}: ${why}`, 2);
  };
  if (/^["']|["']$/.test(text)) fail('URL must not begin or end with quotes');
  // The original also takes a bare path, `/prometheus`.
  if (!text.includes('://')) return text.startsWith('/') ? trimSlashes(text) : `/${trimSlashes(text)}`;
  try {
    const url = new URL(text);
    return trimSlashes(`${url.protocol}//${url.host}${url.pathname}`);
  } catch {
    return fail('it is no URL, for example http://example.org/prometheus/');
  }
}

function trimSlashes(text: string): string {
  return text.replace(/\/+$/, '');
}

export function computeRoutePrefix(given: string, externalUrl: string): string {
  const path = given === '' ? externalUrl.replace(/^[a-z]+:\/\/[^/]*/i, '') : given;
  return `/${path.replace(/^\/+|\/+$/g, '')}`;
}
