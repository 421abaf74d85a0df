const escapes: Record<string, string> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '"': '\\"',
  '\\': '\\\\',
};

/**
 * Quotes as Go's %q (strconv.Quote), which error messages use: unprintable characters become \x.., \u.... or \U.........
 * Lone halves of surrogate pairs from U+DC80 to U+DCFF stand for bytes that are no UTF-8 (see `unquoteString` of the PromQL
 * parser) and become \x.. too.
 */
export function quoteGo(text: string): string {
  const inner = text.replaceAll(
    /["\\]|[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu,
    (char) => escapes[char] ?? escapeCodePoint(char),
  );
  return `"${inner}"`;
}

function escapeCodePoint(char: string): string {
  const code = char.codePointAt(0)!;
  if (code >= 0xdc80 && code <= 0xdcff) return `\\x${(code - 0xdc00).toString(16)}`;
  if (code >= 0xd800 && code <= 0xdfff) return '\ufffd';
  if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`;
  if (code < 0x10000) return `\\u${code.toString(16).padStart(4, '0')}`;
  return `\\U${code.toString(16).padStart(8, '0')}`;
}
