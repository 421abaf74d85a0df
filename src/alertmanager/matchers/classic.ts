// The older syntax of matchers: `{foo = bar, dings != "bums"}`. It forgives much.
import type {Matcher, MatchType} from '../../model/matcher.ts';
import {matcherOf} from '../matchers.ts';

const pattern =
  /^[\t\n\f\r ]*([a-zA-Z_:][a-zA-Z0-9_:]*)[\t\n\f\r ]*(=~|=|!=|!~)[\t\n\f\r ]*([\s\S]*?)[\t\n\f\r ]*$/;

/** Throws SyntaxError with Alertmanager's words. */
export function parseClassicMatchers(input: string): Matcher[] {
  let text = input;
  if (text.startsWith('{')) text = text.slice(1);
  if (text.endsWith('}')) text = text.slice(0, -1);
  return splitAtCommas(text).map(parseClassicMatcher);
}

/** Commas in double quotes do not count. */
function splitAtCommas(text: string): string[] {
  const parts: string[] = [];
  let part = '';
  let insideQuotes = false;
  let escaped = false;
  for (const char of text) {
    if (char === ',' && !insideQuotes) {
      parts.push(part);
      part = '';
      continue;
    }
    // A backslash that stands before a comma in quotes stays in force, as in Alertmanager.
    if (char === '"') {
      if (!escaped) insideQuotes = !insideQuotes;
      else escaped = false;
    } else if (char === '\\') escaped = !escaped;
    else if (char !== ',') escaped = false;
    part += char;
  }
  const rest = part.trim();
  if (rest !== '') parts.push(rest);
  return parts;
}

/** Throws SyntaxError with Alertmanager's words. */
export function parseClassicMatcher(input: string): Matcher {
  const [, name, operator, raw] = pattern.exec(input) ?? [];
  if (name === undefined) throw new SyntaxError(`bad matcher format: ${input}`);
  return matcherOf(operator as MatchType, name, unescapeValue(raw!));
}

function unescapeValue(raw: string): string {
  const isQuoted = raw.startsWith('"');
  const text = isQuoted ? raw.slice(1) : raw;
  if (!text.isWellFormed()) throw new SyntaxError(`matcher value not valid UTF-8: ${raw}`);
  let value = '';
  let isClosed = !isQuoted;
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (char === '\\' && i < text.length - 1) {
      const next = text[++i]!;
      if (next === 'n') value += '\n';
      else value += next === '"' || next === '\\' ? next : `\\${next}`;
    } else if (char === '"') {
      if (isClosed || i < text.length - 1) throw unescapedQuote(raw);
      isClosed = true;
    } else value += char;
  }
  if (!isClosed) throw unescapedQuote(raw);
  return value;
}

function unescapedQuote(raw: string): SyntaxError {
  return new SyntaxError(`matcher value contains unescaped double quote: ${raw}`);
}
