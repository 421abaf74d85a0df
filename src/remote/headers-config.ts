import {dictionary, text} from '../model/fields.ts';
import type {Complain} from '../http/config-parts.ts';

/** Plain headers of requests to remote endpoints. */
export const plainHeaders = dictionary(text).default(new Map());

/** Headers that change the connection, or that are set anyway. */
const reserved: ReadonlySet<string> = new Set([
  'host',
  'content-encoding',
  'content-length',
  'content-type',
  'user-agent',
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'www-authenticate',
  'accept-encoding',
  'x-prometheus-remote-write-version',
  'x-prometheus-remote-read-version',
  'x-amz-date',
  'x-amz-security-token',
  'x-amz-content-sha256',
]);

/** Complains of headers that may not be given. `authorization` is what is said of that one. */
export function checkPlainHeaders(
  headers: ReadonlyMap<string, string>,
  authorization: string,
  complain: Complain,
): void {
  for (const name of headers.keys()) {
    const lower = name.toLowerCase();
    if (lower === 'authorization') complain(['headers', name], authorization);
    else if (reserved.has(lower))
      complain(['headers', name], `${name} is a reserved header. It must not be changed`);
  }
}

/** What is said of a header with credentials for remote endpoints. */
export const ownAuthorization =
  'authorization header must be changed via the basic_auth, authorization, oauth2, sigv4, azuread or google_iam parameter';
