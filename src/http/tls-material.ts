// The certificates and keys of a client, read again when their files change.

import {readFileSync} from 'node:fs';
import {createSecureContext, rootCertificates, type SecureContext, type SecureContextOptions} from 'node:tls';
import {wordsOfFile} from './file-errors.ts';
import type {TlsClientConfig} from './tls-config.ts';

/** Texts of the three parts, joined: equal where nothing has changed. */
export interface TlsTexts {
  ca: string | undefined;
  cert: string | undefined;
  key: string | undefined;
}

/** Reads the files. Throws an Error that says which cannot be read. */
export function readTlsTexts(tls: TlsClientConfig): TlsTexts {
  return {
    ca: textOf(tls.ca, tls.caFile, 'unable to read CA cert'),
    cert: textOf(tls.cert, tls.certFile, 'unable to read client cert'),
    key: textOf(tls.key, tls.keyFile, 'unable to read client key'),
  };
}

function textOf(text: string | undefined, file: string | undefined, complaint: string): string | undefined {
  if (file === undefined) return text;
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new Error(`${complaint}: unable to read file ${file}: ${wordsOfFile(cause, file)}`, {cause});
  }
}

export const secureVersions = {TLS10: 'TLSv1', TLS11: 'TLSv1.1', TLS12: 'TLSv1.2', TLS13: 'TLSv1.3'} as const;

/** What connections share. Throws an Error that says which part cannot be used. */
export function secureContextOf(tls: TlsClientConfig, {ca, cert, key}: TlsTexts): SecureContext {
  const isOld = tls.minVersion === 'TLS10' || tls.minVersion === 'TLS11';
  const versions: SecureContextOptions = {
    ...(tls.minVersion !== undefined && {minVersion: secureVersions[tls.minVersion]}),
    ...(tls.maxVersion !== undefined && {maxVersion: secureVersions[tls.maxVersion]}),
    // OpenSSL speaks those versions only where its level of security is lowered.
    ...(isOld && {ciphers: 'DEFAULT:@SECLEVEL=0'}),
  };
  if (ca === undefined && cert === undefined) return systemContext(versions);
  if (ca !== undefined && !/-----BEGIN (?:TRUSTED )?CERTIFICATE-----/.test(ca))
    throw new Error(`unable to use specified CA cert ${sourceOf(tls.caFile)}`);
  try {
    return createSecureContext({
      ...versions,
      ca: ca ?? systemRoots(),
      ...(cert !== undefined && {cert}),
      ...(key !== undefined && {key}),
    });
  } catch (cause) {
    const {reason = (cause as Error).message} = cause as {reason?: string};
    if (cert === undefined)
      throw new Error(`unable to use specified CA cert ${sourceOf(tls.caFile)}: ${reason}`, {cause});
    throw new Error(
      `unable to use specified client cert (${sourceOf(tls.certFile)}) & key (${sourceOf(tls.keyFile)}): tls: ${reason}`,
      {cause},
    );
  }
}

function sourceOf(file: string | undefined): string {
  return file === undefined ? 'inline' : `file ${file}`;
}

/** Where systems keep the authorities that they trust; the first one that is there counts. Go looks in the same places. */
const bundles = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/tls/cacert.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

let roots: string | null | undefined;

/**
 * The system's authorities, so that one's own are trusted once they are installed there, and those of NODE_EXTRA_CA_CERTS, as bin/narthex
 * hands them on; undefined = those that come with Node.
 */
function systemRoots(): string | undefined {
  if (roots !== undefined) return roots ?? undefined;
  const own = process.env['SSL_CERT_FILE'] ?? '';
  const extra = process.env['NARTHEX_EXTRA_CA_CERTS'] ?? '';
  roots = null;
  for (const file of own === '' ? bundles : [own]) {
    try {
      roots = readFileSync(file, 'utf8');
      if (file === extra) return roots;
      break;
    } catch {
      // The next place, or Node's own list.
    }
  }
  if (extra !== '') addRoots(extra);
  return roots ?? undefined;
}

function addRoots(file: string): void {
  try {
    roots = `${roots ?? rootCertificates.join('\n')}\n${readFileSync(file, 'utf8')}`;
  } catch (cause) {
    process.emitWarning(
      `NODE_EXTRA_CA_CERTS is ignored: unable to read file ${file}: ${wordsOfFile(cause, file)}`,
    );
  }
}

const contexts = new Map<string, SecureContext>();

/** One for all clients that trust what the system trusts: it takes 18 ms to make. */
function systemContext(versions: SecureContextOptions): SecureContext {
  const key = JSON.stringify(versions);
  let context = contexts.get(key);
  if (context === undefined) {
    const ca = systemRoots();
    context = createSecureContext({...versions, ...(ca !== undefined && {ca})});
    contexts.set(key, context);
  }
  return context;
}
