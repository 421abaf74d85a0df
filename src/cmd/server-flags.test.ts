import assert from 'node:assert/strict';
import {availableParallelism} from 'node:os';
import test from 'node:test';
import {obsoleteServerFlagSpecs, serverFlagSpecs} from './server-flag-specs.ts';
import {parseListenAddress, parseServerFlags, type ServerFlags} from './server-flags.ts';

function flags(...args: string[]): ServerFlags {
  const line = parseServerFlags(args);
  assert.ok(line.kind === 'run');
  return line.flags;
}

function refuses(args: string[], message: RegExp | string, exitCode: number): void {
  assert.throws(() => parseServerFlags(args), {name: 'FlagError', message, exitCode});
}

test('parseServerFlags() has the defaults of Prometheus', () => {
  const {values: _, externalUrl, ...rest} = flags();
  assert.match(externalUrl, /^http:\/\/[^/]+:9090$/);
  assert.deepEqual(rest, {
    configFile: 'prometheus.yml',
    configFileGiven: false,
    autoReloadIntervalMs: 0,
    storagePath: 'data/',
    retention: {timeMs: 15 * 86_400_000, bytes: 0, percentage: 0},
    blockMsMin: 7_200_000,
    blockMsMax: 36 * 3_600_000,
    listenAddresses: [{host: '0.0.0.0', port: 9090}],
    routePrefix: '/',
    pageTitle: 'Prometheus Time Series Collection and Processing Server',
    webConfigFile: '',
    corsOrigin: '.*',
    connectionsMax: 512,
    readTimeoutMs: 300_000,
    lockfile: true,
    enableLifecycle: false,
    enableRemoteWriteReceiver: false,
    enableAdminApi: false,
    lookbackDeltaMs: 300_000,
    queryTimeoutMs: 120_000,
    queryConcurrency: 20,
    queryMaxSamples: 50_000_000,
    queryMaxMemory: 0,
    queryMaxMemoryTotal: 0,
    rules: {
      outageToleranceMs: 3_600_000,
      forGracePeriodMs: 600_000,
      resendDelayMs: 60_000,
      concurrentEvalsMax: 4,
    },
    notifier: {queueCapacity: 10_000, batchMax: 256, drains: true},
    alertmanager: {
      configFile: '',
      storagePath: 'data/alertmanager',
      listenAddresses: [],
      settings: {
        retentionMs: 120 * 3_600_000,
        maintenanceIntervalMs: 900_000,
        alertGcIntervalMs: 1_800_000,
        alertsPerNameMax: 0,
        silencesMax: 0,
        silenceBytesMax: 0,
        logSilences: false,
        startDelayMs: 0,
        getConcurrencyMax: Math.max(availableParallelism(), 8),
        matcherMode: 'fallback',
        receiverNamesInMetrics: false,
      },
    },
    features: new Set(),
    log: {level: 'info', format: 'logfmt'},
    warnings: [],
  });
});

test('parseServerFlags() reads the flags that work', () => {
  const read = flags(
    '--config.file=/etc/p.yml',
    '--storage.tsdb.path',
    '/data',
    '--storage.tsdb.retention.time=30d',
    '--web.listen-address=127.0.0.1:1',
    '--web.listen-address=[::1]:2',
    '--web.external-url=https://example.org/prom/',
    '--web.enable-lifecycle',
    '--web.enable-remote-write-receiver',
    '--query.timeout=30s',
    '--query.max-samples=1e6',
    '--query.max-concurrency=4',
    '--query.lookback-delta=1m',
    '--log.level=warn',
    '--log.format=json',
  );
  assert.equal(read.configFile, '/etc/p.yml');
  assert.equal(read.configFileGiven, true);
  assert.equal(read.storagePath, '/data');
  assert.equal(read.retention.timeMs, 30 * 86_400_000);
  assert.deepEqual(read.listenAddresses, [
    {host: '127.0.0.1', port: 1},
    {host: '::1', port: 2},
  ]);
  assert.equal(read.externalUrl, 'https://example.org/prom');
  assert.equal(read.routePrefix, '/prom');
  assert.equal(read.enableLifecycle, true);
  assert.equal(read.enableRemoteWriteReceiver, true);
  assert.equal(read.queryTimeoutMs, 30_000);
  assert.equal(read.queryMaxSamples, 1_000_000);
  assert.equal(read.queryConcurrency, 4);
  assert.equal(read.lookbackDeltaMs, 60_000);
  assert.deepEqual(read.log, {level: 'warn', format: 'json'});
});

