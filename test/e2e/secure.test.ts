// Targets behind TLS, tokens and proxies: each is scraped, or says why it is not.
import assert from 'node:assert/strict';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {createServer, type IncomingMessage, type RequestListener, type Server} from 'node:http';
import {createSecureServer} from 'node:http2';
import https from 'node:https';
import {type AddressInfo, connect, type Socket} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import type {TLSSocket} from 'node:tls';
import {gzipSync} from 'node:zlib';
import {TestAuthority} from '../../src/http/testing-certificates.ts';
import {query, startNarthex} from '../lib/narthex.ts';

interface Listening {
  listen(port: number, host: string, ready: () => void): unknown;
  address(): unknown;
  close(): unknown;
}

const closers: (() => void)[] = [];

async function listen(server: Listening): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    (server as Partial<Server>).closeAllConnections?.();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** A metric that says who asked, and how. */
const answer: RequestListener = (request, response) => {
  const {subject} = (request.socket as Partial<TLSSocket>).getPeerCertificate?.() ?? {};
  const peer = typeof subject?.CN === 'string' ? subject.CN : '';
  response.setHeader('content-type', 'text/plain; version=0.0.4');
  response.end(
    `seen{peer="${peer}",http="${request.httpVersion}",authorization="${request.headers.authorization ?? ''}",key="${String(request.headers['x-key'] ?? '')}"} 1\n`,
  );
};

interface Target {
  scrapePool: string;
  health: string;
  lastError: string;
}

