// Go's types, as far as templates can tell them apart: how a value prints, which fields and methods it has, which function takes
// it. The data of a value is plain JavaScript; its type says how to read it:
//
//     bool boolean · string string · int… and uint… bigint · float64 number · complex128 Complex
//     slice readonly unknown[], null = nil · map ReadonlyMap, null = nil · pointer what it points to, null = nil
//     struct an object with a property for each field · interface Value, null = nil · func a function, null = nil

import {assert} from '../base/assert.ts';
import type {Value} from './value.ts';

export type Kind =
  | 'bool'
  | 'int'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'uint64'
  | 'float64'
  | 'complex128'
  | 'string'
  | 'slice'
  | 'map'
  | 'struct'
  | 'pointer'
  | 'interface'
  | 'func';

export interface Field {
  readonly name: string;
  readonly type: Type;
  /** Name of the property of the data. */
  readonly property: string;
  readonly isExported: boolean;
  /** Name in JSON. */
  readonly jsonName: string;
}

export interface Method {
  readonly type: Type;
  /** Declared for the pointer, so that only values in memory of their own have it. */
  readonly needsPointer: boolean;
  /** Takes the receiver's data, then the data of the arguments. */
  readonly call: (receiver: unknown, ...args: unknown[]) => unknown;
}

export interface Signature {
  readonly params: readonly Type[];
  readonly result: Type;
  /** The last parameter is a slice that takes all remaining arguments, which the function gets one by one. */
  readonly isVariadic: boolean;
}

interface Shape {
  readonly kind: Kind;
  /** As Go prints it: `map[string]string`, `template.KV`. */
  readonly text: string;
  readonly isNamed?: boolean;
  /** The text of the type without its name. */
  readonly underlying?: string;
  readonly element?: Type;
  readonly key?: Type;
  readonly fields?: readonly Field[];
  readonly methodNames?: readonly string[];
  readonly signature?: Signature;
  readonly zero?: () => unknown;
}

/** `T` is the data of its values. */
export class Type<out T = unknown> {
  readonly kind: Kind;
  readonly text: string;
  readonly isNamed: boolean;
  readonly underlying: string;
  readonly element: Type | null;
  readonly key: Type | null;
  readonly fields: readonly Field[];
  /** Of an interface. */
  readonly methodNames: readonly string[];
  readonly signature: Signature | null;
  readonly methods = new Map<string, Method>();
  /** Data of the zero value. */
  readonly zero: () => T;
  #pointer: Type | null = null;

  constructor(shape: Shape) {
    this.kind = shape.kind;
    this.text = shape.text;
    this.isNamed = shape.isNamed ?? false;
    this.underlying = shape.underlying ?? shape.text;
    this.element = shape.element ?? null;
    this.key = shape.key ?? null;
    this.fields = shape.fields ?? [];
    this.methodNames = shape.methodNames ?? [];
    this.signature = shape.signature ?? null;
    this.zero = (shape.zero ?? zeroOf(shape)) as () => T;
  }

  get pointer(): Type {
    this.#pointer ??= new Type({kind: 'pointer', text: `*${this.text}`, element: this});
    return this.#pointer;
  }

  /** A method that a value of this type has, itself or through its pointer. */
  method(name: string): Method | null {
    if (this.kind !== 'pointer') {
      const method = this.methods.get(name);
      return method === undefined || method.needsPointer ? null : method;
    }
    return this.isNamed ? null : (this.element!.methods.get(name) ?? null);
  }
}

const integerBits: Partial<Record<Kind, number>> = {
  int: 64,
  int8: 8,
  int16: 16,
  int32: 32,
  int64: 64,
  uint: 64,
  uint8: 8,
  uint16: 16,
  uint32: 32,
  uint64: 64,
};

export function isIntKind(kind: Kind): boolean {
  return kind.startsWith('int') && kind !== 'interface';
}

export function isUintKind(kind: Kind): boolean {
  return kind.startsWith('uint');
}

/** What is left of an integer in a type of fewer bits. */
export function wrapInteger(value: bigint, kind: Kind): bigint {
  const bits = integerBits[kind]!;
  return isUintKind(kind) ? BigInt.asUintN(bits, value) : BigInt.asIntN(bits, value);
}

function zeroOf(shape: Shape): () => unknown {
  if (integerBits[shape.kind] !== undefined) return () => 0n;
  switch (shape.kind) {
    case 'bool':
      return () => false;
    case 'float64':
      return () => 0;
    case 'complex128':
      return () => ({real: 0, imaginary: 0});
    case 'string':
      return () => '';
    case 'struct':
      return () => Object.fromEntries(shape.fields!.map(({property, type}) => [property, type.zero()]));
    default:
      return () => null;
  }
}

function basic<T>(kind: Kind): Type<T> {
  return new Type({kind, text: kind, isNamed: true});
}

export const boolType = basic<boolean>('bool');
export const intType = basic<bigint>('int');
export const int32Type = basic<bigint>('int32');
export const int64Type = basic<bigint>('int64');
export const uint8Type = basic<bigint>('uint8');
export const uint64Type = basic<bigint>('uint64');
export const float64Type = basic<number>('float64');
export const complexType = basic<{real: number; imaginary: number}>('complex128');
export const stringType = basic<string>('string');
export const anyType = new Type<Value | null>({kind: 'interface', text: 'interface {}'});
/** For functions that look at their arguments themselves, nil included: Go's reflect.Value. */
export const reflectType = new Type<Value | null>({
  kind: 'struct',
  text: 'reflect.Value',
  isNamed: true,
  fields: [],
});
export const errorType = new Type<Value | null>({
  kind: 'interface',
  text: 'error',
  isNamed: true,
  methodNames: ['Error'],
});

