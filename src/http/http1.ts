// Plain HTTP/1.1 for many small answers: a request is one write, its answer mostly one read into a buffer that all
// connections share, and nothing is made for it that outlives it. undici, which is used for everything else, needs several
// times as much CPU for that (`npm run bench -- targets`).

import {connect, type Socket} from 'node:net';
import {ChunkedBody} from './chunked.ts';
import type {Headers} from './credentials.ts';
import {endsInChunks, endsWithConnection, parseResponseHead, parseStatusLine} from './response-head.ts';

/** Who reads an answer may stop and restart its arrival, or give it up. */
export interface AnswerController {
  readonly aborted: boolean;
  readonly paused: boolean;
  pause(): void;
  resume(): void;
  abort(reason: Error): void;
}

/** Takes an answer as it comes; the same as undici's handlers. */
export interface AnswerHandler {
  onRequestStart(controller: AnswerController): void;
  onResponseStart(
    controller: AnswerController,
    status: number,
    /** At least those of them that ResponseHead has. */
    headers: Record<string, string | string[] | undefined>,
    statusText?: string,
  ): void;
  /** The bytes are only there during the call. */
  onResponseData(controller: AnswerController, chunk: Buffer): void;
  onResponseEnd(): void;
  onResponseError(controller: AnswerController, error: Error): void;
}

export interface PlainAddress {
  /** `http://host:port` */
  readonly origin: string;
  readonly path: string;
}

/** Bytes that are read at a time. */
const readBytes = 65_536;
const lineFeed = 0x0a;
/** As undici and Node have it. */
const headBytesMax = 16_384;
const keepAliveDelayMs = 60_000;
/** A server that says how long it waits may be about to hang up so long before. */
const hintMarginMs = 1000;
const sweepMs = 60_000;

/** All sockets of this thread read into it, one at a time. */
let shared: Buffer | null = null;

