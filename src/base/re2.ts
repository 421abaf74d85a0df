import {RE2JS, RE2JSException} from 're2js';

export type {RE2JS};

/**
 * The engine for regular expressions in Go's syntax; its time is linear in the text. To be asked for where one is compiled, not before:
 * most patterns need none (src/model/regexp.ts), and the bundle loads it only then (tools/build-server.ts).
 */
export function re2(): {RE2JS: typeof RE2JS; RE2JSException: typeof RE2JSException} {
  return {RE2JS, RE2JSException};
}
