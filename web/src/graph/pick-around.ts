/** Up to `count` neighbouring items with the one at `index` among them, as near to the middle as the ends allow. */
export function pickAround<T>(items: readonly T[], index: number, count: number): readonly T[] {
  const start = Math.min(Math.max(0, index - Math.floor(count / 2)), Math.max(0, items.length - count));
  return items.slice(start, start + count);
}
