// The client's side of SOCKS 5 (RFC 1928), with user and password (RFC 1929). Names are resolved by the proxy.

import {isIP, type Socket} from 'node:net';
import {ConnectError} from './failures.ts';
import {expect} from './socket-reader.ts';

const replies = [
  '',
  'general SOCKS server failure',
  'connection not allowed by ruleset',
  'network unreachable',
  'host unreachable',
  'connection refused',
  'TTL expired',
  'command not supported',
  'address type not supported',
];

const noAuthentication = 0;
const byPassword = 2;

/** Asks for a connection to `hostname:port` over a connection to the proxy. Throws ConnectError. */
export async function socksRequest(
  socket: Socket,
  proxy: URL,
  hostname: string,
  port: number,
): Promise<void> {
  const [user, password] = [proxy.username, proxy.password].map(decodeURIComponent) as [string, string];
  const methods = user === '' ? [noAuthentication] : [noAuthentication, byPassword];
  socket.write(Uint8Array.of(5, methods.length, ...methods));
  const [version, method] = await expect(socket, () => 2);
  if (version !== 5) throw failure(proxy, hostname, port, `unexpected protocol version ${version}`);
  if (method === byPassword && user !== '') await authenticate(socket, user, password, proxy, hostname, port);
  else if (method !== noAuthentication)
    throw failure(proxy, hostname, port, 'no acceptable authentication methods');
  socket.write(
    Buffer.concat([Uint8Array.of(5, 1, 0), addressOf(hostname), Uint8Array.of(port >> 8, port & 0xff)]),
  );
  const answer = await expect(socket, replySize);
  const reply = answer[1]!;
  if (reply !== 0) throw failure(proxy, hostname, port, replies[reply] ?? `unknown code ${reply}`);
}

async function authenticate(
  socket: Socket,
  user: string,
  password: string,
  proxy: URL,
  hostname: string,
  port: number,
): Promise<void> {
  const [name, secret] = [Buffer.from(user), Buffer.from(password)];
  if (name.length > 255 || secret.length > 255)
    throw failure(proxy, hostname, port, 'invalid username/password');
  socket.write(Buffer.concat([Uint8Array.of(1, name.length), name, Uint8Array.of(secret.length), secret]));
  const [, status] = await expect(socket, () => 2);
  if (status !== 0) throw failure(proxy, hostname, port, 'username/password authentication failed');
}

/** Bytes of a reply, as soon as they can be told: it ends with an address and a port. */
function replySize(bytes: Buffer): number | null {
  if (bytes.length < 5) return null;
  const type = bytes[3];
  return 4 + (type === 1 ? 4 : type === 4 ? 16 : 1 + bytes[4]!) + 2;
}

function addressOf(hostname: string): Uint8Array {
  if (isIP(hostname) === 4) return Uint8Array.of(1, ...hostname.split('.').map(Number));
  const name = Buffer.from(hostname);
  if (name.length > 255) throw new ConnectError(`socks connect: FQDN too long: ${hostname}`);
  return Buffer.concat([Uint8Array.of(3, name.length), name]);
}

function failure(proxy: URL, hostname: string, port: number, reason: string): ConnectError {
  return new ConnectError(`socks connect tcp ${proxy.host}->${hostname}:${port}: ${reason}`);
}
