// What fields take, as JSON Schema: for editors, which complete and check files by it. A schema cannot say everything that
// is checked when a file is read, but it refuses nothing that is accepted then.

import type * as z from 'zod';

export interface JsonSchema {
  [key: string]: unknown;
}

const key = 'jsonSchema';

type Described = Record<typeof key, JsonSchema | (() => JsonSchema) | undefined>;

/** Notes what a field takes. Refinements and defaults keep it. */
export function describe<T extends z.ZodType>(field: T, schema: JsonSchema | (() => JsonSchema)): T {
  (field._zod.def as unknown as Described)[key] = schema;
  return field;
}

/** What a field takes; anything where that is not known. */
export function jsonSchemaOf(field: z.core.$ZodType): JsonSchema {
  const def = field._zod.def as unknown as Described & {
    type: string;
    innerType?: z.core.$ZodType;
    in?: z.core.$ZodType;
  };
  const own = def[key];
  if (typeof own === 'function') return own();
  if (own !== undefined) return own;
  if (def.innerType !== undefined) return jsonSchemaOf(def.innerType);
  return def.in === undefined ? {} : jsonSchemaOf(def.in);
}

/** The same schema, and null: an empty value is a zero. */
export function orNull(schema: JsonSchema): JsonSchema {
  const {type} = schema;
  if (typeof type === 'string') return {...schema, type: [type, 'null']};
  return {anyOf: [schema, {type: 'null'}]};
}

/** Text; what looks like another scalar is text, too. */
export const textSchema: JsonSchema = {type: ['string', 'number', 'boolean', 'null']};

const scalars: Record<string, JsonSchema> = {
  bool: {
    anyOf: [
      {type: ['boolean', 'null']},
      {
        enum: [
          'y',
          'Y',
          'yes',
          'Yes',
          'YES',
          'on',
          'On',
          'ON',
          'n',
          'N',
          'no',
          'No',
          'NO',
          'off',
          'Off',
          'OFF',
        ],
      },
    ],
  },
  uint: {
    anyOf: [
      {type: ['number', 'null'], minimum: 0},
      {type: 'string', pattern: '^[-+]?[0-9][0-9A-Fa-fxXoObB_.]*$'},
    ],
  },
  int: {anyOf: [{type: ['number', 'null']}, {type: 'string', pattern: '^[-+]?[0-9][0-9A-Fa-fxXoObB_.]*$'}]},
  float64: {type: ['number', 'null']},
};

/** What a scalar of a type of Go takes. */
export function scalarSchema(type: string): JsonSchema {
  return scalars[type] ?? textSchema;
}

/** Schemas that come more than once are put among the definitions, under the name of a field that has them. */
export function withDefinitions(root: JsonSchema): JsonSchema {
  const counts = new Map<string, number>();
  const count = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    if (isShareable(node)) {
      const text = JSON.stringify(node);
      const seen = counts.get(text) ?? 0;
      counts.set(text, seen + 1);
      if (seen > 0) return;
    }
    for (const each of Object.values(node)) count(each);
  };
  count(root);
  const names = new Map<string, string>();
  const definitions: Record<string, unknown> = {};
  const replace = (node: unknown, name: string): unknown => {
    if (typeof node !== 'object' || node === null) return node;
    if (Array.isArray(node)) return node.map((each) => replace(each, name));
    const text = isShareable(node) ? JSON.stringify(node) : '';
    if ((counts.get(text) ?? 0) > 1) {
      let known = names.get(text);
      if (known === undefined) {
        known = freeName(name, definitions);
        names.set(text, known);
        definitions[known] = null;
        definitions[known] = children(node, name);
      }
      return {$ref: `#/$defs/${known}`};
    }
    return children(node, name);
  };
  const children = (node: object, name: string): JsonSchema =>
    Object.fromEntries(
      Object.entries(node).map(([each, value]) => [
        each,
        each === 'properties'
          ? Object.fromEntries(
              Object.entries(value as object).map(([field, schema]) => [field, replace(schema, field)]),
            )
          : replace(value, name),
      ]),
    );
  const result = children(root, 'root');
  return {
    ...result,
    $defs: Object.fromEntries(Object.entries(definitions).sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

const sharedCharsMin = 80;

function isShareable(node: object): boolean {
  return (
    !Array.isArray(node) &&
    ('type' in node || 'anyOf' in node) &&
    JSON.stringify(node).length >= sharedCharsMin
  );
}

function freeName(name: string, taken: Record<string, unknown>): string {
  if (!(name in taken)) return name;
  for (let i = 2; ; i++) if (!(`${name}${i}` in taken)) return `${name}${i}`;
}
