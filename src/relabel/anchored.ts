import {RE2JS} from 're2js';

/** Compiles `regex` as relabelling does: it must match the whole text, and `.` matches line breaks. Throws SyntaxError. */
export function compileAnchored(regex: string): RE2JS {
  const anchored = `^(?s:${regex})$`;
  try {
    return RE2JS.compile(anchored);
  } catch (error) {
    throw new SyntaxError((error as Error).message, {cause: error});
  }
}