/** GET requests to any servers; connections that are idle are kept for the next one. */
export class Http1Client {
  readonly #idleMsMax: number;
  /** By origin; the one that was used last at the end. */
  readonly #idle = new Map<string, Http1Connection[]>();
  readonly #all = new Set<Http1Connection>();
  #sweeper: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(idleMsMax: number) {
    this.#idleMsMax = idleMsMax;
  }

  /**
   * Where address and headers are the same objects as last time, the request is made up of nothing new. `fresh`: over a
   * connection of its own making, since one that was idle had gone stale, and so may have others.
   */
  dispatch(address: PlainAddress, headers: Headers, handler: AnswerHandler, fresh = false): void {
    let connection = this.#closed || fresh ? undefined : this.#takeIdle(address.origin);
    if (connection === undefined) {
      connection = new Http1Connection(this, address.origin);
      this.#all.add(connection);
    }
    connection.send(address, headers, handler);
    if (this.#closed) connection.destroy(new Error('the client is closed'));
  }

  close(): void {
    this.#closed = true;
    if (this.#sweeper !== null) clearInterval(this.#sweeper);
    for (const connection of this.#all) connection.destroy(new Error('the client is closed'));
  }

  /** The connection has no request any more; `idleMs`: as long as its server will wait for the next. */
  release(connection: Http1Connection, idleMs: number): void {
    if (idleMs <= hintMarginMs) return connection.destroy(null);
    connection.usableUntilMs = performance.now() + Math.min(idleMs - hintMarginMs, this.#idleMsMax);
    const idle = this.#idle.get(connection.origin);
    if (idle === undefined) this.#idle.set(connection.origin, [connection]);
    else idle.push(connection);
    this.#sweeper ??= setInterval(() => this.#sweep(), sweepMs).unref();
  }

  /** The connection is over. */
  forget(connection: Http1Connection): void {
    this.#all.delete(connection);
    const idle = this.#idle.get(connection.origin);
    const at = idle?.indexOf(connection) ?? -1;
    if (at >= 0) idle!.splice(at, 1);
    // One that was in use may have left an empty list behind.
    if (idle?.length === 0) this.#idle.delete(connection.origin);
  }

  #takeIdle(origin: string): Http1Connection | undefined {
    const idle = this.#idle.get(origin);
    if (idle === undefined) return undefined;
    for (let last = idle.at(-1); last !== undefined; last = idle.at(-1)) {
      if (performance.now() < last.usableUntilMs) return idle.pop();
      last.destroy(null);
    }
    return undefined;
  }

  #sweep(): void {
    const nowMs = performance.now();
    for (const idle of this.#idle.values()) {
      for (const connection of idle.filter(({usableUntilMs}) => nowMs >= usableUntilMs))
        connection.destroy(null);
    }
  }
}

/** What of an answer is awaited. */
const awaitsNothing = 0;
const awaitsHead = 1;
const awaitsBody = 2;

/** One connection, with one request at a time. */
class Http1Connection implements AnswerController {
  readonly origin: string;
  usableUntilMs = 0;
  aborted = false;
  readonly #client: Http1Client;
  readonly #socket: Socket;
  #handler: AnswerHandler | null = null;
  #state = awaitsNothing;
  /** The start of a head that has not come to its end. */
  #head: Buffer | null = null;
  /** Bytes of the body that are still to come, or how it ends. */
  #left = 0;
  #chunks: ChunkedBody | null = null;
  #keepAlive = false;
  #idleMs = Infinity;
  /** The last request, as text, and what it was made of. */
  #text = '';
  #address: PlainAddress | null = null;
  #headers: Headers | null = null;

  constructor(client: Http1Client, origin: string) {
    this.#client = client;
    this.origin = origin;
    const {hostname, port} = new URL(origin);
    shared ??= Buffer.allocUnsafeSlow(readBytes);
    const socket = connect({
      host: hostname.replaceAll(/^\[|\]$/g, ''),
      port: port === '' ? 80 : Number(port),
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: keepAliveDelayMs,
      onread: {
        buffer: shared,
        callback: (bytes) => {
          this.#read(shared!, bytes);
          return true;
        },
      },
    });
    socket.on('error', (error) => this.#end(error));
    socket.on('end', () => this.#endOfStream());
    socket.on('close', () => this.#end(withCode('EOF', 'the connection was closed')));
    socket.resume();
    this.#socket = socket;
  }

  send(address: PlainAddress, headers: Headers, handler: AnswerHandler): void {
    this.#handler = handler;
    this.#state = awaitsHead;
    handler.onRequestStart(this);
    if (this.aborted) return;
    if (headers !== this.#headers || address !== this.#address) {
      try {
        this.#text = requestText(address, headers);
      } catch (cause) {
        this.#end(cause as Error);
        return;
      }
      this.#headers = headers;
      this.#address = address;
    }
    this.#socket.write(this.#text, 'latin1');
  }

  get paused(): boolean {
    return this.#socket.isPaused();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Gives the answer up without telling the handler, which knows. To be called before the answer's end. */
  abort(): void {
    this.destroy(null);
  }

  /** With a reason its handler, if it has one, is told. */
  destroy(reason: Error | null): void {
    if (this.aborted) return;
    this.aborted = true;
    const handler = this.#handler;
    this.#handler = null;
    this.#state = awaitsNothing;
    this.#client.forget(this);
    this.#socket.destroy();
    if (reason !== null) handler?.onResponseError(this, reason);
  }

  #end(reason: Error): void {
    this.destroy(reason);
  }

  #endOfStream(): void {
    if (this.#state === awaitsBody && this.#left === endsWithConnection) this.#finish();
    const isCut = this.#state === awaitsBody || this.#head !== null;
    this.#end(isCut ? withCode('UNEXPECTED_EOF', 'the answer is cut short') : withCode('EOF', 'hung up'));
  }

  #read(bytes: Buffer, end: number): void {
    let at = 0;
    try {
      while (at < end && !this.aborted) {
        if (this.#state === awaitsHead) at = this.#takeHead(bytes, at, end);
        else if (this.#state === awaitsBody) at = this.#takeBody(bytes, at, end);
        else throw new Error('the server sent more than was asked for');
      }
    } catch (cause) {
      this.#end(cause as Error);
    }
  }

  /** Reads the head once it is there as a whole. Gives where it ends, or `end`. */
  #takeHead(bytes: Buffer, at: number, end: number): number {
    let whole = bytes.subarray(at, end);
    const before = this.#head?.length ?? 0;
    if (this.#head !== null) whole = Buffer.concat([this.#head, whole]);
    const head = headEnd(whole);
    if ((head?.next ?? whole.length) > headBytesMax)
      throw withCode('UND_ERR_HEADERS_OVERFLOW', 'the head is too large');
    if (head === null) {
      // What is not HTTP at all may never come to an end.
      const line = whole.indexOf(lineFeed);
      if (line >= 0) parseStatusLine(whole.toString('latin1', 0, line));
      this.#head = before > 0 ? whole : Buffer.from(whole);
      return end;
    }
    this.#head = null;
    this.#begin(whole.toString('latin1', 0, head.end));
    return at + head.next - before;
  }

  #begin(text: string): void {
    const {status, statusText, headers, bodyBytes, keepAlive} = parseResponseHead(text);
    if (status === 101) throw new Error('server returned HTTP status 101 Switching Protocols');
    // One that only tells that the real one is coming.
    if (status < 200) return;
    this.#keepAlive = keepAlive;
    this.#idleMs = headers['keep-alive'] === undefined ? Infinity : idleMsOf(String(headers['keep-alive']));
    this.#left = bodyBytes;
    this.#chunks = bodyBytes === endsInChunks ? new ChunkedBody() : null;
    this.#state = awaitsBody;
    this.#handler!.onResponseStart(this, status, headers, statusText);
    if (bodyBytes === 0) this.#finish();
  }

  #takeBody(bytes: Buffer, at: number, end: number): number {
    if (this.#chunks !== null) {
      const next = this.#chunks.take(bytes, at, end, (piece) => this.#pass(piece as Buffer));
      if (this.#chunks?.ended === true && !this.aborted) this.#finish();
      return next;
    }
    const count = this.#left === endsWithConnection ? end - at : Math.min(this.#left, end - at);
    if (this.#left !== endsWithConnection) this.#left -= count;
    this.#pass(bytes.subarray(at, at + count));
    if (this.#left === 0 && !this.aborted) this.#finish();
    return at + count;
  }

  /** False where nobody wants the rest. */
  #pass(piece: Buffer): boolean {
    this.#handler?.onResponseData(this, piece);
    return !this.aborted;
  }

  /** The answer is whole. */
  #finish(): void {
    const handler = this.#handler;
    if (handler === null) return;
    this.#handler = null;
    this.#chunks = null;
    this.#state = awaitsNothing;
    if (this.#keepAlive) {
      if (this.paused) this.resume();
      this.#client.release(this, this.#idleMs);
    } else this.destroy(null);
    handler.onResponseEnd();
  }
}

/** Where the empty line behind a head begins, and where it ends; null where there is none yet. */
function headEnd(bytes: Buffer): {end: number; next: number} | null {
  for (let at = bytes.indexOf(lineFeed); at >= 0; at = bytes.indexOf(lineFeed, at + 1)) {
    const following = bytes[at + 1];
    if (following === lineFeed) return {end: withoutReturn(bytes, at), next: at + 2};
    if (following === 0x0d && bytes[at + 2] === lineFeed)
      return {end: withoutReturn(bytes, at), next: at + 3};
  }
  return null;
}

function withoutReturn(bytes: Buffer, end: number): number {
  return bytes[end - 1] === 0x0d ? end - 1 : end;
}

/** How long the server keeps an idle connection, by its header Keep-Alive. */
function idleMsOf(header: string): number {
  const [, seconds] = /(?:^|[\s,;])timeout=(\d+)/i.exec(header) ?? [];
  return seconds === undefined ? Infinity : Number(seconds) * 1000;
}

// eslint-disable-next-line no-control-regex
const forbidden = /[^\t\x20-\x7e\x80-\xff]/;

function requestText({origin, path}: PlainAddress, headers: Headers): string {
  if (/[^\x21-\xff]/.test(path)) throw new TypeError('invalid request path');
  const lines = [`GET ${path} HTTP/1.1`];
  if (headers['host'] === undefined) lines.push(`host: ${origin.slice('http://'.length)}`);
  lines.push('connection: keep-alive');
  for (const [name, value] of Object.entries(headers)) {
    for (const each of Array.isArray(value) ? value : [value]) {
      if (forbidden.test(each)) throw new TypeError(`invalid ${name} header`);
      lines.push(`${name}: ${each}`);
    }
  }
  return `${lines.join('\r\n')}\r\n\r\n`;
}

function withCode(code: string, message: string): Error {
  return Object.assign(new Error(message), {code});
}
