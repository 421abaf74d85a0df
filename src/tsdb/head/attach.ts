import type {Arena} from '../../kernels/arena.ts';
import {indexCapacityMin, indexEntries, indexEntryBytes} from '../../kernels/index-layout.ts';
import {rowBytes, rowSlot} from '../../kernels/snapshot-layout.ts';
import {referenceFile} from '../headchunks/format.ts';
import {emptyChunk, type ScannedChunk} from '../headchunks/scan.ts';
import {chunkOfRow, rowFields, type ScannedRows, visitBlocks} from '../headchunks/scan-rows.ts';
import type {Head} from './head.ts';
import type {PendingChunk, PendingChunks} from './pendingchunks.ts';
import type {SeriesRestore} from './restore.ts';
import {slotAddress} from './series.ts';

/** Rows that the kernel sees at once. */
const rowsAtOnce = 4096;
const blockBytes = indexEntries + indexCapacityMin * indexEntryBytes;

/**
 * Gives series the full chunks that threads have found, in the order in which they were written, and calls `receive` with those that the
 * kernel leaves: true where no series has such a chunk yet. Gives the number of chunks that the kernel has attached.
 */
export function attachRows(
  head: Head,
  restore: SeriesRestore,
  result: ScannedRows,
  receive: (chunk: ScannedChunk) => boolean,
): number {
  const {arena, memory, chunks} = head;
  const rows = arena.alloc(rowsAtOnce * rowFields * 8);
  const chunk = emptyChunk();
  let attached = 0;
  visitBlocks(result, (block, count) => {
    for (let from = 0; from < count; from += rowsAtOnce) {
      const end = Math.min(count, from + rowsAtOnce);
      memory.f64.set(block.subarray(from * rowFields, end * rowFields), rows >>> 3);
      for (let row = 0; row < end - from;) {
        const file = referenceFile(block[(from + row) * rowFields + 3]!);
        refill(head, restore);
        const {next, done} = restore.attach({rows, from: row, count: end - from, file});
        chunks.added(file, done);
        attached += done;
        row = next;
        if (row === end - from) break;
        chunkOfRow(block, from + row, chunk);
        // The kernel may only have run out of blocks, or have come to the next file.
        if (done > 0) continue;
        // Where one series was not named yet, the following ones were mostly not named either.
        while (receive(chunk) && row + 1 < end - from) chunkOfRow(block, from + ++row, chunk);
        row++;
      }
    }
  });
  giveBack(arena, restore);
  arena.free(rows, rowsAtOnce * rowFields * 8);
  return attached;
}

/**
 * Gives series the chunks of a snapshot that waited for those in files, and calls `receive` with those that the kernel leaves: they are not
 * wanted, or need a longer index.
 */
export function attachWaiting(
  head: Head,
  restore: SeriesRestore,
  pending: PendingChunks,
  receive: (chunk: PendingChunk) => void,
): void {
  const {arena, chunks, memory} = head;
  pending.forEachBlock((rows, count) => {
    for (let row = 0; row < count;) {
      refill(head, restore);
      const {next, done} = restore.attachWaiting({rows, from: row, count});
      for (; row < next; row++) {
        const slot = memory.u32[(rows + row * rowBytes + rowSlot) >>> 2]!;
        chunks.addedInMemory(slotAddress(memory.u32, slot));
      }
      // It may only have run out of blocks.
      if (done === 0) receive(pending.get(rows + row++ * rowBytes));
    }
  });
  giveBack(arena, restore);
}

/** Gives back the blocks that were not needed. */
function giveBack(arena: Arena, restore: SeriesRestore): void {
  const {address, end} = restore.takeBlocks();
  for (let block = address; block < end; block += blockBytes) arena.free(block, blockBytes);
}

function refill({arena}: Head, restore: SeriesRestore): void {
  if (!restore.hasBlocks) restore.giveBlocks(arena.allocSpan(arena.sizeClass(blockBytes)));
}
