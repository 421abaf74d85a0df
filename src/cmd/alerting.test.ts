import assert from 'node:assert/strict';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'node:test';
import type {QueryAnswer, QueryBackend} from '../api/backend.ts';
import {failureText} from '../api/envelope.ts';
import {parseConfig} from '../config/config.ts';
import {noLogger} from '../sys/log.ts';
import {Alerting} from './alerting.ts';
import {parseServerFlags} from './server-flags.ts';

test('a rule whose evaluation does not end does not hold up the end of the program', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'narthex-alerting-'));
  context.after(() => rmSync(folder, {recursive: true}));
  writeFileSync(
    join(folder, 'r.yml'),
    'groups: [{name: g, interval: 20ms, rules: [{record: r, expr: x}]}]\n',
  );
  const asked = Promise.withResolvers<void>();
  const queries: QueryBackend = {
    run: (_request, signal) =>
      new Promise<QueryAnswer>((resolve) => {
        signal.addEventListener('abort', () =>
          resolve({
            status: 499,
            body: new TextEncoder().encode(failureText('canceled', 'query was canceled')),
          }),
        );
        asked.resolve();
      }),
    statistics: () => Promise.reject(new Error('nobody asks')),
  };
  const command = parseServerFlags([]);
  assert.equal(command.kind, 'run');
  const config = parseConfig('rule_files: [r.yml]\n', {file: join(folder, 'prometheus.yml')});
  const never = (): Promise<never> => Promise.reject(new Error('nothing is stored'));
  const alerting = new Alerting({
    flags: command.kind === 'run' ? command.flags : assert.fail(),
    logger: noLogger,
    queries,
    store: {append: never, appendAll: never, retire: never},
    parse: {},
    global: () => config.global,
  });
  const use = await alerting.prepare(config);
  await use();
  alerting.start();
  await asked.promise;
  const began = performance.now();
  await alerting.stop();
  assert.ok(performance.now() - began < 10_000);
  assert.equal(alerting.groups()[0]!.rules[0]!.lastError, 'query was canceled');
});

test('a configuration that comes while the server ends is not taken into use', async () => {
  const command = parseServerFlags([]);
  assert.ok(command.kind === 'run');
  const never = (): Promise<never> => Promise.reject(new Error('nobody asks'));
  const config = parseConfig(
    'alerting: {alertmanagers: [{static_configs: [{targets: [a:1]}], dns_sd_configs: [{names: [a.invalid]}]}]}\n',
    {file: 'prometheus.yml'},
  );
  const alerting = new Alerting({
    flags: command.flags,
    logger: noLogger,
    queries: {run: never, statistics: never},
    store: {append: never, appendAll: never, retire: never},
    parse: {},
    global: () => config.global,
  });
  alerting.start();
  const use = await alerting.prepare(config);
  await alerting.stop();
  await use();
  assert.deepEqual(alerting.statistics().discovery.jobs, []);
  assert.deepEqual(alerting.alertmanagers(), {active: [], dropped: []});
});
