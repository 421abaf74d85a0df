import type {Matcher} from '../model/matcher.ts';
import {unguarded} from '../storage/querier.ts';
import type {Head} from './head/head.ts';
import {EntryNumbers, Selector} from './head/selection.ts';
import type {Wal} from './wal/wal.ts';

/**
 * Deletes what series that match all of `matchers` have in [mint, maxt], both inclusive, from the head. It is in the log when this
 * returns; where that cannot be written it throws, and nothing is deleted. Returns the number of series that had samples there.
 */
export function deleteFromHead(
  head: Head,
  wal: Wal,
  matchers: readonly Matcher[],
  {mint, maxt}: {mint: number; maxt: number},
): number {
  const selector = new Selector(head.memory, head.texts, {numbers: new EntryNumbers(), guard: unguarded});
  const {slots, length} = selector.select(matchers);
  const deleted: {slot: number; mint: number; maxt: number}[] = [];
  for (const slot of slots.subarray(0, length)) {
    const {min, max} = head.timesOf(slot);
    const found = {slot, mint: Math.max(mint, min), maxt: Math.min(maxt, max)};
    if (found.mint > found.maxt) continue;
    wal.tombstone(head.series.ref(slot), found.mint, found.maxt);
    deleted.push(found);
  }
  wal.flush();
  for (const each of deleted) head.hideSamples(each.slot, each.mint, each.maxt);
  return deleted.length;
}
