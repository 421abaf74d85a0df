import assert from 'node:assert/strict';
import test from 'node:test';
import {FlagError} from '../flags.ts';
import {type AlertmanagerFlags, parseAlertmanagerFlags} from './flags.ts';

function flags(...args: string[]): AlertmanagerFlags {
  const line = parseAlertmanagerFlags(args);
  assert.equal(line.kind, 'run');
  return (line as {flags: AlertmanagerFlags}).flags;
}

test('parseAlertmanagerFlags() has the defaults of Alertmanager', () => {
  const {settings, ...read} = flags();
  assert.equal(read.configFile, 'alertmanager.yml');
  assert.equal(read.storagePath, 'data');
  assert.deepEqual(read.listenAddresses, [{host: '', port: 9093}]);
  assert.equal(read.routePrefix, '/');
  assert.equal(settings.retentionMs, 120 * 3_600_000);
  assert.equal(settings.matcherMode, 'fallback');
  assert.deepEqual(read.warnings, []);
});

test('parseAlertmanagerFlags() reads what is given, and says what changes nothing', () => {
  const read = flags(
    '--storage.path=/var/am/',
    '--data.retention=2h',
    '--web.external-url=https://x.org/am/',
    '--cluster.listen-address=',
    '--cluster.peer=a:9094',
    '--cluster.peer=b:9094',
    '--enable-feature=utf8-strict-mode,receiver-name-in-metrics',
    '--enable-feature=event-recorder',
    '--log.level=debug',
  );
  assert.equal(read.storagePath, '/var/am');
  assert.equal(read.externalUrl, 'https://x.org/am');
  assert.equal(read.routePrefix, '/am');
  assert.equal(read.settings.retentionMs, 7_200_000);
  assert.equal(read.settings.matcherMode, 'utf8');
  assert.equal(read.settings.receiverNamesInMetrics, true);
  assert.deepEqual(
    read.warnings.map((text) => text.split(':')[0]!.split(',')[0]),
    [
      'Flag --cluster.peer changes nothing',
      '--cluster.peer is given',
      '--enable-feature=event-recorder changes nothing',
    ],
  );
});

test('parseAlertmanagerFlags() refuses what makes no sense', () => {
  function f(args: string[], message: RegExp): void {
    assert.throws(
      () => parseAlertmanagerFlags(args),
      (error) => error instanceof FlagError && message.test(error.message),
    );
  }
  f(['--data.retention=0s'], /--data.retention must be greater than 0/);
  f(['--enable-feature=x'], /Unknown option 'x' for --enable-feature/);
  f(['--enable-feature=classic-mode,utf8-strict-mode'], /cannot have both/);
  f(['--config.fil=x'], /unknown long flag '--config.fil'; did you mean '--config.file'/);
});
