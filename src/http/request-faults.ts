// Requests that Node's parser takes, and that RFC 9112 and Go's server do not.

import type {IncomingMessage} from 'node:http';

export interface RequestFault {
  status: 400 | 501 | 505;
  message: string;
}

/** What is wrong with the head of a request, null where it is nothing. */
export function faultOf(request: IncomingMessage): RequestFault | null {
  // HTTP/2 has its own rules, which Node knows.
  if ('stream' in request) return null;
  const {httpVersion, headers} = request;
  if (httpVersion !== '1.1' && httpVersion !== '1.0')
    return {status: 505, message: `unsupported protocol version HTTP/${httpVersion}`};
  const {host, 'transfer-encoding': encoding} = headers;
  if (countHosts(request.rawHeaders) > 1) return {status: 400, message: 'too many Host headers'};
  if (host !== undefined && !isHost(host)) return {status: 400, message: 'malformed Host header'};
  if (encoding === undefined) return null;
  if (httpVersion === '1.0') return {status: 400, message: 'HTTP/1.0 has no Transfer-Encoding'};
  if (encoding.toLowerCase() !== 'chunked')
    return {status: 501, message: `unsupported transfer encoding ${JSON.stringify(encoding)}`};
  return null;
}

/** Of names and values by turns. */
function countHosts(rawHeaders: readonly string[]): number {
  let count = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) if (rawHeaders[i]!.toLowerCase() === 'host') count++;
  return count;
}

/** Whether the value of a Host header consists of what may stand there. It may be empty. */
export function isHost(text: string): boolean {
  return /^[-!$%&'()*+,.:;=[\]_~0-9A-Za-z]*$/.test(text);
}
