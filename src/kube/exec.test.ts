import assert from 'node:assert/strict';
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'node:test';
import {ExecCredentials, type ExecPlugin} from './exec.ts';

/** A program that prints what a script gives, and counts how often it ran. */
async function withPlugin(
  script: string,
  use: (plugin: ExecPlugin, runs: () => number) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'narthex-exec-'));
  const count = join(folder, 'count');
  writeFileSync(count, '');
  const program = join(folder, 'plugin.mjs');
  writeFileSync(
    program,
    `import {appendFileSync} from 'node:fs';\nappendFileSync(process.env.COUNT, 'x');\n${script}`,
  );
  const plugin: ExecPlugin = {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: process.execPath,
    args: [program],
    env: {COUNT: count},
    installHint: '',
    cluster: {server: 'https://k'},
  };
  try {
    await use(plugin, () => readFileSync(count, 'utf8').length);
  } finally {
    rmSync(folder, {recursive: true, force: true});
  }
}

test('ExecCredentials asks once, and again when the time is over or the token is refused', async () => {
  const script = `
const info = JSON.parse(process.env.KUBERNETES_EXEC_INFO);
if (info.spec.cluster.server !== 'https://k' || info.spec.interactive) throw new Error('wrong info');
console.log(JSON.stringify({apiVersion: info.apiVersion, kind: 'ExecCredential', status: {token: 't' + Date.now(), expirationTimestamp: '2030-01-01T00:00:00Z'}}));`;
  await withPlugin(script, async (plugin, runs) => {
    let now = Date.UTC(2029, 0, 1);
    const credentials = new ExecCredentials(plugin, () => now);
    const [first, second] = await Promise.all([credentials.authorization(), credentials.authorization()]);
    assert.match(first, /^Bearer t\d+$/);
    assert.equal(second, first);
    assert.equal(runs(), 1);
    credentials.forget();
    await credentials.authorization();
    assert.equal(runs(), 2);
    now = Date.UTC(2030, 0, 1);
    await credentials.authorization();
    assert.equal(runs(), 3);
  });
});

test('ExecCredentials says what is wrong with the program', async () => {
  const f = (script: string, message: RegExp, change: Partial<ExecPlugin> = {}): Promise<void> =>
    withPlugin(script, async (plugin) => {
      await assert.rejects(new ExecCredentials({...plugin, ...change}).authorization(), {message});
    });
  await f(
    'process.stderr.write("log in first"); process.exit(3);',
    /it failed with exit code 3: log in first$/,
  );
  await f('console.log("{}")', /its output is no ExecCredential$/);
  await f('console.log(JSON.stringify({kind: "ExecCredential", status: {}}))', /it gave no token$/);
  await f(
    'console.log(JSON.stringify({kind: "ExecCredential", status: {clientCertificateData: "x"}}))',
    /only tokens are$/,
  );
  await f('', /exec: no-such-program: executable not found\n\ninstall it$/, {
    command: 'no-such-program',
    installHint: 'install it',
  });
});
