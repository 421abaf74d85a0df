// --web.config.file and --web.systemd-socket, as users start the programs.
import assert from 'node:assert/strict';
import {type ChildProcess, spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {type AddressInfo, createServer} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type TestContext} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {hashSync} from 'bcryptjs';
import {TestAuthority} from '../../src/http/testing-certificates.ts';
import {freePort, stopProgram} from '../../tools/programs.ts';

const launcher = join(import.meta.dirname, '../../bin/narthex');
const authority = new TestAuthority();
const own = authority.issue({names: ['localhost', '127.0.0.1']});
const client = authority.issue({names: ['client.example']});

function folderOf(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'narthex-web-'));
  context.after(() => rmSync(folder, {recursive: true, force: true}));
  const files = {
    'cert.pem': own.cert,
    'key.pem': own.key,
    'ca.pem': authority.cert,
    'client.pem': client.cert,
    'client-key.pem': client.key,
    'am.yml': 'route: {receiver: a}\nreceivers: [{name: a}]\n',
    'prometheus.yml': '',
    'web.yml': `tls_server_config:
  cert_file: cert.pem
  key_file: key.pem
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: ca.pem
basic_auth_users:
  alice: ${hashSync('secret', 4)}
`,
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

/** Status of an answer, and the version of HTTP; 0 where there is none. */
function curl(folder: string, url: string, ...args: string[]): string {
  const {stdout} = spawnSync(
    'curl',
    [
      '-s',
      '-o',
      join(folder, 'answer'),
      '-w',
      '%{http_code} %{http_version}',
      '--cacert',
      join(folder, 'ca.pem'),
      ...args,
      url,
    ],
    {encoding: 'utf8'},
  );
  return stdout.replace(/^000 .*/, '0');
}

async function check(folder: string, child: ChildProcess, urls: readonly string[]): Promise<void> {
  const certificate = ['--cert', join(folder, 'client.pem'), '--key', join(folder, 'client-key.pem')];
  const all = [...certificate, '-u', 'alice:secret'];
  for (const url of urls) {
    const deadline = Date.now() + 30_000;
    while (curl(folder, url, ...all) !== '200 2') {
      assert.ok(Date.now() < deadline && child.exitCode === null, `${url} does not answer`);
      await sleep(100);
    }
    assert.equal(curl(folder, url, ...all, '--http1.1'), '200 1.1');
    assert.equal(curl(folder, url, ...certificate), '401 2');
    assert.equal(curl(folder, url, ...certificate, '-u', 'alice:Secret'), '401 2');
    assert.equal(curl(folder, url, '-u', 'alice:secret'), '0');
    assert.equal(curl(folder, url.replace('https:', 'http:'), '-u', 'alice:secret'), '0');
  }
}

test('who has no certificate or password does not come in', {timeout: 120_000}, async (context) => {
  const folder = folderOf(context);
  const [port, port2, port3] = [await freePort(), await freePort(), await freePort()];
  const alone = spawn(
    launcher,
    [
      'alertmanager',
      `--config.file=${folder}/am.yml`,
      `--storage.path=${folder}/alone`,
      `--web.listen-address=127.0.0.1:${port}`,
      `--web.config.file=${folder}/web.yml`,
    ],
    {stdio: 'ignore'},
  );
  const server = spawn(
    launcher,
    [
      'server',
      `--config.file=${folder}/prometheus.yml`,
      `--storage.tsdb.path=${folder}/data`,
      `--web.listen-address=127.0.0.1:${port2}`,
      `--web.config.file=${folder}/web.yml`,
      `--alertmanager.web.listen-address=127.0.0.1:${port3}`,
    ],
    {stdio: 'ignore'},
  );
  context.after(() => Promise.all([stopProgram(alone), stopProgram(server)]));
  await check(folder, alone, [`https://127.0.0.1:${port}/-/ready`]);
  await check(folder, server, [
    `https://127.0.0.1:${port2}/-/ready`,
    `https://127.0.0.1:${port2}/api/v1/query?query=1`,
    `https://127.0.0.1:${port3}/api/v2/status`,
  ]);
});

test('a file that is wrong keeps the programs from starting', {timeout: 60_000}, (context) => {
  const folder = folderOf(context);
  writeFileSync(join(folder, 'web.yml'), 'basic_auth_users: {alice: secret}');
  const args = [`--web.config.file=${folder}/web.yml`, '--web.listen-address=127.0.0.1:0'];
  const f = (...more: string[]): void => {
    const {status, stderr} = spawnSync(launcher, [...more, ...args], {encoding: 'utf8', timeout: 30_000});
    assert.match(stderr, /hashedSecret too short to be a bcrypted password/);
    assert.equal(status, 1);
  };
  f('server', `--config.file=${folder}/prometheus.yml`, `--storage.tsdb.path=${folder}/data`);
  f('alertmanager', `--config.file=${folder}/am.yml`, `--storage.path=${folder}/alone`);
});

test('narthex alertmanager takes sockets from systemd', {timeout: 60_000}, async (context) => {
  const folder = folderOf(context);
  const args = [
    'alertmanager',
    `--config.file=${folder}/am.yml`,
    `--storage.path=${folder}/data`,
    '--web.systemd-socket',
  ];
  const none = spawnSync(launcher, args, {encoding: 'utf8', timeout: 30_000});
  assert.match(none.stderr, /no socket activation file descriptors found/);
  assert.equal(none.status, 1);

  const sockets = [createServer(), createServer()];
  for (const socket of sockets) await once(socket.listen(0, '127.0.0.1'), 'listening');
  const handles = sockets.map((socket) => (socket as unknown as {_handle: {fd: number}})._handle.fd);
  const ports = sockets.map((socket) => (socket.address() as AddressInfo).port);
  const child = spawn('sh', ['-c', 'LISTEN_PID=$$ LISTEN_FDS=2 exec "$0" "$@"', launcher, ...args], {
    stdio: ['ignore', 'ignore', 'ignore', ...handles],
  });
  context.after(() => stopProgram(child));
  // From here on only the child accepts.
  for (const socket of sockets) socket.close();
  for (const port of ports) {
    const response = await fetch(`http://127.0.0.1:${port}/-/ready`, {signal: AbortSignal.timeout(20_000)});
    assert.equal(response.status, 200);
  }
});
