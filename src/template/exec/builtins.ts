// The functions that every template has.
import {sprint, sprintln} from '../fmt/print.ts';
import {sprintf} from '../fmt/printf.ts';
import {
  anyType,
  boolType,
  goFunction,
  type GoFunction,
  intType,
  isAssignable,
  isIntKind,
  isUintKind,
  reflectType,
  stringType,
  type Type,
  variadicFunction,
  wrapInteger,
} from '../type.ts';
import {elementAt, indirect, isTrue, lengthOf, mapGet, unwrapInterface, Value} from '../value.ts';
import {sliceBytes} from '../bytes.ts';
import {isEqualToAny, isLess, isLessOrEqual} from './comparison.ts';
import {argumentOf, canBeNil, resultOf, zeroValue} from './convert.ts';
import {escapeHtml, escapeJs, escapeQuery} from './escape.ts';
import {textOfArguments} from './printable.ts';

/** `and`, `or` and `call` are special: the execution evaluates their arguments itself, these only tell their types. */
export const builtins: ReadonlyMap<string, GoFunction> = new Map<string, GoFunction>([
  ['and', variadicFunction([reflectType], reflectType, reflectType, (first) => first)],
  ['or', variadicFunction([reflectType], reflectType, reflectType, (first) => first)],
  ['call', variadicFunction([reflectType], reflectType, reflectType, (first) => first)],
  ['not', goFunction([reflectType], boolType, (value) => !isTrue(value))],
  ['len', goFunction([reflectType], intType, (value) => BigInt(length(value)))],
  [
    'index',
    variadicFunction([reflectType], reflectType, reflectType, (item, ...indexes) => index(item, indexes)),
  ],
  [
    'slice',
    variadicFunction([reflectType], reflectType, reflectType, (item, ...indexes) => slice(item, indexes)),
  ],
  ['print', variadicFunction([], anyType, stringType, (...args) => sprint(args))],
  ['printf', variadicFunction([stringType], anyType, stringType, (format, ...args) => sprintf(format, args))],
  ['println', variadicFunction([], anyType, stringType, (...args) => sprintln(args))],
  ['html', variadicFunction([], anyType, stringType, (...args) => escapeHtml(textOfArguments(args)))],
  ['js', variadicFunction([], anyType, stringType, (...args) => escapeJs(textOfArguments(args)))],
  ['urlquery', variadicFunction([], anyType, stringType, (...args) => escapeQuery(textOfArguments(args)))],
  [
    'eq',
    variadicFunction([reflectType], reflectType, boolType, (first, ...others) => isEqualToAny(first, others)),
  ],
  ['ne', goFunction([reflectType, reflectType], boolType, (left, right) => !isEqualToAny(left, [right]))],
  ['lt', goFunction([reflectType, reflectType], boolType, isLess)],
  ['le', goFunction([reflectType, reflectType], boolType, isLessOrEqual)],
  ['gt', goFunction([reflectType, reflectType], boolType, (left, right) => !isLessOrEqual(left, right))],
  ['ge', goFunction([reflectType, reflectType], boolType, (left, right) => !isLess(left, right))],
]);

function length(wrapped: Value | null): number {
  const {value, isNil} = indirect(wrapped);
  if (isNil) throw new TypeError('len of nil pointer');
  // Go's own words: the value without a type makes its function panic.
  if (value === null) throw new TypeError('reflect: call of reflect.Value.Type on zero Value');
  const {kind} = value.type;
  if (kind === 'string' || kind === 'slice' || kind === 'map') return lengthOf(value);
  throw new TypeError(`len of type ${value.type.text}`);
}

/** `index x 1 2` is x[1][2]. */
function index(wrapped: Value | null, indexes: readonly (Value | null)[]): Value | null {
  let item = unwrapInterface(wrapped);
  if (item === null) throw new TypeError('index of untyped nil');
  for (const each of indexes) {
    const found = indirect(item);
    if (found.isNil) throw new TypeError('index of nil pointer');
    item = indexOnce(found.value!, unwrapInterface(each));
    if (item === null) return null;
  }
  return item;
}

