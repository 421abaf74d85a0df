// Whether users know their passwords, of which there are bcrypt hashes.

import {createHash} from 'node:crypto';
import {Worker} from 'node:worker_threads';
import {Caller} from '../sys/rpc.ts';

export interface PasswordToCheck {
  hash: string;
  password: string;
}

/** Who names no user takes as long to be refused as who gives a wrong password: of these, neither learns who is one. */
const hashOfNobody = '$2b$10$HEisnx2zLOMB46KYiPoRXemyrTsreFQHbb31fyUs.DjoFGIa5Zuze';
/** Outcomes that are remembered, as clients send the same password with each request. */
const rememberedMax = 100;
/** Each takes a tenth of a second: who comes later is refused at once. */
const waitingMax = 256;
/** The thread ends after so long. */
const idleMs = 30_000;

/** More wait than can be served. */
export class TooManyPasswordsError extends Error {
  override name = 'TooManyPasswordsError';
}

export class Passwords {
  /** By a digest of user, hash and password: the oldest go first. */
  readonly #remembered = new Map<string, boolean>();
  readonly #running = new Map<string, Promise<boolean>>();
  #thread: {worker: Worker; caller: Caller} | null = null;
  #idle: NodeJS.Timeout | null = null;

  /** Whether this is the user's password, without a promise where that is known. Throws TooManyPasswordsError. */
  check(users: ReadonlyMap<string, string>, user: string, password: string): boolean | Promise<boolean> {
    const hash = users.get(user);
    const key = digestOf([user, hash ?? '', password]);
    const known = this.#remembered.get(key) ?? this.#running.get(key);
    if (known !== undefined) return known;
    if (this.#running.size >= waitingMax)
      throw new TooManyPasswordsError(`${waitingMax} passwords are being checked already`);
    const checked = this.#compare({hash: hash ?? hashOfNobody, password})
      .then((isRight) => {
        const isUser = isRight && hash !== undefined;
        this.#remember(key, isUser);
        return isUser;
      })
      .finally(() => {
        this.#running.delete(key);
        if (this.#running.size === 0) this.#restLater();
      });
    this.#running.set(key, checked);
    return checked;
  }

  /** Ends the thread. */
  async close(): Promise<void> {
    if (this.#idle !== null) clearTimeout(this.#idle);
    await this.#thread?.worker.terminate();
  }

  #compare(check: PasswordToCheck): Promise<boolean> {
    if (this.#idle !== null) clearTimeout(this.#idle);
    this.#idle = null;
    this.#thread ??= this.#start();
    return this.#thread.caller.call('isRight', check);
  }

  #start(): {worker: Worker; caller: Caller} {
    const worker = new Worker(new URL('./password-thread.ts', import.meta.url), {
      name: 'passwords',
      resourceLimits: {maxYoungGenerationSizeMb: 2},
    });
    worker.unref();
    const caller = new Caller(worker);
    const end = (error: Error): void => {
      caller.close(error);
      if (this.#thread?.worker === worker) this.#thread = null;
    };
    worker.on('error', end);
    worker.on('exit', () => end(new Error('the thread that checks passwords has ended')));
    return {worker, caller};
  }

  #restLater(): void {
    this.#idle = setTimeout(() => {
      this.#idle = null;
      void this.#thread?.worker.terminate();
      this.#thread = null;
    }, idleMs).unref();
  }

  #remember(key: string, isUser: boolean): void {
    if (this.#remembered.size >= rememberedMax)
      this.#remembered.delete(this.#remembered.keys().next().value!);
    this.#remembered.set(key, isUser);
  }
}

/** Passwords themselves are not kept. */
function digestOf(parts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:${part}`);
  return hash.digest('base64');
}
