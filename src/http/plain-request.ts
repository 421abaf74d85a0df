// Requests that need no HTTP library: whole in one packet, of the simplest form that there is. Everything else is null, and
// for somebody who knows all of HTTP.

import type {HttpCall} from './call.ts';

export interface PlainRequest {
  method: 'GET' | 'POST';
  /** Path and query string. */
  url: string;
  path: string;
  header: HttpCall['header'];
  /** A form, where the method is POST. */
  body: Uint8Array;
}

const requestLine = /^(GET|POST) (\/[!"$-~]*) HTTP\/1\.1$/;
const headerLine = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)$/;

/** These change what a request means, or what is to be done with its connection. */
const special: ReadonlySet<string> = new Set([
  'transfer-encoding',
  'trailer',
  'te',
  'upgrade',
  'expect',
  'keep-alive',
  'proxy-connection',
  'http2-settings',
]);

const headersMax = 64;

/** Reads the bytes of one request. null where they are not one whole plain request and nothing else. */
export function parsePlainRequest(bytes: Buffer): PlainRequest | null {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return null;
  const lines = bytes.toString('latin1', 0, end).split('\r\n', headersMax + 2);
  const first = requestLine.exec(lines[0]!);
  if (first === null || lines.length > headersMax + 1) return null;
  const headers = readHeaders(lines);
  if (headers === null || !isOrdinary(headers)) return null;
  const method = first[1] as PlainRequest['method'];
  const body = bytes.subarray(end + 4);
  const length = headers.get('content-length') ?? (method === 'GET' ? '0' : '');
  // A body with a GET is unusual enough, and a length may be written in strange ways.
  if (length !== String(body.length) || (method === 'GET' && body.length > 0)) return null;
  const url = first[2]!;
  const question = url.indexOf('?');
  const path = question < 0 ? url : url.slice(0, question);
  return {method, url, path, body, header: (name) => headers.get(name)};
}

/** By their names in small letters; null where one is wrong, or there twice. */
function readHeaders(lines: readonly string[]): Map<string, string> | null {
  const headers = new Map<string, string>();
  for (let i = 1; i < lines.length; i++) {
    const line = headerLine.exec(lines[i]!);
    if (line === null) return null;
    const name = line[1]!.toLowerCase();
    if (special.has(name) || headers.has(name)) return null;
    headers.set(name, line[2]!.trimEnd());
  }
  return headers;
}

function isOrdinary(headers: ReadonlyMap<string, string>): boolean {
  const connection = headers.get('connection');
  return headers.has('host') && (connection === undefined || connection.toLowerCase() === 'keep-alive');
}
