// A connection whose requests are so plain that they are read, and answered, without Node's HTTP server: for a small query
// that and a framework cost more than the query itself (`npm run bench -- query`). With the first request that is not, or
// is not for a route that it knows, the connection is handed over to Node's server, which keeps it.

import {STATUS_CODES} from 'node:http';
import type {Socket} from 'node:net';
import {assert} from '../base/assert.ts';
import {Specimen} from '../base/specimens.ts';
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
  /** Takes room for a body, until releaseBody(); false where there is none. */
  takeBody(bytes: number): boolean;
  releaseBody(bytes: number): void;
  /** Whether connections are to be closed after their answers. */
  readonly closing: boolean;
  /** A connection may be without a request for so long: before the first one, and later. */
  firstTimeoutMs: number;
  idleTimeoutMs: number;
  /** All of a body must have arrived within this time. */
  bodyTimeoutMs: number;
  /** A client that takes nothing of its answer for so long is cut off. */
  sendTimeoutMs: number;
}

/** Smaller answers are copied behind their headers, so that there is one thing to send. */
const copiedBytesMax = 65_536;

/** How often expire() is called. */
export const expiryMs = 1000;

/** Longer headers are not kept for the next request. */
const headersKeptMax = 2048;

/** As Node answers who does not send all of a request. */
const cutShort = 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n';
const tooLate = 'HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n';

/** A request whose body has not all arrived. */
interface IncompleteRequest {
  request: PlainRequest;
  route: PlainRoute;
  /** The whole body, in memory of its own. */
  body: Buffer;
  arrived: number;
}

export class PlainConnection {
  readonly #socket: Socket;
  readonly #world: PlainWorld;
  #gone: AbortController | null = null;
  /** It may be without a request, or a small answer may wait for its client, for so long. */
  #timeoutMs: number;
  /** How often it was asked to expire since something has happened. */
  #stillFor = 0;
  /** Those of the last request. */
  #headers: PlainHeaders | null = null;
  /** From the head of a request to the end of its answer. */
  #busy = false;
  #incomplete: IncompleteRequest | null = null;
  /** Room that was taken for the body of the request. */
  #bodyBytes = 0;
  /** Nothing more comes from the client. */
  #heard = false;
  #ended = false;
  /** What has arrived while a request was being answered. */
  #waiting: Buffer | null = null;

