// What a plain scalar is, by the rules of Go's yaml.v2 (YAML 1.1 with some of 1.2).

import type {YamlNode, YamlScalar} from './yaml.ts';

export interface Resolved {
  tag: '!!null' | '!!bool' | '!!int' | '!!float' | '!!str' | '!!timestamp' | '!!merge';
  /** null, boolean, number or bigint (beyond 2^53), or the text. */
  value: null | boolean | number | bigint | string;
}

const words = new Map<string, Resolved>();
for (const [tag, value, texts] of [
  ['!!bool', true, 'y Y yes Yes YES true True TRUE on On ON'],
  ['!!bool', false, 'n N no No NO false False FALSE off Off OFF'],
  ['!!null', null, '~ null Null NULL'],
  ['!!float', Number.NaN, '.nan .NaN .NAN'],
  ['!!float', Infinity, '.inf .Inf .INF +.inf +.Inf +.INF'],
  ['!!float', -Infinity, '-.inf -.Inf -.INF'],
  ['!!merge', '<<', '<<'],
] as const) {
  for (const text of texts.split(' ')) words.set(text, {tag, value});
}
words.set('', {tag: '!!null', value: null});

const integer = /^([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|([1-9][0-9]*|0))$/;
const float = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/;
const timestamp =
  /^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt][0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(?:\.[0-9]+)?(?:Z|[-+][0-9]{2}:[0-9]{2})| [0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(?:\.[0-9]+)?)?$/;

/** What the text of a plain scalar stands for. */
export function resolvePlain(text: string): Resolved {
  const word = words.get(text);
  if (word !== undefined) return word;
  if (!/^[-+.0-9]/.test(text)) return {tag: '!!str', value: text};
  if (timestamp.test(text)) return {tag: '!!timestamp', value: text};
  const digits = text.startsWith('.') ? text : text.replaceAll('_', '');
  return resolveInteger(digits) ?? resolveFloat(digits) ?? {tag: '!!str', value: text};
}

function resolveInteger(text: string): Resolved | null {
  const [, sign, hex, binary, octal, decimal] = integer.exec(text) ?? [];
  const digits =
    hex !== undefined
      ? `0x${hex}`
      : binary !== undefined
        ? `0b${binary}`
        : octal !== undefined
          ? `0o${octal}`
          : decimal;
  if (digits === undefined) return null;
  const value = sign === '-' ? -BigInt(digits) : BigInt(digits);
  if (value >= 2n ** 64n || value < -(2n ** 63n)) return null;
  const small = Number(value);
  return {tag: '!!int', value: Number.isSafeInteger(small) ? small : value};
}

function resolveFloat(text: string): Resolved | null {
  if (!float.test(text)) return null;
  const value = Number(text);
  return Number.isFinite(value) ? {tag: '!!float', value} : null;
}

/** What a scalar with its quotes and its tag stands for. Text under an unknown tag is a string. */
export function resolveScalar(scalar: YamlScalar): Resolved {
  if (scalar.plain) return resolvePlain(scalar.text);
  const tag = scalar.tag.replace('tag:yaml.org,2002:', '!!').replace(/^!<(.*)>$/, '$1');
  if (tag === '!!null') return {tag: '!!null', value: null};
  if (tag === '!!int' || tag === '!!float' || tag === '!!bool') {
    const resolved = resolvePlain(scalar.text);
    if (resolved.tag === tag || (tag === '!!float' && resolved.tag === '!!int')) return resolved;
  }
  return {tag: '!!str', value: scalar.text};
}

/** Whether a node says nothing: `key:`, `key: ~`, `key: null`. */
export function isNullNode(node: YamlNode): boolean {
  return node.kind === 'scalar' && resolveScalar(node).tag === '!!null';
}
