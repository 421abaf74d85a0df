// fmt.Sprint and Sprintln, and how one value is printed for a verb.
import type {Complex} from '../parse/number.ts';
import {isIntKind, isUintKind} from '../type.ts';
import {elementOf, fieldOf, mapEntries, stringOf, Value} from '../value.ts';
import {Flags} from './flags.ts';

/** Levels of values in each other that are printed. Go would overflow its stack on a value that contains itself. */
const depthMax = 100;

/** Values that one call prints. Lists that contain other lists several times would else take all time and memory. */
const valuesMax = 500_000;

/** Spaces stand between operands where neither is a string. */
export function sprint(args: readonly (Value | null)[]): string {
  const flags = new Flags();
  let text = '';
  let wasString = false;
  for (let i = 0; i < args.length; i++) {
    const isString = args[i]?.type.kind === 'string';
    if (i > 0 && !isString && !wasString) text += ' ';
    text += printArgument(args[i]!, 'v', flags);
    wasString = isString;
  }
  return text;
}

export function sprintln(args: readonly (Value | null)[]): string {
  const flags = new Flags();
  return `${args.map((arg) => printArgument(arg, 'v', flags)).join(' ')}\n`;
}

/** One operand for one verb. */
export function printArgument(arg: Value | null, verb: string, flags: Flags): string {
  if (arg === null) return verb === 'T' || verb === 'v' ? flags.pad('<nil>') : `%!${verb}(<nil>)`;
  if (arg.type.kind === 'interface') return printArgument(elementOf(arg), verb, flags);
  if (verb === 'T') return flags.formatString(arg.type.text);
  if (verb === 'p') return badVerb(arg, verb, flags);
  return printByMethod(arg, verb, flags) ?? printValue(arg, verb, flags, 0);
}

/** %!d(string=text), with the width and the flags that the verb has. */
function badVerb(value: Value, verb: string, flags: Flags): string {
  const {isReporting} = flags;
  flags.isReporting = true;
  const text = printValue(value, 'v', flags, 0);
  flags.isReporting = isReporting;
  return `%!${verb}(${value.type.text}=${text})`;
}

const stringVerbs = new Set(['v', 's', 'x', 'X', 'q']);

/** By Error, String or GoString; null where the value has none that the verb asks for. */
function printByMethod(value: Value, verb: string, flags: Flags): string | null {
  if (flags.isReporting) return null;
  if (verb === 'w') return badVerb(value, verb, flags);
  if (flags.sharpV) {
    const method = value.type.method('GoString');
    return method === null ? null : flags.formatString(method.call(value.data) as string);
  }
  if (!stringVerbs.has(verb)) return null;
  if (value.type.kind === 'pointer' && value.data === null) {
    return value.type.method('String') === null && value.type.method('Error') === null ? null : '<nil>';
  }
  const text = stringOf(value);
  return text === null ? null : printString(value, text, verb, flags);
}

function printString(value: Value, text: string, verb: string, flags: Flags): string {
  switch (verb) {
    case 'v':
      return flags.sharpV ? flags.quote(text) : flags.formatString(text);
    case 's':
      return flags.formatString(text);
    case 'x':
    case 'X':
      return flags.hexOfBytes(text, verb === 'X');
    case 'q':
      return flags.quote(text);
    default:
      return badVerb(value, verb, flags);
  }
}

function printValue(value: Value, verb: string, flags: Flags, depth: number): string {
  if (depth > depthMax)
    throw new RangeError(`cannot print values that are nested more than ${depthMax} deep`);
  if (++flags.valueCount > valuesMax) throw new RangeError(`cannot print more than ${valuesMax} values`);
  if (depth > 0) {
    const text = printByMethod(value, verb, flags);
    if (text !== null) return text;
  }
  const {kind} = value.type;
  if (isIntKind(kind) || isUintKind(kind)) return printInteger(value, verb, flags);
  switch (kind) {
    case 'bool':
      return verb === 't' || verb === 'v' ? flags.pad(String(value.data)) : badVerb(value, verb, flags);
    case 'float64':
      return printFloat(value, value.data as number, verb, flags);
    case 'complex128':
      return printComplex(value, verb, flags);
    case 'string':
      return printString(value, value.data as string, verb, flags);
    case 'map':
      return printMap(value, verb, flags, depth);
    case 'slice':
      return printSlice(value, verb, flags, depth);
    case 'struct':
      return printStruct(value, verb, flags, depth);
    case 'interface':
      return printInterface(value, verb, flags, depth);
    default:
      return printPointer(value, verb, flags, depth);
  }
}

const integerBases: Record<string, 2 | 8 | 10 | 16> = {d: 10, b: 2, o: 8, O: 8, x: 16, X: 16};

