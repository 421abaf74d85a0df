// Who may come in, as the file of --web.config.file says it, which is looked at with each request.

import {statSync} from 'node:fs';
import {describeError, type Logger} from '../sys/log.ts';
import {Passwords, TooManyPasswordsError} from './passwords.ts';
import {RateLimiter} from './rate-limiter.ts';
import {textError, type HttpReply} from './reply.ts';
import {readWebConfig, type WebConfig} from './web-config.ts';

/** What becomes of a request. */
export interface Admission {
  /** Of the answer, whatever it is. */
  readonly headers: Readonly<Record<string, string>>;
  /** null = it may come in. */
  readonly refusal: HttpReply | null;
}

const noHeaders = {};

export class WebGuard {
  readonly #file: WatchedWebConfig;
  readonly #logger: Logger;
  readonly #passwords = new Passwords();
  /** As it was at the start, as in the originals. */
  readonly #limiter: RateLimiter | null;
  readonly #now: () => number;

  /** Throws what readWebConfig() throws. */
  constructor(file: WatchedWebConfig, logger: Logger, now: () => number = () => performance.now()) {
    this.#file = file;
    this.#logger = logger;
    this.#now = now;
    const {rateLimit} = file.read();
    this.#limiter = rateLimit === null ? null : new RateLimiter(rateLimit, now());
  }

  /** Without a promise, where no password has to be checked. Never throws. */
  admit(authorization: string | undefined): Admission | Promise<Admission> {
    let config: WebConfig;
    try {
      config = this.#file.read();
    } catch (error) {
      this.#logger.error('Unable to parse configuration', {err: error});
      return {headers: noHeaders, refusal: textError(500, 'Internal Server Error')};
    }
    if (this.#limiter?.take(this.#now()) === false)
      return {headers: noHeaders, refusal: textError(429, 'Too Many Requests')};
    const {headers, users} = config;
    if (users.size === 0) return {headers, refusal: null};
    const given = readBasicAuth(authorization);
    if (given === null) return unauthorized(headers);
    return this.#admitUser(config, given);
  }

  /** Headers of the answer to a request that surely may come in; null where that takes a closer look. */
  knows(authorization: string | undefined): Admission['headers'] | null {
    if (this.#limiter !== null) return null;
    const admission = this.admit(authorization);
    return admission instanceof Promise || admission.refusal !== null ? null : admission.headers;
  }

  close(): Promise<void> {
    return this.#passwords.close();
  }

  #admitUser({headers, users}: WebConfig, {user, password}: BasicAuth): Admission | Promise<Admission> {
    const decide = (isUser: boolean): Admission =>
      isUser ? {headers, refusal: null} : unauthorized(headers);
    const fail = (error: unknown): Admission => {
      this.#logger.error('Unable to check a password', {err: describeError(error)});
      const status = error instanceof TooManyPasswordsError ? 503 : 500;
      return {
        headers,
        refusal: textError(status, status === 503 ? 'Service Unavailable' : 'Internal Server Error'),
      };
    };
    try {
      const isUser = this.#passwords.check(users, user, password);
      return typeof isUser === 'boolean' ? decide(isUser) : isUser.then(decide, fail);
    } catch (error) {
      return fail(error);
    }
  }
}

function unauthorized(headers: Admission['headers']): Admission {
  const refusal = textError(401, 'Unauthorized');
  refusal.headers = {...refusal.headers, 'WWW-Authenticate': 'Basic'};
  return {headers, refusal};
}

interface BasicAuth {
  user: string;
  password: string;
}

/** null where there is none, or it is none. */
export function readBasicAuth(authorization: string | undefined): BasicAuth | null {
  const [, encoded] =
    /^basic ((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)$/i.exec(authorization ?? '') ??
    [];
  if (encoded === undefined) return null;
  const text = Buffer.from(encoded, 'base64').toString();
  const colon = text.indexOf(':');
  return colon < 0 ? null : {user: text.slice(0, colon), password: text.slice(colon + 1)};
}

/** A file that was written so short a time before it was read may be written again without a later time. */
const unsettledMs = 2000;

/** The file, which is read again only when it has changed. */
export class WatchedWebConfig {
  readonly path: string;
  #state = '';
  #config: WebConfig | null = null;

  constructor(path: string) {
    this.path = path;
  }

  /** Throws what readWebConfig() throws. */
  read(): WebConfig {
    const state = stateOf(this.path);
    if (this.#config !== null && state !== '' && state === this.#state) return this.#config;
    this.#config = null;
    this.#config = readWebConfig(this.path);
    this.#state = state;
    return this.#config;
  }
}

/** Equal where the file is the same; '' where that cannot be known. */
function stateOf(path: string): string {
  const {dev, ino, size, mtimeMs, ctimeMs} = statSync(path, {throwIfNoEntry: false}) ?? {ctimeMs: Infinity};
  if (Date.now() - ctimeMs < unsettledMs) return '';
  return `${dev} ${ino} ${size} ${mtimeMs} ${ctimeMs}`;
}
