import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'node:test';
import {createServer} from 'node:tls';
import {TestAuthority} from './testing-certificates.ts';

const material = join(import.meta.dirname, 'tls-material.ts');

/** What a client of another process says, which trusts what the environment tells it to. */
async function connects(port: number, environment: Record<string, string>): Promise<string> {
  const code = `
    import {connect} from 'node:tls';
    import {secureContextOf} from ${JSON.stringify(material)};
    const texts = {ca: undefined, cert: undefined, key: undefined};
    const socket = connect({port: ${port}, host: '127.0.0.1', secureContext: secureContextOf({insecureSkipVerify: false}, texts)});
    socket.on('secureConnect', () => { console.log('connected'); socket.destroy(); });
    socket.on('error', (error) => console.log(error.code));`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    env: {PATH: process.env['PATH'], ...environment},
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [said, warned] = ['', ''];
  child.stdout.on('data', (piece: Buffer) => (said += piece.toString()));
  child.stderr.on('data', (piece: Buffer) => (warned += piece.toString()));
  await once(child, 'close');
  return said.trim() + (/Warning: (.*)/.exec(warned)?.[1] ?? '');
}

test('a client trusts the authorities of SSL_CERT_FILE and those of NODE_EXTRA_CA_CERTS', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'narthex-tls-'));
  const [ours, other] = [new TestAuthority(), new TestAuthority('Another authority')];
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const [our, others] = [file('our.pem', ours.cert), file('other.pem', other.cert)];
  const server = createServer(ours.issue({names: ['127.0.0.1']}), (socket) => socket.end());
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const {port} = server.address() as AddressInfo;
  const unknown = 'UNABLE_TO_VERIFY_LEAF_SIGNATURE';
  const f = async (environment: Record<string, string>, expected: string): Promise<void> =>
    assert.equal(await connects(port, environment), expected, JSON.stringify(environment));
  try {
    await f({SSL_CERT_FILE: our}, 'connected');
    await f({SSL_CERT_FILE: others}, unknown);
    await f({SSL_CERT_FILE: others, NARTHEX_EXTRA_CA_CERTS: our}, 'connected');
    await f({SSL_CERT_FILE: our, NARTHEX_EXTRA_CA_CERTS: our}, 'connected');
    // Without a system's list, Node's.
    const missing = join(folder, 'missing.pem');
    await f({SSL_CERT_FILE: missing, NARTHEX_EXTRA_CA_CERTS: our}, 'connected');
    const warning = `NODE_EXTRA_CA_CERTS is ignored: unable to read file ${missing}: open ${missing}: no such file or directory`;
    await f({SSL_CERT_FILE: our, NARTHEX_EXTRA_CA_CERTS: missing}, `connected${warning}`);
  } finally {
    server.close();
    rmSync(folder, {recursive: true});
  }
});
