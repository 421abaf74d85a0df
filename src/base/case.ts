// Upper and lower case as Go's strings package has them: character by character, by the simple mappings of Unicode.
// JavaScript's own functions look at the neighbours (final sigma) and may give several characters for one.

// oxlint-disable-next-line no-control-regex
const ascii = /^[\0-\x7f]*$/;

export function lowerCase(text: string): string {
  if (ascii.test(text)) return text.toLowerCase(); // The usual case.
  let result = '';
  for (const char of text) result += char === '\u0130' ? 'i' : single(char, char.toLowerCase());
  return result;
}

export function upperCase(text: string): string {
  if (ascii.test(text)) return text.toUpperCase(); // The usual case.
  let result = '';
  for (const char of text) result += iotaBelow.get(char) ?? single(char, char.toUpperCase());
  return result;
}

function single(char: string, changed: string): string {
  const code = changed.codePointAt(0)!;
  return changed.length === (code > 0xffff ? 2 : 1) ? changed : char;
}

/** Greek letters with an iota below: their simple upper case is one character, their full one is two. */
const iotaBelow = new Map<string, string>();
for (const start of [0x1f80, 0x1f90, 0x1fa0])
  for (let i = 0; i < 8; i++)
    iotaBelow.set(String.fromCharCode(start + i), String.fromCharCode(start + i + 8));
for (const code of [0x1fb3, 0x1fc3, 0x1ff3])
  iotaBelow.set(String.fromCharCode(code), String.fromCharCode(code + 9));
