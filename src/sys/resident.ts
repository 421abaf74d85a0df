// Gives back what the process has touched and does not use: code of Node that only its start needs, and what the C library keeps of
// what was freed. Linux with glibc only; elsewhere nothing happens.
import {closeSync, openSync, readFileSync, readSync} from 'node:fs';
import {codeBlockBytes, CodePages, type CodeMapping} from './code-pages.ts';
import {compactNow} from './garbage.ts';

/** When what the start needed is given back, and how often it is looked whether there is more freed memory and more code. */
const firstMs = 3000;
const freedEveryMs = 1000;
const codeEveryMs = 5000;

/** What the start needed is given back when this thread is not busier than that, as it takes some 100 ms; but not later. */
const busyMax = 0.2;
const startedMs = 30_000;

/** So much work of the process, in microseconds, leaves something to give back. */
const workUsMin = 50_000;

const adviceDontNeed = 4;

interface SystemCalls {
  getpagesize(): number;
  malloc_trim(keptBytes: bigint): number;
  madvise(address: bigint, bytes: bigint, advice: number): number;
}

/** Keeps the process's resident memory small, for as long as it runs. Once for a process, from its main thread. */
export function keepResidentSmall(): void {
  const calls = systemCalls();
  if (calls === null) return;
  // They stay where they are, so they need not be looked for again.
  let code: CodePages | null = null;
  const giveFreedBack = (): void => void calls.malloc_trim(0n);
  const giveCodeBack = (): void => {
    code ??= codePages(calls);
    code.giveBack();
  };
  onceQuiet(() => {
    compactNow();
    giveFreedBack();
    giveCodeBack();
  });
  afterWork(giveFreedBack, freedEveryMs);
  afterWork(giveCodeBack, codeEveryMs);
}

/** Does something when the start is over and this thread is not busy. */
function onceQuiet(act: () => void): void {
  let last = performance.eventLoopUtilization();
  const look = (): void => {
    const {utilization} = performance.eventLoopUtilization(last);
    last = performance.eventLoopUtilization();
    if (utilization > busyMax && performance.now() < startedMs) setTimeout(look, freedEveryMs).unref();
    else act();
  };
  // The start itself is no measure.
  setTimeout(() => (last = performance.eventLoopUtilization()), firstMs - freedEveryMs).unref();
  setTimeout(look, firstMs).unref();
}

/** Does something every so often, while the process works. */
function afterWork(act: () => void, everyMs: number): void {
  let last = process.cpuUsage();
  setInterval(() => {
    const {user, system} = process.cpuUsage(last);
    if (user + system < workUsMin) return;
    act();
    last = process.cpuUsage();
  }, everyMs).unref();
}

function codePages(calls: SystemCalls): CodePages {
  const pageBytes = calls.getpagesize();
  return new CodePages(ownCode(), {
    presentBlocks: (mapping) => presentBlocks(mapping, pageBytes),
    giveBack: (address, bytes) => void calls.madvise(BigInt(address), BigInt(bytes), adviceDontNeed),
  });
}

/** An entry of /proc/PID/pagemap tells of one page; the highest bit of its last byte: it is there. */
const pageEntryBytes = 8;
const pagePresent = 0x80;

/** As CodePagesSystem has it. */
function presentBlocks({address, bytes}: CodeMapping, pageBytes: number): Uint8Array | null {
  const entries = Buffer.allocUnsafeSlow((bytes / pageBytes) * pageEntryBytes);
  try {
    const file = openSync('/proc/self/pagemap', 'r');
    try {
      const at = (address / pageBytes) * pageEntryBytes;
      if (readSync(file, entries, 0, entries.length, at) < entries.length) return null;
    } finally {
      closeSync(file);
    }
  } catch {
    return null;
  }
  const skipped = address % codeBlockBytes;
  const present = new Uint8Array(Math.ceil((skipped + bytes) / codeBlockBytes));
  for (let i = 0; i < entries.length / pageEntryBytes; i++) {
    if ((entries[pageEntryBytes * i + pageEntryBytes - 1]! & pagePresent) === 0) continue;
    present[Math.floor((skipped + i * pageBytes) / codeBlockBytes)] = 1;
  }
  return present;
}

/** Empty where the system does not tell. */
function ownCode(): CodeMapping[] {
  try {
    return codeMappings(readFileSync('/proc/self/smaps', 'latin1'));
  } catch {
    return [];
  }
}

/** The C library's functions, where Node can call them and where it was started so that it does not warn about that, as bin/narthex does. */
function systemCalls(): SystemCalls | null {
  if (process.platform !== 'linux' || !process.execArgv.includes('--disable-warning=ExperimentalWarning'))
    return null;
  try {
    const ffi = process.getBuiltinModule('node:ffi');
    return ffi.dlopen(null, {
      getpagesize: {arguments: [], return: 'int32'},
      malloc_trim: {arguments: ['uint64'], return: 'int32'},
      madvise: {arguments: ['uint64', 'uint64', 'int32'], return: 'int32'},
    }).functions;
  } catch {
    return null; // Another C library, a Node without FFI, or one that may not use it.
  }
}

/**
 * Parts of the program's file, as /proc/PID/smaps has it loaded at the start, that cannot be written and hold nothing but what is in
 * the file: what is needed of them again comes from the page cache. V8 maps some of the file once more for each thread; those
 * mappings go with their threads, and something else may lie there then, so they are left alone.
 */
export function codeMappings(smaps: string, program = process.execPath): CodeMapping[] {
  const found: CodeMapping[] = [];
  let end = '';
  for (const [text, from, to, access, offset, path] of smaps.matchAll(mappingPattern)) {
    if (path !== program || (from !== end && !/^0+$/.test(offset!))) continue;
    end = to!;
    const asInFile = /^Anonymous:\s+0 kB$/m.test(text) && /^Swap:\s+0 kB$/m.test(text);
    if (!asInFile || !access!.startsWith('r-')) continue;
    const address = Number(`0x${from}`);
    found.push({address, bytes: Number(`0x${to}`) - address});
  }
  return found;
}

/** A mapping of a file, and its lines. */
const mappingPattern = /^([\da-f]+)-([\da-f]+) (\S+) ([\da-f]+) \S+ \d+ +(\/.*)\n(?:[A-Z].*\n)+/gm;
