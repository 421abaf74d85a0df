// Fields that may hold anything: their texts are templates, and what these make may be YAML in turn.
import {isNullNode, resolveScalar} from '../../base/yaml-resolve.ts';
import {sortedMap, type YamlValue} from '../../base/yaml-write.ts';
import {parseYaml, type YamlLimits, type YamlNode} from '../../base/yaml.ts';
import * as z from 'zod';
import type {Field} from '../../model/fields.ts';

/** What a node of YAML stands for. Integers beyond 2^53 are bigint. */
export type PlainValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly PlainValue[]
  | {readonly [name: string]: PlainValue};

export const plainValue: Field<PlainValue> = z
  .unknown()
  .transform((input): PlainValue => plainOfNode(input as YamlNode));

export function plainOfNode(node: YamlNode): PlainValue {
  if (node.kind === 'sequence') return node.items.map(plainOfNode);
  if (node.kind === 'mapping')
    return Object.fromEntries(node.entries.map(({key, value}) => [key, plainOfNode(value)]));
  return isNullNode(node) ? null : resolveScalar(node).value;
}

export function yamlOfPlain(value: PlainValue): YamlValue {
  if (Array.isArray(value)) return (value as readonly PlainValue[]).map(yamlOfPlain);
  if (typeof value !== 'object' || value === null) return value as YamlValue;
  return sortedMap(new Map(Object.entries(value).map(([key, each]) => [key, yamlOfPlain(each)])));
}

/** Renders keys and texts. A text that is YAML of another kind than a text becomes what it stands for. */
export function renderPlain(value: PlainValue, render: (template: string) => string): PlainValue {
  if (typeof value === 'string') return valueOfText(render(value));
  if (Array.isArray(value)) return (value as readonly PlainValue[]).map((each) => renderPlain(each, render));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [render(key), renderPlain(each, render)]),
  );
}

const limits: YamlLimits = {charsMax: 8 << 20, depthMax: 100, nodesMax: 500_000};

function valueOfText(text: string): PlainValue {
  const value = parseJson(text) ?? parseAnyYaml(text);
  // A text stays as it was rendered, with its quotes.
  return typeof value === 'string' ? text : value;
}

/** Most of what is not a text is what `toJson` wrote: this is faster than YAML. */
function parseJson(text: string): PlainValue | undefined {
  if (!/^[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text, (_key, value: unknown, context?: {source?: string}) =>
      typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)
        ? (integerOf(context?.source ?? '') ?? value)
        : value,
    ) as PlainValue;
  } catch {
    return undefined;
  }
}

/** Beyond 64 bits it is a float. */
function integerOf(digits: string): bigint | null {
  if (!/^-?\d{1,20}$/.test(digits)) return null;
  const value = BigInt(digits);
  return value < 2n ** 64n && value >= -(2n ** 63n) ? value : null;
}

function parseAnyYaml(text: string): PlainValue {
  try {
    const {root} = parseYaml(text, limits);
    return root === null ? null : plainOfNode(root);
  } catch {
    return text;
  }
}
