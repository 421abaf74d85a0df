import type {Socket} from 'node:net';

/**
 * Counts connections over all listeners. When the last place is taken, the connection that has been without a request for the
 * longest is closed: who comes next is not refused for it, be it idle or slow on purpose.
 * (http.Server.closeIdleConnections() would also close the new one.)
 */
export class ConnectionLimit {
  readonly #max: number;
  #count = 0;
  /** In the order in which they became so. */
  readonly #withoutRequest = new Set<Socket>();

  constructor(max: number) {
    this.#max = max;
  }

  /** Counts a new connection; false, and it is closed, where there is no room for it. */
  take(socket: Socket): boolean {
    if (this.#count >= this.#max) {
      socket.destroy();
      return false;
    }
    this.#count++;
    socket.once('close', () => {
      this.#count--;
      this.#withoutRequest.delete(socket);
    });
    if (this.#count === this.#max) this.#withoutRequest.values().next().value?.destroy();
    this.#withoutRequest.add(socket);
    return true;
  }

  /** A request has arrived. */
  begin(socket: Socket): void {
    this.#withoutRequest.delete(socket);
  }

  /** It has been answered. */
  end(socket: Socket): void {
    if (!socket.destroyed) this.#withoutRequest.add(socket);
  }
}
