import assert from 'node:assert/strict';
import {mkdtempSync, rmSync, utimesSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type TestContext} from 'node:test';
import {hashSync} from 'bcryptjs';
import {noLogger} from '../sys/log.ts';
import {readBasicAuth, type Admission, WatchedWebConfig, WebGuard} from './web-guard.ts';

function guardOf(t: TestContext, text: string): {guard: WebGuard; file: string; clock: {ms: number}} {
  const folder = mkdtempSync(join(tmpdir(), 'narthex-guard-'));
  const file = join(folder, 'web.yml');
  writeFileSync(file, text);
  const clock = {ms: 0};
  const guard = new WebGuard(new WatchedWebConfig(file), noLogger, () => clock.ms);
  t.after(async () => {
    await guard.close();
    rmSync(folder, {recursive: true});
  });
  return {guard, file, clock};
}

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

test('readBasicAuth() reads what RFC 7617 says', () => {
  const f = (header: string | undefined, expected: [string, string] | null): void => {
    const read = readBasicAuth(header);
    assert.deepEqual(read === null ? null : [read.user, read.password], expected);
  };
  f(basic('a', 'b'), ['a', 'b']);
  f(basic('ü', 'p:ä:'), ['ü', 'p:ä:']);
  f(basic('', ''), ['', '']);
  f(basic('a', 'b').replace('Basic', 'bAsIc'), ['a', 'b']);
  f(`Basic ${Buffer.from('nocolon').toString('base64')}`, null);
  f('Basic a', null);
  f('Basic YTpi=', null);
  f('Basic  YTpi', null);
  f('Bearer YTpi', null);
  f('', null);
  f(undefined, null);
});

test('WebGuard admits users by their passwords, and knows them the next time', async (t) => {
  const hash = hashSync('secret', 4);
  const {guard} = guardOf(t, `basic_auth_users: {alice: "${hash}", bob: "${hash.replace('$2b$', '$2y$')}"}`);
  const status = async (header?: string): Promise<number> =>
    (await guard.admit(header)).refusal?.status ?? 200;
  assert.equal(await status(), 401);
  assert.equal(guard.knows(basic('alice', 'secret')), null);
  assert.deepEqual(
    await Promise.all([
      status(basic('alice', 'secret')),
      status(basic('alice', 'secret')),
      status(basic('bob', 'secret')),
    ]),
    [200, 200, 200],
  );
  assert.deepEqual(guard.knows(basic('alice', 'secret')), {});
  assert.equal(guard.knows(basic('alice', 'Secret')), null);
  assert.equal(await status(basic('alice', 'Secret')), 401);
  assert.equal(await status(basic('nobody', 'secret')), 401);
  assert.equal(await status(basic('', '')), 401);
  const refused = await guard.admit(basic('alice', 'Secret'));
  assert.equal(refused.refusal!.headers!['WWW-Authenticate'], 'Basic');
  assert.equal(refused.refusal!.body, 'Unauthorized\n');
});

test('WebGuard looks at the file with each request', async (t) => {
  const {guard, file} = guardOf(t, 'http_server_config: {headers: {X-Frame-Options: deny}}');
  assert.deepEqual(await guard.admit(undefined), {headers: {'X-Frame-Options': 'deny'}, refusal: null});
  writeFileSync(file, `basic_auth_users: {alice: "${hashSync('x', 4)}"}`);
  assert.equal((await guard.admit(undefined)).refusal?.status, 401);
  writeFileSync(file, 'nonsense: 1');
  assert.equal((await guard.admit(basic('alice', 'x'))).refusal?.status, 500);
  writeFileSync(file, '');
  assert.equal((await guard.admit(undefined)).refusal, null);
});

test('WatchedWebConfig reads a file again only when it is another', async (t) => {
  const {file} = guardOf(t, '');
  const watched = new WatchedWebConfig(file);
  assert.notEqual(watched.read(), watched.read(), 'it has just been written');
  utimesSync(file, 1000, 1000);
  await new Promise((resolve) => setTimeout(resolve, 2100));
  const before = watched.read();
  assert.equal(watched.read(), before);
  utimesSync(file, 2000, 2000);
  assert.notEqual(watched.read(), before);
});

test('WebGuard lets so many requests in, and one more after each interval', async (t) => {
  const {guard, clock} = guardOf(t, 'rate_limit: {interval: 100ms, burst: 2}');
  const f = async (ms: number, expected: number): Promise<void> => {
    clock.ms = ms;
    assert.equal((await guard.admit(undefined)).refusal?.status ?? 200, expected, `at ${ms} ms`);
  };
  await f(0, 200);
  await f(0, 200);
  await f(0, 429);
  await f(99, 429);
  await f(100, 200);
  await f(101, 429);
  await f(1000, 200);
  await f(1000, 200);
  await f(1000, 429);
});

test('WebGuard gives headers as HTTP can send them', (t) => {
  const {guard} = guardOf(
    t,
    'http_server_config: {headers: {Content-Security-Policy: " a\\n\\u0001b \u2013 à", X-Frame-Options: deny}}',
  );
  const {headers} = guard.admit(undefined) as Admission;
  const csp = Buffer.from(headers['Content-Security-Policy']!, 'latin1').toString();
  assert.deepEqual([csp, headers['X-Frame-Options']], ['a  b \u2013 à', 'deny']);
});
