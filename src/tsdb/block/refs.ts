// Sets of series references as rising Uint32Arrays.

export type Refs = Uint32Array<ArrayBuffer>;

export const noRefs: Refs = new Uint32Array(0);

/** What is in both. */
export function intersectRefs(left: Refs, right: Refs): Refs {
  if (left.length > right.length) return intersectRefs(right, left);
  if (left.length * 16 < right.length) return intersectFew(left, right);
  const both = new Uint32Array(left.length);
  let count = 0;
  let r = 0;
  for (let l = 0; l < left.length; l++) {
    const ref = left[l]!;
    while (r < right.length && right[r]! < ref) r++;
    if (r < right.length && right[r] === ref) both[count++] = ref;
  }
  return both.subarray(0, count);
}

/** The same by doubling steps, where `left` is much shorter. */
function intersectFew(left: Refs, right: Refs): Refs {
  const both = new Uint32Array(left.length);
  let count = 0;
  let r = 0;
  for (let l = 0; l < left.length; l++) {
    const ref = left[l]!;
    r = firstNotBelow(right, r, ref);
    if (r < right.length && right[r] === ref) both[count++] = ref;
  }
  return both.subarray(0, count);
}

/** What is in `left` and not in `right`. */
export function subtractRefs(left: Refs, right: Refs): Refs {
  if (right.length === 0) return left;
  const rest = new Uint32Array(left.length);
  let count = 0;
  let r = 0;
  for (let l = 0; l < left.length; l++) {
    const ref = left[l]!;
    r = firstNotBelow(right, r, ref);
    if (r >= right.length || right[r] !== ref) rest[count++] = ref;
  }
  return rest.subarray(0, count);
}

/** What is in any of them. */
export function uniteRefs(lists: readonly Refs[]): Refs {
  if (lists.length === 0) return noRefs;
  if (lists.length === 1) return lists[0]!;
  const all = new Uint32Array(lists.reduce((sum, list) => sum + list.length, 0));
  let at = 0;
  let sorted = true;
  for (const list of lists) {
    if (at > 0 && list.length > 0 && all[at - 1]! >= list[0]!) sorted = false;
    all.set(list, at);
    at += list.length;
  }
  if (sorted) return all;
  all.sort();
  let count = 0;
  for (let i = 0; i < all.length; i++) if (i === 0 || all[i] !== all[i - 1]) all[count++] = all[i]!;
  return all.subarray(0, count);
}

/** The first place from `from` on whose reference is not below `ref`. */
function firstNotBelow(refs: Refs, from: number, ref: number): number {
  if (from >= refs.length || refs[from]! >= ref) return from;
  let step = 1;
  while (from + step < refs.length && refs[from + step]! < ref) step *= 2;
  let low = from + (step >>> 1);
  let high = Math.min(from + step, refs.length);
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (refs[middle]! < ref) low = middle + 1;
    else high = middle;
  }
  return low;
}
