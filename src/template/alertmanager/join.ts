/** Longest joined text, in UTF-16 units. */
const sizeMax = 16 * 2 ** 20;

/** strings.Join. Throws RangeError rather than making a text that no notification can hold. */
export function joinTexts(texts: readonly string[] | null, separator: string): string {
  if (texts === null || texts.length === 0) return '';
  let size = separator.length * (texts.length - 1);
  for (const text of texts) size += text.length;
  if (size > sizeMax) throw new RangeError(`cannot join ${size} characters: at most ${sizeMax} are allowed`);
  return texts.join(separator);
}
