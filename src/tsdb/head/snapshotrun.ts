import {assert} from '../../base/assert.ts';
import {
  runBytes,
  runClass,
  runDone,
  runKnown,
  runLastRef,
  runLeft,
  runList,
  runMade,
  runPlaces,
  runPlacesLeft,
  runRefs,
  runRefsLeft,
  runRestore,
  runRetired,
  runRetiredLists,
  runRoom,
  runRooms,
  runRow,
  runRows,
  runRowsEnd,
  runSlotCount,
  runSlotEnd,
  runSlots,
  runStop,
  runWhat,
} from '../../kernels/snapshot-layout.ts';
import type {Head} from './head.ts';
import {headerSlotCount} from './header.ts';
import type {PendingChunks} from './pendingchunks.ts';
import type {ReplayRefs} from './replayrefs.ts';
import type {SeriesRestore} from './restore.ts';

/** Where the series of a snapshot go. */
interface SnapshotTarget {
  restore: SeriesRestore;
  refs: ReplayRefs;
  pending: PendingChunks;
}

/** Series of a snapshot, many at once: the kernel restoreSnapshot() makes them, and gets here what it needs. */
export class SnapshotRun {
  readonly #head: Head;
  readonly #target: SnapshotTarget;
  readonly #context: number;

  constructor(head: Head, target: SnapshotTarget) {
    this.#head = head;
    this.#target = target;
    this.#context = head.arena.alloc(runBytes);
    head.memory.u8.fill(0, this.#context, this.#context + runBytes);
    this.#set(runRestore, target.restore.context);
    this.#set(runSlotCount, headerSlotCount);
  }

  /** Takes entries of the ring of records in [at, end), as far as they are usual, and gives where it has stopped. */
  take(at: number, end: number): number {
    const {kernels, reclaimer} = this.#head;
    for (;;) {
      this.#begin();
      at = kernels.restoreSnapshot(this.#context, at, end);
      this.#taken();
      const why = this.#get(runStop);
      if (why === runDone || why === runLeft) break;
      this.#help(why);
    }
    // Lists that became too short: without readers their memory is used again at once.
    reclaimer.reclaim();
    return at;
  }

  /** Gives back the blocks that were not used. */
  free(): void {
    const {arena} = this.#head;
    arena.forEachClass((sizeClass, bytes) => {
      const room = this.#context + runRooms + 8 * sizeClass;
      const [next, end] = this.#head.memory.u32.subarray(room >>> 2, (room >>> 2) + 2);
      for (let block = next!; block < end!; block += bytes) arena.free(block, bytes);
    });
    arena.free(this.#context, runBytes);
  }

  #begin(): void {
    const {restore, refs, pending} = this.#target;
    const {series} = this.#head;
    restore.useTables();
    restore.useRefs(refs);
    this.#set(runSlotEnd, series.slotEnd);
    this.#set(runPlacesLeft, series.placesLeft);
    this.#set(runRefsLeft, refs.left);
    this.#set(runKnown, refs.knownAddress);
    const {next, end} = pending.room();
    this.#set(runRow, next);
    this.#set(runRowsEnd, end);
    this.#set(runMade, 0);
    this.#head.memory.f64[(this.#context + runLastRef) >>> 3] = 0;
  }

  #taken(): void {
    const {refs, pending} = this.#target;
    const {memory, series} = this.#head;
    const made = this.#get(runMade);
    series.made(made);
    refs.added(refs.left - this.#get(runRefsLeft));
    pending.written(this.#get(runRow));
    this.#head.appender().counts.seriesCreated += made;
    this.#head.reserveRef(memory.f64[(this.#context + runLastRef) >>> 3]!);
    const lists = (this.#context + runRetiredLists) >>> 2;
    for (let i = lists, end = lists + 2 * this.#get(runRetired); i < end; i += 2)
      this.#head.reclaimer.retire(memory.u32[i]!, memory.u32[i + 1]!);
    this.#set(runRetired, 0);
  }

  #help(why: number): void {
    const {kernels, series, postings} = this.#head;
    const {restore, refs} = this.#target;
    const what = this.#get(runWhat);
    switch (why) {
      case runSlots:
        return series.addSlots();
      case runPlaces:
        return series.growPlaces(kernels, restore);
      case runRefs:
        return refs.grow();
      case runRows:
        return; // The next begin() gives some.
      case runRoom:
        return this.#giveRoom(what);
      default:
        assert(why === runList, 'the kernel says why it has stopped');
        restore.addToLists(postings, series.slotCount - 1, what);
        if (this.#get(runClass) !== 0) this.#giveRoom(this.#get(runClass));
        this.#set(runClass, 0);
    }
  }

  /** Blocks of a size class, of which there are none left. */
  #giveRoom(sizeClass: number): void {
    const room = (this.#context + runRooms + 8 * sizeClass) >>> 2;
    const {memory, arena} = this.#head;
    const {address, end} = arena.allocSpan(sizeClass);
    memory.u32[room] = address;
    memory.u32[room + 1] = end;
  }

  #get(field: number): number {
    return this.#head.memory.u32[(this.#context + field) >>> 2]!;
  }

  #set(field: number, value: number): void {
    this.#head.memory.u32[(this.#context + field) >>> 2] = value;
  }
}
