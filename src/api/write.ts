// /write: the remote write receiver. What is said of a request's form is decided here; its body goes to the storage thread
// as it came.

import {emptyReply, textError, type HttpReply} from '../http/reply.ts';
import type {HttpCall} from '../http/server.ts';
import {checkWriteHeaders} from '../remote/write-headers.ts';
import type {StorageBackend} from './backend.ts';

/** Compressed. Senders send well below 1 MB. */
export const writeBytesMax = 32 * 1024 * 1024;

/** Bodies that wait for the storage thread; more are refused, and senders come again. */
const waitingBytesMax = 256 * 1024 * 1024;

export class WriteApi {
  readonly #backend: StorageBackend;
  readonly #enabled: boolean;
  readonly #now: () => number;
  #waitingBytes = 0;

  constructor(backend: StorageBackend, enabled: boolean, now: () => number) {
    this.#backend = backend;
    this.#enabled = enabled;
    this.#now = now;
  }

  async write(call: HttpCall): Promise<HttpReply> {
    if (!this.#enabled) {
      return textError(
        404,
        'remote write receiver needs to be enabled with --web.enable-remote-write-receiver',
      );
    }
    const refusal = checkWriteHeaders(call.header('content-type'), call.header('content-encoding'));
    if (refusal !== null) return textError(refusal.status, refusal.message);
    const size = call.body.length;
    if (this.#waitingBytes + size > waitingBytesMax) {
      const reply = textError(503, 'too many remote write requests are waiting to be stored');
      reply.headers = {...reply.headers, 'Retry-After': '1'};
      return reply;
    }
    this.#waitingBytes += size;
    try {
      const {status, message} = await this.#backend.write(call.body, {nowMs: this.#now()});
      return status < 300 ? emptyReply(status) : textError(status, message);
    } finally {
      this.#waitingBytes -= size;
    }
  }
}
