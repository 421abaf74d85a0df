// The expressions that were run in this browser, newest first.
import {Preference} from '../base/preference.ts';

export const historyMax = 100;
/** Longer expressions are not remembered: a generated query would fill the storage. */
const exprLengthMax = 20_000;

export const history = new Preference<readonly string[]>('history', [], (value) =>
  Array.isArray(value) ? value.filter((item) => typeof item === 'string').slice(0, historyMax) : undefined,
);

/** `entries` with `expr` as the newest, each expression once. */
export function remember(entries: readonly string[], expr: string): readonly string[] {
  const trimmed = expr.trim();
  if (trimmed === '' || trimmed.length > exprLengthMax || entries[0] === trimmed) return entries;
  return [trimmed, ...entries.filter((entry) => entry !== trimmed)].slice(0, historyMax);
}
