// Types of fields that Alertmanager's configuration has and Prometheus's has not.
import type {YamlMap, YamlValue} from '../base/yaml-write.ts';
import {quoteGo} from '../base/quote.ts';
import * as z from 'zod';
import {isNullNode} from '../base/yaml-resolve.ts';
import type {YamlNode} from '../base/yaml.ts';
import {type Field, scalarField} from '../model/fields.ts';
import {TemplateSet} from '../template/template.ts';

/** What is shown in place of a secret. In a configuration that was read back it stands for one that is not known. */
export const hiddenSecret = '<secret>';

/** A section that is read on its own, so that what is wrong in one does not hide what is wrong in another. Null: it is empty. */
export const rawSection: Field<YamlNode | null> = z
  .unknown()
  .transform((input): YamlNode | null => (isNullNode(input as YamlNode) ? null : (input as YamlNode)));

/** An http or https URL as it was written; '' where the field says nothing. */
export const url: Field<string> = scalarField('string', '', (scalar) => {
  checkUrl(scalar.text);
  return scalar.text;
});

/** The same, shown as `<secret>`. */
export const secretUrl: Field<string> = scalarField('string', '', (scalar) => {
  if (scalar.text !== hiddenSecret) checkUrl(scalar.text);
  return scalar.text;
});

/** A secret URL that may be a template: only one without `{{` is checked. */
export const secretTemplateUrl: Field<string> = scalarField('string', '', ({text}) => {
  if (text === '' || text === hiddenSecret) return text;
  if (text.includes('{{')) checkTemplate(text);
  else
    try {
      checkUrl(text);
    } catch (cause) {
      throw new SyntaxError(`invalid URL: ${(cause as Error).message}`, {cause});
    }
  return text;
});

/** Throws SyntaxError in Go's words where `text` is no http or https URL with a host. */
export function checkUrl(text: string): void {
  const {scheme, host} = schemeAndHostOf(text);
  if (scheme !== 'http' && scheme !== 'https')
    throw new SyntaxError(`unsupported scheme ${quoteGo(scheme)} for URL`);
  if (host === '') throw new SyntaxError('missing host for URL');
  if (!URL.canParse(text)) throw new SyntaxError(`parse ${quoteGo(text)}: invalid URL`);
}

function schemeAndHostOf(text: string): {scheme: string; host: string} {
  const [, scheme = '', rest = ''] = /^(?:([a-zA-Z][a-zA-Z0-9+.-]*):)?(.*)$/s.exec(text) ?? [];
  const [, authority = ''] = /^\/\/([^/?#]*)/.exec(rest) ?? [];
  return {scheme: scheme.toLowerCase(), host: authority.slice(authority.lastIndexOf('@') + 1)};
}

function checkTemplate(text: string): void {
  try {
    // As Alertmanager does it here: functions of its own are not known.
    new TemplateSet().parse('', text);
  } catch (cause) {
    throw new SyntaxError(`invalid template syntax: ${(cause as Error).message}`, {cause});
  }
}

export interface HostPort {
  readonly host: string;
  readonly port: string;
}

/** `host:port`; null where it says nothing. */
export const hostPort: Field<HostPort | null> = scalarField<HostPort | null>('string', null, ({text}) => {
  if (text === '') return null;
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*)):(.*)$/s.exec(text);
  if (match === null || match[3]!.includes(':')) {
    const why = text.split(':').length > 2 ? 'too many colons in address' : 'missing port in address';
    throw new SyntaxError(`address ${text}: ${why}`);
  }
  if (match[3] === '') throw new SyntaxError(`address ${quoteGo(text)}: port cannot be empty`);
  return {host: match[1] ?? match[2]!, port: match[3]!};
});

export function formatHostPort({host, port}: HostPort): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Lines of a section in their order. What is '', null, undefined or an empty list or map is left out, as Go's omitempty does. */
export function linesOf(fields: Readonly<Record<string, YamlValue | undefined>>): YamlMap {
  const lines: YamlMap = new Map();
  for (const [name, value] of Object.entries(fields)) if (!isEmpty(value)) lines.set(name, value!);
  return lines;
}

function isEmpty(value: YamlValue | undefined): boolean {
  if (value === undefined || value === null || value === '') return true;
  if (Array.isArray(value)) return value.length === 0;
  return value instanceof Map && value.size === 0;
}

/** How a secret is shown. */
export function hide(secret: string): string {
  return secret === '' ? '' : hiddenSecret;
}
