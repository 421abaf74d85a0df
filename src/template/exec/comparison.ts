// eq, ne, lt, le, gt and ge, with Go's rules: only values of one basic kind are compared, and integers whatever their sign.
import {compareStrings} from '../../model/labels.ts';
import {Flags} from '../fmt/flags.ts';
import {printArgument} from '../fmt/print.ts';
import type {Complex} from '../parse/number.ts';
import {isIntKind, isUintKind, type Type} from '../type.ts';
import {fieldOf, isNilValue, unwrapInterface, type Value} from '../value.ts';

type BasicKind = 'bool' | 'int' | 'uint' | 'float' | 'complex' | 'string';

const badType = 'invalid type for comparison';

function basicKindOf(value: Value | null): BasicKind | null {
  if (value === null) return null;
  const {kind} = value.type;
  if (isIntKind(kind)) return 'int';
  if (isUintKind(kind)) return 'uint';
  if (kind === 'float64') return 'float';
  if (kind === 'complex128') return 'complex';
  return kind === 'bool' || kind === 'string' ? kind : null;
}

/** Whether the first equals any of the others. Throws TypeError. */
export function isEqualToAny(first: Value | null, others: readonly (Value | null)[]): boolean {
  if (others.length === 0) throw new TypeError('missing argument for comparison');
  const left = unwrapInterface(first);
  return others.some((other) => isEqual(left, unwrapInterface(other)));
}

function isEqual(left: Value | null, right: Value | null): boolean {
  const leftKind = basicKindOf(left);
  const rightKind = basicKindOf(right);
  if (leftKind === rightKind)
    return leftKind === null ? isSame(left, right) : isEqualBasic(leftKind, left!, right!);
  if (areIntegers(leftKind, rightKind)) return left!.data === right!.data;
  if (left === null || right === null) return false;
  throw new TypeError(`incompatible types for comparison: ${left.type.text} and ${right.type.text}`);
}

function areIntegers(left: BasicKind | null, right: BasicKind | null): boolean {
  return (left === 'int' && right === 'uint') || (left === 'uint' && right === 'int');
}

function isEqualBasic(kind: BasicKind, left: Value, right: Value): boolean {
  if (kind !== 'complex') return left.data === right.data;
  const [a, b] = [left.data as Complex, right.data as Complex];
  return a.real === b.real && a.imaginary === b.imaginary;
}

/** Values that are not basic: nil, pointers, structs. */
function isSame(left: Value | null, right: Value | null): boolean {
  if (left !== null && right !== null && left.type.kind !== right.type.kind) {
    throw new TypeError(
      `non-comparable types ${print(left, 's')}: ${left.type.text}, ${right.type.text}: ${print(right, 'v')}`,
    );
  }
  if (isNilValue(left) || isNilValue(right)) return isNilValue(left) === isNilValue(right);
  if (!isComparable(right!.type)) {
    throw new TypeError(`non-comparable type ${print(right!, 's')}: ${right!.type.text}`);
  }
  return isDeepEqual(left!, right!);
}

function print(value: Value, verb: string): string {
  return printArgument(value, verb, new Flags());
}

function isComparable(type: Type): boolean {
  if (type.kind === 'slice' || type.kind === 'map' || type.kind === 'func') return false;
  return type.kind !== 'struct' || type.fields.every((field) => isComparable(field.type));
}

function isDeepEqual(left: Value, right: Value): boolean {
  if (left.type !== right.type) return false;
  if (left.type.kind === 'struct') {
    return left.type.fields.every(({name}) => isDeepEqual(fieldOf(left, name)!, fieldOf(right, name)!));
  }
  if (left.type.kind === 'interface') {
    const [a, b] = [unwrapInterface(left), unwrapInterface(right)];
    return a === null || b === null ? a === b : isDeepEqual(a, b);
  }
  return left.data === right.data;
}

/** Throws TypeError. */
export function isLess(first: Value | null, second: Value | null): boolean {
  const left = unwrapInterface(first);
  const right = unwrapInterface(second);
  const leftKind = basicKindOf(left);
  const rightKind = basicKindOf(right);
  if (leftKind === null || rightKind === null) throw new TypeError(badType);
  if (leftKind !== rightKind && !areIntegers(leftKind, rightKind)) {
    throw new TypeError(`incompatible types for comparison: ${left!.type.text} and ${right!.type.text}`);
  }
  if (leftKind === 'bool' || leftKind === 'complex') throw new TypeError(badType);
  if (leftKind === 'string') return compareStrings(left!.data as string, right!.data as string) < 0;
  return (left!.data as number) < (right!.data as number);
}

export function isLessOrEqual(left: Value | null, right: Value | null): boolean {
  return isLess(left, right) || isEqualToAny(left, [right]);
}
