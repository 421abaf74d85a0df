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

test('the bundle serves and starts again, with all its threads', {timeout: 120_000}, async (t) => {
  mkdirSync(join(root, 'dist'), {recursive: true});
  const target = mkdtempSync(join(root, 'dist/test-'));
  const folder = mkdtempSync(join(tmpdir(), 'narthex-bundle-'));
  t.after(() => [target, folder].forEach((each) => rmSync(each, {recursive: true, force: true})));
  await buildServer(target);
  const port = await freePort();
  writeFileSync(join(folder, 'prometheus.yml'), config.replace('PORT', String(port)));
  // The second start reads the log of the first.
  for (const samplesMin of [2, 6]) {
    const child = spawn(process.execPath, [
      join(target, 'main.js'),
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--web.enable-lifecycle',
      '--log.level=error',
    ]);
    t.after(() => child.kill('SIGKILL'));
    const ended = new Promise((resolve) => child.on('exit', resolve));
    const base = `http://127.0.0.1:${port}`;
    while ((await countSamples(base)) < samplesMin) await sleep(100);
    await fetch(`${base}/-/quit`, {method: 'POST'});
    assert.equal(await ended, 0);
  }
});

const config = `
global: {scrape_interval: 500ms}
scrape_configs: [{job_name: self, static_configs: [{targets: ['127.0.0.1:PORT']}]}]
`;

async function countSamples(base: string): Promise<number> {
  try {
    const answer = await fetch(`${base}/api/v1/query?query=count_over_time(up[1m])`);
    const {data} = (await answer.json()) as {data: {result: {value: [number, string]}[]}};
    return Number(data.result[0]?.value[1] ?? 0);
  } catch {
    return 0; // Not there yet.
  }
}
