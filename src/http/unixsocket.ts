import {request} from 'node:http';
import {timerMsMax} from '../sys/clock.ts';
import type {HttpAnswer, HttpFetcher, HttpGetOptions} from './client.ts';
import {userAgent} from './user-agent.ts';

const bodyBytesMax = 256 << 20;

/** Gets whole texts from a server that listens on a socket in the file system. Only path and query of a URL count. */
export class UnixSocketClient implements HttpFetcher {
  readonly #socketPath: string;

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  get(url: string, {headers = {}, timeoutMs, signal}: HttpGetOptions): Promise<HttpAnswer> {
    const {pathname, search} = new URL(url);
    const {promise, resolve, reject} = Promise.withResolvers<HttpAnswer>();
    const fail = (error: Error): void => {
      const why = error.name === 'TimeoutError' ? 'context deadline exceeded' : error.message;
      reject(new Error(`Get "${url}": dial unix ${this.#socketPath}: ${why}`, {cause: error}));
    };
    const asked = request(
      {
        socketPath: this.#socketPath,
        path: pathname + search,
        headers: {'user-agent': userAgent, ...headers},
        signal: AbortSignal.any([signal, AbortSignal.timeout(Math.min(timeoutMs, timerMsMax))]),
      },
      (response) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        response.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes > bodyBytesMax)
            asked.destroy(new RangeError(`the body has more than ${bodyBytesMax} bytes`));
          else chunks.push(chunk);
        });
        response.on('error', fail);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            statusText: response.statusMessage ?? '',
            header: (name) => String(response.headers[name] ?? ''),
            text: Buffer.concat(chunks).toString(),
          }),
        );
      },
    );
    asked.on('error', fail);
    asked.end();
    return promise;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
