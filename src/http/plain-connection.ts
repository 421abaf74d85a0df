// A connection whose requests are so plain that they are read, and answered, without Node's HTTP server: for a small query
// that and a framework cost more than the query itself (`npm run bench -- query`). With the first request that is not, or
// is not for a route that it knows, the connection is handed over to Node's server, which keeps it.

import {STATUS_CODES} from 'node:http';
import type {Socket} from 'node:net';
import {assert} from '../base/assert.ts';
import {keepSpecimen} from '../base/specimens.ts';
import {formOf, type HttpCall, specimenLengthMax} from './call.ts';
import {departureMs} from './departures.ts';
import type {Form} from './form.ts';
import {parsePlainRequest, type PlainHeaders, type PlainRequest} from './plain-request.ts';

/** A finished answer. */
export interface PlainAnswer {
  status: number;
  /** By linesOf(); neither Content-Length nor what is said of the connection. */
  lines: string;
  body: Uint8Array;
  /** Called when it has been sent, or cannot be. */
  release?: (() => void) | undefined;
  /** Called when it is on its way, or cannot be: what the client need not wait for. */
  note?: () => void;
}

export interface PlainRoute {
  params: HttpCall['params'];
  /** Never throws or rejects. */
  answer: (call: HttpCall) => PlainAnswer | Promise<PlainAnswer>;
}

export interface PlainWorld {
  /** null where this is not for a plain connection. */
  find(request: PlainRequest): PlainRoute | null;
  /** Takes the connection over, with everything that has not been read from it. */
  handOver(socket: Socket): void;
  /** A request begins, and its answer has been sent. */
  begin(socket: Socket): void;
  end(socket: Socket): void;
  /** Whether connections are to be closed after their answers. */
  readonly closing: boolean;
  /** A connection may be without a request for so long: before the first one, and later. */
  firstTimeoutMs: number;
  idleTimeoutMs: number;
  /** A client that takes nothing of its answer for so long is cut off. */
  sendTimeoutMs: number;
}

/** Smaller answers are copied behind their headers, so that there is one thing to send. */
const copiedBytesMax = 65_536;
const lastMomentMs = 1000;

/** Longer headers are not kept for the next request. */
const headersKeptMax = 2048;

export class PlainConnection {
  readonly #socket: Socket;
  readonly #world: PlainWorld;
  #gone: AbortController | null = null;
  #timeoutMs = 0;
  /** Those of the last request. */
  #headers: PlainHeaders | null = null;
  #busy = false;
  /** Nothing more comes from the client. */
  #heard = false;
  #ended = false;
  /** What has arrived while a request was being answered. */
  #waiting: Buffer | null = null;

