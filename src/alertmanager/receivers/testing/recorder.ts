// A server on loopback in place of the services that take notifications: it keeps what it gets.
import {createServer, type IncomingHttpHeaders, type IncomingMessage, type Server} from 'node:http';
import {createServer as createSecureServer} from 'node:https';
import type {AddressInfo} from 'node:net';
import type {TestCertificate} from '../../../http/testing-certificates.ts';

export interface RecordedRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface RecorderAnswer {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  /** No answer at all. */
  readonly hangs?: boolean;
}

export type Answerer = (request: RecordedRequest) => RecorderAnswer;

export class Recorder {
  readonly requests: RecordedRequest[] = [];
  readonly url: string;
  readonly #server: Server;
  #answerer: Answerer;

  private constructor(server: Server, answerer: Answerer) {
    this.#server = server;
    this.#answerer = answerer;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('request', (request, response) => {
      void bodyOf(request).then((body) => {
        const recorded = {
          method: request.method ?? '',
          path: request.url ?? '',
          headers: request.headers,
          body,
        };
        this.requests.push(recorded);
        const {status = 200, headers = {}, body: text = '', hangs = false} = this.#answerer(recorded);
        if (!hangs) response.writeHead(status, headers).end(text);
      });
    });
  }

  /** With a certificate it speaks TLS; its URL says http all the same. */
  static async open(answerer: Answerer = () => ({}), certificate?: TestCertificate): Promise<Recorder> {
    const server = certificate === undefined ? createServer() : createSecureServer(certificate);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new Recorder(server, answerer);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  answer(answerer: Answerer): void {
    this.#answerer = answerer;
  }

  /** What came since the last call. */
  take(): RecordedRequest[] {
    return this.requests.splice(0);
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
