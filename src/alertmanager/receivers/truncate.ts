// Services take only so much of a field. What is cut off ends with an ellipsis.

const ellipsis = '…';

/** At most `max` characters (code points). Null where nothing has to be cut. */
export function cutCharacters(text: string, max: number): string | null {
  // Fast path: no more units than characters allowed.
  if (text.length <= max) return null;
  const characters = Array.from(text);
  if (characters.length <= max) return null;
  if (max <= 3) return characters.slice(0, max).join('');
  return characters.slice(0, max - 1).join('') + ellipsis;
}

/** At most `max` bytes of UTF-8, without cutting a character. Null where nothing has to be cut. */
export function cutBytes(text: string, max: number): string | null {
  if (Buffer.byteLength(text) <= max) return null;
  const room = max - Buffer.byteLength(ellipsis);
  if (room < 0) return '.'.repeat(max);
  const bytes = Buffer.from(text);
  let end = room;
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end) + ellipsis;
}