function indexOnce(item: Value, key: Value | null): Value | null {
  switch (item.type.kind) {
    case 'string':
    case 'slice': {
      const size = lengthOf(item);
      const position = indexArgument(key, size);
      if (position === size) throw new RangeError(`reflect: ${item.type.kind} index out of range`);
      return elementAt(item, position);
    }
    case 'map': {
      const prepared = prepareArgument(key, item.type.key!);
      return mapGet(item, argumentOf(prepared, item.type.key!)) ?? zeroValue(item.type.element!);
    }
    default:
      throw new TypeError(`can't index item of type ${item.type.text}`);
  }
}

/** An index up to `capacity`, which a slice may end at. */
function indexArgument(value: Value | null, capacity: number): number {
  if (value === null) throw new TypeError('cannot index slice/array with nil');
  const {kind} = value.type;
  if (!isIntKind(kind) && !isUintKind(kind)) {
    throw new TypeError(`cannot index slice/array with type ${value.type.text}`);
  }
  const position = BigInt.asIntN(64, value.data as bigint);
  if (position < 0n || position > BigInt(capacity)) throw new RangeError(`index out of range: ${position}`);
  return Number(position);
}

/** `slice x 1 2` is x[1:2]. */
function slice(wrapped: Value | null, indexes: readonly (Value | null)[]): Value {
  const unwrapped = unwrapInterface(wrapped);
  if (unwrapped === null) throw new TypeError('slice of untyped nil');
  const {value, isNil} = indirect(unwrapped);
  if (isNil) throw new TypeError('slice of nil pointer');
  if (indexes.length > 3) throw new RangeError(`too many slice indexes: ${indexes.length}`);
  const {type, data} = value!;
  if (type.kind !== 'string' && type.kind !== 'slice')
    throw new TypeError(`can't slice item of type ${type.text}`);
  if (type.kind === 'string' && indexes.length === 3) throw new TypeError('cannot 3-index slice a string');
  const size = lengthOf(value!);
  // Other than `index`, Go's `slice` does not look into interfaces here.
  const [start = 0, end = size, capacity = size] = indexes.map((each) => indexArgument(each, size));
  if (start > end) throw new RangeError(`invalid slice index: ${start} > ${end}`);
  if (end > capacity) throw new RangeError(`invalid slice index: ${end} > ${capacity}`);
  if (type.kind === 'string') return new Value(type, sliceBytes(data as string, start, end));
  return new Value(type, data === null ? null : (data as readonly unknown[]).slice(start, end));
}

/** An argument of `call`, or the key of a map: integers of all sizes fit each other. */
function prepareArgument(value: Value | null, type: Type): Value | null {
  if (value === null) {
    if (!canBeNil(type)) throw new TypeError(`value is nil; should be of type ${type.text}`);
    return zeroValue(type);
  }
  if (type === reflectType || isAssignable(value.type, type)) return value;
  if (isInteger(value.type) && isInteger(type)) {
    return new Value(type, wrapInteger(value.data as bigint, type.kind));
  }
  throw new TypeError(`value has type ${value.type.text}; should be ${type.text}`);
}

function isInteger({kind}: Type): boolean {
  return isIntKind(kind) || isUintKind(kind);
}

/** `call f x y`. `name` is how the template calls the function. */
export function callValue(
  name: string,
  wrapped: Value | null,
  args: readonly (Value | null)[],
): Value | null {
  const value = unwrapInterface(wrapped);
  if (value === null) throw new TypeError('call of nil');
  const {signature} = value.type;
  if (signature === null) throw new TypeError(`non-function ${name} of type ${value.type.text}`);
  const {params, isVariadic} = signature;
  if (isVariadic && args.length < params.length - 1) {
    throw new TypeError(
      `wrong number of args for ${name}: got ${args.length} want at least ${params.length - 1}`,
    );
  }
  if (!isVariadic && args.length !== params.length) {
    throw new TypeError(`wrong number of args for ${name}: got ${args.length} want ${params.length}`);
  }
  const prepared = args.map((arg, i) => {
    const type = isVariadic && i >= params.length - 1 ? params.at(-1)!.element! : params[i]!;
    try {
      return argumentOf(prepareArgument(unwrapInterface(arg), type), type);
    } catch (error) {
      throw new TypeError(`arg ${i}: ${(error as Error).message}`, {cause: error});
    }
  });
  if (value.data === null) throw new TypeError('reflect: call of nil function');
  return resultOf((value.data as (...args: unknown[]) => unknown)(...prepared), signature.result);
}
