// Values and constants as arguments of a type.
import type {Operand} from '../parse/nodes.ts';
import {printNode} from '../parse/nodes.ts';
import type {NumberConstant} from '../parse/number.ts';
import {
  anyType,
  boolType,
  complexType,
  float64Type,
  intType,
  isAssignable,
  isIntKind,
  isUintKind,
  reflectType,
  stringType,
  type Type,
  wrapInteger,
} from '../type.ts';
import {elementOf, unwrapInterface, Value, valueOf} from '../value.ts';

export function canBeNil(type: Type): boolean {
  const {kind} = type;
  if (type === reflectType) return true;
  return kind === 'func' || kind === 'interface' || kind === 'map' || kind === 'pointer' || kind === 'slice';
}

/** The zero of a type; null for reflect.Value, whose zero is the invalid one. */
export function zeroValue(type: Type): Value | null {
  return type === reflectType ? null : new Value(type, type.zero());
}

/** `value` as a `type`, with one pointer less or more where that helps. Throws TypeError with text/template's words. */
export function convertTo(value: Value | null, type: Type): Value | null {
  if (value === null) {
    if (canBeNil(type)) return zeroValue(type);
    throw new TypeError(`invalid value; expected ${type.text}`);
  }
  if (type === reflectType || isAssignable(value.type, type)) return value;
  if (value.type.kind === 'interface' && value.data !== null) {
    value = value.data as Value;
    if (isAssignable(value.type, type)) return value;
  }
  if (value.type.kind === 'pointer' && isAssignable(value.type.element!, type)) {
    const element = elementOf(value);
    if (element === null) throw new TypeError(`dereference of nil pointer of type ${type.text}`);
    return element;
  }
  if (value.isAddressable && isAssignable(value.type.pointer, type))
    return new Value(value.type.pointer, value.data);
  throw new TypeError(`wrong type for value; expected ${type.text}; got ${value.type.text}`);
}

/** What a function of ours gets for a parameter of `type`. */
export function argumentOf(value: Value | null, type: Type): unknown {
  if (type === reflectType) return value;
  if (type.kind === 'interface') return unwrapInterface(value);
  return value!.data;
}

/** A result of a function of ours as a value. */
export function resultOf(data: unknown, type: Type): Value | null {
  return type === reflectType ? (data as Value | null) : new Value(type, data);
}

/** A constant where a `type` is expected. Throws TypeError with text/template's words. */
export function constantOf(node: Operand, type: Type): Value {
  const {kind} = type;
  if (kind === 'bool') {
    if (node.kind === 'bool') return new Value(type, node.value);
    throw new TypeError(`expected bool; found ${printNode(node)}`);
  }
  if (kind === 'string') {
    if (node.kind === 'string') return new Value(type, node.text);
    throw new TypeError(`expected string; found ${printNode(node)}`);
  }
  const number = node.kind === 'number' ? node.number : null;
  if (isIntKind(kind)) return new Value(type, wrapInteger(numberOr(number?.int, 'integer', node), kind));
  if (isUintKind(kind))
    return new Value(type, wrapInteger(numberOr(number?.uint, 'unsigned integer', node), kind));
  if (kind === 'float64') return new Value(type, numberOr(number?.float, 'float', node));
  if (kind === 'complex128') return new Value(type, numberOr(number?.complex, 'complex', node));
  if (type === anyType || type === reflectType) return anyConstant(node);
  throw new TypeError(`can't handle ${printNode(node)} for arg of type ${type.text}`);
}

function numberOr<T>(number: T | null | undefined, wanted: string, node: Operand): T {
  if (number === null || number === undefined)
    throw new TypeError(`expected ${wanted}; found ${printNode(node)}`);
  return number;
}

function anyConstant(node: Operand): Value {
  switch (node.kind) {
    case 'bool':
      return valueOf(boolType, node.value);
    case 'string':
      return valueOf(stringType, node.text);
    case 'number':
      return idealConstant(node.number);
    default:
      throw new TypeError(`can't handle assignment of ${printNode(node)} to empty interface argument`);
  }
}

/** The type of a number constant where nothing tells it: its own writing does. Throws RangeError. */
export function idealConstant(number: NumberConstant): Value {
  const {text} = number;
  if (number.complex !== null) return valueOf(complexType, number.complex);
  const isHexInteger = /^0[xX]./.test(text) && !/[pP]/.test(text);
  const looksLikeFloat = !isHexInteger && !text.startsWith("'") && /[.eEpP]/.test(text);
  if (number.float !== null && looksLikeFloat) return valueOf(float64Type, number.float);
  if (number.int !== null) return valueOf(intType, number.int);
  throw new RangeError(`${text} overflows int`);
}
