// Every flag of Prometheus (3.14, and those of 2.x that its users still pass), and what becomes of it here.

import {logFormats, logLevels} from '../sys/log.ts';
import {alertmanagerCoreSpecs} from './alertmanager/flag-specs.ts';
import type {FlagKind, FlagSpec} from './flags.ts';

type Extra = Partial<Omit<FlagSpec, 'name' | 'kind' | 'initial' | 'help' | 'support'>>;

function works(name: string, kind: FlagKind, initial: string, help: string, extra: Extra = {}): FlagSpec {
  return {name, kind, initial, help, support: 'works', ...extra};
}

function later(name: string, kind: FlagKind, initial: string, help: string, extra: Extra = {}): FlagSpec {
  return {name, kind, initial, help, support: 'later', ...extra};
}

/** `note` completes the sentence "the flag changes nothing: …". */
function ignored(name: string, kind: FlagKind, initial: string, note: string, extra: Extra = {}): FlagSpec {
  const help = `Accepted, changes nothing: ${note}.`;
  return {name, kind, initial, help, support: 'ignored', note, ...extra};
}

const server = {mode: 'server'} as const;
const agent = {mode: 'agent'} as const;
const hidden = {hidden: true} as const;

const goRuntime = 'it tunes the Go runtime; threads and memory are set by the program itself';
const consoles = 'console templates are not served; use the web UI';
const gone = 'Prometheus 3 has no such flag any more';

