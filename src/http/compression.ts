// Compression of answers, in libuv's thread pool.

import {promisify} from 'node:util';
import zlib from 'node:zlib';

export type ContentEncoding = 'zstd' | 'gzip' | 'deflate';

/** The best first: zstd costs a third of the time of gzip for a smaller result. */
const preferred: readonly ContentEncoding[] = ['zstd', 'gzip', 'deflate'];

/** Smaller bodies fit one packet anyway. */
export const compressSizeMin = 1024;

const gzip = promisify(zlib.gzip);
const deflate = promisify(zlib.deflate);
const zstd = promisify(zlib.zstdCompress);

let lastAccept = '';
let lastEncoding: ContentEncoding | null = null;

/** Picks an encoding that `accept`, an Accept-Encoding header, allows; null = none. */
export function negotiateEncoding(accept: string | undefined): ContentEncoding | null {
  if (accept === undefined || accept === '') return null;
  if (accept === lastAccept) return lastEncoding;
  lastEncoding = chooseEncoding(accept);
  lastAccept = accept;
  return lastEncoding;
}

function chooseEncoding(accept: string): ContentEncoding | null {
  const qualities = new Map<string, number>();
  for (const part of accept.split(',', 32)) {
    const [name = '', ...parameters] = part.split(';');
    const quality = parameters.map((each) => /^\s*q\s*=\s*([0-9.]+)\s*$/i.exec(each)?.[1]).find(Boolean);
    qualities.set(name.trim().toLowerCase(), quality === undefined ? 1 : Number(quality));
  }
  const anyQuality = qualities.get('*') ?? 0;
  let best: ContentEncoding | null = null;
  let bestQuality = 0;
  for (const encoding of preferred) {
    const quality = qualities.get(encoding) ?? anyQuality;
    if (quality > bestQuality) {
      best = encoding;
      bestQuality = quality;
    }
  }
  return best;
}

/** For answers that are made for one request: fast rather than small. */
export async function compress(body: Uint8Array | string, encoding: ContentEncoding): Promise<Uint8Array> {
  if (encoding === 'zstd') {
    return zstd(body, {params: {[zlib.constants.ZSTD_c_compressionLevel]: 1}});
  }
  return encoding === 'gzip' ? gzip(body, {level: 2}) : deflate(body, {level: 2});
}

/** For files that are sent many times: small rather than fast. */
export async function compressWell(
  body: Uint8Array | string,
  encoding: ContentEncoding,
): Promise<Uint8Array> {
  if (encoding === 'zstd') {
    return zstd(body, {params: {[zlib.constants.ZSTD_c_compressionLevel]: 15}});
  }
  return encoding === 'gzip' ? gzip(body, {level: 9}) : deflate(body, {level: 9});
}
