// When the Alertmanager within the server is loaded, and that nobody sees it.

import assert from 'node:assert/strict';
import {existsSync, mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type TestContext} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {startServer} from '../../http/testing.ts';
import type {NotifiedAlert} from '../../rules/world.ts';
import {labelsOf} from '../../model/labels.ts';
import {noLogger} from '../../sys/log.ts';
import {parseServerFlags} from '../server-flags.ts';
import {type EmbeddedAlertmanager, embedAlertmanager} from './embedded.ts';

interface Embedded {
  alertmanager: EmbeddedAlertmanager;
  /** The answer's status, and its body. */
  ask: (path: string, body?: string) => Promise<[number, string]>;
}

function folderOf(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'narthex-embedded-'));
  context.after(() => rmSync(folder, {recursive: true, force: true}));
  return folder;
}

async function embed(context: TestContext, folder: string, failures = 0): Promise<Embedded> {
  const line = parseServerFlags([`--storage.tsdb.path=${folder}`]);
  assert.ok(line.kind === 'run');
  const {flags} = line;
  const {settings} = flags.alertmanager!;
  let left = failures;
  Object.defineProperty(flags.alertmanager, 'settings', {
    get() {
      if (left-- > 0) throw new Error('cannot be loaded');
      return settings;
    },
  });
  const alertmanager = embedAlertmanager(flags, noLogger);
  await alertmanager.check();
  const {server, port} = await startServer(context, () => {});
  await alertmanager.addRoutes(server);
  const ask = async (path: string, body?: string): Promise<[number, string]> => {
    const sent =
      body === undefined ? {} : {method: 'POST', headers: {'Content-Type': 'application/json'}, body};
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {redirect: 'manual', ...sent});
    return [response.status, await response.text()];
  };
  return {alertmanager, ask};
}

const alert: NotifiedAlert = {
  labels: labelsOf({alertname: 'a'}),
  annotations: [],
  startsAtMs: Date.now(),
  endsAtMs: Date.now() + 60_000,
  generatorUrl: '',
};

test('EmbeddedAlertmanager answers who asks first, and writes nothing before', async (context) => {
  const folder = folderOf(context);
  const {alertmanager, ask} = await embed(context, folder);
  assert.equal((await ask('/alertmanager'))[0], 302);
  await alertmanager.open();
  await alertmanager.close(0);
  assert.deepEqual(existsSync(join(folder, 'alertmanager/silences')), false);
});

test('EmbeddedAlertmanager is not ready before it is opened, and ready afterwards', async (context) => {
  const {alertmanager, ask} = await embed(context, folderOf(context));
  assert.equal((await ask('/unknown'))[0], 404);
  assert.equal((await ask('/alertmanager//-/ready'))[0], 307);
  assert.equal((await ask('/alertmanager/-/ready'))[0], 503);
  await alertmanager.open();
  assert.equal((await ask('/alertmanager/-/ready'))[0], 200);
  assert.deepEqual(await ask('/alertmanager/api/v2/alerts'), [200, '[]\n']);
  assert.equal((await ask('/alertmanager/metrics'))[0], 200);
  await alertmanager.close(0);
});

test('EmbeddedAlertmanager has each alert that it was told of, in their order', async (context) => {
  const {alertmanager, ask} = await embed(context, folderOf(context));
  await alertmanager.open();
  for (let i = 0; i < 3; i++) alertmanager.deliver([{...alert, annotations: ['n', String(i)]}]);
  const [status, body] = await ask('/alertmanager/api/v2/alerts');
  const alerts = JSON.parse(body) as {annotations: {n: string}}[];
  assert.deepEqual([status, alerts.map(({annotations}) => annotations.n)], [200, ['2']]);
  await alertmanager.close(0);
});

test('EmbeddedAlertmanager tells its metrics also where nobody has asked for anything else', async (context) => {
  const {alertmanager} = await embed(context, folderOf(context));
  const names = (await alertmanager.families()).map(({name}) => name);
  assert.ok(names.includes('alertmanager_alerts'), names.join(' '));
  await alertmanager.open();
  await alertmanager.close(0);
});

test('EmbeddedAlertmanager goes on from its state after a restart', async (context) => {
  const folder = folderOf(context);
  const silence = {
    matchers: [{name: 'a', value: 'b', isRegex: false, isEqual: true}],
    startsAt: new Date().toISOString(),
    endsAt: new Date(Date.now() + 3_600_000).toISOString(),
    createdBy: 'me',
    comment: 'why',
  };
  const run = async (f: (ask: Embedded['ask']) => Promise<void>): Promise<void> => {
    const {alertmanager, ask} = await embed(context, folder);
    await alertmanager.open();
    await f(ask);
    await alertmanager.close(0);
  };
  await run(async (ask) => {
    assert.deepEqual((await ask('/alertmanager/api/v2/silences', JSON.stringify(silence)))[0], 200);
  });
  for (let i = 0; i < 2; i++)
    await run(async (ask) => {
      const [, body] = await ask('/alertmanager/api/v2/silences');
      const silences = JSON.parse(body) as {comment: string}[];
      assert.deepEqual(
        silences.map(({comment}) => comment),
        ['why'],
      );
    });
});

test('EmbeddedAlertmanager is loaded with the next request where that has failed', async (context) => {
  const {alertmanager, ask} = await embed(context, folderOf(context), 2);
  await alertmanager.open();
  assert.equal((await ask('/alertmanager/-/ready'))[0], 500);
  await assert.rejects(alertmanager.families(), /cannot be loaded/);
  await alertmanager.reload();
  assert.equal((await ask('/alertmanager/-/ready'))[0], 200);
  await alertmanager.close(0);
});

test('EmbeddedAlertmanager takes the next alerts where it could not be loaded for the first', async (context) => {
  const {alertmanager, ask} = await embed(context, folderOf(context), 1);
  await alertmanager.open();
  alertmanager.deliver([alert]);
  await sleep(20);
  alertmanager.deliver([alert]);
  const [status, body] = await ask('/alertmanager/api/v2/alerts');
  assert.equal(status, 200);
  assert.equal((JSON.parse(body) as unknown[]).length, 1);
  await alertmanager.close(0);
});

test('EmbeddedAlertmanager is not opened once the server is closing', async (context) => {
  const folder = folderOf(context);
  const {alertmanager, ask} = await embed(context, folder);
  await alertmanager.open();
  // One asks just before, and others afterwards.
  const asked = alertmanager.families();
  await alertmanager.close(0);
  await asked;
  alertmanager.deliver([alert]);
  await alertmanager.families();
  // The storage, which comes first, may have taken longer to open.
  await alertmanager.open();
  assert.equal((await ask('/alertmanager/-/ready'))[0], 503);
  await assert.rejects(alertmanager.estimate({alerts: [], endMs: 0}), /is closed/);
});
