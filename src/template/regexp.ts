// Go's regexp package as templates use it.
import {re2, type RE2JS} from '../base/re2.ts';
import {Regexp} from '../model/regexp.ts';

interface Compiled {
  readonly engine: RE2JS;
  /** Instructions. */
  readonly size: number;
}

const cache = new Map<string, Compiled>();
const cacheMax = 200;

/** Throws SyntaxError with Go's words. Takes time linear in the text, whatever the pattern. */
function compile(pattern: string): Compiled {
  let compiled = cache.get(pattern);
  if (compiled === undefined) {
    // Checks the size and finds the words for what is wrong.
    const {programSize} = new Regexp(pattern);
    compiled = {engine: re2().RE2JS.compile(pattern), size: Math.max(1, programSize)};
    if (cache.size >= cacheMax) cache.clear();
    cache.set(pattern, compiled);
  }
  return compiled;
}

/** regexp.MatchString: whether the pattern matches anywhere. */
export function matchesAnywhere(pattern: string, text: string): boolean {
  return matcherOf(compile(pattern), text).find();
}

/** Instructions of the pattern times characters of the text: a second or two. Calls cannot be interrupted. */
const stepsMax = 20_000_000;

function matcherOf({engine, size}: Compiled, text: string): Matcher {
  if (size * text.length > stepsMax) {
    throw new RangeError(
      `cannot match ${text.length} characters with a pattern of ${size} instructions: too much`,
    );
  }
  return engine.matcher(text);
}

/** Matches that are replaced in one text. */
const matchesMax = 200_000;

/** Longest result of a replacement, in UTF-16 units. */
const resultMax = 16 * 2 ** 20;

/** ReplaceAllString of a pattern that must compile. `$1`, `${name}` and `$$` in the replacement. */
export function replaceAll(pattern: string, replacement: string, text: string): string {
  const matcher = matcherOf(compileOrPanic(pattern), text);
  let count = 0;
  let result = '';
  let copied = 0;
  let lastEnd = -1;
  while (matcher.find()) {
    const start = matcher.start();
    const end = matcher.end();
    // Nothing at the end of a match is no match of its own.
    if (start === end && start === lastEnd) continue;
    lastEnd = end;
    if (++count > matchesMax) throw new RangeError(`cannot replace more than ${matchesMax} matches`);
    result += text.slice(copied, start) + expand(replacement, (group) => groupOf(matcher, group));
    copied = end;
    if (result.length > resultMax) throw new RangeError(`cannot make more than ${resultMax} characters`);
  }
  return result + text.slice(copied);
}

function compileOrPanic(pattern: string): Compiled {
  try {
    return compile(pattern);
  } catch (error) {
    const quoted = pattern.includes('`') ? JSON.stringify(pattern) : `\`${pattern}\``;
    throw new SyntaxError(`regexp: Compile(${quoted}): ${(error as Error).message}`, {cause: error});
  }
}

type Matcher = ReturnType<RE2JS['matcher']>;

/** A group by number or name; '' where there is none. */
function groupOf(matcher: Matcher, group: string): string {
  if (/^[0-9]+$/.test(group)) {
    const index = Number(group);
    return index <= matcher.groupCount() ? (matcher.group(index) ?? '') : '';
  }
  try {
    return matcher.group(group) ?? '';
  } catch {
    return '';
  }
}

const reference = /\$(?:\$|([\p{L}\p{Nd}_]+)|\{([\p{L}\p{Nd}_]+)\})/gu;

function expand(replacement: string, group: (name: string) => string): string {
  if (!replacement.includes('$')) return replacement;
  return replacement.replaceAll(reference, (found, name?: string, braced?: string) =>
    found === '$$' ? '$' : group(name ?? braced!),
  );
}
