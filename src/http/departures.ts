import type {Socket} from 'node:net';

/**
 * A client that sends nothing more may have gone away, or may wait for its answer (`nc -N`): for so long, it is believed to wait.
 * What takes longer is for nobody, as for Go's server.
 */
export const departureMs = 50;

/** Tells those who work for clients of HTTP/1 when these have gone away. */
export class Departures {
  /** By connection, those who work for it. */
  readonly #working = new WeakMap<Socket, Set<AbortController>>();

  /** Looks at a connection from now on. */
  watch(socket: Socket): void {
    const working = new Set<AbortController>();
    this.#working.set(socket, working);
    socket.once('end', () => {
      if (working.size > 0) setTimeout(() => abortAll(working), departureMs).unref();
    });
  }

  /** Begins to work for a client, until remove(). A connection that is not looked at never tells anything. */
  add(socket: Socket, gone: AbortController): void {
    this.#working.get(socket)?.add(gone);
  }

  remove(socket: Socket, gone: AbortController): void {
    this.#working.get(socket)?.delete(gone);
  }
}

function abortAll(working: ReadonlySet<AbortController>): void {
  for (const gone of working) gone.abort();
}
