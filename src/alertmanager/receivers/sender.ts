// Requests to the services that take notifications, and what their answers mean.
import {readFile} from 'node:fs/promises';
import {HttpClient, type HttpAnswer} from '../../http/client.ts';
import type {HttpClientConfig} from '../../http/client-config.ts';
import {wordsOfFile} from '../../http/file-errors.ts';
import {buildInfo} from '../../sys/version.ts';
import {failureReasonOf, type IntegrationWorld, NotifyError} from '../integration.ts';
import {formatGoMs} from './go-duration.ts';

const userAgent = `Alertmanager/0.34.0 (compatible; Narthex/${buildInfo().version})`;

/** Of an answer; the rest is read and forgotten. */
const bodyBytesKept = 4 << 20;
/** Of an answer, in a message. */
const shownCharactersMax = 4096;

export interface SendOptions {
  readonly method?: 'GET' | 'POST' | 'PUT';
  readonly body?: string;
  readonly headers?: Record<string, string>;
  /** Headers with credentials: not for another host. */
  readonly secretHeaders?: Record<string, string>;
  readonly signal: AbortSignal;
  /** The receiver's own limit, and how it is called in messages; 0 = none. */
  readonly timeout?: {readonly ms: number; readonly what: string};
}

/** Sends to one service as its http_config says. */
export class Sender {
  readonly #client: HttpClient;

  constructor(config: HttpClientConfig, world: Pick<IntegrationWorld, 'clock'>) {
    this.#client = new HttpClient(config, () => world.clock.elapsed());
  }

  /** Posts JSON. Throws NotifyError, which is retried, where there is no answer. */
  postJson(url: string, body: string, options: SendOptions): Promise<HttpAnswer> {
    return this.send(url, {
      ...options,
      method: options.method ?? 'POST',
      body,
      headers: {'content-type': 'application/json', ...options.headers},
    });
  }

  /** Throws NotifyError, which is retried, where there is no answer. URLs may be secret: messages do not have them. */
  async send(url: string, {timeout, headers, body, ...options}: SendOptions): Promise<HttpAnswer> {
    const timeoutMs = timeout !== undefined && timeout.ms > 0 ? Math.ceil(timeout.ms) : undefined;
    try {
      return await this.#client.request(url, {
        ...options,
        ...(body !== undefined && {body}),
        headers: {'user-agent': userAgent, 'accept-encoding': 'identity', ...headers},
        ...(timeoutMs !== undefined && {timeoutMs}),
        bodyBytesKept,
      });
    } catch (cause) {
      let message = withoutUrl((cause as Error).message, url);
      if (timeoutMs !== undefined && !options.signal.aborted && message.endsWith('deadline exceeded'))
        message += `: configured ${timeout!.what} timeout reached (${formatGoMs(timeout!.ms)})`;
      throw new NotifyError(message, {retry: true, cause});
    }
  }

  close(): Promise<void> {
    return this.#client.close();
  }
}

function withoutUrl(message: string, url: string): string {
  return message.replace(/^([A-Z][a-z]+) "[^"]*"/, '$1 "<redacted>"').replaceAll(url, '<redacted>');
}

export interface StatusOptions {
  /** Status codes besides 5xx after which another attempt makes sense. */
  readonly retryCodes?: readonly number[];
  /** What the answer says, for the message; by default its body. */
  readonly details?: (answer: HttpAnswer) => string;
  /** Before the message. */
  readonly prefix?: string;
}

/** Throws NotifyError where the answer's status is not 2xx. */
export function checkStatus(
  answer: HttpAnswer,
  {retryCodes = [], details = (each) => each.text, prefix = ''}: StatusOptions = {},
): void {
  const {status} = answer;
  if (status >= 200 && status < 300) return;
  const retry = (status >= 500 && status < 600) || retryCodes.includes(status);
  const said = shortened(details(answer));
  throw new NotifyError(`${prefix}unexpected status code ${status}${said === '' ? '' : `: ${said}`}`, {
    retry,
    reason: failureReasonOf(status),
    retryAfterMs: retry ? retryAfterMsOf(answer) : 0,
  });
}

/** Answers are shown in logs and on pages: not more of one than somebody reads. */
export function shortened(text: string): string {
  return text.length <= shownCharactersMax ? text : `${text.slice(0, shownCharactersMax)}…`;
}

/** Seconds, or a date. */
function retryAfterMsOf(answer: HttpAnswer): number {
  const header = answer.header('retry-after').trim();
  if (/^\d+$/.test(header)) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? 0 : Math.max(0, date - Date.now());
}

/** The text of a file with a secret, read anew each time, without space around it. Throws an Error with Go's words. */
export async function readSecretFile(file: string): Promise<string> {
  return (await readWholeFile(file)).trim();
}

export async function readWholeFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new Error(wordsOfFile(cause, file), {cause});
  }
}

/** A secret that stands in the configuration or in a file. `prefix` is before what is wrong with the file. */
export async function secretOf(
  inline: string,
  file: string,
  {prefix, retry = false}: {prefix: string; retry?: boolean},
): Promise<string> {
  if (inline !== '') return inline;
  try {
    return await readSecretFile(file);
  } catch (cause) {
    throw new NotifyError(prefix + (cause as Error).message, {retry, cause});
  }
}