test(
  'targets behind TLS, tokens and proxies are scraped, or say why they are not',
  {timeout: 60_000},
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'narthex-secure-'));
    closers.push(() => rmSync(folder, {recursive: true}));
    const file = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const authority = new TestAuthority();
    const names = ['127.0.0.1', 'localhost'];
    const local = authority.issue({names});
    const mutual = {...local, ca: authority.cert, requestCert: true, rejectUnauthorized: true};
    const mutualPort = await listen(https.createServer(mutual, answer));
    const expired = authority.issue({
      names,
      notBefore: new Date('2020-01-01'),
      notAfter: new Date('2021-01-01'),
    });
    const expiredPort = await listen(https.createServer(expired, answer));
    const plainPort = await listen(createServer(answer));
    const [ca, first] = [file('ca.pem', authority.cert), authority.issue({commonName: 'first'})];
    const [cert, key] = [file('cert.pem', first.cert), file('key.pem', first.key)];
    const http2 = createSecureServer({...local, allowHTTP1: true}, (request, response) => {
      const body = gzipSync(`seen{http="${request.httpVersion}"} 1\n`.repeat(1));
      response.writeHead(200, {'content-type': 'text/plain; version=0.0.4', 'content-encoding': 'gzip'});
      response.end(body);
    });
    const sessions = new Set<{destroy(): void}>();
    http2.on('session', (session) => sessions.add(session));
    closers.push(() => sessions.forEach((session) => session.destroy()));
    const http2Port = await listen(http2);
    const proxied: string[] = [];
    const proxy = createServer();
    proxy.on('connect', (request: IncomingMessage, socket: Socket) => {
      proxied.push(`${request.url} ${request.headers['proxy-authorization'] ?? ''}`);
      const [host, port] = request.url!.split(':') as [string, string];
      const onward = connect(Number(port), host, () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        onward.pipe(socket).pipe(onward);
      });
      for (const end of [socket, onward]) end.on('error', () => {});
    });
    const proxyPort = await listen(proxy);
    let tokens = 0;
    const tokenPort = await listen(
      createServer((request, response) => {
        response.setHeader('content-type', 'application/json');
        if (request.url === '/refused') {
          response.writeHead(401);
          response.end('{"error": "invalid_client", "error_description": "who are you"}');
        } else response.end(JSON.stringify({access_token: `token${++tokens}`, expires_in: 3600}));
      }),
    );
    const secret = file('secret', 's3cret');

    const jobs: Record<string, [port: number, fields: string]> = {
      mutual: [mutualPort, `tls_config: {ca_file: ${ca}, cert_file: ${cert}, key_file: ${key}}`],
      anonymous: [mutualPort, `tls_config: {ca_file: ${ca}}`],
      stranger: [mutualPort, ''],
      misnamed: [expiredPort, `tls_config: {ca_file: ${ca}, server_name: other.example}`],
      expired: [expiredPort, `tls_config: {ca_file: ${ca}}`],
      careless: [expiredPort, 'tls_config: {insecure_skip_verify: true}'],
      http2: [http2Port, `tls_config: {ca_file: ${ca}}`],
      http1: [http2Port, `tls_config: {ca_file: ${ca}}\n    enable_http2: false`],
      proxied: [
        http2Port,
        `tls_config: {ca_file: ${ca}}\n    proxy_url: http://me:topsecret@127.0.0.1:${proxyPort}`,
      ],
      unproxied: [http2Port, `tls_config: {ca_file: ${ca}}\n    proxy_url: http://127.0.0.1:1`],
      token: [
        plainPort,
        `scheme: http\n    oauth2: {client_id: me, client_secret_file: ${secret}, token_url: "http://127.0.0.1:${tokenPort}/token"}\n    http_headers: {X-Key: {secrets: [k1, k2]}}`,
      ],
      refused: [
        plainPort,
        `scheme: http\n    oauth2: {client_id: me, client_secret: x, token_url: "http://127.0.0.1:${tokenPort}/refused"}`,
      ],
      unreadable: [plainPort, `scheme: http\n    authorization: {credentials_file: ${folder}/nothere}`],
      mistaken: [plainPort, ''],
    };
    const texts = Object.entries(jobs).map(([name, [port, fields]]) => {
      const scheme = fields.startsWith('scheme') ? '' : '    scheme: https\n';
      return `  - job_name: ${name}\n${scheme}    ${fields}\n    static_configs: [{targets: ["127.0.0.1:${port}"]}]\n`;
    });
    const config = `global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs:\n${texts.join('')}`;
    const narthex = await startNarthex({config});
    try {
      await sleep(4000);
      const response = await fetch(`${narthex.url}/api/v1/targets`);
      const {data} = (await response.json()) as {data: {activeTargets: Target[]}};
      const said = Object.fromEntries(
        data.activeTargets.map(({scrapePool, health, lastError}) => [
          scrapePool,
          health === 'up'
            ? 'up'
            : lastError.replace(/^Get "[^"]*": /, '').replace(/time \S+Z is/, 'time T is'),
        ]),
      );
      const x509 = 'tls: failed to verify certificate: x509: ';
      assert.deepEqual(said, {
        mutual: 'up',
        anonymous: 'remote error: tls: certificate required',
        stranger: `${x509}certificate signed by unknown authority`,
        misnamed: `${x509}certificate has expired or is not yet valid: current time T is after 2021-01-01T00:00:00Z`,
        expired: `${x509}certificate has expired or is not yet valid: current time T is after 2021-01-01T00:00:00Z`,
        careless: 'up',
        http2: 'up',
        http1: 'up',
        proxied: 'up',
        unproxied: 'proxyconnect tcp: dial tcp 127.0.0.1:1: connect: connection refused',
        token: 'up',
        refused: 'oauth2: "invalid_client" "who are you"',
        unreadable: `unable to read authorization credentials: unable to read file ${folder}/nothere: open ${folder}/nothere: no such file or directory`,
        mistaken: 'tls: first record does not look like a TLS handshake (does the server speak plain HTTP?)',
      });
      const labelOf = async (job: string, label: string): Promise<string | undefined> =>
        (await query(narthex.url, `seen{job="${job}"}`)).data.result[0]?.metric[label];
      assert.equal(await labelOf('mutual', 'peer'), 'first');
      assert.equal(await labelOf('http2', 'http'), '2.0');
      assert.equal(await labelOf('http1', 'http'), '1.1');
      assert.equal(await labelOf('token', 'authorization'), 'Bearer token1');
      assert.equal(await labelOf('token', 'key'), 'k1, k2');
      assert.equal(tokens, 1, 'one token served all scrapes');
      assert.equal(proxied[0], `127.0.0.1:${http2Port} Basic ${btoa('me:topsecret')}`);

      const second = authority.issue({commonName: 'second'});
      file('key.pem', second.key);
      file('cert.pem', second.cert);
      await sleep(3500);
      const peers = (await query(narthex.url, 'seen{job="mutual"}')).data.result.map(
        ({metric}) => metric['peer'],
      );
      assert.deepEqual(peers, ['second'], 'the rotated certificate is used without a reload');
    } finally {
      await narthex.stop();
      for (const close of closers) close();
    }
  },
);
