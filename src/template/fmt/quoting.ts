// Characters as fmt's %q, %+q, %#q and %#U show them.
import {quoteGo} from '../../base/quote.ts';

const printable = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;

/** unicode.IsPrint */
export function isPrintable(code: number): boolean {
  return printable.test(String.fromCodePoint(code));
}

/** %#U: U+0023 '#' */
export function escapeCodePoint(code: number): string {
  const hex = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
  return isPrintable(code) ? `${hex} '${String.fromCodePoint(code)}'` : hex;
}

/** %q of a character. */
export function quoteCharacter(code: number, asciiOnly: boolean): string {
  const isValid = code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
  const char = String.fromCodePoint(isValid ? code : 0xfffd);
  const inner = (asciiOnly ? quoteToAscii(char) : quoteGo(char)).slice(1, -1);
  if (char === '"') return `'"'`;
  return char === "'" ? `'\\''` : `'${inner}'`;
}

/** %+q: every character beyond ASCII is escaped. */
export function quoteToAscii(text: string): string {
  return quoteGo(text).replaceAll(/[^ -~]/gu, (char) => {
    const code = char.codePointAt(0)!;
    const hex = code.toString(16);
    return code < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
  });
}

/** Whether %#q may write the text between backquotes. */
export function canBackquote(text: string): boolean {
  // oxlint-disable-next-line no-control-regex
  return text.isWellFormed() && !/[\x00-\x08\x0a-\x1f\x7f`\ufeff]/.test(text);
}
