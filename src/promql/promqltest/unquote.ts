import {unquoteString} from '../parser/literals.ts';

/** The text of a quoted string of PromQL or Go. */
export function unquoteGo(text: string): string {
  if (!/^(["'`]).*\1$/s.test(text) || text.length < 2) throw new SyntaxError(`${text} is no quoted string`);
  return unquoteString(text);
}
