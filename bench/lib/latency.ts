// A client that costs little, so that what is measured is the server: one connection that stays open, requests that are made up
// once, bodies put together only where they are looked at.
import {Http1Client, type PlainAddress} from '../../src/http/http1.ts';

export interface Answer {
  milliseconds: number;
  status: number;
  /** Empty where it was not asked for. */
  body: Buffer;
}

const idleMsMax = 600_000;
const headers = {'accept-encoding': 'identity'};

export class LatencyClient {
  readonly #client = new Http1Client(idleMsMax);
  readonly #origin: string;
  readonly #addresses = new Map<string, PlainAddress>();

  /** `http://host:port` */
  constructor(origin: string) {
    this.#origin = origin;
  }

  /** From the first byte of the request to the last of the answer, with the body. */
  get(path: string): Promise<Answer> {
    return this.#ask(path, []);
  }

  /** The same, without the body: its bytes are only counted. */
  time(path: string): Promise<Answer> {
    return this.#ask(path, null);
  }

  #ask(path: string, pieces: Buffer[] | null): Promise<Answer> {
    const address = this.#addressOf(path);
    return new Promise((resolve, reject) => {
      let status = 0;
      const started = performance.now();
      this.#client.dispatch(address, headers, {
        onRequestStart() {},
        onResponseStart(_controller, code) {
          status = code;
        },
        onResponseData(_controller, piece) {
          pieces?.push(Buffer.from(piece));
        },
        onResponseEnd() {
          const milliseconds = performance.now() - started;
          resolve({milliseconds, status, body: Buffer.concat(pieces ?? [])});
        },
        onResponseError(_controller, error) {
          reject(error);
        },
      });
    });
  }

  #addressOf(path: string): PlainAddress {
    let address = this.#addresses.get(path);
    if (address === undefined) this.#addresses.set(path, (address = {origin: this.#origin, path}));
    return address;
  }

  close(): void {
    this.#client.close();
  }
}
