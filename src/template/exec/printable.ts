// What is printed of a value: what pointers lead to, and String methods of its pointer.
import {sprint} from '../fmt/print.ts';
import {implementsInterface, errorType, Type} from '../type.ts';
import {indirect, unwrapInterface, Value, valueOf} from '../value.ts';
import {stringType} from '../type.ts';

const stringerType = new Type({
  kind: 'interface',
  text: 'fmt.Stringer',
  isNamed: true,
  methodNames: ['String'],
});

export function isStringer(type: Type): boolean {
  return implementsInterface(type, stringerType) || implementsInterface(type, errorType);
}

/** The operand for Sprint; undefined where the value cannot be printed, being a function. */
export function printableOf(value: Value | null): Value | null | undefined {
  let found = value?.type.kind === 'pointer' ? indirect(value).value : value;
  if (found === null) return valueOf(stringType, '<no value>');
  if (!isStringer(found.type)) {
    if (found.isAddressable && isStringer(found.type.pointer)) {
      found = new Value(found.type.pointer, found.data);
    } else if (found.type.kind === 'func') return undefined;
  }
  return unwrapInterface(found);
}

/** The text that `html`, `js` and `urlquery` work on. */
export function textOfArguments(args: readonly (Value | null)[]): string {
  const only = args.length === 1 ? args[0] : null;
  if (only?.type === stringType) return only.data as string;
  return sprint(
    args.map((arg) => {
      const found = arg === null ? valueOf(stringType, '<no value>') : printableOf(arg);
      return found === undefined ? arg : found;
    }),
  );
}