  constructor(socket: Socket, world: PlainWorld) {
    this.#socket = socket;
    this.#world = world;
    this.#timeoutMs = world.firstTimeoutMs;
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('close', this.#onClose);
    socket.on('error', this.#onError);
    socket.on('timeout', this.#onTimeout);
  }

  closeIfIdle(): void {
    if (!this.#busy && !this.#ended) this.#socket.destroy();
  }

  /**
   * Closes the connection where nothing has happened for too long, and a second more for what is on its way. A timer of the socket would be
   * set anew with each request and each answer, which takes as long as some queries do.
   */
  expire(): void {
    const isWorking = this.#busy && this.#incomplete === null && this.#socket.writableLength === 0;
    if (this.#ended || isWorking || ++this.#stillFor * expiryMs <= this.#timeoutMs + expiryMs) return;
    if (this.#incomplete === null) this.#socket.destroy();
    else this.#giveUp(tooLate);
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#incomplete !== null) return this.#readBody(this.#incomplete, chunk);
    if (this.#busy) {
      // Nobody should do so; one who does waits.
      this.#waiting = this.#waiting === null ? chunk : Buffer.concat([this.#waiting, chunk]);
      this.#socket.pause();
      return;
    }
    const request = parsePlainRequest(chunk, this.#headers);
    const route = request === null ? null : this.#world.find(request);
    if (request === null || route === null || !this.#takeBody(request.bodyLength)) this.#handOver(chunk);
    else {
      this.#begin(request);
      if (request.body.length === request.bodyLength) this.#answer(request, route);
      else this.#awaitBody(request, route);
    }
  };

  /** The client has gone away, or has said all that it has to say and waits for its answer: both look the same. */
  readonly #onEnd = (): void => {
    this.#heard = true;
    if (this.#incomplete !== null) return this.#giveUp(cutShort);
    if (!this.#busy) return void this.#socket.end();
    setTimeout(() => this.#gone?.abort(), departureMs).unref();
  };

  readonly #onClose = (): void => {
    this.#ended = true;
    this.#incomplete = null;
    this.#releaseBody();
    this.#gone?.abort();
  };

  readonly #onError = (): void => {
    this.#socket.destroy();
  };

  /** Nothing of a large answer was taken for too long. */
  readonly #onTimeout = (): void => {
    if (this.#socket.writableLength > 0) this.#socket.destroy();
  };

  #takeBody(bytes: number): boolean {
    if (bytes === 0) return true;
    if (!this.#world.takeBody(bytes)) return false;
    this.#bodyBytes = bytes;
    return true;
  }

  #releaseBody(): void {
    if (this.#bodyBytes === 0) return;
    this.#world.releaseBody(this.#bodyBytes);
    this.#bodyBytes = 0;
  }

  #begin({headers}: PlainRequest): void {
    this.#headers = headers.text.length <= headersKeptMax ? headers : null;
    this.#busy = true;
    this.#stillFor = 0;
    this.#world.begin(this.#socket);
  }

  #awaitBody(request: PlainRequest, route: PlainRoute): void {
    this.#timeoutMs = this.#world.bodyTimeoutMs;
    // Its length is known, and each byte of it is written before somebody sees it.
    const body = Buffer.allocUnsafeSlow(request.bodyLength);
    this.#incomplete = {request, route, body, arrived: 0};
    this.#readBody(this.#incomplete, request.body);
  }

  #readBody(incomplete: IncompleteRequest, chunk: Buffer): void {
    const {request, route, body, arrived} = incomplete;
    // copy() leaves out what there is no room for: another request, which nobody should send so soon.
    const taken = chunk.copy(body, arrived);
    incomplete.arrived += taken;
    if (incomplete.arrived < body.length) return;
    this.#incomplete = null;
    this.#stillFor = 0;
    if (taken < chunk.length) {
      this.#waiting = chunk.subarray(taken);
      this.#socket.pause();
    }
    request.body = body;
    this.#answer(request, route);
  }

  /** For a request that does not arrive as a whole. */
  #giveUp(answer: string): void {
    this.#incomplete = null;
    this.#socket.write(answer);
    this.#socket.destroySoon();
  }

  #answer(request: PlainRequest, {params, answer}: PlainRoute): void {
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
    const isSmall = body.length <= copiedBytesMax;
    this.#timeoutMs = isSmall ? idleTimeoutMs : Infinity;
    const sent = (): void => {
      release?.();
      if (!isSmall) this.#socket.setTimeout(0);
      this.#finish(closing);
    };
    if (isSmall) {
      const bytes = Buffer.allocUnsafeSlow(head.length + body.length);
      bytes.write(head, 'latin1');
      bytes.set(body, head.length);
      socket.write(bytes, sent);
    } else {
      socket.setTimeout(sendTimeoutMs);
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
    this.#releaseBody();
    this.#world.end(socket);
    if (socket.destroyed) return;
    if (close || this.#heard || this.#world.closing) return void socket.end();
    this.#timeoutMs = this.#world.idleTimeoutMs;
    this.#stillFor = 0;
    const chunk = this.#waiting;
    if (chunk === null) return;
    this.#waiting = null;
    socket.resume();
    this.#onData(chunk);
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

const callSpecimen = new Specimen();

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
    if (url.length + body.length <= specimenLengthMax) callSpecimen.keep(this);
  }

  get signal(): AbortSignal {
    return this.#signal();
  }

  get form(): Form {
    return (this.#form ??= formOf(this.url, this.header('content-type'), this.body));
  }
}

/** Headers that were sent lately, and their lines: nearly all are sent again and again. */
const recent: {headers: Readonly<Record<string, string>>; lines: string}[] = [];
const recentMax = 4;
let recentNext = 0;

/** Headers as they are sent. Throws where a value is none: that is an answer which ends in an error, and not the process. */
export function linesOf(headers: Readonly<Record<string, string>>): string {
  for (const each of recent) if (each.headers === headers) return each.lines;
  for (const each of recent) if (areEqual(each.headers, headers)) return each.lines;
  let lines = '';
  for (const name in headers) lines += `${name}: ${checked(headers[name]!)}\r\n`;
  recent[recentNext++ % recentMax] = {headers, lines};
  return lines;
}

function areEqual(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

/** What heads began and ended with the last time. */
let lastBeginning = {status: 0, lines: '', text: ''};
let lastEnding = {second: 0, idleTimeoutMs: 0, text: ''};

/** Status line and headers; `idleTimeoutMs` 0: the connection will be closed. */
function headOf(status: number, lines: string, bodyBytes: number, idleTimeoutMs: number): string {
  if (status !== lastBeginning.status || lines !== lastBeginning.lines) {
    const text = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines}`;
    lastBeginning = {status, lines, text};
  }
  const second = Math.floor(Date.now() / 1000);
  if (second !== lastEnding.second || idleTimeoutMs !== lastEnding.idleTimeoutMs) {
    const connection =
      idleTimeoutMs === 0 ? 'close' : `keep-alive\r\nKeep-Alive: timeout=${Math.floor(idleTimeoutMs / 1000)}`;
    const text = `Date: ${dateText(second)}\r\nConnection: ${connection}\r\n\r\n`;
    lastEnding = {second, idleTimeoutMs, text};
  }
  const length = status === 204 || status === 304 ? '' : `content-length: ${bodyBytes}\r\n`;
  return lastBeginning.text + length + lastEnding.text;
}

/** A value with a line break would be an answer of somebody else's making. */
function checked(value: string): string {
  assert(!/[^\t\x20-\x7e\x80-\xff]/.test(value), 'values of headers are one line');
  return value;
}

let dateMinute = 0;
/** Up to the seconds. */
let dateStart = '';

/** As HTTP has it: `Fri, 27 Nov 2026 03:19:09 GMT`. */
function dateText(second: number): string {
  const minute = Math.floor(second / 60);
  if (minute !== dateMinute) {
    dateMinute = minute;
    dateStart = new Date(minute * 60_000).toUTCString().slice(0, -'00 GMT'.length);
  }
  const rest = second - 60 * minute;
  return `${dateStart}${rest < 10 ? '0' : ''}${rest} GMT`;
}
