import {getHeapSpaceStatistics, getHeapStatistics} from 'node:v8';

/** V8's own, where Node was started with --expose-gc, as bin/narthex does. */
const collect = (
  globalThis as {gc?: (options: {type: 'minor' | 'major'; flavor?: 'regular' | 'last-resort'}) => void}
).gc;

/** So many bytes may wait for a quick collection, and for a thorough one. */
const youngBytesMax = 8 * 2 ** 20;
const oldBytesMax = 32 * 2 ** 20;

/**
 * While V8 marks old objects in steps it collects no young ones, and the nursery, 3 MiB else, grows for as long: to 26 MiB where one
 * turn of the loop has many queries, as the steps come between turns. From so many bytes on the rest is marked at once. Asking takes
 * 4 µs, so where little is noted it is asked every few times.
 */
const nurseryBytesMax = 4 * 2 ** 20;
const nurseryNotes = 8;
const nurseryAskBytes = 64 * 1024;

/** Buffers of so many bytes are mappings of their own. */
const ownBytesMin = 128 * 1024;

/** There is no thorough one where it could give back less than this. */
const oldBytesMin = 8 * 2 ** 20;

/** A thorough one takes some 20 ms, so it comes when nothing has been noted for so long; where that never is, after the longer time. */
const quietMs = 500;
const patienceMs = 5000;

/**
 * Where V8 holds so much more than is in use, what stays is worth being moved together. That takes some 60 ms, of large heaps
 * more, so that it comes again after so many times as long, and not before the shorter time.
 */
const slackBytesMax = 6 * 2 ** 20;
/**
 * Pages that a collection empties V8 keeps for the next ones, for ever (in Node 26 its flags for that do nothing), and does not tell
 * of; a compaction gives them back. So it is worth it also where there were once so many more than are in use.
 */
const emptiedBytesMax = 12 * 2 ** 20;
const compactPause = 200;
const compactEveryMs = 10_000;

// Each thread has a heap of its own, and so these of its own.
let youngBytes = 0;
let notesUnasked = 0;
let oldBytes = 0;
let isBurst = false;
/** What was held after the last thorough collection, in V8's heap and in buffers beside it; less, where less was seen since. */
let heapAfterBytes = 0;
let buffersAfterBytes = 0;
let compactAgainAtMs = -Infinity;
let isLookDue = false;
/** The most that was held since the last compaction, of what was seen. */
let highestBytes = 0;
let timer: NodeJS.Timeout | null = null;
let wantedSinceMs = 0;

/**
 * Says that so many bytes of this thread's buffers are not needed any more, or will not be soon. V8 collects by what is in
 * its heap, where a buffer of megabytes is a few words, and not at all while nothing happens: left alone it keeps tens of
 * megabytes of such garbage in each thread, after a burst for ever. What is noted here goes earlier, mostly while it is
 * young, which costs next to nothing.
 */
export function noteGarbage(bytes: number): void {
  youngBytes += bytes;
  oldBytes += bytes;
  if (bytes >= nurseryAskBytes || ++notesUnasked >= nurseryNotes) {
    notesUnasked = 0;
    if (nurseryBytes() > nurseryBytesMax) youngBytes = youngBytesMax;
  }
  if (youngBytes >= youngBytesMax) {
    youngBytes = 0;
    collect?.({type: 'minor'});
    grownBytes();
    lookLater(compactEveryMs);
  }
  if (oldBytes >= oldBytesMax) collectWhenQuiet();
}

/**
 * Gives the memory of a buffer back at once, where `bytes` is all of it: nobody may have a view of it any more. Small ones are not
 * worth it.
 */
export function giveBack(bytes: Uint8Array): void {
  const {buffer, byteLength} = bytes;
  if (byteLength < ownBytesMin || byteLength < buffer.byteLength || !(buffer instanceof ArrayBuffer)) return;
  buffer.transfer(0);
}

/**
 * The same as noteGarbage() for objects of V8's own heap that thousands of short tasks have left at once: they lie scattered among what stays,
 * so that what stays is moved together and pages are given back, which takes some 100 ms.
 */
export function noteBurst(bytes: number): void {
  oldBytes += bytes;
  if (oldBytes < oldBytesMax) return;
  isBurst = true;
  collectWhenQuiet();
}

/**
 * What has come since the last thorough collection to V8's heap and to the buffers beside it, garbage for the most part. What was in
 * use then and is not any more does not hide it.
 */
function grownBytes(): number {
  const {used_heap_size: heap, external_memory: buffers, total_physical_size: held} = getHeapStatistics();
  highestBytes = Math.max(highestBytes, held);
  heapAfterBytes = Math.min(heapAfterBytes, heap);
  buffersAfterBytes = Math.min(buffersAfterBytes, buffers);
  return heap - heapAfterBytes + buffers - buffersAfterBytes;
}

function nurseryBytes(): number {
  for (const space of getHeapSpaceStatistics())
    if (space.space_name === 'new_space') return space.physical_space_size;
  return 0;
}

function noteCollected(): void {
  heapAfterBytes = Infinity;
  buffersAfterBytes = Infinity;
  grownBytes();
}

/** What a start leaves behind goes at once. */
export function compactNow(): void {
  const beganMs = performance.now();
  collect?.({type: 'major', flavor: 'last-resort'});
  const endedMs = performance.now();
  compactAgainAtMs = endedMs + Math.max(compactEveryMs, compactPause * (endedMs - beganMs));
  noteCollected();
  highestBytes = 0;
}

function collectWhenQuiet(): void {
  if (timer !== null) {
    // After a burst it is compacted, which takes too long for a thread that has much to do.
    if (isBurst || performance.now() < wantedSinceMs + patienceMs) timer.refresh();
    return;
  }
  wantedSinceMs = performance.now();
  timer = setTimeout(() => {
    timer = null;
    oldBytes = 0;
    if (isBurst) compactNow();
    else if (!compactIfScattered() && grownBytes() >= oldBytesMin) {
      // Else quick ones had nearly all of it.
      collect?.({type: 'major', flavor: 'regular'});
      noteCollected();
      compactIfScattered();
    }
    isBurst = false;
  }, quietMs).unref();
}

/** Where the objects of this thread's heap lie in many more pages than they need: at once, or when it may be again. */
function compactIfScattered(): boolean {
  const {total_physical_size: held, used_heap_size: used} = getHeapStatistics();
  highestBytes = Math.max(highestBytes, held);
  if (held - used <= slackBytesMax && highestBytes - used <= emptiedBytesMax) return false;
  const waitMs = compactAgainAtMs - performance.now();
  if (waitMs > 0) lookLater(waitMs);
  else compactNow();
  return waitMs <= 0;
}

/** Whether something is to be collected by then; of what comes in small portions there is never enough at once. */
function lookLater(waitMs: number): void {
  if (isLookDue) return;
  isLookDue = true;
  setTimeout(() => {
    isLookDue = false;
    collectWhenQuiet();
  }, waitMs).unref();
}
