// /write: the remote write receiver. What is said of a request's form is decided here; its body goes to the storage thread
// as it came.

import {emptyReply, textError, type HttpReply} from '../http/reply.ts';
import type {HttpCall} from '../http/server.ts';
import {checkWriteHeaders} from '../remote/write-headers.ts';
import type {StorageBackend} from './backend.ts';

/** Compressed. Senders send well below 1 MB. */
export const writeBytesMax = 32 * 1024 * 1024;

export class WriteApi {
  readonly #backend: StorageBackend;
  readonly #enabled: boolean;
  readonly #now: () => number;

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
    const {status, message} = await this.#backend.write(call.body, {nowMs: this.#now()});
    return status < 300 ? emptyReply(status) : textError(status, message);
  }
}
