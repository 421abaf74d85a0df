// A value of a template: data with its type. What Go does by reflection.
import {compareStrings} from '../model/labels.ts';
import {bytesOf, utf8Length} from './bytes.ts';
import type {Complex} from './parse/number.ts';
import {
  anyType,
  boolType,
  float64Type,
  intType,
  isIntKind,
  isUintKind,
  mapOf,
  sliceOf,
  stringType,
  type Type,
  uint8Type,
} from './type.ts';

/** Where Go would have the invalid reflect.Value, there is null. */
export class Value {
  readonly type: Type;
  readonly data: unknown;
  /** Whether it lies in memory, so that methods of its pointer can be called. */
  readonly isAddressable: boolean;

  constructor(type: Type, data: unknown, isAddressable = false) {
    this.type = type;
    this.data = data;
    this.isAddressable = isAddressable;
  }
}

export function valueOf<T>(type: Type<T>, data: T): Value {
  return new Value(type, data);
}

/**
 * Plain JavaScript as decoded JSON is in Go: numbers are float64, bigints int, arrays []interface {}, objects and maps
 * map[string]interface {}, null and undefined nil.
 */
export function valueOfPlain(plain: unknown): Value | null {
  if (plain instanceof Value) return plain;
  if (typeof plain === 'string') return valueOf(stringType, plain);
  if (typeof plain === 'boolean') return valueOf(boolType, plain);
  if (typeof plain === 'number') return valueOf(float64Type, plain);
  if (typeof plain === 'bigint') return valueOf(intType, plain);
  if (Array.isArray(plain)) return valueOf(sliceOf(anyType), plain.map(valueOfPlain));
  if (typeof plain !== 'object' || plain === null) return null;
  const entries = plain instanceof Map ? [...plain] : Object.entries(plain);
  return valueOf(
    mapOf(stringType, anyType),
    new Map(entries.map(([key, each]) => [String(key), valueOfPlain(each)])),
  );
}

/** What an interface or a pointer leads to; null where it is nil. */
export function elementOf({type, data}: Value): Value | null {
  if (type.kind === 'interface') return data as Value | null;
  return data === null ? null : new Value(type.element!, data, true);
}

/** The end of a chain of pointers and interfaces, or the nil in it. */
export function indirect(value: Value | null): {value: Value | null; isNil: boolean} {
  while (value !== null && (value.type.kind === 'pointer' || value.type.kind === 'interface')) {
    if (value.data === null) return {value, isNil: true};
    value = elementOf(value);
  }
  return {value, isNil: false};
}

/** Forgets that a value was in an interface. */
export function unwrapInterface(value: Value | null): Value | null {
  while (value !== null && value.type.kind === 'interface') value = value.data as Value | null;
  return value;
}

export function isNilValue(value: Value | null): boolean {
  if (value === null) return true;
  const {kind} = value.type;
  const canBeNil =
    kind === 'func' || kind === 'interface' || kind === 'map' || kind === 'pointer' || kind === 'slice';
  return canBeNil && value.data === null;
}

/** What `if` makes of a value: whether it is not the zero of its type. Structs are always true. */
export function isTrue(wrapped: Value | null): boolean {
  const value = unwrapInterface(wrapped);
  if (value === null) return false;
  const {kind} = value.type;
  switch (kind) {
    case 'bool':
      return value.data as boolean;
    case 'string':
    case 'slice':
    case 'map':
      return lengthOf(value) > 0;
    case 'float64':
      return (value.data as number) !== 0;
    case 'complex128': {
      const {real, imaginary} = value.data as Complex;
      return real !== 0 || imaginary !== 0;
    }
    case 'struct':
      return true;
    default:
      return isIntKind(kind) || isUintKind(kind) ? (value.data as bigint) !== 0n : value.data !== null;
  }
}

/** Of a string in bytes. */
export function lengthOf({type, data}: Value): number {
  if (type.kind === 'string') return utf8Length(data as string);
  if (data === null) return 0;
  return type.kind === 'map'
    ? (data as ReadonlyMap<unknown, unknown>).size
    : (data as readonly unknown[]).length;
}

/** The element at an index that exists. */
export function elementAt({type, data}: Value, index: number): Value {
  if (type.kind === 'string') return new Value(uint8Type, BigInt(bytesOf(data as string)[index]!));
  return new Value(type.element!, (data as readonly unknown[])[index], true);
}

export function mapGet({type, data}: Value, key: unknown): Value | null {
  const map = data as ReadonlyMap<unknown, unknown> | null;
  const found = map?.get(key);
  return found === undefined ? null : new Value(type.element!, found);
}

/** In the order of their keys. */
export function mapEntries({type, data}: Value): {key: Value; value: Value}[] {
  if (data === null) return [];
  const entries = [...(data as ReadonlyMap<unknown, unknown>)];
  entries.sort(([left], [right]) => compareKeys(left, right));
  return entries.map(([key, each]) => ({
    key: new Value(type.key!, key),
    value: new Value(type.element!, each),
  }));
}

function compareKeys(left: unknown, right: unknown): number {
  if (typeof left === 'string') return compareStrings(left, right as string);
  if (typeof left === 'number' && left !== left) return -1;
  const [a, b] = [left as bigint, right as bigint];
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The field of a struct, exported or not; null where it has none of that name. */
export function fieldOf({type, data, isAddressable}: Value, name: string): Value | null {
  const field = type.fields.find((each) => each.name === name);
  if (field === undefined) return null;
  const found = (data as Record<string, unknown>)[field.property];
  return new Value(field.type, found, isAddressable);
}

/** The string that the methods Error or String give; null where the value has neither. */
export function stringOf({type, data}: Value): string | null {
  const method = type.method('Error') ?? type.method('String');
  if (method === null) return null;
  return method.call(data) as string;
}
