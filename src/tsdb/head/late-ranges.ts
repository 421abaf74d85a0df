import {annexLateSealed} from './annex.ts';
import {forEachEntry, indexEntryMaxTime} from './chunks.ts';
import {entryReference} from './filedchunks.ts';
import type {Head} from './head.ts';

/** The ranges of blocks that late chunks belong to, rising, and the newest of these chunks. */
export function lateReferences(head: Head): {
  ranges: {minTime: number; maxTime: number}[];
  reference: number;
} {
  const {u32, f64} = head.memory;
  const {chunkRangeMs} = head;
  const numbers = new Set<number>();
  let reference = -1;
  head.annexes.forEach((annex) =>
    forEachEntry(u32, u32[(annex + annexLateSealed) >>> 2]!, (entry) => {
      const last = Math.floor(f64[(entry + indexEntryMaxTime) >>> 3]! / chunkRangeMs);
      for (let number = Math.floor(f64[entry >>> 3]! / chunkRangeMs); number <= last; number++)
        numbers.add(number);
      reference = Math.max(reference, entryReference(u32, entry));
    }),
  );
  const ranges = [...numbers]
    .sort((left, right) => left - right)
    .map((number) => ({minTime: number * chunkRangeMs, maxTime: (number + 1) * chunkRangeMs}));
  return {ranges, reference};
}