test('parseServerFlags() computes the prefix of routes', () => {
  const f = (args: string[], routePrefix: string): void =>
    assert.equal(flags(...args).routePrefix, routePrefix);
  f(['--web.external-url=http://x'], '/');
  f(['--web.external-url=http://x/a/b/'], '/a/b');
  f(['--web.external-url=http://x/a', '--web.route-prefix=/'], '/');
  f(['--web.route-prefix=b/'], '/b');
  f(['--web.external-url=/a'], '/a');
});

test('parseServerFlags() takes the arguments of usual container deployments', () => {
  const read = flags(
    '--config.file=/etc/prometheus/prometheus.yml',
    '--storage.tsdb.path=/prometheus',
    '--web.console.libraries=/usr/share/prometheus/console_libraries',
    '--web.console.templates=/usr/share/prometheus/consoles',
    '--storage.tsdb.wal-compression',
    '--web.enable-lifecycle',
    '--web.route-prefix=/',
  );
  assert.equal(read.warnings.length, 3);
  assert.match(
    read.warnings[0]!,
    /--web\.console\.templates changes nothing: console templates are not served/,
  );
});

test('parseServerFlags() refuses what is not there yet, unless it is the default', () => {
  refuses(
    ['--web.max-notifications-subscribers=5'],
    'flag --web.max-notifications-subscribers is not supported yet: leave it out or at its default, 16',
    2,
  );
  refuses(['--storage.tsdb.samples-per-chunk=7', '--agent'], /samples-per-chunk .*\n.*--agent /, 2);
  refuses(
    ['--storage.agent.path=x'],
    'The following flag(s) can only be used in agent mode: ["--storage.agent.path"]',
    3,
  );
  flags(
    '--web.max-notifications-subscribers=16',
    '--web.cors.origin=.*',
    '--no-agent',
    '--storage.tsdb.samples-per-chunk=120',
  );
});

test('parseServerFlags() checks the limits of the web server', () => {
  const read = flags(
    '--web.cors.origin=https?://example\\.org',
    '--web.max-connections=9',
    '--web.read-timeout=10s',
  );
  assert.equal(read.corsOrigin, 'https?://example\\.org');
  assert.equal(read.connectionsMax, 9);
  assert.equal(read.readTimeoutMs, 10_000);
  assert.equal(flags('--storage.tsdb.no-lockfile').lockfile, false);
  refuses(['--web.cors.origin=('], /--web\.cors\.origin is no regular expression: /, 2);
  refuses(['--web.max-connections=0'], /--web\.max-connections must be greater than 0/, 2);
});

test('parseServerFlags() warns of what is obsolete and says what to use', () => {
  const read = flags(
    '--storage.tsdb.retention=3d',
    '--alertmanager.timeout=1s',
    '--auto-gomemlimit.ratio=0.5',
  );
  assert.equal(read.retention.timeMs, 3 * 86_400_000);
  assert.ok(
    read.warnings.includes('Flag --storage.tsdb.retention is deprecated: use --storage.tsdb.retention.time'),
  );
  assert.ok(read.warnings.some((text) => text.includes('--alertmanager.timeout changes nothing')));
  assert.ok(read.warnings.some((text) => text.includes('--auto-gomemlimit.ratio changes nothing')));
});

test('parseServerFlags() finds what to keep, and how long blocks are', () => {
  const day = 86_400_000;
  function f(args: string[], timeMs: number, bytes: number, blockMsMax: number): void {
    const read = flags(...args);
    assert.deepEqual(read.retention, {timeMs, bytes, percentage: 0});
    assert.equal(read.blockMsMax, blockMsMax);
    assert.deepEqual(read.warnings, []);
  }
  f([], 15 * day, 0, 1.5 * day);
  f(['--storage.tsdb.retention.time=30d'], 30 * day, 0, 3 * day);
  f(['--storage.tsdb.retention.time=5y'], 5 * 365 * day, 0, 31 * day);
  f(['--storage.tsdb.retention.size=1GB'], 0, 2 ** 30, 31 * day);
  f(['--storage.tsdb.retention.size=1GB', '--storage.tsdb.retention.time=1d'], day, 2 ** 30, day / 10);
  f(['--storage.tsdb.max-block-duration=4h'], 15 * day, 0, day / 6);
  assert.equal(flags('--storage.tsdb.min-block-duration=1h').blockMsMin, day / 24);
});

test('parseServerFlags() sorts out features', () => {
  refuses(
    ['--enable-feature=search-api,st-synthesis'],
    /--enable-feature=search-api,st-synthesis is not supported yet/,
    2,
  );
  const {warnings} = flags(
    '--enable-feature=promql-at-modifier,nonsense',
    '--enable-feature=remote-write-receiver,native-histograms',
  );
  assert.deepEqual(warnings, [
    'Option promql-at-modifier for --enable-feature changes nothing: it is always on',
    'Unknown option nonsense for --enable-feature',
    'Option remote-write-receiver for --enable-feature changes nothing: use --web.enable-remote-write-receiver',
    'Option native-histograms for --enable-feature changes nothing: set scrape_native_histograms in the configuration',
  ]);
});

