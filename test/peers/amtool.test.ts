// Debian's amtool and our tool, with the same commands, on the same Alertmanager, which is ours: they print the same.
import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'node:test';
import {findProgram, startAlertmanager, stopProgram} from '../../tools/programs.ts';

const amtool = findProgram('amtool');
const skip = reasonToSkip();

/** Older ones draw trees with other spaces, and do not know of mutedBy. */
function reasonToSkip(): string | false {
  if (amtool === null) return 'amtool is not installed: apt-get install prometheus-alertmanager';
  const {stdout, stderr} = spawnSync(amtool, ['--version'], {encoding: 'utf8'});
  const minor = Number(/version 0\.(\d+)/.exec(stdout + stderr)?.[1] ?? 0);
  return minor >= 33 ? false : `amtool 0.${minor} is older than 0.33`;
}

interface Ran {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

const folder = mkdtempSync(join(tmpdir(), 'narthex-amtool-'));
test.after(() => rmSync(folder, {recursive: true}));

function run(command: string, args: readonly string[]): Ran {
  const {status, stdout, stderr} = spawnSync(command, args, {
    encoding: 'utf8',
    // No settings of whoever runs the tests.
    env: {...process.env, TZ: 'UTC', HOME: folder},
  });
  return {code: status, output: stdout, errors: stderr.replaceAll(/^Warning: .*\n/gm, '')};
}

const ours = (args: readonly string[]): Ran => run('bin/narthex', ['tool', ...args]);

/** What both print and end with; of errors only whether there are any, since each names itself. */
function compare(args: readonly string[], expectedCode = 0): string {
  const [theirs, own] = [run(amtool!, args), ours(args)];
  const what = args.join(' ');
  assert.equal(theirs.code, expectedCode, `${what}: ${theirs.errors}`);
  assert.equal(own.output, theirs.output, what);
  assert.equal(own.code, theirs.code, what);
  assert.equal(own.errors === '', theirs.errors === '', `${what}: ${own.errors} / ${theirs.errors}`);
  return own.output;
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const configuration = `
route:
  receiver: default
  group_wait: 1s
  routes:
  - matchers: [team="x"]
    receiver: a
    continue: true
    routes:
    - matchers: [severity=~"crit.*", foo!=bar]
      receiver: b
    - matchers: [severity=warning]
  - match: {team: y}
    receiver: c
inhibit_rules:
- {source_matchers: [a=b], target_matchers: [c=d]}
receivers: [{name: default}, {name: a}, {name: b}, {name: c}]
`;

test('commands on files', {skip}, () => {
  const good = file('good.yml', configuration);
  const bad = file('bad.yml', 'route: {receiver: x}');
  for (const tail of [[], ['show']]) compare(['config', 'routes', ...tail, `--config.file=${good}`]);
  for (const labels of [
    ['team=x'],
    ['team=x', 'severity=critical'],
    ['team=x', 'severity=critical', 'foo=bar'],
    ['team=y'],
    ['team=z'],
    ['team="y"'],
    [],
  ]) {
    compare(['config', 'routes', 'test', `--config.file=${good}`, ...labels]);
    compare(['config', 'routes', 'test', '--tree', `--config.file=${good}`, ...labels]);
  }
  compare(['config', 'routes', 'test', `--config.file=${good}`, '--verify.receivers=c', 'team=y']);
  compare(['config', 'routes', 'test', `--config.file=${good}`, '--verify.receivers=a', 'team=y'], 1);
  assert.equal(ours(['config', 'routes', 'test', `--config.file=${good}`, 'team!=y']).code, 1);
  compare(['check-config', good]);
  const both = ours(['check-config', good, bad]);
  assert.equal(both.code, 1);
  assert.match(both.output, /SUCCESS[^]*FAILED: .*undefined receiver "x" used in route/);
  const templates = file('own.tmpl', '{{ define "own" }}{{ .Status }}{{ end }}');
  const withTemplates = file('templates.yml', `${configuration}\ntemplates: ['${templates}']`);
  compare(['check-config', withTemplates]);
  const render = ['template', 'render', `--template.glob=${templates}`];
  compare([
    ...render,
    '--template.text={{ template "own" . }} {{ .CommonLabels.SortedPairs }} {{ len .Alerts }}',
  ]);
  compare([...render, '--template.text=<a title="{{ .ExternalURL }}">', '--template.type=html']);
  const data = file('data.json', JSON.stringify({status: 'x', alerts: [{labels: {a: '<b>'}}]}));
  compare([
    ...render,
    '--template.text={{ range .Alerts }}{{ .Labels.a }}{{ end }}',
    `--template.data=${data}`,
  ]);
  assert.equal(ours([...render, '--template.text={{ .Nothing }}']).code, 1);
});

test('commands on an Alertmanager', {skip}, async () => {
  const {url, program} = await startAlertmanager({
    command: ['bin/narthex', 'alertmanager'],
    folder,
    config: configuration,
  });
  try {
    const at = (...args: string[]): string[] => [`--alertmanager.url=${url}`, ...args];
    addBoth(at);
    filterBoth(at);
    for (const output of ['simple', 'extended', 'json'])
      queryBoth((...args) => at('-o', output, ...args), output);
    changeBoth(at);
  } finally {
    await stopProgram(program.child);
  }
});

type At = (...args: string[]) => string[];

/** Half of everything is added by amtool, half by ours. */
function addBoth(at: At): void {
  const times = ['--start=2026-01-01T10:00:00Z', '--end=2099-01-01T10:00:00+01:00'];
  const annotations = ['--annotation=summary=it is down', '--annotation=note="a=b"'];
  for (const [i, tool] of [(args: string[]): Ran => run(amtool!, args), ours].entries()) {
    const alert = [`Down${i}`, 'team=x', `instance="h ${i}"`, ...times, ...annotations];
    const {code, errors} = tool(at('alert', 'add', ...alert, '--generator-url=http://g'));
    assert.equal(code, 0, errors);
    const silence = ['silence', 'add', `Down${i}`, 'team=~"x|y"', 'a!=b', '--author=me', '--comment=why not'];
    const added = tool(at(...silence, '--end=2098-01-01T10:00:00Z'));
    assert.match(added.output, /^[0-9a-f]{8}-[0-9a-f-]{27}\n$/, added.errors);
  }
  compare(at('silence', 'add', 'team=x'), 1);
  compare(at('silence', 'add', '--comment=c'), 1);
  compare(at('silence', 'add', 'team=x', '--comment=c', '--duration=0s'), 1);
  compare(at('silence', 'add', 'team=x', '--comment=c', '--duration=x'), 1);
}

function filterBoth(at: At): void {
  for (const filter of [[], ['--active'], ['--receiver=a', '-s'], ['Down1', '-s'], ['-s', 'team!~y']])
    compare(at('alert', 'query', ...filter));
  const silences = [['Down0'], ['team=~x'], ['--expired'], ['--created-by=me'], ['--created-by=you']];
  for (const filter of [...silences, ['--within=1h'], ['--within=900000h'], ['-q']])
    compare(at('silence', 'query', ...filter));
}

function queryBoth(at: At, output: string): void {
  compareFields(at('alert', '-s', '-a'), output);
  compareFields(at('silence'), output);
  compareFields(at('cluster', 'show'), output);
  // In its extended form amtool prints addresses in its memory.
  if (output === 'extended') return;
  const [own, theirs] = [ours(at('config', 'show')).output, run(amtool!, at('config', 'show')).output];
  if (output === 'simple') assert.equal(own, theirs);
  // How long it has been up differs.
  else assert.deepEqual({...parsed(own), uptime: ''}, {...parsed(theirs), uptime: ''});
}

function parsed(text: string): object {
  return JSON.parse(text) as object;
}

/** JSON may have its fields in another order. */
function compareFields(args: string[], output: string): void {
  if (output !== 'json' || args.includes('-q')) {
    compare(args);
    return;
  }
  assert.deepEqual(parsed(ours(args).output), parsed(run(amtool!, args).output), args.join(' '));
}

/** What one exports the other imports; what one adds the other changes and ends. */
function changeBoth(at: At): void {
  const idsOf = (): string[] =>
    ours(at('silence', 'query', '-q'))
      .output.split('\n')
      .filter((each) => each !== '')
      .sort();
  const ids = idsOf();
  assert.equal(ids.length, 2);
  for (const [i, tool] of [ours, (args: string[]): Ran => run(amtool!, args)].entries()) {
    const updated = tool(at('silence', 'update', '-q', '--comment=changed', '--duration=3h', ids[i]!));
    assert.equal(updated.code, 0, updated.errors);
  }
  compare(at('silence', 'query'));
  const exported = file('silences.json', ours(at('silence', 'query', '-o', 'json')).output);
  for (const tool of [ours, (args: string[]): Ran => run(amtool!, args)]) {
    const before = idsOf().length;
    const imported = tool(at('silence', 'import', '--force', exported));
    assert.equal(imported.code, 0, imported.errors);
    assert.equal(idsOf().length, before + 2);
  }
  const [first, ...others] = idsOf();
  assert.equal(ours(at('silence', 'expire', first!)).code, 0);
  assert.equal(run(amtool!, at('silence', 'expire', ...others)).code, 0);
  assert.deepEqual(idsOf(), []);
  compare(at('silence', 'expire', '00000000-0000-0000-0000-000000000000'), 1);
  compare(at('silence', 'query', '--expired', '--id=nobody'));
}
