// Requests that need no HTTP library: with a head that is whole in one packet, of the simplest form that there is. Everything
// else is null, and for somebody who knows all of HTTP.

import type {HttpCall} from './call.ts';
import {isHost} from './request-faults.ts';

export interface PlainRequest {
  method: 'GET' | 'POST';
  /** Path and query string. */
  url: string;
  path: string;
  headers: PlainHeaders;
  header: HttpCall['header'];
  /** What has arrived of it: a part of the bytes that were read. Only with POST. */
  body: Buffer;
  /** Bytes of the whole body. */
  bodyLength: number;
}

const get = 'GET ';
const post = 'POST ';
const version = ' HTTP/1.1';
const slash = 0x2f;
const numberSign = 0x23;

/** Heads that are no longer are read without a copy of the body. */
const headBytesUsual = 4096;

/** The value begins with what is no blank: else a line of nothing but blanks would be split in as many ways as it is long. */
const headerLine =
  /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*((?:[\x21-\x7e\x80-\xff][\t\x20-\x7e\x80-\xff]*)?)$/;

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

/** The lines of headers, which clients repeat with each request, and what they say. */
export interface PlainHeaders {
  text: string;
  /** By their names in small letters. */
  values: ReadonlyMap<string, string>;
}

/**
 * Reads the bytes of one request. null where they are not the head of one plain request with as much of its body as there is, and
 * nothing else. `known`: the headers of the request before.
 */
export function parsePlainRequest(bytes: Buffer, known: PlainHeaders | null = null): PlainRequest | null {
  // One text, and everything else is read from that: each way into Node's C++ costs as much as the rest.
  let text = bytes.toString('latin1', 0, headBytesUsual);
  let end = text.indexOf('\r\n\r\n');
  if (end < 0 && bytes.length > headBytesUsual) {
    text = bytes.toString('latin1');
    end = text.indexOf('\r\n\r\n');
  }
  if (end < 0) return null;
  // Of a request without headers, this is its end.
  const lineEnd = text.indexOf('\r\n');
  const isGet = text.startsWith(get);
  if (!isGet && !text.startsWith(post)) return null;
  const url = urlOf(text, isGet ? get.length : post.length, lineEnd - version.length);
  if (url === null) return null;
  const headersText = text.slice(Math.min(lineEnd + 2, end), end);
  const headers = known?.text === headersText ? known : readHeaders(headersText);
  if (headers === null) return null;
  const {values} = headers;
  const method = isGet ? 'GET' : 'POST';
  const body = bytes.subarray(end + 4);
  const bodyLength = lengthOf(values.get('content-length') ?? (isGet ? '0' : ''));
  // A body with a GET is unusual enough.
  if (!(body.length <= bodyLength) || (isGet && bodyLength > 0)) return null;
  const question = url.indexOf('?');
  const path = question < 0 ? url : url.slice(0, question);
  return {method, url, path, body, bodyLength, headers, header: (name) => values.get(name)};
}

/** A path with its query string, where that is what stands before the version; null where it is not. */
function urlOf(text: string, start: number, end: number): string | null {
  if (end <= start || text.charCodeAt(start) !== slash || !text.startsWith(version, end)) return null;
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x21 || code > 0x7e || code === numberSign) return null;
  }
  return text.slice(start, end);
}

/** NaN where it is written in a strange way. */
function lengthOf(text: string): number {
  return /^(?:0|[1-9][0-9]{0,9})$/.test(text) ? Number(text) : NaN;
}

/** null where they are not plain. */
function readHeaders(text: string): PlainHeaders | null {
  const lines = text.split('\r\n', headersMax + 1);
  if (lines.length > headersMax) return null;
  const values = new Map<string, string>();
  for (const each of lines) {
    const line = headerLine.exec(each);
    // trimEnd() would take away a blank of Latin-1 that is part of the value.
    if (line === null || line[2]!.includes('\xa0')) return null;
    const name = line[1]!.toLowerCase();
    if (special.has(name) || values.has(name)) return null;
    values.set(name, line[2]!.trimEnd());
  }
  return isOrdinary(values) ? {text, values} : null;
}

function isOrdinary(headers: ReadonlyMap<string, string>): boolean {
  const connection = headers.get('connection');
  const host = headers.get('host');
  return (
    host !== undefined &&
    isHost(host) &&
    (connection === undefined || connection.toLowerCase() === 'keep-alive')
  );
}
