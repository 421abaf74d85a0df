// Types of configuration fields: zod schemas over nodes of YAML that read them as Go reads them into its types. An
// absent field takes the default that a schema gives; a field that is there but empty (`key:`) is zero, as in Go.

import * as z from 'zod';
import {nearestName} from '../base/nearest.ts';
import {quoteGo} from '../base/quote.ts';
import {isNullNode, type Resolved, resolveScalar} from '../base/yaml-resolve.ts';
import type {YamlMapping, YamlNode, YamlScalar} from '../base/yaml.ts';
import {describe, type JsonSchema, jsonSchemaOf, orNull, scalarSchema} from './json-schema.ts';
import {parseDuration} from './duration.ts';
import {parseSize} from './size.ts';

// Code made for a schema when it is first used is worth it where thousands are read; a configuration is read now and then.
z.config({jitless: true});

export type Field<T> = z.ZodType<T>;

/** A scalar. `read` throws what is wrong with it. */
export function scalarField<T>(
  type: string,
  zero: T,
  read: (scalar: YamlScalar) => T,
  schema: JsonSchema = scalarSchema(type),
): Field<T> {
  const field = z.transform((input: unknown, context) => {
    const node = input as YamlNode;
    if (isNullNode(node)) return zero;
    try {
      if (node.kind !== 'scalar') throw mismatch(node, type);
      return read(node);
    } catch (error) {
      if (!(error instanceof SyntaxError || error instanceof RangeError)) throw error;
      context.issues.push({code: 'custom', message: error.message, input});
      return z.NEVER;
    }
  });
  return describe(field, schema);
}

/** Go's words for a value of the wrong type. */
export function mismatch(node: YamlNode, type: string): SyntaxError {
  if (node.kind !== 'scalar') {
    const tag = node.kind === 'sequence' ? '!!seq' : '!!map';
    return new SyntaxError(`cannot unmarshal ${tag} into ${type}`);
  }
  const text = node.text.length > 10 ? `${node.text.slice(0, 7)}...` : node.text;
  return new SyntaxError(`cannot unmarshal ${resolveScalar(node).tag} \`${text}\` into ${type}`);
}

function resolvedField<T>(type: string, zero: T, read: (resolved: Resolved) => T | undefined): Field<T> {
  return scalarField(type, zero, (scalar) => {
    const value = read(resolveScalar(scalar));
    if (value === undefined) throw mismatch(scalar, type);
    return value;
  });
}

export const text: Field<string> = scalarField('string', '', (scalar) => scalar.text);

export const boolean: Field<boolean> = resolvedField('bool', false, ({value}) =>
  typeof value === 'boolean' ? value : undefined,
);

/** A whole number from 0; beyond 2^53 it is not exact. */
export const count: Field<number> = resolvedField('uint', 0, ({value}) => {
  if (typeof value !== 'number' && typeof value !== 'bigint') return undefined;
  const whole = Math.trunc(Number(value));
  return whole >= 0 && whole < 2 ** 64 ? whole : undefined;
});

export const integer: Field<number> = resolvedField('int', 0, ({value}) => {
  if (typeof value !== 'number' && typeof value !== 'bigint') return undefined;
  const whole = Math.trunc(Number(value));
  return Math.abs(whole) < 2 ** 63 ? whole : undefined;
});

export const float: Field<number> = resolvedField('float64', 0, ({value}) =>
  typeof value === 'number' || typeof value === 'bigint' ? Number(value) : undefined,
);

/** Milliseconds. */
export const duration: Field<number> = scalarField(
  'string',
  0,
  (scalar) => withHint(() => parseDuration(scalar.text), 'a duration is written like 15s, 1m30s or 90d'),
  {
    anyOf: [
      {
        type: 'string',
        pattern: '^(0|([0-9]+y)?([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?)$',
      },
      {enum: [0, null]},
    ],
  },
);

/** Bytes. */
export const size: Field<number> = scalarField(
  'string',
  0,
  (scalar) => withHint(() => parseSize(scalar.text), 'a size is written like 512KB, 10MB or 1GB'),
  {anyOf: [{type: 'string', pattern: '^[-+]?[0-9.]+[KMGTPE]?i?B'}, {enum: ['0', 0, null]}]},
);

function withHint<T>(parse: () => T, hint: string): T {
  try {
    return parse();
  } catch (error) {
    throw new SyntaxError(`${(error as Error).message} (${hint})`, {cause: error});
  }
}

/** A secret: like text; whoever prints it prints `<secret>`. */
export const secret: Field<string> = text;

/** A label's name: any text that is not empty. */
export const labelName: Field<string> = scalarField('string', '', (scalar) => {
  if (scalar.text === '') throw new SyntaxError(`"" is not a valid label name`);
  return scalar.text;
});

/** One of some words. */
export function choice<const T extends string>(
  choices: readonly T[],
  complaint: (text: string) => string,
): Field<T | ''> {
  return scalarField<T | ''>(
    'string',
    '',
    (scalar) => {
      if (!(choices as readonly string[]).includes(scalar.text))
        throw new SyntaxError(complaint(scalar.text));
      return scalar.text as T;
    },
    {enum: [...choices, null]},
  );
}

/** A sequence; empty where it says nothing. */
export function list<T>(item: Field<T>, type = '[]string'): Field<T[]> {
  const nodes = z.transform((input: unknown, context): unknown[] => {
    const node = input as YamlNode;
    if (isNullNode(node)) return [];
    if (node.kind === 'sequence') return node.items;
    context.issues.push({code: 'custom', message: mismatch(node, type).message, input});
    return z.NEVER;
  });
  const field = nodes.pipe(z.array(item as z.ZodType<T, unknown>));
  return describe(field, () => ({type: ['array', 'null'], items: jsonSchemaOf(item)}));
}

