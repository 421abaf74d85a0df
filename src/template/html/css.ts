// Texts in CSS.

export const failsafe = 'ZgotmplZ';

const nameCharacter = /[a-zA-Z0-9\-_\u{80}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]$/u;

/** Whether the text ends with a word of CSS, given in lower case. */
export function endsWithWord(text: string, word: string): boolean {
  if (!text.toLowerCase().endsWith(word)) return false;
  const before = text.slice(0, text.length - word.length);
  return before === '' || !nameCharacter.test(before);
}

/** Takes escapes such as \26 out of a text. */
export function decodeCss(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replaceAll(
    /\\(?:([0-9a-fA-F]{1,6})(?:\r\n|[\t\n\f\r ])?|([^]|$))/gu,
    (_found, hex?: string, char?: string) => {
      if (hex === undefined) return char ?? '';
      const code = Number.parseInt(hex, 16);
      // A digit too many is text.
      if (code > 0x10ffff) return String.fromCodePoint(code >> 4) + hex.slice(-1);
      return code >= 0xd800 && code <= 0xdfff ? '\ufffd' : String.fromCodePoint(code);
    },
  );
}

const escapes: Record<string, string> = {
  '\0': '\\0',
  '\t': '\\9',
  '\n': '\\a',
  '\f': '\\c',
  '\r': '\\d',
  '"': '\\22',
  '&': '\\26',
  "'": '\\27',
  '(': '\\28',
  ')': '\\29',
  '+': '\\2b',
  '/': '\\2f',
  ':': '\\3a',
  ';': '\\3b',
  '<': '\\3c',
  '>': '\\3e',
  '\\': '\\\\',
  '{': '\\7b',
  '}': '\\7d',
};

export function escapeCss(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/[\0\t\n\f\r"&'()+/:;<>\\{}]/g, (char, offset: number) => {
    const escape = escapes[char]!;
    // A digit or a space after the escape would belong to it.
    const next = text[offset + 1];
    const needsSpace = escape !== '\\\\' && (next === undefined || /[0-9a-fA-F\t\n\f\r ]/.test(next));
    return needsSpace ? `${escape} ` : escape;
  });
}

/** A value that is no harm; what may be some is replaced as a whole. */
export function filterCssValue(text: string): string {
  const decoded = decodeCss(text);
  // oxlint-disable-next-line no-control-regex
  if (/[\0"'()/;@[\\\]`{}<>]|--/.test(decoded)) return failsafe;
  const word = decoded.replaceAll(/[^a-zA-Z0-9\-_]/g, '').toLowerCase();
  return word.includes('expression') || word.includes('mozbinding') ? failsafe : decoded;
}
