// The data of the golden cases, with the same types as the Go program that made them had.
import {
  anyType,
  boolType,
  defineMethod,
  float64Type,
  funcType,
  intType,
  int64Type,
  mapOf,
  named,
  pointerTo,
  sliceOf,
  stringType,
  structType,
  type Type,
  uint8Type,
  uint64Type,
} from '../type.ts';
import {Value, valueOf} from '../value.ts';

/** Data as the golden files have it. */
export interface PersonSpec {
  readonly name: string;
  readonly age: number;
  readonly score: number | string;
  readonly ok: boolean;
  readonly tags: readonly string[] | null;
  readonly attr: Readonly<Record<string, string>> | null;
  readonly any: AnySpec;
  readonly next: PersonSpec | null;
}

/** [type, value]; numbers as text. */
export type AnySpec = readonly [string, unknown] | null;

interface Person {
  readonly Name: string;
  readonly Age: bigint;
  readonly Score: number;
  readonly Ok: boolean;
  readonly Tags: readonly string[] | null;
  readonly Attr: ReadonlyMap<string, string> | null;
  readonly Any: Value | null;
  readonly Next: Person | null;
  readonly Level: bigint;
  readonly Fn: unknown;
  readonly hidden: bigint;
}

export const levelType = named('main.Level', intType);
defineMethod(levelType, 'String', [], stringType, (level) => `level-${level}`);

export const kvType = named('main.KV', mapOf(stringType, stringType));
defineMethod(kvType, 'Keys', [], sliceOf(stringType), (kv) => [...(kv?.keys() ?? [])].sort());
defineMethod(kvType, 'Get', [stringType], stringType, (kv, key) => kv?.get(key) ?? '');

const addressType = structType<{readonly City: string}>('main.Address', {City: stringType});
defineMethod(addressType, 'String', [], stringType, (address) => `@${address.City}`, {needsPointer: true});

export const personType: Type<Person> = structType<Person>('main.Person', {
  Name: stringType,
  Age: intType,
  Score: float64Type,
  Ok: boolType,
  Tags: sliceOf(stringType),
  Attr: kvType,
  Any: anyType,
  // Completed below: the type contains its own pointer.
  Level: levelType,
  Fn: funcType([intType], stringType),
  hidden: intType,
});
const next = {
  name: 'Next',
  type: pointerTo(personType),
  property: 'Next',
  isExported: true,
  jsonName: 'Next',
};
(personType.fields as unknown[]).splice(7, 0, next);

defineMethod(personType, 'Greet', [stringType], stringType, (person, text) => `${text}, ${person.Name}`);
defineMethod(personType, 'Older', [intType], intType, (person, years) => person.Age + years, {
  needsPointer: true,
});
defineMethod(
  personType,
  'Sum',
  [sliceOf(intType)],
  intType,
  (_person, ...numbers) => (numbers as unknown as bigint[]).reduce((sum, each) => sum + each, 0n),
  {isVariadic: true},
);
defineMethod(personType, 'Fail', [], stringType, () => {
  throw new Error('it failed');
});
defineMethod(personType, 'Home', [], pointerTo(addressType), (person) => ({City: person.Name}));
defineMethod(personType, 'Half', [float64Type], float64Type, (_person, value) => value / 2);

export function personOf(spec: PersonSpec): Person {
  return {
    Name: spec.name,
    Age: BigInt(spec.age),
    Score: Number(spec.score),
    Ok: spec.ok,
    Tags: spec.tags,
    Attr: spec.attr === null ? null : new Map(Object.entries(spec.attr)),
    Any: anyOf(spec.any),
    Next: spec.next === null ? null : personOf(spec.next),
    Level: BigInt(spec.age % 4),
    Fn: (number: bigint) => `fn${number}`,
    hidden: 7n,
  };
}

const plainTypes: Record<string, Type> = {
  int: intType,
  int64: int64Type,
  uint8: uint8Type,
  uint64: uint64Type,
};

export function anyOf(spec: AnySpec): Value | null {
  if (spec === null) return null;
  const [type, data] = spec;
  const integer = plainTypes[type];
  if (integer !== undefined) return new Value(integer, BigInt(data as string));
  switch (type) {
    case 'level':
      return valueOf(levelType, BigInt(data as string));
    case 'float':
      return valueOf(float64Type, Number(data));
    case 'string':
      return valueOf(stringType, data as string);
    case 'bool':
      return valueOf(boolType, data as boolean);
    case 'kv':
      return valueOf(kvType, new Map(Object.entries(data as Record<string, string>)));
    case 'ints':
      return valueOf(sliceOf(intType), (data as string[]).map(BigInt));
    case 'list':
      return valueOf(sliceOf(anyType), (data as AnySpec[]).map(anyOf));
    case 'map': {
      const entries = Object.entries(data as Record<string, AnySpec>);
      return valueOf(mapOf(stringType, anyType), new Map(entries.map(([key, each]) => [key, anyOf(each)])));
    }
    case 'intmap': {
      const entries = Object.entries(data as Record<string, string>);
      return valueOf(mapOf(intType, stringType), new Map(entries.map(([key, each]) => [BigInt(key), each])));
    }
    default:
      return valueOf(personType, personOf(data as PersonSpec));
  }
}

/** The root of a case: a pointer to a person. */
export function dataOf(spec: PersonSpec): Value {
  return valueOf(pointerTo(personType), personOf(spec));
}