/** A mapping whose keys are data, in the order of the text. */
export function dictionary<T>(
  value: Field<T>,
  type = 'map[string]string',
  checkKey?: (key: string) => void,
): Field<Map<string, T>> {
  const field = z.transform((input: unknown, context) => {
    const result = new Map<string, T>();
    const node = input as YamlNode;
    if (isNullNode(node)) return result;
    if (node.kind !== 'mapping') {
      context.issues.push({code: 'custom', message: mismatch(node, type).message, input});
      return z.NEVER;
    }
    for (const entry of node.entries) {
      try {
        checkKey?.(entry.key);
      } catch (error) {
        context.issues.push({code: 'custom', message: (error as Error).message, input, path: [entry.key]});
      }
      const read = value.safeParse(entry.value);
      if (read.success) result.set(entry.key, read.data);
      else
        for (const issue of read.error.issues)
          context.issues.push({
            code: 'custom',
            message: issue.message,
            input,
            path: [entry.key, ...issue.path],
          });
    }
    return result;
  });
  return describe(field, () => ({type: ['object', 'null'], additionalProperties: jsonSchemaOf(value)}));
}

/** Names and values of labels. */
export const labelSet: Field<Map<string, string>> = dictionary(text, 'map[string]string', (name) => {
  if (name === '') throw new SyntaxError(`${quoteGo(name)} is not a valid label name`);
});

/**
 * A mapping whose keys are these fields and no others. `shape` is asked for them when such a section is read for the first time:
 * most are in no configuration, and each of their fields takes a kilobyte or two. `empty` is the complaint where it says nothing.
 */
export function section<S extends z.core.$ZodShape>(
  shape: () => S,
  empty = 'empty or null section',
): z.ZodType<z.output<z.ZodObject<S, z.core.$strict>>> {
  let fields: z.ZodType<z.output<z.ZodObject<S, z.core.$strict>>> | null = null;
  const field = z.transform((input: unknown, context) => {
    const node = input as YamlNode;
    if (node.kind !== 'mapping') {
      const message = isNullNode(node) ? empty : mismatch(node, 'a section').message;
      context.issues.push({code: 'custom', message, input});
      return z.NEVER;
    }
    fields ??= recordFields(shape());
    const read = fields.safeParse(recordOf(node));
    if (read.success) return read.data;
    for (const issue of read.error.issues) context.issues.push({...issue, input} as z.core.$ZodRawIssue);
    return z.NEVER;
  });
  return describe(field, () => ({
    type: 'object',
    properties: Object.fromEntries(Object.entries(shape()).map(([name, each]) => [name, jsonSchemaOf(each)])),
    additionalProperties: false,
  }));
}

function recordFields<S extends z.core.$ZodShape>(shape: S): z.ZodObject<S, z.core.$strict> {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? unknownFields(issue.keys as string[], Object.keys(shape))
        : undefined,
  });
}

/** One line for each key, in their order. */
function unknownFields(keys: string[], known: string[]): string {
  const lines = keys.map((key) => {
    const near = nearestName(key, known);
    return `field ${key} not found${near === null ? '' : `; did you mean ${near}?`}`;
  });
  return lines.join('\n');
}

/** A section or nothing: null where the key is there without a value. */
export function optionalSection<T>(schema: Field<T>): z.ZodType<T | null> {
  const field = z.transform((input: unknown, context): T | null => {
    if (isNullNode(input as YamlNode)) return null;
    const read = schema.safeParse(input);
    if (read.success) return read.data;
    for (const issue of read.error.issues) context.issues.push({...issue, input} as z.core.$ZodRawIssue);
    return z.NEVER;
  });
  return describe(field, () => orNull(jsonSchemaOf(schema)));
}

/**
 * A field that may only say nothing. `atKey` in the issue's parameters: the complaint is about the key, whatever stands
 * behind it.
 */
export function refused<T>(
  schema: Field<T>,
  message: string,
  idle: (value: T) => boolean = isZero,
): z.ZodType<T> {
  const field = schema.transform((value, context) => {
    if (!idle(value)) context.issues.push({code: 'custom', message, input: value, params: {atKey: true}});
    return value;
  });
  const nothing = {enum: [null, '', 0, false], description: message};
  return describe(field, {anyOf: [nothing, {type: ['array', 'object'], maxItems: 0, maxProperties: 0}]});
}

function isZero(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  if (value instanceof Map) return value.size === 0;
  return value === null || value === undefined || value === '' || value === 0 || value === false;
}

/** Anything, as it stands there. */
export const nodeField: Field<YamlNode> = z.transform((input: unknown): YamlNode => input as YamlNode);

/** Anything, as the node that it is; null where it says nothing or is empty. */
export const anything: Field<YamlNode | null> = z.transform((input: unknown): YamlNode | null => {
  const node = input as YamlNode;
  if (isNullNode(node)) return null;
  if (node.kind === 'sequence' && node.items.length === 0) return null;
  if (node.kind === 'mapping' && node.entries.length === 0) return null;
  return node;
});

function recordOf(node: YamlMapping): Record<string, YamlNode> {
  const record = Object.create(null) as Record<string, YamlNode>;
  for (const {key, value} of node.entries) record[key] = value;
  return record;
}