  constructor(socket: Socket, world: PlainWorld) {
    this.#socket = socket;
    this.#world = world;
    this.#limit(world.firstTimeoutMs);
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('close', this.#onClose);
    socket.on('error', this.#onError);
    socket.on('timeout', this.#onTimeout);
  }

  closeIfIdle(): void {
    if (!this.#busy && !this.#ended) this.#socket.destroy();
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#busy) {
      // Nobody should do so; one who does waits.
      this.#waiting = this.#waiting === null ? chunk : Buffer.concat([this.#waiting, chunk]);
      this.#socket.pause();
      return;
    }
    const request = parsePlainRequest(chunk, this.#headers);
    const route = request === null ? null : this.#world.find(request);
    if (request === null || route === null) this.#handOver(chunk);
    else this.#answer(request, route);
  };

  /** The client has gone away, or has said all that it has to say and waits for its answer: both look the same. */
  readonly #onEnd = (): void => {
    this.#heard = true;
    if (!this.#busy) return void this.#socket.end();
    setTimeout(() => this.#gone?.abort(), departureMs).unref();
  };

  readonly #onClose = (): void => {
    this.#ended = true;
    this.#gone?.abort();
  };

  readonly #onError = (): void => {
    this.#socket.destroy();
  };

  readonly #onTimeout = (): void => {
    // Where a request is being answered, only sending has a limit.
    if (!this.#busy || this.#socket.writableLength > 0) this.#socket.destroy();
  };

  #answer(request: PlainRequest, {params, answer}: PlainRoute): void {
    this.#headers = request.headers.text.length <= headersKeptMax ? request.headers : null;
    this.#busy = true;
    this.#world.begin(this.#socket);
    const call = new PlainCall(request, {
      params,
      client: this.#socket.remoteAddress ?? '',
      signal: this.#signal,
    });
    const answered = answer(call);
    if (answered instanceof Promise) void answered.then((finished) => this.#send(finished));
    else this.#send(answered);
  }

  /** Aborts when the client is gone. A signal costs something, and few look at it. */
  readonly #signal = (): AbortSignal => {
    if (this.#gone === null) {
      this.#gone = new AbortController();
      if (this.#ended) this.#gone.abort();
    }
    return this.#gone.signal;
  };

  #send({status, lines, body, release, note}: PlainAnswer): void {
    const socket = this.#socket;
    // From here on the client is not gone, whatever comes.
    this.#gone = null;
    if (socket.destroyed || socket.writableEnded) {
      release?.();
      note?.();
      return;
    }
    const {closing, idleTimeoutMs, sendTimeoutMs} = this.#world;
    const head = headOf(status, lines, body.length, closing ? 0 : idleTimeoutMs);
    if (body.length > copiedBytesMax) this.#limit(sendTimeoutMs);
    const sent = (): void => {
      release?.();
      this.#finish(closing);
    };
    if (body.length <= copiedBytesMax) {
      const bytes = Buffer.allocUnsafeSlow(head.length + body.length);
      bytes.write(head, 'latin1');
      bytes.set(body, head.length);
      socket.write(bytes, sent);
    } else {
      socket.cork();
      socket.write(head, 'latin1');
      socket.write(body, sent);
      socket.uncork();
    }
    note?.();
  }

  #finish(close: boolean): void {
    const socket = this.#socket;
    this.#busy = false;
    this.#world.end(socket);
    if (socket.destroyed) return;
    if (close || this.#heard || this.#world.closing) return void socket.end();
    this.#limit(this.#world.idleTimeoutMs);
    const chunk = this.#waiting;
    if (chunk === null) return;
    this.#waiting = null;
    socket.resume();
    this.#onData(chunk);
  }

  /** Where nothing happens for so long, and a second more for what is on its way, the connection is closed. */
  #limit(timeoutMs: number): void {
    if (timeoutMs === this.#timeoutMs) return;
    this.#timeoutMs = timeoutMs;
    this.#socket.setTimeout(timeoutMs + lastMomentMs);
  }

  #handOver(chunk: Buffer): void {
    const socket = this.#socket;
    this.#ended = true;
    socket.off('data', this.#onData);
    socket.off('end', this.#onEnd);
    socket.off('close', this.#onClose);
    socket.off('error', this.#onError);
    socket.off('timeout', this.#onTimeout);
    socket.setTimeout(0);
    socket.pause();
    socket.unshift(chunk);
    this.#world.handOver(socket);
    socket.resume();
  }
}

/** What a request says, as far as somebody asks: V8 makes getters of a class once, and those of an object with each object. */
class PlainCall implements HttpCall {
  readonly method: string;
  readonly url: string;
  readonly params: HttpCall['params'];
  readonly body: Uint8Array;
  readonly header: HttpCall['header'];
  readonly client: string;
  readonly #signal: () => AbortSignal;
  #form: Form | null = null;

  constructor(
    {method, url, header, body}: PlainRequest,
    {params, client, signal}: {params: HttpCall['params']; client: string; signal: () => AbortSignal},
  ) {
    this.method = method;
    this.url = url;
    this.params = params;
    this.body = body;
    this.header = header;
    this.client = client;
    this.#signal = signal;
    if (url.length + body.length <= specimenLengthMax) keepSpecimen(this);
  }

  get signal(): AbortSignal {
    return this.#signal();
  }

  get form(): Form {
    return (this.#form ??= formOf(this.url, this.header('content-type'), this.body));
  }
}

/** The lines of the headers that were sent last, most of which are sent again and again. */
let lastHeaders: Readonly<Record<string, string>> = {};
let lastLines = '';

/** Headers as they are sent. Throws where a value is none: that is an answer which ends in an error, and not the process. */
export function linesOf(headers: Readonly<Record<string, string>>): string {
  let count = 0;
  let same = true;
  for (const name in headers) {
    count++;
    same &&= headers[name] === lastHeaders[name];
  }
  if (same && count === Object.keys(lastHeaders).length) return lastLines;
  let text = '';
  for (const name in headers) text += `${name}: ${checked(headers[name]!)}\r\n`;
  lastHeaders = headers;
  lastLines = text;
  return text;
}

/** Status line and headers; `idleTimeoutMs` 0: the connection will be closed. */
function headOf(status: number, lines: string, bodyBytes: number, idleTimeoutMs: number): string {
  let text = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines}`;
  if (status !== 204 && status !== 304) text += `content-length: ${bodyBytes}\r\n`;
  const connection =
    idleTimeoutMs === 0 ? 'close' : `keep-alive\r\nKeep-Alive: timeout=${Math.floor(idleTimeoutMs / 1000)}`;
  return `${text}Date: ${dateText()}\r\nConnection: ${connection}\r\n\r\n`;
}

/** A value with a line break would be an answer of somebody else's making. */
function checked(value: string): string {
  assert(!/[^\t\x20-\x7e\x80-\xff]/.test(value), 'values of headers are one line');
  return value;
}

let dateSecond = 0;
let date = '';

function dateText(): string {
  const now = Date.now();
  const second = Math.floor(now / 1000);
  if (second !== dateSecond) {
    dateSecond = second;
    date = new Date(now).toUTCString();
  }
  return date;
}