test('parseServerFlags() hands on the features of PromQL that work', () => {
  const names = [
    'promql-binop-fill-modifiers',
    'promql-delayed-name-removal',
    'promql-experimental-functions',
    'promql-extended-range-selectors',
    'promql-per-step-stats',
    'use-start-timestamps',
  ];
  const {features, warnings} = flags(`--enable-feature=${names.join(',')}`);
  assert.deepEqual([...features].sort(), names);
  assert.deepEqual(warnings, []);
  refuses(['--enable-feature=search-api'], /is not supported yet/, 2);
});

test('parseServerFlags() checks values', () => {
  refuses(['--query.timeout=5'], 'not a valid duration string: "5" (flag --query.timeout)', 2);
  refuses(['--query.max-concurrency=0'], '--query.max-concurrency must be greater than 0; got 0', 2);
  refuses(['--web.external-url="http://x"'], /URL must not begin or end with quotes/, 2);
  refuses(['--web.external-url=http://'], /it is no URL/, 2);
  refuses(['--storage.tsdb.path='], '--storage.tsdb.path must not be empty', 2);
  refuses(['--log.format=xml'], 'unrecognized log format xml', 2);
  refuses(['--nope'], /unknown long flag '--nope'/, 1);
  assert.ok(
    flags('--storage.tsdb.retention.time=200y').warnings.some((text) => text.includes('Limiting to: 100y')),
  );
});

test('parseServerFlags() knows help and version', () => {
  assert.deepEqual(parseServerFlags(['--help']), {kind: 'help'});
  assert.deepEqual(parseServerFlags(['-h', '--query.timeout=x']), {kind: 'help'});
  assert.deepEqual(parseServerFlags(['--version']), {kind: 'version'});
});

test('parseListenAddress() takes host:port', () => {
  assert.deepEqual(parseListenAddress(':9090'), {host: '', port: 9090});
  assert.deepEqual(parseListenAddress('localhost:0'), {host: 'localhost', port: 0});
  assert.deepEqual(parseListenAddress('[fe80::1%eth0]:80'), {host: 'fe80::1%eth0', port: 80});
  for (const text of ['', '9090', 'x', '::1:80', 'x:99999', 'x:-1', 'x:y', 'http://x:80'])
    assert.throws(() => parseListenAddress(text), /cannot listen on .*: it is host:port/, text);
});

test('the values of all flags are those of /api/v1/status/flags', () => {
  const {values} = flags(
    '--web.listen-address=:1',
    '--storage.tsdb.retention.time=30d',
    '--web.external-url=http://x/y',
  );
  assert.equal(values['web.listen-address'], ':1');
  assert.equal(values['storage.tsdb.retention.time'], '30d');
  assert.equal(values['storage.tsdb.max-block-duration'], '3d');
  assert.equal(values['web.route-prefix'], '/y');
  assert.equal(values['storage.remote.read-sample-limit'], '50000000');
  assert.equal(values['storage.tsdb.retention.size'], '0B');
  assert.equal(values['enable-feature'], '');
  assert.deepEqual(Object.keys(values), Object.keys(values).toSorted());
  assert.ok(!('help' in values) && !('version' in values) && !('storage.tsdb.retention' in values));
});

test('every flag is described once, and its default is valid', () => {
  const specs = [...serverFlagSpecs, ...obsoleteServerFlagSpecs];
  assert.equal(new Set(specs.map(({name}) => name)).size, specs.length);
  for (const spec of specs) {
    assert.match(spec.help, /[.\])]$/, spec.name);
    assert.equal(spec.note === undefined, spec.support !== 'ignored', spec.name);
    if (spec.initial === '' || spec.kind === 'switch' || spec.mode === 'agent') continue;
    parseServerFlags([`--${spec.name}`, spec.initial]);
  }
});

test('what is waited for is no more than a timer of Node can wait', () => {
  const {queryTimeoutMs, readTimeoutMs, autoReloadIntervalMs} = flags(
    '--query.timeout=60d',
    '--web.read-timeout=1y',
    '--config.auto-reload',
    '--config.auto-reload-interval=30d',
  );
  for (const ms of [queryTimeoutMs, readTimeoutMs, autoReloadIntervalMs])
    assert.ok(ms > 20 * 86_400_000 && ms + 3_600_000 < 2 ** 31, `${ms} ms`);
});
