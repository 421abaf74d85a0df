import assert from 'node:assert/strict';
import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type TestContext} from 'node:test';
import zlib from 'node:zlib';
import {Assets} from './assets.ts';

const script = 'console.log("narthex");\n'.repeat(200);

function makeFolder(context: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), 'narthex-assets-'));
  context.after(() => rmSync(root, {recursive: true}));
  mkdirSync(join(root, 'assets'));
  writeFileSync(join(root, 'index.html'), '<p>page');
  writeFileSync(join(root, 'assets/main-a1B2c3D4.js'), script);
  writeFileSync(join(root, 'assets/color-scheme.js'), 'x');
  return root;
}

const plain = {acceptEncoding: undefined, ifNoneMatch: undefined};

test('Assets.open() is null where there is no page', () => {
  assert.equal(Assets.open('/nonexistent'), null);
  assert.equal(Assets.open(import.meta.dirname), null);
});

test('Assets sends files with types and caching', async (context) => {
  const assets = Assets.open(makeFolder(context))!;
  async function f(name: string, contentType: string, cacheControl: string): Promise<void> {
    const reply = (await assets.reply(name, plain))!;
    assert.equal(reply.status, 200);
    assert.equal(reply.contentType, contentType);
    assert.equal(reply.headers!['Cache-Control'], cacheControl);
  }
  await f('index.html', 'text/html; charset=utf-8', 'no-cache');
  await f('assets/main-a1B2c3D4.js', 'text/javascript; charset=utf-8', 'public, max-age=31536000, immutable');
  await f('assets/color-scheme.js', 'text/javascript; charset=utf-8', 'no-cache');
});

test('Assets sends nothing that is not a listed file', async (context) => {
  const root = makeFolder(context);
  const assets = Assets.open(join(root))!;
  for (const name of [
    'none.js',
    'assets',
    '',
    '..',
    '../index.html',
    'assets/../index.html',
    '/etc/passwd',
  ]) {
    assert.equal(await assets.reply(name, plain), null, name);
  }
});

test('Assets answers 304 to a known tag', async (context) => {
  const assets = Assets.open(makeFolder(context))!;
  const etag = (await assets.reply('index.html', plain))!.headers!['ETag']!;
  for (const ifNoneMatch of [etag, `W/${etag}`, `"x", ${etag}`]) {
    const reply = (await assets.reply('index.html', {...plain, ifNoneMatch}))!;
    assert.deepEqual([reply.status, reply.body], [304, '']);
  }
  assert.equal((await assets.reply('index.html', {...plain, ifNoneMatch: '"x"'}))!.status, 200);
});

test('Assets compresses what gains by it', async (context) => {
  const assets = Assets.open(makeFolder(context))!;
  const packed = (await assets.reply('assets/main-a1B2c3D4.js', {...plain, acceptEncoding: 'gzip'}))!;
  assert.equal(packed.headers!['Content-Encoding'], 'gzip');
  assert.equal(zlib.gunzipSync(packed.body).toString(), script);
  const small = (await assets.reply('index.html', {...plain, acceptEncoding: 'gzip'}))!;
  assert.equal(small.headers!['Content-Encoding'], undefined);
});
