// Signature version 4 of AWS: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html

import {lazyCrypto} from '../sys/lazy-crypto.ts';

export interface AwsCredentials {
  readonly accessKey: string;
  readonly secretKey: string;
  /** '' = they are not temporary. */
  readonly sessionToken: string;
}

export interface SignedRequest {
  readonly method: string;
  readonly url: URL;
  /** Names in small letters; all of them are signed. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

export interface Signing {
  readonly credentials: AwsCredentials;
  readonly region: string;
  readonly service: string;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

/** The headers with those of the signature. */
export function signRequest(request: SignedRequest, signing: Signing): Record<string, string> {
  const {credentials, region, service, nowMs} = signing;
  const time = new Date(nowMs).toISOString().replaceAll(/[-:]|\.\d{3}/g, '');
  const day = time.slice(0, 8);
  const headers: Record<string, string> = {
    ...request.headers,
    'x-amz-date': time,
    ...(credentials.sessionToken !== '' && {'x-amz-security-token': credentials.sessionToken}),
  };
  const signed: Record<string, string> = {host: request.url.host, ...headers};
  const names = Object.keys(signed).sort();
  const canonical = [
    request.method,
    canonicalPath(request.url.pathname),
    canonicalQuery(request.url.searchParams),
    ...names.map((name) => `${name}:${signed[name]!.trim().replaceAll(/ +/g, ' ')}`),
    '',
    names.join(';'),
    hashOf(request.body),
  ].join('\n');
  const scope = `${day}/${region}/${service}/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', time, scope, hashOf(canonical)].join('\n');
  let key: string | Buffer = `AWS4${credentials.secretKey}`;
  for (const part of [day, region, service, 'aws4_request']) key = hmacOf(key, part);
  const authorization = [
    `AWS4-HMAC-SHA256 Credential=${credentials.accessKey}/${scope}`,
    `SignedHeaders=${names.join(';')}`,
    `Signature=${hmacOf(key, toSign).toString('hex')}`,
  ].join(', ');
  return {...headers, authorization};
}

/** Steps are encoded once more than they are in the URL, as all services but S3 want it. */
function canonicalPath(path: string): string {
  return path === '' ? '/' : path.split('/').map(encodeStrictly).join('/');
}

function canonicalQuery(query: URLSearchParams): string {
  const pairs = [...query].map(([name, value]) => `${encodeStrictly(name)}=${encodeStrictly(value)}`);
  return pairs.sort().join('&');
}

/** All but letters, digits and -._~ */
export function encodeStrictly(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replaceAll(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function hashOf(data: string | Uint8Array): string {
  return lazyCrypto().createHash('sha256').update(data).digest('hex');
}

function hmacOf(key: string | Buffer, data: string): Buffer {
  return lazyCrypto().createHmac('sha256', key).update(data).digest();
}
