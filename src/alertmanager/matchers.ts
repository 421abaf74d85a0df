// Matchers as Alertmanager writes and compares them.
import {quoteGo} from '../base/quote.ts';
import {compareStrings, type Labels, labelOf} from '../model/labels.ts';
import {Matcher, type MatchType} from '../model/matcher.ts';

/** Makes a matcher. Throws SyntaxError, with the pattern between anchors where it is named as a whole, as Alertmanager does. */
export function matcherOf(type: MatchType, name: string, value: string): Matcher {
  try {
    return new Matcher(type, name, value);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new SyntaxError(
      cause.message.replace(`\`${value}\``, () => `\`^(?:${value})$\``),
      {cause},
    );
  }
}

/** White space as Go's unicode.IsSpace has it. */
export const goSpace = /^[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]$/;

/** Characters that a name or value without quotes cannot have. */
export function isReserved(char: string): boolean {
  return '{}!=~,\\"\'`'.includes(char) || goSpace.test(char);
}

/** Whether all matchers match; an absent label is ''. */
export function matchesAll(matchers: readonly Matcher[], labels: Labels): boolean {
  for (let i = 0; i < matchers.length; i++) {
    const matcher = matchers[i]!;
    if (!matcher.matches(labelOf(labels, matcher.name))) return false;
  }
  return true;
}

/** What a matcher says. */
export type MatcherText = Pick<Matcher, 'type' | 'name' | 'value'>;

/** `a="b"`; the name has quotes only where the classic syntax could not have it. */
export function formatMatcher({type, name, value}: MatcherText): string {
  if (Array.from(name).some(isReserved)) return `${quoteGo(name)}${type}${quoteGo(value)}`;
  const escaped = value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
  return `${name}${type}"${escaped}"`;
}

/** `{a="b",c=~"d"}` */
export function formatMatchers(matchers: readonly MatcherText[]): string {
  return `{${matchers.map(formatMatcher).join(',')}}`;
}

const typeOrder: readonly MatchType[] = ['=', '!=', '=~', '!~'];

/** By name, value and type. */
export function compareMatchers(left: Matcher, right: Matcher): number {
  return (
    compareStrings(left.name, right.name) ||
    compareStrings(left.value, right.value) ||
    typeOrder.indexOf(left.type) - typeOrder.indexOf(right.type)
  );
}
