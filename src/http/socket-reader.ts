import type {Socket} from 'node:net';
import {ConnectError} from './failures.ts';

/**
 * Reads from a socket until `sizeOf` says how many of the bytes so far are wanted; null = more are needed. What comes after
 * them is given back to the socket. Throws where the connection ends before.
 */
export function expect(socket: Socket, sizeOf: (bytes: Buffer) => number | null): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let bytes: Buffer = Buffer.alloc(0);
    const settle = (): void => {
      socket.off('readable', read).off('end', ended).off('error', failed).off('close', ended);
    };
    const failed = (error: Error): void => {
      settle();
      reject(error instanceof ConnectError ? error : new ConnectError(`proxyconnect tcp: ${error.message}`));
    };
    const ended = (): void => failed(new ConnectError('proxyconnect tcp: EOF'));
    const read = (): void => {
      try {
        for (
          let chunk = socket.read() as Buffer | null;
          chunk !== null;
          chunk = socket.read() as Buffer | null
        )
          bytes = Buffer.concat([bytes, chunk]);
        const size = sizeOf(bytes);
        if (size === null || size > bytes.length) return;
        settle();
        if (size < bytes.length) socket.unshift(bytes.subarray(size));
        resolve(bytes.subarray(0, size));
      } catch (error) {
        failed(error as Error);
      }
    };
    socket.on('readable', read).on('end', ended).on('error', failed).on('close', ended);
  });
}
