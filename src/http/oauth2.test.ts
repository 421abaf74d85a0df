import assert from 'node:assert/strict';
import {createPublicKey, createVerify, generateKeyPairSync} from 'node:crypto';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {createServer, type Server} from 'node:http';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {after} from 'node:test';
import {HttpClient} from './client.ts';
import type {OAuth2Config} from './oauth2-config.ts';

const closers: (() => void)[] = [];
after(() => {
  for (const close of closers) close();
});

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

interface Asked {
  authorization: string | undefined;
  parameters: Record<string, string>;
}

type Answer = [status: number, body: string, type?: string];

/** A token server that answers with `answer`, and notes what it was asked. */
async function tokenServer(answer: (asked: Asked) => Answer): Promise<{url: string; seen: Asked[]}> {
  const seen: Asked[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const asked = {
        authorization: request.headers.authorization,
        parameters: Object.fromEntries(new URLSearchParams(body)),
      };
      seen.push(asked);
      const [status, text, type = 'application/json'] = answer(asked);
      response.writeHead(status, {'content-type': type}).end(text);
    });
  });
  return {url: `${await listen(server)}/token`, seen};
}

/** A server that answers with the credentials that it got. */
const echo = await listen(createServer((request, response) => response.end(request.headers.authorization)));

function configOf(tokenUrl: string, more: Partial<OAuth2Config> = {}): OAuth2Config {
  return {
    clientId: 'client id',
    grant: {type: 'client_credentials', secret: 's:cret'},
    scopes: [],
    tokenUrl,
    endpointParams: {},
    ...more,
  };
}

function clientOf(oauth2: OAuth2Config, monotonic = (): number => performance.now()): () => Promise<string> {
  const client = new HttpClient({followRedirects: true, oauth2}, monotonic);
  closers.push(() => void client.close());
  const options = {timeoutMs: 5000, signal: new AbortController().signal};
  return async () => (await client.get(`${echo}/`, options)).text;
}

test('a token is fetched once for all who wait for it, kept, and fetched again before it ends', async () => {
  let count = 0;
  const {url, seen} = await tokenServer(() => [
    200,
    JSON.stringify({access_token: `t${++count}`, token_type: 'bearer', expires_in: 60}),
  ]);
  let now = 0;
  const get = clientOf(configOf(url, {scopes: ['a', 'b'], endpointParams: {audience: 'x'}}), () => now);
  assert.deepEqual(await Promise.all([get(), get(), get()]), ['Bearer t1', 'Bearer t1', 'Bearer t1']);
  now += 49_999;
  assert.equal(await get(), 'Bearer t1');
  now += 1;
  assert.equal(await get(), 'Bearer t2');
  assert.deepEqual(seen[0], {
    authorization: `Basic ${btoa('client+id:s%3Acret')}`,
    parameters: {grant_type: 'client_credentials', scope: 'a b', audience: 'x'},
  });
  assert.equal(seen.length, 2);
});

test('servers that want the secret among the parameters get it there', async () => {
  const {url, seen} = await tokenServer(({parameters}) =>
    parameters['client_secret'] === 's:cret'
      ? [200, 'access_token=form&token_type=MAC', 'application/x-www-form-urlencoded']
      : [401, '{"error":"invalid_client"}'],
  );
  const get = clientOf(configOf(url));
  assert.equal(await get(), 'MAC form');
  assert.deepEqual(
    seen.map(({authorization, parameters}) => [authorization !== undefined, parameters['client_id']]),
    [
      [true, undefined],
      [false, 'client id'],
    ],
  );
});

test('a secret in a file is read again when it changes', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'narthex-oauth2-'));
  closers.push(() => rmSync(folder, {recursive: true}));
  const secretFile = join(folder, 'secret');
  const {url, seen} = await tokenServer(() => [200, '{"access_token":"t"}']);
  let now = 0;
  const get = clientOf(configOf(url, {grant: {type: 'client_credentials', secretFile}}), () => now);
  await assert.rejects(
    get(),
    /": unable to read oauth2 client secret: unable to read file .*: no such file or directory$/,
  );
  writeFileSync(secretFile, 'first\n');
  assert.equal(await get(), 'Bearer t');
  writeFileSync(secretFile, 'second\n');
  now += 1000;
  await get();
  assert.deepEqual(
    seen.map(({authorization}) => authorization),
    [`Basic ${btoa('client+id:first')}`, `Basic ${btoa('client+id:second')}`],
  );
});

test('what goes wrong with a token is said', async () => {
  const f = async (answer: Answer, expected: string | RegExp): Promise<void> => {
    const {url} = await tokenServer(() => answer);
    await assert.rejects(clientOf(configOf(url))(), (error: Error) => {
      const text = error.message.replace(`Get "${echo}/": `, '');
      if (typeof expected === 'string') assert.equal(text, expected);
      else assert.match(text, expected);
      return true;
    });
  };
  await f(
    [401, 'who are you', 'text/html'],
    'oauth2: cannot fetch token: 401 Unauthorized\nResponse: who are you',
  );
  await f(
    [400, '{"error":"invalid_scope","error_description":"no such scope"}'],
    'oauth2: "invalid_scope" "no such scope"',
  );
  await f([200, '{"error":"x"}'], 'oauth2: "x"');
  await f([200, '{}'], 'oauth2: server response missing access_token');
  await f([200, '<html>'], /^oauth2: cannot parse json/);
  await assert.rejects(
    clientOf(configOf('http://127.0.0.1:1/token'))(),
    /": Post "http:\/\/127\.0\.0\.1:1\/token": dial tcp 127\.0\.0\.1:1: connect: connection refused$/,
  );
  await assert.rejects(
    clientOf(configOf('http://127.0.0.1:1/token', {endpointParams: {scope: 'a'}, scopes: ['b']}))(),
    /oauth2: cannot overwrite parameter "scope"$/,
  );
});

test("an assertion is signed with the client's key", async () => {
  const {privateKey, publicKey} = generateKeyPairSync('rsa', {modulusLength: 2048});
  const key = privateKey.export({type: 'pkcs8', format: 'pem'}) as string;
  const {url, seen} = await tokenServer(() => [200, '{"access_token":"t"}']);
  const grant = {
    type: 'jwt-bearer',
    key,
    keyId: 'k1',
    algorithm: 'RS384',
    issuer: 'iss',
    audience: '',
    claims: {tenant: 7},
  } as const;
  assert.equal(await clientOf(configOf(url, {grant, scopes: ['s']}))(), 'Bearer t');
  const {grant_type: type, assertion = '', scope} = seen[0]!.parameters;
  assert.deepEqual([type, scope], ['urn:ietf:params:oauth:grant-type:jwt-bearer', 's']);
  const [head, claims, signature] = assertion.split('.') as [string, string, string];
  const decode = (part: string): Record<string, unknown> =>
    JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;
  assert.deepEqual(decode(head), {alg: 'RS384', typ: 'JWT', kid: 'k1'});
  const {jti, iat, exp, ...rest} = decode(claims);
  assert.deepEqual(rest, {iss: 'iss', sub: 'client id', aud: url, scope: 's', tenant: 7});
  assert.equal(typeof jti, 'string');
  assert.equal(Number(exp) - Number(iat), 600);
  const verify = createVerify('RSA-SHA384').update(`${head}.${claims}`);
  assert.ok(
    verify.verify(createPublicKey(publicKey.export({type: 'spki', format: 'pem'})), signature, 'base64url'),
  );
  await assert.rejects(
    clientOf(configOf(url, {grant: {...grant, key: 'none'}}))(),
    /the client_certificate_key is not an RSA private key/,
  );
});
