import {re2, type RE2JS} from '../base/re2.ts';

/** Compiles `regex` as relabelling does: it must match the whole text, and `.` matches line breaks. Throws SyntaxError. */
export function compileAnchored(regex: string): RE2JS {
  const anchored = `^(?s:${regex})$`;
  try {
    return re2().RE2JS.compile(anchored);
  } catch (error) {
    throw new SyntaxError((error as Error).message, {cause: error});
  }
}
