// The configuration of a running server: taken in, reloaded, refused.
import assert from 'node:assert/strict';
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {query, startNarthex} from '../lib/narthex.ts';

interface ActiveTarget {
  scrapePool: string;
  scrapeInterval: string;
  scrapeTimeout: string;
}

async function until(what: string, check: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    if (await check()) return;
    await sleep(100);
  }
  assert.fail(`${what} within ten seconds`);
}

const jobOf = (name: string): string => `
  - job_name: ${name}
    static_configs: [{targets: ["127.0.0.1:PORT"]}]
`;

test('files that change are reloaded, wrong ones are not, and the log of failures tells of scrapes', async () => {
  const config = `global:
  scrape_interval: 1s
  external_labels: {where: "\${NARTHEX_TEST_WHERE}", dollar: "$$"}
  scrape_failure_log_file: failures.json
scrape_config_files: ["jobs/*.yml", more.yml]
scrape_configs:${jobOf('own')}  - job_name: down
    static_configs: [{targets: ["127.0.0.1:1"]}]
  - job_name: slow
    static_configs: [{targets: ["127.0.0.1:PORT"]}]
    relabel_configs:
      - {target_label: __scrape_interval__, replacement: 2s}
      - {target_label: __scrape_timeout__, replacement: 500ms}
`;
  process.env['NARTHEX_TEST_WHERE'] = 'here';
  const narthex = await startNarthex({
    config,
    flags: ['--config.auto-reload', '--config.auto-reload-interval=1s'],
  });
  try {
    const pools = async (): Promise<string[]> => {
      const response = await fetch(`${narthex.url}/api/v1/scrape_pools`);
      return ((await response.json()) as {data: {scrapePools: string[]}}).data.scrapePools;
    };
    const shown = async (): Promise<string> => {
      const response = await fetch(`${narthex.url}/api/v1/status/config`);
      return ((await response.json()) as {data: {yaml: string}}).data.yaml;
    };
    await until('targets are there', async () => (await pools()).length === 3);
    assert.match(await shown(), /external_labels:\n {4}dollar: \$\n {4}where: here\n/);
    const targets = await fetch(`${narthex.url}/api/v1/targets`);
    const {data} = (await targets.json()) as {data: {activeTargets: ActiveTarget[]}};
    const slow = data.activeTargets.find(({scrapePool}) => scrapePool === 'slow');
    assert.deepEqual([slow?.scrapeInterval, slow?.scrapeTimeout], ['2s', '500ms']);

    // A file that the configuration names appears.
    const port = new URL(narthex.url).port;
    writeFileSync(join(narthex.folder, 'more.yml'), `scrape_configs:${jobOf('more').replace('PORT', port)}`);
    await until('the new file is read', async () => (await pools()).includes('more'));

    // A wrong one changes nothing, and says so.
    writeFileSync(join(narthex.folder, 'more.yml'), 'scrape_configs: [{job_name: own}]');
    const failed = async (): Promise<boolean> => {
      const metrics = await (await fetch(`${narthex.url}/metrics`)).text();
      return /^prometheus_config_last_reload_successful 0$/m.test(metrics);
    };
    await until('the reload fails', failed);
    assert.ok((await pools()).includes('more'));
    const reload = await fetch(`${narthex.url}/-/reload`, {method: 'POST'});
    assert.equal(reload.status, 500);
    assert.match(
      await reload.text(),
      /more\.yml:1:29: scrape_configs\[0\]\.job_name: found multiple scrape configs with job name "own", first found in main config file/,
    );

    writeFileSync(join(narthex.folder, 'more.yml'), '');
    await until('the file is empty', async () => !(await pools()).includes('more'));
    const lines = readFileSync(join(narthex.folder, 'failures.json'), 'utf8').trim().split('\n');
    const line = JSON.parse(lines[0]!) as Record<string, string>;
    assert.deepEqual(
      [line['level'], line['msg'], line['target']],
      [
        'ERROR',
        'Get "http://127.0.0.1:1/metrics": dial tcp 127.0.0.1:1: connect: connection refused',
        'http://127.0.0.1:1/metrics',
      ],
    );
    const up = await query(narthex.url, 'up{job="down"}');
    assert.equal(up.data.result[0]?.value[1], '0');
  } finally {
    delete process.env['NARTHEX_TEST_WHERE'];
    await narthex.stop();
  }
});
