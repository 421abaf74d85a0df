// Go's strings are bytes, JavaScript's are UTF-16. A lone half of a surrogate pair from U+DC80 to U+DCFF stands for a byte that
// is no UTF-8, as in `quoteGo`.

/** The length of the UTF-8 form of `text`, which is Go's len(). */
export function utf8Length(text: string): number {
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) length += 1;
    else if (unit < 0x800) length += 2;
    else if (isPair(text, i)) {
      length += 4;
      i++;
    } else length += isRawByte(unit) ? 1 : 3;
  }
  return length;
}

function isPair(text: string, index: number): boolean {
  const unit = text.charCodeAt(index);
  if (unit < 0xd800 || unit > 0xdbff) return false;
  const next = text.charCodeAt(index + 1);
  return next >= 0xdc00 && next <= 0xdfff;
}

function isRawByte(unit: number): boolean {
  return unit >= 0xdc80 && unit <= 0xdcff;
}

const encoder = new TextEncoder();

export function bytesOf(text: string): Uint8Array {
  if (text.isWellFormed()) return encoder.encode(text);
  const bytes = new Uint8Array(utf8Length(text));
  let end = 0;
  for (const char of text) {
    const code = char.codePointAt(0)!;
    if (isRawByte(code)) bytes[end++] = code - 0xdc00;
    else end += encoder.encodeInto(char, bytes.subarray(end)).written;
  }
  return bytes;
}

const strictDecoder = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true});

export function textOf(bytes: Uint8Array): string {
  try {
    return strictDecoder.decode(bytes);
  } catch {
    return textOfBroken(bytes);
  }
}

function textOfBroken(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length;) {
    const size = sequenceSize(bytes, i);
    text +=
      size === 0
        ? String.fromCharCode(0xdc00 + bytes[i]!)
        : strictDecoder.decode(bytes.subarray(i, i + size));
    i += Math.max(size, 1);
  }
  return text;
}

/** How many bytes from `start` are one character; 0 where they are none. */
function sequenceSize(bytes: Uint8Array, start: number): number {
  const first = bytes[start]!;
  if (first < 0x80) return 1;
  const size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
  if (size === 0 || start + size > bytes.length) return 0;
  try {
    strictDecoder.decode(bytes.subarray(start, start + size));
    return size;
  } catch {
    return 0;
  }
}

/** The part of `text` between two positions that count bytes. Takes a character apart where a position lies inside it. */
export function sliceBytes(text: string, start: number, end: number): string {
  if (isAscii(text)) return text.slice(start, end);
  return textOf(bytesOf(text).subarray(start, end));
}

export function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) >= 0x80) return false;
  return true;
}

/** The text without such characters at its end. A regular expression would take quadratic time for long runs elsewhere. */
export function trimEndOf(text: string, chars: string): string {
  let end = text.length;
  while (end > 0 && chars.includes(text[end - 1]!)) end--;
  return text.slice(0, end);
}
