import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {buildServer} from './build-server.ts';
import {freePort} from './programs.ts';

const root = join(import.meta.dirname, '..');

test('the bundle serves, with all its threads', {timeout: 60_000}, async (t) => {
  mkdirSync(join(root, 'dist'), {recursive: true});
  const target = mkdtempSync(join(root, 'dist/test-'));
  const folder = mkdtempSync(join(tmpdir(), 'narthex-bundle-'));
  t.after(() => [target, folder].forEach((each) => rmSync(each, {recursive: true, force: true})));
  await buildServer(target);
  writeFileSync(join(folder, 'prometheus.yml'), 'scrape_configs: []\n');
  const port = await freePort();
  const child = spawn(process.execPath, [
    join(target, 'main.js'),
    `--config.file=${join(folder, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--web.enable-lifecycle',
    '--log.level=error',
  ]);
  const ended = new Promise((resolve) => child.on('exit', resolve));
  t.after(() => child.kill('SIGKILL'));
  const base = `http://127.0.0.1:${port}`;
  const ready = (): Promise<boolean> =>
    fetch(`${base}/-/ready`).then(
      ({ok}) => ok,
      () => false,
    );
  while (!(await ready())) await sleep(50);
  const answer = await fetch(`${base}/api/v1/query?query=1%2B1&time=0`);
  assert.equal(await answer.text(), '{"status":"success","data":{"resultType":"scalar","result":[0,"2"]}}');
  const page = await fetch(`${base}/api/v1/status/buildinfo`);
  assert.equal(page.status, 200);
  await fetch(`${base}/-/quit`, {method: 'POST'});
  assert.equal(await ended, 0);
});
