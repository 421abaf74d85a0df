// URLs of the configuration: checked and shown as Go's net/url does it.

import {quoteGo} from '../base/quote.ts';
import {type Field, scalarField} from '../model/fields.ts';

/** A URL, or a reference to one, as it was written. */
export const urlText: Field<string> = scalarField('string', '', (scalar) => {
  const complaint = complainOfUrl(scalar.text);
  if (complaint !== null) throw new SyntaxError(`parse ${quoteGo(scalar.text)}: ${complaint}`);
  return scalar.text;
});

/** What is wrong with a URL, in Go's words, or null. */
export function complainOfUrl(url: string): string | null {
  for (let i = 0; i < url.length; i++) {
    const code = url.charCodeAt(i);
    if (code < 0x20 || code === 0x7f) return 'net/url: invalid control character in URL';
  }
  const [beforeFragment, fragment] = cut(url, '#');
  if (beforeFragment.startsWith(':')) return 'missing protocol scheme';
  const [, scheme = '', afterScheme = beforeFragment] =
    /^([A-Za-z][A-Za-z0-9+.-]*):(.*)$/s.exec(beforeFragment) ?? [];
  const [path] = cut(afterScheme, '?');
  if (!path.startsWith('/')) {
    if (scheme !== '') return null; // What has no slash is opaque.
    if (path.split('/')[0]!.includes(':')) return 'first path segment in URL cannot contain colon';
  }
  if (path.startsWith('//')) {
    const [, authority = '', rest = ''] = /^\/\/([^/]*)(.*)$/s.exec(path)!;
    return complainOfAuthority(authority) ?? complainOfEscapes(rest) ?? complainOfEscapes(fragment);
  }
  return complainOfEscapes(path) ?? complainOfEscapes(fragment);
}

function complainOfAuthority(authority: string): string | null {
  const at = authority.lastIndexOf('@');
  if (at >= 0) {
    const user = authority.slice(0, at);
    if (!/^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(user)) return 'net/url: invalid userinfo';
    const escapes = complainOfEscapes(user);
    if (escapes !== null) return escapes;
  }
  const host = authority.slice(at + 1);
  const address = host.startsWith('[') ? host.slice(0, host.lastIndexOf(']') + 1) : host.split(':')[0]!;
  if (host.startsWith('[') && address === '') return "missing ']' in host";
  const port = host.slice(address.length);
  if (!/^(:[0-9]*)?$/.test(port)) return `invalid port ${quoteGo(port)} after host`;
  const [, bad] = /([\s"<>\\^`{|}])/.exec(address) ?? [];
  if (bad !== undefined) return `invalid character ${quoteGo(bad)} in host name`;
  return complainOfEscapes(address);
}

function complainOfEscapes(text: string): string | null {
  const [wrong] = /%(?![0-9A-Fa-f]{2}).{0,2}/s.exec(text) ?? [];
  return wrong === undefined ? null : `invalid URL escape ${quoteGo(wrong)}`;
}

/** A URL without its password, which is shown as xxxxx. */
export function redactUrl(url: string): string {
  return url.replace(/^([A-Za-z][A-Za-z0-9+.-]*:\/\/[^/?#@:]*):[^/?#]*@/, '$1:xxxxx@');
}

function cut(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
