// Certificates for tests: a certificate authority, and what it signs, as X.509 (RFC 5280) wants it written.

import {createHash, generateKeyPairSync, type KeyObject, randomBytes, sign} from 'node:crypto';
import {isIP} from 'node:net';

export interface TestCertificate {
  /** PEM. */
  cert: string;
  key: string;
}

export interface CertificateOptions {
  /** DNS names and IP addresses. */
  names?: string[];
  commonName?: string;
  notBefore?: Date;
  notAfter?: Date;
}

interface Authority {
  name: Uint8Array;
  key: KeyObject;
}

const dayMs = 86_400_000;

/** Signs certificates of servers and clients. */
export class TestAuthority {
  /** PEM. */
  readonly cert: string;
  readonly #authority: Authority;

  constructor(commonName = 'Narthex test authority') {
    const {privateKey, publicKey} = generateKeyPairSync('ec', {namedCurve: 'P-256'});
    const name = nameOf(commonName);
    this.#authority = {name, key: privateKey};
    this.cert = certificate(this.#authority, name, publicKey, {commonName}, true);
  }

  issue(options: CertificateOptions = {}): TestCertificate {
    const {privateKey, publicKey} = generateKeyPairSync('ec', {namedCurve: 'P-256'});
    const subject = nameOf(options.commonName ?? options.names?.[0] ?? 'test');
    return {
      cert: certificate(this.#authority, subject, publicKey, options, false),
      key: privateKey.export({type: 'pkcs8', format: 'pem'}) as string,
    };
  }
}

function certificate(
  authority: Authority,
  subject: Uint8Array,
  publicKey: KeyObject,
  {names = [], notBefore, notAfter}: CertificateOptions,
  isAuthority: boolean,
): string {
  const algorithm = sequence(objectId('2a8648ce3d040302')); // ecdsa-with-SHA256
  const serial = randomBytes(16);
  // Positive, and not with zeros in front, which DER does not allow.
  serial[0] = (serial[0]! & 0x3f) | 0x40;
  const keyInfo = publicKey.export({type: 'spki', format: 'der'});
  const body = sequence(
    tagged(0xa0, tagged(0x02, Uint8Array.of(2))),
    tagged(0x02, serial),
    algorithm,
    authority.name,
    sequence(time(notBefore ?? new Date(Date.now() - dayMs)), time(notAfter ?? new Date(Date.now() + dayMs))),
    subject,
    keyInfo,
    tagged(0xa3, sequence(...extensions(names, isAuthority, keyInfo))),
  );
  const signature = sign('sha256', body, authority.key);
  const der = sequence(body, algorithm, tagged(0x03, Uint8Array.of(0), signature));
  const lines = Buffer.from(der)
    .toString('base64')
    .match(/.{1,64}/g)!;
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

function extensions(names: readonly string[], isAuthority: boolean, keyInfo: Uint8Array): Uint8Array[] {
  const constraints = isAuthority ? sequence(tagged(0x01, Uint8Array.of(0xff))) : sequence();
  const keyId = createHash('sha1').update(keyInfo).digest();
  const found = [
    extension('551d13', constraints), // basicConstraints
    extension('551d0e', tagged(0x04, keyId)), // subjectKeyIdentifier
  ];
  if (names.length > 0) {
    const encoded = names.map((name) =>
      isIP(name) === 0 ? tagged(0x82, Buffer.from(name)) : tagged(0x87, addressBytes(name)),
    );
    found.push(extension('551d11', sequence(...encoded))); // subjectAltName
  }
  return found;
}

function addressBytes(address: string): Uint8Array {
  if (isIP(address) === 4) return Uint8Array.from(address.split('.'), Number);
  const [head = '', tail = ''] = address.split('::');
  const [before, after] = [head, tail].map((part) => part.split(':').filter((group) => group !== ''));
  const zeros = Array.from({length: 8 - before!.length - after!.length}, () => '0');
  return Uint8Array.from(
    [...before!, ...zeros, ...after!].flatMap((group) => {
      const value = Number.parseInt(group, 16);
      return [value >> 8, value & 0xff];
    }),
  );
}

function extension(id: string, value: Uint8Array): Uint8Array {
  return sequence(objectId(id), tagged(0x04, value));
}

function nameOf(commonName: string): Uint8Array {
  return sequence(tagged(0x31, sequence(objectId('550403'), tagged(0x0c, Buffer.from(commonName)))));
}

function time(date: Date): Uint8Array {
  const text = date.toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  return tagged(0x18, Buffer.from(text)); // GeneralizedTime
}

function objectId(hex: string): Uint8Array {
  return tagged(0x06, Buffer.from(hex, 'hex'));
}

function sequence(...parts: Uint8Array[]): Uint8Array {
  return tagged(0x30, ...parts);
}

function tagged(tag: number, ...parts: Uint8Array[]): Uint8Array {
  const content = Buffer.concat(parts);
  const {length} = content;
  if (length < 0x80) return Buffer.concat([Uint8Array.of(tag, length), content]);
  const bytes = length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Uint8Array.of(tag, ...bytes), content]);
}
