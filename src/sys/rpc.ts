import type {MessagePort, Transferable, Worker} from 'node:worker_threads';

/**
 * Calls between threads: one side serves an object of handlers, the other calls them by name. Arguments and results are
 * structured clones; a handler that returns `transfer(value, list)` hands buffers over without copying them.
 * Errors keep their name, message and `code`.
 */
export type Handlers = Record<string, (argument: never) => unknown>;

interface CallMessage {
  id: number;
  method: string;
  argument: unknown;
}

interface ReplyMessage {
  id: number;
  value?: unknown;
  error?: {name: string; message: string; code?: unknown; stack?: string | undefined};
}

class Transferred {
  readonly value: unknown;
  readonly list: Transferable[];
  constructor(value: unknown, list: Transferable[]) {
    this.value = value;
    this.list = list;
  }
}

/** Marks `list` as moved, not copied, when `value` is returned from a handler. */
export function transfer<T>(value: T, list: Transferable[]): T {
  return new Transferred(value, list) as T;
}

/** A worker as its parent sees it, or a port. */
export type Port = MessagePort | Worker;

/** Answers calls that arrive at `port`. */
export function serve(port: Port, handlers: Handlers): void {
  port.on('message', (message: CallMessage) => {
    void answer(port, handlers, message);
  });
}

async function answer(port: Port, handlers: Handlers, {id, method, argument}: CallMessage): Promise<void> {
  try {
    const handler = handlers[method];
    if (handler === undefined) throw new RangeError(`cannot call ${method}: no such method`);
    const value = await handler(argument as never);
    if (value instanceof Transferred) port.postMessage({id, value: value.value}, value.list);
    else port.postMessage({id, value}, []);
  } catch (cause) {
    const error = cause instanceof Error ? cause : new Error(String(cause));
    const {name, message, stack} = error;
    port.postMessage({id, error: {name, message, stack, code: (error as {code?: unknown}).code}}, []);
  }
}

/** The calling side. */
export class Caller {
  readonly #port: Port;
  readonly #pending = new Map<number, {resolve: (value: unknown) => void; reject: (error: Error) => void}>();
  #nextId = 1;
  #closed: Error | null = null;

  constructor(port: Port) {
    this.#port = port;
    port.on('message', (reply: ReplyMessage) => this.#settle(reply));
  }

  call<T>(method: string, argument?: unknown, list: Transferable[] = []): Promise<T> {
    if (this.#closed !== null) return Promise.reject(this.#closed);
    const id = this.#nextId++;
    return new Promise<T>((resolve, reject) => {
      this.#pending.set(id, {resolve: resolve as (value: unknown) => void, reject});
      this.#port.postMessage({id, method, argument} satisfies CallMessage, list);
    });
  }

  /** Fails every open call and all later ones; for when the other side has died. */
  close(reason: Error): void {
    this.#closed = reason;
    for (const {reject} of this.#pending.values()) reject(reason);
    this.#pending.clear();
  }

  #settle(reply: ReplyMessage): void {
    const pending = this.#pending.get(reply.id);
    if (pending === undefined) return;
    this.#pending.delete(reply.id);
    if (reply.error === undefined) return pending.resolve(reply.value);
    const error = new Error(reply.error.message);
    error.name = reply.error.name;
    if (reply.error.stack !== undefined) error.stack = reply.error.stack;
    if (reply.error.code !== undefined) (error as {code?: unknown}).code = reply.error.code;
    pending.reject(error);
  }
}