function printInteger(value: Value, verb: string, flags: Flags): string {
  const integer = value.data as bigint;
  const base = integerBases[verb];
  if (base !== undefined) return flags.formatInteger(integer, base, verb);
  switch (verb) {
    case 'v':
      if (!flags.sharpV || !isUintKind(value.type.kind)) return flags.formatInteger(integer, 10, verb);
      return withSharp(flags, () => flags.formatInteger(integer, 16, verb));
    case 'c':
    case 'q':
      return flags.formatCharacter(integer, verb === 'q');
    case 'U':
      return flags.formatUnicode(integer);
    default:
      return badVerb(value, verb, flags);
  }
}

function withSharp(flags: Flags, print: () => string): string {
  const {sharp} = flags;
  flags.sharp = true;
  const text = print();
  flags.sharp = sharp;
  return text;
}

function printFloat(value: Value, float: number, verb: string, flags: Flags): string {
  switch (verb) {
    case 'v':
      return flags.formatFloat(float, 'g', -1);
    case 'b':
    case 'g':
    case 'G':
    case 'x':
    case 'X':
      return flags.formatFloat(float, verb, -1);
    case 'f':
    case 'e':
    case 'E':
      return flags.formatFloat(float, verb, 6);
    case 'F':
      return flags.formatFloat(float, 'f', 6);
    default:
      return badVerb(value, verb, flags);
  }
}

function printComplex(value: Value, verb: string, flags: Flags): string {
  if (!'vbgGxXfFeE'.includes(verb)) return badVerb(value, verb, flags);
  const {real, imaginary} = value.data as Complex;
  const {plus} = flags;
  let text = `(${printFloat(value, real, verb, flags)}`;
  flags.plus = true;
  text += `${printFloat(value, imaginary, verb, flags)}i)`;
  flags.plus = plus;
  return text;
}

function printMap(value: Value, verb: string, flags: Flags, depth: number): string {
  if (flags.sharpV && value.data === null) return `${value.type.text}(nil)`;
  const entries = mapEntries(value).map(({key, value: each}) => {
    const text = `${printValue(key, verb, flags, depth + 1)}:${printValue(each, verb, flags, depth + 1)}`;
    return text;
  });
  return flags.sharpV ? `${value.type.text}{${entries.join(', ')}}` : `map[${entries.join(' ')}]`;
}

function printSlice(value: Value, verb: string, flags: Flags, depth: number): string {
  const {type} = value;
  if (flags.sharpV && value.data === null) return `${type.text}(nil)`;
  const elements = ((value.data ?? []) as readonly unknown[]).map((each) => {
    const text = printValue(new Value(type.element!, each, true), verb, flags, depth + 1);
    return text;
  });
  return flags.sharpV ? `${type.text}{${elements.join(', ')}}` : `[${elements.join(' ')}]`;
}

function printStruct(value: Value, verb: string, flags: Flags, depth: number): string {
  const {sharpV, plusV} = flags;
  const fields = value.type.fields.map(({name, isExported}) => {
    let field = fieldOf(value, name)!;
    if (field.type.kind === 'interface' && field.data !== null) field = field.data as Value;
    const text = isExported ? printValue(field, verb, flags, depth + 1) : printHidden(field, verb, flags);
    return sharpV || plusV ? `${name}:${text}` : text;
  });
  return sharpV ? `${value.type.text}{${fields.join(', ')}}` : `{${fields.join(' ')}}`;
}

/** Methods of fields that are not exported are not called. */
function printHidden(field: Value, verb: string, flags: Flags): string {
  return printValue(field, verb, flags, 0);
}

function printInterface(value: Value, verb: string, flags: Flags, depth: number): string {
  const inner = elementOf(value);
  if (inner !== null) return printValue(inner, verb, flags, depth + 1);
  return flags.sharpV ? `${value.type.text}(nil)` : '<nil>';
}

/** Addresses are not shown: nothing in a template can depend on them. */
const address = 0xc000000000n;

function printPointer(value: Value, verb: string, flags: Flags, depth: number): string {
  const inner = value.type.kind === 'pointer' ? elementOf(value) : null;
  const {kind} = inner?.type ?? value.type;
  if (inner !== null && depth === 0 && (kind === 'slice' || kind === 'struct' || kind === 'map')) {
    return `&${printValue(inner, verb, flags, depth + 1)}`;
  }
  const number = value.data === null ? 0n : address;
  const base = integerBases[verb];
  if (base !== undefined && verb !== 'O') return flags.formatInteger(number, base, verb);
  if (verb !== 'v') return badVerb(value, verb, flags);
  if (flags.sharpV)
    return `(${value.type.text})(${value.data === null ? 'nil' : `0x${address.toString(16)}`})`;
  if (value.data === null) return flags.pad('<nil>');
  return flags.sharp
    ? flags.formatInteger(number, 16, verb)
    : withSharp(flags, () => flags.formatInteger(number, 16, verb));
}
