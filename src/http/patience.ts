// How long clients may take.

import type {FastifyReply, FastifyRequest} from 'fastify';

/** A client that takes nothing of its answer for so long is cut off. */
export const sendTimeoutMs = 60_000;
/** Who still sends a request that has been refused has so long to see that. */
const lingerMs = 1000;

/** Cuts a client off that takes nothing of its answer for too long. With HTTP/2 the limit is that of its whole session. */
export function limitSending({raw}: FastifyReply): void {
  const {socket} = raw;
  if (socket === null) return;
  const cut = (): void => {
    socket.destroy();
  };
  socket.setTimeout(sendTimeoutMs, cut);
  // Before Node sets its own limit, for a connection that is idle.
  raw.prependOnceListener('finish', () => {
    socket.setTimeout(0);
    socket.off('timeout', cut);
  });
}

/**
 * For a request that is answered before all of it has been read: what still comes is read and forgotten for a while, since a
 * connection that is closed before would take the answer with it.
 */
export function linger({raw}: FastifyRequest, reply: FastifyReply): void {
  if (raw.httpVersionMajor > 1 || raw.complete) return;
  // Fastify would close it.
  reply.removeHeader('connection');
  reply.raw.once('finish', () =>
    setTimeout(() => {
      if (!raw.complete) raw.socket.destroy();
    }, lingerMs).unref(),
  );
}
