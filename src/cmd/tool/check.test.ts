import assert from 'node:assert/strict';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {after} from 'node:test';
import {checkConfigs, type CheckConfigOptions} from './checkconfig.ts';
import {checkDiscovery} from './checkdiscovery.ts';
import {checkServer} from './checkserver.ts';

const folder = mkdtempSync(join(tmpdir(), 'narthex-check-'));
after(() => rmSync(folder, {recursive: true}));

class Collected {
  text = '';

  write(part: string): void {
    this.text += part;
  }
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function check(text: string, options: Partial<CheckConfigOptions> = {}): {code: number; all: string} {
  const both = new Collected();
  const files = [file('prometheus.yml', text)];
  const code = checkConfigs(
    {
      files,
      syntaxOnly: false,
      agent: false,
      lint: 'duplicate-rules',
      lintFatal: false,
      ignoreUnknownFields: false,
      lookbackDeltaMs: 300_000,
      parse: {},
      ...options,
    },
    both,
    both,
  );
  return {code, all: both.text.replaceAll(`${folder}/`, '')};
}

test('checkConfigs() follows the files that a configuration names', () => {
  file('r.yml', 'groups: [{name: a, rules: [{record: x, expr: up}]}]');
  assert.deepEqual(check('rule_files: [r.yml]'), {
    code: 0,
    all: 'Checking prometheus.yml\n  SUCCESS: 1 rule files found\n SUCCESS: prometheus.yml is valid prometheus config file syntax\n\nChecking r.yml\n  SUCCESS: 1 rules found\n\n',
  });
  const f = (
    text: string,
    code: number,
    expected: RegExp,
    options: Partial<CheckConfigOptions> = {},
  ): void => {
    const checked = check(text, options);
    assert.match(checked.all, expected);
    assert.equal(checked.code, code, text);
  };
  f('rule_files: [no.yml]', 1, /FAILED: "no\.yml" does not point to an existing file/);
  f('rule_files: [no.yml]', 0, /SUCCESS/, {syntaxOnly: true});
  f('rule_files: [r.yml]', 1, /field rule_files is not allowed in agent mode/, {agent: true});
  f('scrape_config_files: [bad.yml]', 0, /SUCCESS/);
  file('bad.yml', 'scrape_configs: [{}]');
  f('scrape_config_files: [bad.yml]', 1, /bad\.yml:1:18: scrape_configs\[0\]\.job_name: job_name is empty/);
  f('scrape_configs: [{job_name: a, scrape_interval: 5m}]', 3, /FAILED: too long scrape interval found/, {
    lint: 'all',
    lintFatal: true,
  });
  const authorized = 'scrape_configs: [{job_name: a, authorization: {credentials_file: t}}]';
  f(authorized, 1, /error checking authorization credentials or bearer token file "t": stat t: no such file/);
  file('t.json', '[{"targets": ["http://a"]}]');
  const discovering = 'scrape_configs: [{job_name: a, file_sd_configs: [{files: [t.json]}]}]';
  f(discovering, 1, /"http:\/\/a" is not a valid hostname/);
});

test('checkDiscovery() prints targets before and after relabelling', async () => {
  const path = file(
    'jobs.yml',
    `scrape_configs:
  - job_name: a
    static_configs: [{targets: ["s:1", "t:1"], labels: {q: r}}]
    relabel_configs: [{source_labels: [__address__], regex: "s.*", action: drop}]
`,
  );
  const [output, errors] = [new Collected(), new Collected()];
  assert.equal(await checkDiscovery({file: path, job: 'a', timeoutMs: 1}, output, errors), 0);
  const found = JSON.parse(output.text) as {
    discoveredLabels: Record<string, string>;
    labels: Record<string, string>;
  }[];
  assert.deepEqual(
    found.map(({discoveredLabels, labels}) => [
      discoveredLabels['__address__'],
      labels['instance'],
      labels['q'],
    ]),
    [
      ['s:1', undefined, undefined],
      ['t:1', 't:1', 'r'],
    ],
  );
  assert.equal(await checkDiscovery({file: path, job: 'x', timeoutMs: 1}, output, errors), 1);
  assert.equal(errors.text, 'Job x not found. Select one of:\n\ta\n');
});

test('checkServer() asks a server how it is', async () => {
  const server = createServer((request, response) => {
    const isReady = request.url === '/-/ready' && request.headers.authorization === 'Bearer t';
    response.writeHead(isReady ? 200 : 503).end('all is well');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    const errors = new Collected();
    const httpConfigFile = file('http.yml', 'authorization: {credentials: t}');
    assert.equal(await checkServer({url: `${url}/`, endpoint: '/-/ready', httpConfigFile}, errors), 0);
    assert.equal(errors.text, '  SUCCESS:  all is well\n');
    await assert.rejects(checkServer({url, endpoint: '/-/healthy', httpConfigFile: ''}, errors), {
      message: `check failed: URL=${url}, status=503`,
    });
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
