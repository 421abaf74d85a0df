// Service discovery side by side with Prometheus: the same files and URLs give the same targets, before and after changes.
import assert from 'node:assert/strict';
import {mkdtempSync, renameSync, rmSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {startNarthex, startPrometheus} from '../lib/narthex.ts';
import {withoutHistogramLabels} from '../lib/newerlabels.ts';

interface TargetsData {
  activeTargets: {
    discoveredLabels: Record<string, string>;
    labels: unknown;
    scrapePool: string;
    scrapeUrl: string;
  }[];
  droppedTargets: {discoveredLabels: Record<string, string>}[];
}

/** What both servers must agree on, in an order of its own. */
async function targetsOf(url: string): Promise<unknown> {
  const response = await fetch(`${url}/api/v1/targets`);
  const {data} = (await response.json()) as {data: TargetsData};
  const sorted = (list: unknown[]): string[] => list.map((each) => JSON.stringify(each)).sort();
  return {
    active: sorted(
      data.activeTargets.map(({discoveredLabels, labels, scrapePool, scrapeUrl}) => ({
        discoveredLabels: withoutHistogramLabels(discoveredLabels),
        labels,
        scrapePool,
        scrapeUrl,
      })),
    ),
    // Older Prometheus say no more of these.
    dropped: sorted(
      data.droppedTargets.map(({discoveredLabels}) => withoutHistogramLabels(discoveredLabels)),
    ),
  };
}

/** Waits until both say the same and `needle` is in it. */
async function agree(urls: readonly string[], needle: string): Promise<string> {
  let answers: unknown[] = [];
  for (let i = 0; i < 150; i++) {
    answers = await Promise.all(urls.map(targetsOf));
    const texts = answers.map((each) => JSON.stringify(each));
    if (texts[0] === texts[1] && texts[0]!.includes(needle)) return texts[0]!;
    await sleep(100);
  }
  assert.deepEqual(answers[0], answers[1]);
  assert.fail(`no ${needle} in ${JSON.stringify(answers[0])}`);
}

test('files and URLs give the targets that Prometheus finds', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'narthex-sd-'));
  let served = '[{"targets": ["h1:80", "h2:80"], "labels": {"zone": "a"}}, {"targets": ["h3:80"]}]';
  const server = createServer((_request, response) =>
    response.writeHead(200, {'content-type': 'application/json; charset=utf-8'}).end(served),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const config = `
global: {scrape_interval: 1h}
scrape_configs:
  - job_name: files
    file_sd_configs: [{files: ['${folder}/*.yml', '${folder}/[ab].json']}]
    static_configs: [{targets: ['static:1']}]
    relabel_configs:
      - {source_labels: [__meta_filepath, drop], regex: '.*;yes', action: drop}
      - {source_labels: [__meta_filepath], target_label: file}
  - job_name: urls
    http_sd_configs: [{url: 'http://127.0.0.1:${(server.address() as AddressInfo).port}/sd', refresh_interval: 1s}]
`;
  writeFileSync(
    join(folder, 'x.yml'),
    '- targets: [f1:1, "f2:2"]\n  labels: {team: x}\n- targets: [gone:1]\n  labels: {drop: yes}\n',
  );
  writeFileSync(join(folder, 'a.json'), '[{"targets": ["f3:3"]}]');
  const servers = await Promise.all([startNarthex({config}), startPrometheus({config})]);
  const urls = servers.map(({url}) => url);
  try {
    const first = await agree(urls, 'h3:80');
    for (const part of [
      'f1:1',
      'f2:2',
      'f3:3',
      'gone:1',
      'static:1',
      'h1:80',
      '__meta_url',
      '__meta_filepath',
    ])
      assert.ok(first.includes(part), `${part} in ${first}`);
    writeFileSync(join(folder, 'tmp'), '[{"targets": ["f4:4"]}]');
    renameSync(join(folder, 'tmp'), join(folder, 'b.json'));
    rmSync(join(folder, 'x.yml'));
    writeFileSync(join(folder, 'a.json'), 'broken');
    served = '[{"targets": ["h4:80"]}]';
    const second = await agree(urls, 'h4:80');
    for (const part of ['f3:3', 'f4:4', 'static:1']) assert.ok(second.includes(part), `${part} in ${second}`);
    for (const part of ['f1:1', 'gone:1', 'h3:80'])
      assert.ok(!second.includes(part), `no ${part} in ${second}`);
    const own = (await (await fetch(`${urls[0]}/api/v1/targets`)).json()) as {warnings: string[]};
    assert.match(own.warnings.join('\n'), /^scrape pool files: file discovery of .*a\.json fails since /);
    const [ours, theirs] = await Promise.all(urls.map(sdMetrics));
    for (const name of theirs!) assert.ok(ours!.has(name), `${name} is among the metrics`);
  } finally {
    await Promise.all(servers.map((each) => each.stop()));
    server.close();
    rmSync(folder, {recursive: true});
  }
});

/** Mechanisms that are not there yet. */
const otherMetrics = /^prometheus_sd_(azure|consul|kuma|linode|nomad|refresh_duration_histogram|ec2|aws)/;

/** Series of service discovery without values; of refreshes only the names, which got another label after 3.5. */
async function sdMetrics(url: string): Promise<Set<string>> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const lines = text
    .split('\n')
    .filter((line) => line.startsWith('prometheus_sd_') && !otherMetrics.test(line));
  const scrape = lines.filter((line) => !line.includes('notify'));
  return new Set(
    scrape.map((line) => line.replace(/ [^ ]*$/, '').replace(/^(prometheus_sd_refresh_[a-z_]*)\{.*/, '$1')),
  );
}
