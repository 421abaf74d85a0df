import {indexEntryMaxTime} from '../../kernels/index-layout.ts';
import type {LateMark} from '../headchunks/latemark.ts';
import {annexLateSealed} from './annex.ts';
import {forEachEntry} from './chunks.ts';
import {entryReference} from './filedchunks.ts';
import type {Head} from './head.ts';

/** The ranges of blocks that late chunks belong to, rising, and the newest of these chunks; null = there are none. */
export function lateReferences(head: Head): {
  ranges: {minTime: number; maxTime: number}[];
  newest: LateMark;
} | null {
  const {u32, f64} = head.memory;
  const {chunkRangeMs} = head;
  const numbers = new Set<number>();
  let newest: LateMark | null = null;
  head.annexes.forEach((annex) =>
    forEachEntry(u32, u32[(annex + annexLateSealed) >>> 2]!, (entry) => {
      const last = Math.floor(f64[(entry + indexEntryMaxTime) >>> 3]! / chunkRangeMs);
      for (let number = Math.floor(f64[entry >>> 3]! / chunkRangeMs); number <= last; number++)
        numbers.add(number);
      const reference = entryReference(u32, entry);
      if (newest !== null && reference <= newest.reference) return;
      newest = {
        reference,
        minTime: f64[entry >>> 3]!,
        maxTime: f64[(entry + indexEntryMaxTime) >>> 3]!,
      };
    }),
  );
  const ranges = [...numbers]
    .sort((left, right) => left - right)
    .map((number) => ({minTime: number * chunkRangeMs, maxTime: (number + 1) * chunkRangeMs}));
  return newest === null ? null : {ranges, newest};
}