const slices = new Map<Type, Type>();
const maps = new Map<Type, Map<Type, Type>>();

export function sliceOf<T>(element: Type<T>): Type<readonly T[] | null> {
  let type = slices.get(element);
  if (type === undefined) {
    type = new Type({kind: 'slice', text: `[]${element.text}`, element});
    slices.set(element, type);
  }
  return type as Type<readonly T[] | null>;
}

export function mapOf<K, T>(key: Type<K>, element: Type<T>): Type<ReadonlyMap<K, T> | null> {
  let byElement = maps.get(key);
  if (byElement === undefined) maps.set(key, (byElement = new Map()));
  let type = byElement.get(element);
  if (type === undefined) {
    type = new Type({kind: 'map', text: `map[${key.text}]${element.text}`, key, element});
    byElement.set(element, type);
  }
  return type as Type<ReadonlyMap<K, T> | null>;
}

export function pointerTo<T>(element: Type<T>): Type<T | null> {
  return element.pointer as Type<T | null>;
}

/** `type Name …`, which has the shape of another type and methods of its own. */
export function named<T>(text: string, of: Type<T>): Type<T> {
  return new Type<T>({
    kind: of.kind,
    text,
    isNamed: true,
    underlying: of.underlying,
    ...(of.element === null ? {} : {element: of.element}),
    ...(of.key === null ? {} : {key: of.key}),
    fields: of.fields,
  });
}

/** Properties of the data, and names in JSON, are the fields' names, unless the options give them others. */
export function structType<T>(
  text: string,
  fields: Readonly<Record<string, Type>>,
  options: {
    properties?: Readonly<Record<string, string>>;
    json?: Readonly<Record<string, string>>;
    zero?: () => T;
  } = {},
): Type<T> {
  return new Type<T>({
    kind: 'struct',
    text,
    isNamed: true,
    fields: Object.entries(fields).map(([name, type]) => ({
      name,
      type,
      property: options.properties?.[name] ?? name,
      isExported: /^\p{Lu}/u.test(name),
      jsonName: options.json?.[name] ?? name,
    })),
    ...(options.zero === undefined ? {} : {zero: options.zero}),
  });
}

type DataOf<Types extends readonly Type[]> = {
  [I in keyof Types]: Types[I] extends Type<infer T> ? T : never;
};

export function funcType(params: readonly Type[], result: Type, isVariadic = false): Type {
  const texts = params.map((param, i) =>
    isVariadic && i === params.length - 1 ? `...${param.element!.text}` : param.text,
  );
  return new Type({
    kind: 'func',
    text: `func(${texts.join(', ')}) ${result.text}`,
    signature: {params, result, isVariadic},
  });
}

/** A function that templates call. What it throws becomes the template's error. */
export interface GoFunction {
  readonly type: Type;
  readonly call: (...args: unknown[]) => unknown;
}

export function goFunction<const Params extends readonly Type[], R>(
  params: Params,
  result: Type<R>,
  call: (...args: DataOf<Params>) => R,
): GoFunction {
  return {type: funcType(params, result), call: call as (...args: unknown[]) => unknown};
}

/** The last of `params` is the element of what the function takes any number of. */
export function variadicFunction<const Params extends readonly Type[], Rest, R>(
  params: Params,
  rest: Type<Rest>,
  result: Type<R>,
  call: (...args: [...DataOf<Params>, ...Rest[]]) => R,
): GoFunction {
  return {
    type: funcType([...params, sliceOf(rest)], result, true),
    call: call as (...args: unknown[]) => unknown,
  };
}

export function defineMethod<T, const Params extends readonly Type[], R>(
  receiver: Type<T>,
  name: string,
  params: Params,
  result: Type<R>,
  call: (receiver: T, ...args: DataOf<Params>) => R,
  options: {needsPointer?: boolean; isVariadic?: boolean} = {},
): void {
  assert(!receiver.methods.has(name), `${receiver.text} has one method ${name}`);
  receiver.methods.set(name, {
    type: funcType(params, result, options.isVariadic ?? false),
    needsPointer: options.needsPointer ?? false,
    call: call as (receiver: unknown, ...args: unknown[]) => unknown,
  });
}

export function isIdentical(left: Type, right: Type): boolean {
  return left === right || (left.text === right.text && left.kind === right.kind);
}

/** Whether a variable of type `to` takes a value of type `from`. */
export function isAssignable(from: Type, to: Type): boolean {
  if (isIdentical(from, to)) return true;
  if (to.kind === 'interface') return implementsInterface(from, to);
  return from.underlying === to.underlying && from.kind === to.kind && !(from.isNamed && to.isNamed);
}

export function implementsInterface(type: Type, wanted: Type): boolean {
  if (type.kind === 'interface') return wanted.methodNames.every((name) => type.methodNames.includes(name));
  return wanted.methodNames.every((name) => type.method(name) !== null);
}
