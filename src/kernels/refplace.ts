/** Refs of a group lie side by side. */
const groupRefs = 64;
/** As do the groups of a row. */
const rowGroups = 64;
const rowRefs = groupRefs * rowGroups;
/** To the next row, in another group of it, at another place; odd, so that every place is come to: many refs may have the same low bits. */
const probeStep = rowRefs + groupRefs + 1;

/**
 * Where the group of a ref begins to be looked for in a table of `places`, at least 64, a power of two. Refs count up, and a log has them in
 * that order, so a table keeps rows of 4096 of them together: what comes next is in the cache already. Rows are scattered by their number
 * times the golden ratio, so that those that follow each other do not meet, and each begins at another one of its groups: whatever is between
 * the refs that are used.
 */
function firstGroup(ref: number, places: number): number {
  const group = Math.floor(ref / groupRefs);
  const row = Math.floor(group / rowGroups);
  const mixed = Math.imul((row ^ Math.floor(row / 2 ** 32)) | 0, 0x9e3779b1) >>> 0;
  const firstRow = Math.floor((mixed * Math.floor(places / rowRefs)) / 2 ** 32);
  const inRow = (group + mixed) % rowGroups;
  return ((firstRow * rowGroups + inRow) % (places / groupRefs)) * groupRefs;
}

/** The place in `refs` that has the ref, or the free one (0) that it would get. */
export function refPlace(refs: Float64Array, ref: number): number {
  const mask = refs.length - 1;
  let at = firstGroup(ref, refs.length) + (ref % groupRefs);
  while (refs[at] !== 0 && refs[at] !== ref) at = (at + probeStep) & mask;
  return at;
}
