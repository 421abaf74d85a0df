import assert from 'node:assert/strict';
import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'node:test';
import {createServer, type IncomingMessage} from 'node:http';
import type {AddressInfo} from 'node:net';
import {FlagValues, splitFlags} from '../../flags.ts';
import {amtools, withLeadingFlagsLast} from './commands.ts';
import {commonFlags, withSettings} from './settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'narthex-amtool-'));
test.after(() => rmSync(folder, {recursive: true}));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** What a command prints, and its exit code. */
async function ran(
  name: string,
  flags: readonly string[],
  args: string[] = [],
): Promise<{output: string; errors: string; code: number}> {
  const tool = amtools[name]!;
  const written = {output: '', errors: ''};
  const values = new FlagValues(tool.flags, splitFlags(flags, tool.flags));
  const code = await tool.run(
    values,
    args,
    {write: (text) => void (written.output += text)},
    {write: (text) => void (written.errors += text)},
  );
  return {...written, code};
}

const configuration = `
route:
  receiver: default
  routes:
  - matchers: [team="x"]
    receiver: a
    continue: true
    routes: [{matchers: [severity=critical], receiver: b}]
  - {match: {team: y}, receiver: c}
receivers: [{name: default}, {name: a}, {name: b}, {name: c}]
`;

test('config routes show draws the tree', async () => {
  const {output} = await ran('config routes show', [`--config.file=${file('routes.yml', configuration)}`]);
  assert.equal(
    output,
    `Routing tree:
.
└── default-route  receiver: default
    ├── {team="x"}  continue: true  receiver: a
    │   └── {severity="critical"}  receiver: b
    └── {team="y"}  receiver: c

`,
  );
});

test('config routes test names receivers, and fails where others were expected', async () => {
  const flags = [`--config.file=${file('routes.yml', configuration)}`];
  async function f(labels: string[], receivers: string, more: string[] = [], code = 0): Promise<void> {
    const result = await ran('config routes test', [...flags, ...more], labels);
    assert.deepEqual([result.output.split('\n')[0], result.code], [receivers, code]);
  }
  await f(['team=x', 'severity=critical'], 'b');
  await f(['team=y'], 'c', ['--verify.receivers=c']);
  await f(['team=y'], 'c', ['--verify.receivers=a'], 1);
  await f([], 'default');
  await assert.rejects(ran('config routes test', flags, ['team!=y']), {
    message: 'Labels must be specified as key=value pairs',
  });
  await assert.rejects(ran('config routes test', []), {
    message: 'You have to specify one of --config.file or --alertmanager.url flags.',
  });
});

test('check-config says what is there, or what is wrong', async () => {
  const template = file('broken.tmpl', '{{ define "a" }}');
  const good = file('good.yml', configuration);
  const {output} = await ran('check-config', [], [good]);
  assert.equal(
    output,
    `Checking '${good}'  SUCCESS
Found:
 - global config
 - route
 - 0 inhibit rules
 - 4 receivers
 - 0 templates

`,
  );
  const bad = file('bad.yml', `${configuration}\ntemplates: ['${template}']`);
  await assert.rejects(ran('check-config', [], [bad, join(folder, 'none.yml')]), {
    message: 'failed to validate 2 file(s)',
  });
});

test('template render needs a pattern and a text', async () => {
  const glob = `--template.glob=${file('own.tmpl', '{{ define "own" }}<{{ .Status }}>{{ end }}')}`;
  const text = '--template.text={{ template "own" . }}';
  assert.equal((await ran('template render', [glob, text])).output, '<alertstatus>');
  await assert.rejects(ran('template render', [text]), {
    message: 'required flag --template.glob not provided',
  });
  await assert.rejects(ran('template render', [glob, '--template.text={{ .X }}']), {name: 'TemplateError'});
});

test('settings are defaults of flags', () => {
  mkdirSync(join(folder, '.config/amtool'), {recursive: true});
  writeFileSync(
    join(folder, '.config/amtool/config.yml'),
    'alertmanager.url: http://am\ncomment_required: false\noutput: extended\n',
  );
  const specs = [...commonFlags, ...amtools['silence add']!.flags];
  const initial = (name: string): string | undefined =>
    withSettings(specs, {HOME: folder}).find((spec) => spec.name === name)?.initial;
  assert.deepEqual(['alertmanager.url', 'require-comment', 'output', 'timeout'].map(initial), [
    'http://am',
    'false',
    'extended',
    '30s',
  ]);
});

test('common flags may stand before the command', () => {
  function f(args: string[], expected: string[]): void {
    assert.deepEqual(withLeadingFlagsLast(args), expected);
  }
  f(['alert', '-a'], ['alert', '-a']);
  f(
    ['--alertmanager.url', 'http://a', '-v', 'alert', 'add'],
    ['alert', 'add', '--alertmanager.url', 'http://a', '-v'],
  );
  f(['-o=json', 'silence'], ['silence', '-o=json']);
  f(['--help'], ['--help']);
});

/** An API that gives these silences, and keeps what it is told. */
async function withApi(
  silences: readonly object[],
  use: (url: string, told: unknown[]) => Promise<void>,
): Promise<void> {
  const told: unknown[] = [];
  const server = createServer((request: IncomingMessage, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      told.push([request.method, request.url, body === '' ? null : (JSON.parse(body) as unknown)]);
      if (request.url === '/x/api/v2/silences' && body.includes('"id":"gone"'))
        response.writeHead(404).end('"none"');
      else if (request.method === 'POST') response.end('{"silenceID":"new"}');
      else response.end(JSON.stringify(silences));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}/x/`, told);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const silence = {
  id: '1',
  status: {state: 'active'},
  updatedAt: '2026-01-01T00:00:00.000Z',
  matchers: [
    {name: 'team', value: 'x', isRegex: false, isEqual: true},
    {name: 'a', value: 'b|c', isRegex: true, isEqual: false},
  ],
  startsAt: '2026-01-01T00:00:00.000Z',
  endsAt: '2098-01-01T09:30:00.000Z',
  createdBy: 'me',
  comment: 'é',
};

test('silence query prints a table', async () => {
  await withApi([silence, {...silence, id: '22', endsAt: '2097-01-01T00:00:00.000Z'}], async (url, told) => {
    const {output} = await ran('silence', [`--alertmanager.url=${url}`], ['Down', 'team=x']);
    assert.equal(
      output,
      `ID  Matchers           Ends At                  Created By  Comment  
22  team="x" a!~"b|c"  2097-01-01 00:00:00 UTC  me          é        
1   team="x" a!~"b|c"  2098-01-01 09:30:00 UTC  me          é        
`,
    );
    assert.deepEqual(told, [
      ['GET', '/x/api/v2/silences?filter=alertname%3D%22Down%22&filter=team%3Dx', null],
    ]);
  });
});

test('silence import adds those that are gone as new ones', async () => {
  const input = file('silences.json', JSON.stringify([{...silence, id: 'gone'}]));
  await withApi([], async (url, told) => {
    const {output} = await ran('silence import', [`--alertmanager.url=${url}`], [input]);
    assert.equal(output, 'new\n');
    const ids = told.map((each) => (each as [string, string, {id?: string}])[2].id);
    assert.deepEqual(ids, ['gone', undefined]);
  });
});

test('without an Alertmanager there is an error', async () => {
  await assert.rejects(ran('alert query', []), {message: 'required flag --alertmanager.url not provided'});
  await assert.rejects(ran('alert query', ['--alertmanager.url=127.0.0.1:1']), {
    message: /connection refused$/,
  });
});
