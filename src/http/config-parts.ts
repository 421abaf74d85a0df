// What the sections for HTTP clients have in common.

import {isAbsolute, join} from 'node:path';
import type {YamlMap, YamlValue} from '../base/yaml-write.ts';
import {type Field, refused, text} from '../model/fields.ts';

/** What is wrong, with the place within the section. */
export type Complain = (path: (string | number)[], message: string) => void;

/** What is shown instead of a secret. */
export const hidden = '<secret>';

/** A secret as it is shown. */
export function hide(secret: string): string {
  return secret === '' ? '' : hidden;
}

/** Joins a file to a directory, unless it is absolute or ''. */
export function joinDirectory(directory: string, file: string): string {
  return file === '' || isAbsolute(file) ? file : join(directory, file);
}

/** Lines of a section; empty texts, lists and sections are left out. */
export function linesOf(fields: Record<string, YamlValue>): YamlMap {
  const lines: YamlMap = new Map();
  for (const [name, value] of Object.entries(fields)) if (!isEmpty(value)) lines.set(name, value);
  return lines;
}

function isEmpty(value: YamlValue): boolean {
  if (Array.isArray(value)) return value.length === 0;
  return value === '' || value === null || (value instanceof Map && value.size === 0);
}

/** The name of a secret in a secret manager, which neither Prometheus nor Narthex has. */
export const secretReference: Field<string> = refused(
  text,
  'cannot use secret ref without manager: give the secret itself, or its file',
);

/** Those of `fields` that are not ''. */
export function givenOf<Name extends string>(fields: Record<Name, string>): Partial<Record<Name, string>> {
  const given: Partial<Record<Name, string>> = {};
  for (const name in fields) if (fields[name] !== '') given[name] = fields[name];
  return given;
}
