// Names with any characters, written with those of old names only: `U__` in front, `__` for `_`, `_1F525_` for others.

const codePointMax = 0x10ffff;
/** Prometheus reads no more, so that the last plane of Unicode cannot be written. */
const hexDigitsMax = 5;

/** Undoes the `U__` escaping. Where `name` is not well-formed it comes back as it is. */
export function unescapeName(name: string): string {
  if (!name.startsWith('U__')) return name;
  let result = '';
  for (let i = 3; i < name.length;) {
    const char = name[i]!;
    if (char !== '_') {
      result += char;
      i++;
      continue;
    }
    const end = name.indexOf('_', i + 1);
    if (end < 0 || end - i - 1 > hexDigitsMax) return name;
    const digits = name.slice(i + 1, end);
    const code = Number.parseInt(digits, 16);
    if (digits === '') result += '_';
    else if (/^[0-9a-fA-F]+$/.test(digits) && isCharacter(code)) result += String.fromCodePoint(code);
    else return name;
    i = end + 1;
  }
  return result;
}

function isCharacter(code: number): boolean {
  return code <= codePointMax && !(code >= 0xd800 && code <= 0xdfff);
}