export const serverFlagSpecs: readonly FlagSpec[] = [
  works('help', 'switch', 'false', 'Show this help.', {short: 'h'}),
  works('help-long', 'switch', 'false', 'Show this help.', hidden),
  works('version', 'switch', 'false', 'Show the version.'),

  works('config.file', 'text', 'prometheus.yml', 'Configuration file.'),
  works('config.auto-reload', 'switch', 'false', 'Reload the configuration when its files change.'),
  works('config.auto-reload-interval', 'duration', '30s', 'How often to look for changed files.'),

  works(
    'web.listen-address',
    'texts',
    '0.0.0.0:9090',
    'Address to listen on for the web UI and the API. May be given several times.',
  ),
  ignored('auto-gomaxprocs', 'switch', 'true', goRuntime),
  ignored('auto-gomemlimit', 'switch', 'true', goRuntime),
  ignored('auto-gomemlimit.ratio', 'float', '0.9', goRuntime),
  ignored('auto-gomemlimit.refresh-interval', 'duration', '0s', goRuntime),
  works('web.config.file', 'text', '', 'File with TLS and password settings of the web server.'),
  works(
    'web.read-timeout',
    'duration',
    '5m',
    'Longest time to read a request; idle connections are closed after it.',
  ),
  works('web.max-connections', 'integer', '512', 'Most connections at once, over all listeners.'),
  later(
    'web.max-notifications-subscribers',
    'integer',
    '16',
    'Most clients that follow live notifications at once.',
  ),
  works(
    'web.external-url',
    'text',
    '',
    'The URL under which the server is reached from outside, for links back to it. Its path becomes the prefix of all routes unless --web.route-prefix says otherwise.',
    {placeholder: '<URL>'},
  ),
  works('web.route-prefix', 'text', '', 'Prefix of all routes. By default the path of --web.external-url.', {
    placeholder: '<path>',
  }),
  later('web.user-assets', 'text', '', 'Folder of static files to serve under /user.', {
    placeholder: '<path>',
  }),
  ignored('web.local-assets', 'text', '', 'the web UI is part of the program', hidden),
  works('web.enable-lifecycle', 'switch', 'false', 'Enable /-/reload and /-/quit.'),
  works(
    'web.enable-admin-api',
    'switch',
    'false',
    'Enable the endpoints that delete series and take snapshots.',
  ),
  works('web.enable-remote-write-receiver', 'switch', 'false', 'Accept remote writes at /api/v1/write.'),
  later(
    'web.remote-write-receiver.accepted-protobuf-messages',
    'texts',
    'prometheus.WriteRequest',
    'Messages to accept over remote write.',
  ),
  later('web.enable-otlp-receiver', 'switch', 'false', 'Accept OTLP metrics at /api/v1/otlp/v1/metrics.'),
  ignored('web.console.templates', 'text', 'consoles', consoles),
  ignored('web.console.libraries', 'text', 'console_libraries', consoles),
  works(
    'web.page-title',
    'text',
    'Prometheus Time Series Collection and Processing Server',
    'Title of the pages of the web UI.',
  ),
  works(
    'web.cors.origin',
    'text',
    '.*',
    'Regular expression of the origins that browsers may call from, anchored.',
  ),

  works('storage.tsdb.path', 'text', 'data/', 'Folder of the metrics.', server),
  works('storage.tsdb.min-block-duration', 'duration', '2h', 'Shortest block.', {...server, ...hidden}),
  works('storage.tsdb.max-block-duration', 'duration', '', 'Longest block.', {...server, ...hidden}),
  later('storage.tsdb.max-block-chunk-segment-size', 'size', '', 'Largest segment of chunks.', {
    ...server,
    ...hidden,
  }),
  later('storage.tsdb.wal-segment-size', 'size', '', 'Size of a segment of the write-ahead log.', {
    ...server,
    ...hidden,
  }),
  works(
    'storage.tsdb.retention.time',
    'duration',
    '',
    'How long to keep samples: 15d unless this or a size is set.',
    server,
  ),
  works(
    'storage.tsdb.retention.size',
    'size',
    '',
    'Most bytes of blocks to keep, for example 512MB.',
    server,
  ),
  works('storage.tsdb.no-lockfile', 'switch', 'false', 'Do not lock the data folder.', server),
  later('storage.tsdb.allow-overlapping-compaction', 'switch', 'true', 'Merge blocks that overlap.', {
    ...server,
    ...hidden,
  }),
  ignored(
    'storage.tsdb.wal-compression',
    'switch',
    'true',
    'the store decides how its log is compressed, and reads every form',
    {...server, ...hidden},
  ),
  ignored(
    'storage.tsdb.wal-compression-type',
    'text',
    'snappy',
    'the store decides how its log is compressed, and reads every form',
    {...server, ...hidden, choices: ['snappy', 'zstd']},
  ),
  ignored(
    'storage.tsdb.head-chunks-write-queue-size',
    'integer',
    '0',
    'full chunks are written in groups without a queue',
    server,
  ),
  later('storage.tsdb.samples-per-chunk', 'integer', '120', 'Samples in a full chunk.', {
    ...server,
    ...hidden,
  }),
  later(
    'storage.tsdb.delayed-compaction.max-percent',
    'integer',
    '10',
    'Largest random delay of compactions.',
    {
      ...server,
      ...hidden,
    },
  ),
  later(
    'storage.tsdb.delay-compact-file.path',
    'text',
    '',
    'JSON file of uploaded blocks, without which blocks are not compacted further.',
    server,
  ),
  later('storage.tsdb.block-reload-interval', 'duration', '1m', 'How often to look for new blocks.', {
    ...server,
    ...hidden,
  }),

  later('storage.agent.path', 'text', 'data-agent/', 'Folder of the metrics.', agent),
  later('storage.agent.wal-segment-size', 'size', '', 'Size of a segment of the write-ahead log.', {
    ...agent,
    ...hidden,
  }),
  later('storage.agent.wal-compression', 'switch', 'true', 'Compress the write-ahead log.', agent),
  later('storage.agent.wal-compression-type', 'text', 'snappy', 'Compression of the write-ahead log.', {
    ...agent,
    ...hidden,
    choices: ['snappy', 'zstd'],
  }),
  later('storage.agent.wal-truncate-frequency', 'duration', '', 'How often to cut the write-ahead log.', {
    ...agent,
    ...hidden,
  }),
  later('storage.agent.retention.min-time', 'duration', '5m', 'Samples younger than this are kept.', agent),
  later('storage.agent.retention.max-time', 'duration', '4h', 'Samples older than this are deleted.', agent),
  later(
    'storage.agent.checkpoint-from-in-memory-series',
    'switch',
    'false',
    'Write checkpoints from memory alone.',
    agent,
  ),
  later(
    'storage.agent.checkpoint-batch-size',
    'integer',
    '1000',
    'Series in one record of a checkpoint.',
    agent,
  ),
  later('storage.agent.no-lockfile', 'switch', 'false', 'Do not lock the data folder.', agent),

  later('storage.remote.flush-deadline', 'duration', '1m', 'How long to wait for remote writes at the end.', {
    placeholder: '<duration>',
  }),
  later(
    'storage.remote.read-sample-limit',
    'integer',
    '5e7',
    'Most samples in one answer to a remote read.',
    server,
  ),
  later('storage.remote.read-concurrent-limit', 'integer', '10', 'Most remote reads at once.', server),
  later(
    'storage.remote.read-max-bytes-in-frame',
    'integer',
    '1048576',
    'Largest frame of a remote read.',
    server,
  ),
  later('web.search.max-limit', 'integer', '10000', 'Largest limit of the search API.', server),
  works(
    'rules.alert.for-outage-tolerance',
    'duration',
    '1h',
    'Longest outage over which the state of alerts is kept.',
    server,
  ),
  works('rules.alert.for-grace-period', 'duration', '10m', 'Shortest wait of a restored alert.', server),
  works(
    'rules.alert.resend-delay',
    'duration',
    '1m',
    'How long to wait before an alert is sent again.',
    server,
  ),
  works(
    'rules.max-concurrent-evals',
    'integer',
    '4',
    'Most independent rules evaluated at once, with --enable-feature=concurrent-rule-eval.',
    server,
  ),
  later(
    'scrape.adjust-timestamps',
    'switch',
    'true',
    'Align the times of scrapes to their schedule.',
    hidden,
  ),
  later('scrape.timestamp-tolerance', 'duration', '2ms', 'How far times are aligned.', hidden),
  later(
    'scrape.discovery-reload-interval',
    'duration',
    '5s',
    'How often discovered targets are taken over.',
    hidden,
  ),
  works(
    'alertmanager.notification-queue-capacity',
    'integer',
    '10000',
    'Most notifications that wait.',
    server,
  ),
  works(
    'alertmanager.notification-batch-size',
    'integer',
    '256',
    'Most notifications in one request.',
    server,
  ),
  works(
    'alertmanager.drain-notification-queue-on-shutdown',
    'switch',
    'true',
    'Send waiting notifications before the end.',
    server,
  ),

  works(
    'alertmanager.enabled',
    'switch',
    'true',
    'Run an Alertmanager in this process. The rules tell it of alerts, besides those of the configuration.',
    server,
  ),
  works(
    'alertmanager.config.file',
    'text',
    '',
    'Configuration file of the Alertmanager in this process. Without one it takes alerts and silences and notifies nobody.',
    server,
  ),
  works(
    'alertmanager.storage.path',
    'text',
    '',
    'Folder of its silences and notification log; by default alertmanager in the folder of the metrics.',
    server,
  ),
  works(
    'alertmanager.web.listen-address',
    'texts',
    '',
    'Addresses of its own to listen on; by default it answers below /alertmanager of the server.',
    server,
  ),
  ...alertmanagerCoreSpecs.map((spec) => ({...spec, ...server, name: `alertmanager.${spec.name}`})),

  works(
    'query.lookback-delta',
    'duration',
    '5m',
    'How old the newest sample may be to count as the current value.',
    server,
  ),
  works('query.timeout', 'duration', '2m', 'Longest time of a query.', server),
  works('query.max-concurrency', 'integer', '20', 'Most queries at once.', server),
  works(
    'query.max-samples',
    'integer',
    '50000000',
    'Most samples that one query may hold in memory.',
    server,
  ),
  works(
    'query.max-memory',
    'size',
    '0B',
    'Most memory that one query may use. 0 = half of --query.max-memory-total.',
    server,
  ),
  works(
    'query.max-memory-total',
    'size',
    '0B',
    'Most memory that all queries together may use. 0 = a quarter of the memory of the machine or container, between 256MB and 8GB.',
    server,
  ),
  works('enable-feature', 'texts', '', 'Names of features to enable, separated by commas.'),
  later('agent', 'switch', 'false', 'Only scrape and forward.'),
  works('log.level', 'text', 'info', `Least severity to log. One of: [${logLevels.join(', ')}]`, {
    choices: logLevels,
  }),
  works('log.format', 'text', 'logfmt', `Format of the log. One of: [${logFormats.join(', ')}]`, {
    choices: logFormats,
  }),
];

/** Flags of older versions and of Debian. They are not part of /api/v1/status/flags. `note` says what to use. */
export const obsoleteServerFlagSpecs: readonly FlagSpec[] = [
  works('storage.tsdb.retention', 'duration', '', 'Old name of --storage.tsdb.retention.time.', hidden),
  ignored('storage.tsdb.use-lockfile', 'switch', 'false', 'the data folder is always locked', hidden),
  later('storage.agent.use-lockfile', 'switch', 'false', 'Lock the data folder.', {...agent, ...hidden}),
  ignored(
    'storage.tsdb.allow-overlapping-blocks',
    'switch',
    'false',
    'overlapping blocks are always allowed',
    hidden,
  ),
  ignored(
    'alertmanager.timeout',
    'duration',
    '',
    `${gone}; use timeout in the alertmanagers section of the configuration file`,
    hidden,
  ),
];
