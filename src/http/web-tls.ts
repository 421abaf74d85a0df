// TLS as the file of --web.config.file wants it, for Node's servers.

import {readFileSync} from 'node:fs';
import {SocketAddress} from 'node:net';
import type {TlsOptions, TLSSocket} from 'node:tls';
import {wordsOfFile} from './file-errors.ts';
import {secureVersions} from './tls-material.ts';
import type {WebCurve, WebTls} from './web-config.ts';

/** Texts of certificates and keys: equal where nothing has changed. */
export interface WebTlsTexts {
  readonly cert: string;
  readonly key: string;
  readonly clientCa: string;
}

/** Reads the files. Throws an Error that says which cannot be read. */
export function readWebTlsTexts(tls: WebTls): WebTlsTexts {
  return {
    cert: textOf(tls.cert, tls.certFile, `failed to read cert_file (${tls.certFile}): `),
    key: textOf(tls.key, tls.keyFile, `failed to read key_file (${tls.keyFile}): `),
    clientCa: textOf(tls.clientCa, tls.clientCaFile, ''),
  };
}

function textOf(text: string, file: string, complaint: string): string {
  if (file === '') return text;
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new Error(`${complaint}${wordsOfFile(cause, file)}`, {cause});
  }
}

const curves: Readonly<Record<WebCurve, string>> = {
  CurveP256: 'P-256',
  CurveP384: 'P-384',
  CurveP521: 'P-521',
  X25519: 'X25519',
};

const verifying: ReadonlySet<string> = new Set(['VerifyClientCertIfGiven', 'RequireAndVerifyClientCert']);
const requiring: ReadonlySet<string> = new Set([
  'RequireAnyClientCert',
  'RequireClientCert',
  'RequireAndVerifyClientCert',
]);

/** Options of a server. Who may come in is for `complaintOfClient()` to say, when the client has shown its certificate. */
export function secureOptionsOf(tls: WebTls, {cert, key, clientCa}: WebTlsTexts): TlsOptions {
  const ecdhCurve = tls.curves.flatMap((each) => (each === '' ? [] : [curves[each]])).join(':');
  const ciphers = ciphersOf(tls);
  return {
    cert,
    key,
    minVersion: secureVersions[tls.minVersion === '' ? 'TLS12' : tls.minVersion],
    maxVersion: secureVersions[tls.maxVersion === '' ? 'TLS13' : tls.maxVersion],
    honorCipherOrder: tls.prefersServerCiphers,
    requestCert: isAsked(tls),
    rejectUnauthorized: false,
    ...(ciphers !== '' && {ciphers}),
    ...(ecdhCurve !== '' && {ecdhCurve}),
    ...(clientCa !== '' && {ca: clientCa}),
  };
}

function isAsked({clientAuth}: WebTls): boolean {
  return clientAuth !== '' && clientAuth !== 'NoClientCert';
}

/** Those of TLS 1.3 cannot be chosen in Go: all are offered. */
const newCiphers = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'];

/** In OpenSSL's names; '' = those that are usual. */
function ciphersOf({ciphers, minVersion}: WebTls): string {
  const old = minVersion === 'TLS10' || minVersion === 'TLS11';
  if (ciphers.length === 0) return old ? 'DEFAULT:@SECLEVEL=0' : '';
  const chosen = ciphers.filter((name) => !newCiphers.includes(name)).map(openSslName);
  // OpenSSL speaks old versions only where its level of security is lowered.
  return [...newCiphers, ...chosen, ...(old ? ['@SECLEVEL=0'] : [])].join(':');
}

/** TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 → ECDHE-RSA-AES128-GCM-SHA256 */
function openSslName(name: string): string {
  return name
    .replace(/^TLS_/, '')
    .replace('_WITH_', '_')
    .replace(/AES_(\d+)/, 'AES$1')
    .replace('_CBC_', '_')
    .replace(/(CHACHA20_POLY1305)_SHA256$/, '$1')
    .replaceAll('_', '-');
}

/** Why the client of a connection may not come in, in Go's words; '' where it may. */
export function complaintOfClient(tls: WebTls, socket: TLSSocket): string {
  if (!isAsked(tls)) return '';
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) {
    const isNeeded = requiring.has(tls.clientAuth) || tls.clientNames.length > 0;
    return isNeeded ? "tls: client didn't provide a certificate" : '';
  }
  if (verifying.has(tls.clientAuth) && !socket.authorized)
    return `tls: failed to verify certificate: ${String(socket.authorizationError)}`;
  if (tls.clientNames.length === 0) return '';
  const names = namesOf(certificate.subjectAltName ?? '');
  if (names.some((name) => tls.clientNames.includes(name))) return '';
  return `could not find allowed SANs in client cert, found: [${tls.clientNames.join(' ')}]`;
}

/** Of `DNS:a.example, IP Address:0:0:0:0:0:0:0:1`, where a name with special characters is JSON: the names, as Go writes them. */
export function namesOf(subjectAltName: string): string[] {
  const names: string[] = [];
  for (const [, kind = '', value = ''] of subjectAltName.matchAll(
    /(DNS|email|IP Address|URI):((?:"(?:[^"\\]|\\.)*"|[^,])*)/g,
  )) {
    const name = value.startsWith('"') ? (JSON.parse(value) as string) : value;
    names.push(kind === 'IP Address' ? addressOf(name) : name);
  }
  return names;
}

function addressOf(text: string): string {
  if (!text.includes(':')) return text;
  return new SocketAddress({address: text, family: 'ipv6'}).address;
}
