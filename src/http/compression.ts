// Compression of answers, in libuv's thread pool.

import {promisify} from 'node:util';
import type zlib from 'node:zlib';

export type ContentEncoding = 'zstd' | 'gzip' | 'deflate';

/** The best first: zstd costs a third of the time of gzip for a smaller result. */
const preferred: readonly ContentEncoding[] = ['zstd', 'gzip', 'deflate'];

/** Smaller bodies fit one packet anyway. */
export const compressSizeMin = 1024;

interface Packers {
  gzip: (body: Uint8Array | string, options: zlib.ZlibOptions) => Promise<Uint8Array>;
  deflate: (body: Uint8Array | string, options: zlib.ZlibOptions) => Promise<Uint8Array>;
  zstd: (body: Uint8Array | string, options: zlib.ZstdOptions) => Promise<Uint8Array>;
  zstdLevel: number;
}

let packers: Packers | null = null;

/** Loads zlib, which takes 0.2 MB. */
function loadPackers(): Packers {
  const {gzip, deflate, zstdCompress, constants} = process.getBuiltinModule('node:zlib');
  return {
    gzip: promisify<Uint8Array | string, zlib.ZlibOptions, Uint8Array>(gzip),
    deflate: promisify<Uint8Array | string, zlib.ZlibOptions, Uint8Array>(deflate),
    zstd: promisify<Uint8Array | string, zlib.ZstdOptions, Uint8Array>(zstdCompress),
    zstdLevel: constants.ZSTD_c_compressionLevel,
  };
}

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
export function compress(body: Uint8Array | string, encoding: ContentEncoding): Promise<Uint8Array> {
  return compressAt(body, encoding, {zstd: 1, others: 2});
}

/** For files that are sent many times: small rather than fast. */
export function compressWell(body: Uint8Array | string, encoding: ContentEncoding): Promise<Uint8Array> {
  return compressAt(body, encoding, {zstd: 15, others: 9});
}

async function compressAt(
  body: Uint8Array | string,
  encoding: ContentEncoding,
  level: {zstd: number; others: number},
): Promise<Uint8Array> {
  packers ??= loadPackers();
  if (encoding === 'zstd') return packers.zstd(body, {params: {[packers.zstdLevel]: level.zstd}});
  return packers[encoding](body, {level: level.others});
}
