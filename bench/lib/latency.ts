// A client that costs little, so that what is measured is the server: one connection that stays open, bodies put together
// only where they are looked at.
import {Client} from 'undici';

export interface Answer {
  milliseconds: number;
  status: number;
  body: Buffer;
}

export class LatencyClient {
  readonly #client: Client;

  constructor(baseUrl: string) {
    this.#client = new Client(baseUrl, {
      pipelining: 1,
      keepAliveTimeout: 600_000,
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  /** From the first byte of the request to the last of the answer. */
  get(path: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let status = 0;
      const started = performance.now();
      this.#client.dispatch(
        {path, method: 'GET', headers: {'accept-encoding': 'identity'}},
        {
          onRequestStart() {},
          onResponseStart(_controller, statusCode) {
            status = statusCode;
          },
          onResponseData(_controller, chunk) {
            chunks.push(chunk);
          },
          onResponseEnd() {
            const milliseconds = performance.now() - started;
            resolve({milliseconds, status, body: Buffer.concat(chunks)});
          },
          onResponseError(_controller, error) {
            reject(error);
          },
        },
      );
    });
  }

  close(): Promise<void> {
    return this.#client.close();
  }
}
