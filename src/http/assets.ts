// The files of a web page, held in memory: read and compressed when they are first asked for. Only what is listed in the
// folder can be asked for, so no path leads out of it.

import {readdirSync, readFileSync, statSync} from 'node:fs';
import {extname, join} from 'node:path';
import {compressSizeMin, compressWell, negotiateEncoding, type ContentEncoding} from './compression.ts';
import type {HttpReply} from './reply.ts';
import {lazyCrypto} from '../sys/lazy-crypto.ts';

/** Larger files do not belong to a page. */
const fileSizeMax = 64 * 1024 * 1024;
const filesMax = 10_000;

const contentTypes: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.md': 'text/plain; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
};

const compressible = new Set([
  '.css',
  '.html',
  '.js',
  '.json',
  '.map',
  '.md',
  '.mjs',
  '.svg',
  '.txt',
  '.wasm',
]);

/** Vite puts eight characters of the content's hash into the names of what it builds. */
const hashedName = /-[\w-]{8}\.[a-z0-9]+$/;

interface Asset {
  contentType: string;
  compressible: boolean;
  etag: string;
  cacheControl: string;
  body: Uint8Array;
  packed: Map<ContentEncoding, Promise<Uint8Array>>;
}

/** What the request says about caches and encodings. */
export interface AssetRequest {
  acceptEncoding: string | undefined;
  ifNoneMatch: string | undefined;
}

export class Assets {
  readonly #root: string;
  readonly #files: Set<string>;
  readonly #loaded = new Map<string, Asset>();

  private constructor(root: string, files: Set<string>) {
    this.#root = root;
    this.#files = files;
  }

  /** Lists the folder; null where there is no such folder or nothing in it. */
  static open(root: string): Assets | null {
    let names: string[];
    try {
      names = readdirSync(root, {recursive: true, encoding: 'utf8'});
    } catch {
      return null;
    }
    const files = new Set(names.slice(0, filesMax).map((name) => name.replaceAll('\\', '/')));
    return files.has('index.html') ? new Assets(root, files) : null;
  }

  /** The answer to a request for `name`, relative to the folder; null where there is no such file. */
  async reply(name: string, request: AssetRequest): Promise<HttpReply | null> {
    const asset = this.#load(name);
    if (asset === null) return null;
    const headers: Record<string, string> = {'Cache-Control': asset.cacheControl, ETag: asset.etag};
    if (asset.compressible) headers['Vary'] = 'Accept-Encoding';
    if (matchesEtag(request.ifNoneMatch, asset.etag)) {
      return {status: 304, contentType: '', body: '', headers, compressed: true};
    }
    const encoding = asset.compressible ? negotiateEncoding(request.acceptEncoding) : null;
    let body = asset.body;
    if (encoding !== null) {
      headers['Content-Encoding'] = encoding;
      body = await packOnce(asset, encoding);
    }
    headers['X-Content-Type-Options'] = 'nosniff';
    return {status: 200, contentType: asset.contentType, body, headers, compressed: true};
  }

  #load(name: string): Asset | null {
    const known = this.#loaded.get(name);
    if (known !== undefined) return known;
    if (!this.#files.has(name)) return null;
    const path = join(this.#root, name);
    const stat = statSync(path, {throwIfNoEntry: false});
    if (stat === undefined || !stat.isFile() || stat.size > fileSizeMax) return null;
    const body = readFileSync(path);
    const extension = extname(name).toLowerCase();
    const asset: Asset = {
      contentType: contentTypes[extension] ?? 'application/octet-stream',
      compressible: compressible.has(extension) && body.length >= compressSizeMin,
      etag: `"${lazyCrypto().createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`,
      cacheControl: hashedName.test(name) ? 'public, max-age=31536000, immutable' : 'no-cache',
      body,
      packed: new Map(),
    };
    this.#loaded.set(name, asset);
    return asset;
  }
}

function packOnce(asset: Asset, encoding: ContentEncoding): Promise<Uint8Array> {
  let packed = asset.packed.get(encoding);
  if (packed === undefined) {
    packed = compressWell(asset.body, encoding);
    asset.packed.set(encoding, packed);
  }
  return packed;
}

function matchesEtag(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch.split(',').some((each) => each.trim().replace(/^W\//, '') === etag);
}
