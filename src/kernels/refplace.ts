/** Refs of a group lie side by side. */
const groupRefsLog2 = 6;
const groupRefs = 1 << groupRefsLog2;
/** To the next group, and odd, so that every place is come to: there may be many refs with the same low bits. */
const probeStep = groupRefs + 1;

/**
 * Where the group of a ref begins to be looked for in a table of `places`, at least 64, a power of two. Refs count up, so a table keeps
 * 64 of them together, which is kind to caches, and scatters these groups: whatever is between those that are used.
 */
function firstGroup(ref: number, places: number): number {
  const group = Math.floor(ref / groupRefs);
  const mixed = Math.imul((group ^ Math.floor(group / 2 ** 32)) | 0, 0x9e3779b1);
  return ((mixed ^ (mixed >>> 15)) & (places / groupRefs - 1)) * groupRefs;
}

/** The place in `refs` that has the ref, or the free one (0) that it would get. */
export function refPlace(refs: Float64Array, ref: number): number {
  const mask = refs.length - 1;
  let at = firstGroup(ref, refs.length) + (ref % groupRefs);
  while (refs[at] !== 0 && refs[at] !== ref) at = (at + probeStep) & mask;
  return at;
}
