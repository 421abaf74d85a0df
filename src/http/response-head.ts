// The head of an answer in HTTP/1.1: https://www.rfc-editor.org/rfc/rfc9112.

import {ConnectError} from './failures.ts';

/** How an answer's body ends: after so many bytes, after the last chunk (-1), or with the connection (-2). */
export const endsInChunks = -1;
export const endsWithConnection = -2;

export interface ResponseHead {
  status: number;
  /** What the server calls the status. */
  statusText: string;
  /** Those that matter here (`knownNames`), by their names in small letters. */
  headers: ResponseHeaders;
  /** Bytes of the body, or endsInChunks, or endsWithConnection. */
  bodyBytes: number;
  /** Whether the connection can be used again after the body. */
  keepAlive: boolean;
}

export type ResponseHeaders = Partial<Record<(typeof knownNames)[number], string | string[]>>;

const knownNames = [
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'keep-alive',
  'location',
  'transfer-encoding',
] as const;

/** By all that is often written. */
const spellings = new Map<string, (typeof knownNames)[number]>(
  knownNames.flatMap((name) => [
    [name, name],
    [name.replaceAll(/\b[a-z]/g, (letter) => letter.toUpperCase()), name],
  ]),
);

const usualStatusLine = 'HTTP/1.1 200 OK';
const usualStatus = {version: '1', code: '200', statusText: 'OK'};
const statusLine = /^HTTP\/1\.([01]) (\d{3})(?: (.*))?$/;
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Reads a head without the empty line at its end. Throws in Go's words where it is none. */
export function parseResponseHead(text: string): ResponseHead {
  let end = lineEnd(text, 0);
  const {version, code, statusText} = parseStatusLine(text.slice(0, end));
  const headers: ResponseHeaders = {};
  while (end < text.length) {
    const start = end + 1;
    end = lineEnd(text, start);
    let line = withoutReturn(text.slice(start, end));
    // What begins with a blank goes on with the line before.
    while (isBlank(text.charCodeAt(end + 1))) {
      const next = end + 1;
      end = lineEnd(text, next);
      line += ` ${withoutReturn(text.slice(next, end)).trim()}`;
    }
    addHeader(headers, line);
  }
  const status = Number(code);
  const bodyBytes = bodyBytesOf(status, headers);
  return {
    status,
    statusText,
    headers,
    bodyBytes,
    keepAlive: bodyBytes !== endsWithConnection && wantsKeepAlive(version, headers['connection']),
  };
}

function wantsKeepAlive(version: string, header: string | string[] | undefined): boolean {
  if (header === undefined) return version === '1';
  const words = joined(header).toLowerCase();
  return version === '1' ? !hasWord(words, 'close') : hasWord(words, 'keep-alive');
}

function lineEnd(text: string, start: number): number {
  const end = text.indexOf('\n', start);
  return end < 0 ? text.length : end;
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** Reads the first line of a head. Throws where it is none. */
export function parseStatusLine(text: string): {version: string; code: string; statusText: string} {
  const line = withoutReturn(text);
  if (line === usualStatusLine) return usualStatus;
  const [, version = '', code, statusText = ''] = statusLine.exec(line) ?? [];
  if (code === undefined) throw broken(`malformed HTTP response ${JSON.stringify(line)}`);
  return {version, code, statusText};
}

/** An answer that is not HTTP as it should be. */
export function broken(reason: string): ConnectError {
  return new ConnectError(`net/http: HTTP/1.x transport connection broken: ${reason}`);
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}

function addHeader(headers: ResponseHeaders, line: string): void {
  const colon = line.indexOf(':');
  const name = line.slice(0, Math.max(0, colon));
  let key = spellings.get(name);
  if (key === undefined) {
    if (!token.test(name)) throw broken(`malformed MIME header line: ${line}`);
    key = spellings.get(name.toLowerCase());
    if (key === undefined) return;
  }
  const value = line.slice(colon + 1).trim();
  const before = headers[key];
  if (before === undefined) headers[key] = value;
  else headers[key] = Array.isArray(before) ? [...before, value] : [before, value];
}

function bodyBytesOf(status: number, headers: ResponseHeaders): number {
  if (status < 200 || status === 204 || status === 304) return 0;
  const encoding = headers['transfer-encoding'];
  if (encoding !== undefined) {
    // A length beside it means nothing, and must not be believed.
    delete headers['content-length'];
    if (joined(encoding).toLowerCase() === 'chunked') return endsInChunks;
    throw broken(`unsupported transfer encoding: ${JSON.stringify(joined(encoding))}`);
  }
  const length = headers['content-length'];
  if (length === undefined) return endsWithConnection;
  if (typeof length === 'string' && /^\d{1,15}$/.test(length)) return Number(length);
  const [one = '', ...others] = Array.isArray(length) ? length : [length];
  if (!/^\d{1,15}$/.test(one) || others.some((other) => other !== one))
    throw broken(`bad Content-Length ${JSON.stringify(joined(length))}`);
  return Number(one);
}

function joined(header: string | string[] | undefined): string {
  return Array.isArray(header) ? header.join(', ') : (header ?? '');
}

function hasWord(list: string, word: string): boolean {
  return list !== '' && list.split(',').some((each) => each.trim() === word);
}
