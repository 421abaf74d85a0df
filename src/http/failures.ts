// The words for what goes wrong with requests: those that Prometheus's users know from Go.

import type {X509Certificate} from 'node:crypto';
import {isIP} from 'node:net';

/** What a connection noted of the server's certificate before it gave up. */
export interface CertificateFailure extends Error {
  certificate?: X509Certificate;
  /** The name that the certificate should have had. */
  wantedName?: string;
}

/** Thrown as it is: it has Go's words already. */
export class ConnectError extends Error {
  override name = 'ConnectError';
}

/** The server closed an idle connection just when it was to be used again. */
export function isStaleConnection(error: unknown): boolean {
  const code = codeOf(error instanceof Error ? error.cause : undefined);
  return code === 'UND_ERR_SOCKET' || code === 'EOF' || code === 'ECONNRESET' || code === 'EPIPE';
}

export function describeFailure(error: Error, url: URL, title = 'Get'): Error {
  const inner = firstOf(error);
  return new Error(`${title} "${url.href}": ${wordsOf(inner, url.hostname, url.host)}`, {cause: inner});
}

function firstOf(error: Error): Error {
  return error instanceof AggregateError && error.errors.length > 0 ? (error.errors[0] as Error) : error;
}

/** What went wrong with a connection to `hostname`. */
export function wordsOf(error: Error, hostname: string, host: string): string {
  const inner = firstOf(error);
  if (inner instanceof ConnectError) return inner.message;
  const code = codeOf(inner);
  const {address, port} = inner as {address?: string; port?: number};
  const dial =
    address === undefined
      ? `dial tcp ${host}`
      : `dial tcp ${address.includes(':') ? `[${address}]` : address}:${port}`;
  const texts: Record<string, string> = {
    ECONNREFUSED: `${dial}: connect: connection refused`,
    EHOSTUNREACH: `${dial}: connect: no route to host`,
    ENETUNREACH: `${dial}: connect: network is unreachable`,
    ETIMEDOUT: `${dial}: connect: connection timed out`,
    ENOTFOUND: `dial tcp: lookup ${hostname}: no such host`,
    EAI_AGAIN: `dial tcp: lookup ${hostname}: server misbehaving`,
    ECONNRESET: 'read: connection reset by peer',
    UND_ERR_SOCKET: 'EOF',
    EOF: 'EOF',
    UNEXPECTED_EOF: 'unexpected EOF',
    UND_ERR_CONNECT_TIMEOUT: `${dial}: i/o timeout`,
    UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'unexpected EOF',
    UND_ERR_HEADERS_OVERFLOW: 'server response headers are too large',
  };
  return texts[code] ?? wordsOfTls(inner, code) ?? inner.message;
}

function wordsOfTls(error: CertificateFailure, code: string): string | null {
  const reason = wordsOfCertificate(error, code);
  if (reason !== null) return `tls: failed to verify certificate: x509: ${reason}`;
  if (!code.startsWith('ERR_SSL_')) return null;
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG')
    return 'tls: first record does not look like a TLS handshake (does the server speak plain HTTP?)';
  const [, alert] = /_ALERT_(.+)$/.exec(code) ?? [];
  const {reason: given} = error as {reason?: string};
  if (alert === undefined) return `tls: ${given ?? error.message.trim()}`;
  return `remote error: tls: ${alerts[alert] ?? alert.toLowerCase().replaceAll('_', ' ')}`;
}

const alerts: Record<string, string> = {
  PROTOCOL_VERSION: 'protocol version not supported',
  UNKNOWN_CA: 'unknown certificate authority',
  CERTIFICATE_EXPIRED: 'expired certificate',
  CERTIFICATE_REVOKED: 'revoked certificate',
  CERTIFICATE_UNKNOWN: 'unknown certificate',
  UNRECOGNIZED_NAME: 'unrecognized name',
  DECRYPT_ERROR: 'error decrypting message',
};

function wordsOfCertificate({certificate, wantedName = ''}: CertificateFailure, code: string): string | null {
  switch (code) {
    case 'CERT_HAS_EXPIRED':
    case 'CERT_NOT_YET_VALID': {
      const isAfter = code === 'CERT_HAS_EXPIRED';
      const words = 'certificate has expired or is not yet valid: ';
      if (certificate === undefined) return words + (isAfter ? 'it has expired' : 'it is not yet valid');
      const limit = new Date(isAfter ? certificate.validTo : certificate.validFrom);
      return `${words}current time ${goTime(new Date())} is ${isAfter ? 'after' : 'before'} ${goTime(limit)}`;
    }
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'CERT_UNTRUSTED':
    case 'INVALID_CA':
      return 'certificate signed by unknown authority';
    case 'CERT_SIGNATURE_FAILURE':
      return 'certificate signed by unknown authority (its signature is wrong)';
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return wordsOfName(certificate, wantedName);
    default:
      return null;
  }
}

function wordsOfName(certificate: X509Certificate | undefined, wanted: string): string {
  const names = (certificate?.subjectAltName ?? '').split(', ');
  const valuesOf = (prefix: string): string[] =>
    names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  const isAddress = isIP(wanted) !== 0;
  const valid = isAddress ? valuesOf('IP Address:') : valuesOf('DNS:');
  if (valid.length > 0) return `certificate is valid for ${valid.join(', ')}, not ${wanted}`;
  return isAddress
    ? `cannot validate certificate for ${wanted} because it doesn't contain any IP SANs`
    : `certificate is not valid for any names, but wanted to match ${wanted}`;
}

/** As Go writes a time: without fractions of seconds. */
function goTime(time: Date): string {
  return time.toISOString().replace(/\.\d+/, '');
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
