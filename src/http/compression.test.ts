import assert from 'node:assert/strict';
import test from 'node:test';
import zlib from 'node:zlib';
import {compress, compressWell, negotiateEncoding, type ContentEncoding} from './compression.ts';

test('negotiateEncoding() follows the header', () => {
  function f(accept: string | undefined, expected: ContentEncoding | null): void {
    assert.equal(negotiateEncoding(accept), expected, String(accept));
  }
  f(undefined, null);
  f('', null);
  f('identity', null);
  f('br', null);
  f('gzip', 'gzip');
  f('GZIP', 'gzip');
  f('deflate', 'deflate');
  f('deflate, gzip, br, zstd', 'zstd');
  f('gzip;q=1.0, zstd;q=0.5', 'gzip');
  f('gzip;q=0', null);
  f('zstd; q=0, gzip', 'gzip');
  f('*', 'zstd');
  f('*;q=0, gzip', 'gzip');
});

test('compress() and compressWell() make what a client can read', async () => {
  const text = '{"status":"success"}'.repeat(1000);
  const readers = {zstd: zlib.zstdDecompressSync, gzip: zlib.gunzipSync, deflate: zlib.inflateSync};
  for (const encoding of ['zstd', 'gzip', 'deflate'] as const) {
    for (const pack of [compress, compressWell]) {
      const packed = await pack(text, encoding);
      assert.ok(packed.length < text.length / 10);
      assert.equal(readers[encoding](packed).toString(), text);
    }
  }
});
