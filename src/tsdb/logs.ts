import type {Clock} from '../sys/clock.ts';
import type {FileSystem} from '../sys/fs.ts';
import type {Logger} from '../sys/log.ts';
import {Summary} from '../sys/summary.ts';
import type {Head} from './head/head.ts';
import type {LateReplay} from './head/late-replay.ts';
import {type LoadedHeadChunks, loadHeadChunks, syncHeadChunks} from './head/load.ts';
import type {HeadReplay} from './head/replay.ts';
import {headChunksDirectory} from './headchunks/format.ts';
import {ScanAhead} from './headchunks/scan-ahead.ts';
import {HeadTruncation} from './headtruncation.ts';
import {Lateness} from './lateness.ts';
import {Staleness} from './staleness.ts';
import {removeCovered, removeTemporary} from './wal/checkpoint.ts';
import type {OnReplayProgress} from './replayphases.ts';
import {removeSnapshots, type Snapshot} from './snapshot/format.ts';
import {loadSnapshot, newestSnapshot, type SnapshotSink} from './snapshot/read.ts';
import type {Compression} from './wal/compression.ts';
import type {LogMemory} from './wal/page-buffer.ts';
import {type ReplayOptions, type ReplayResult, replay} from './wal/replay.ts';
import {directoryBytes, listSegments} from './wal/segments.ts';
import {LogTruncation} from './wal/truncation.ts';
import {Wal, type WalOptions} from './wal/wal.ts';

export interface LogsOptions {
  /** The data directory. */
  dir: string;
  log: Logger;
  clock: Clock;
  fs: FileSystem;
  linear: LogMemory;
  walCompression?: Compression;
  walSegmentBytes?: number;
  /** Whether snapshots of the memory are read and written (--enable-feature=memory-snapshot-on-shutdown). */
  snapshots?: boolean;
  walStartTimes?: boolean;
  onReplayProgress?: OnReplayProgress;
  scanBytesMin?: number;
}

export interface OpenLogs {
  wal: Wal;
  fsyncs: Summary;
  logTruncation: LogTruncation;
  truncation: HeadTruncation;
  lateness: Lateness;
  staleness: Staleness;
  /** What the start found in the log, and in that of late samples. */
  replayed: ReplayResult;
  replayedLate: ReplayResult | null;
  /** Records that named no series. */
  unknownRefs: number;
  /** Chunks in files that the start has found and used. */
  chunksLoaded: number;
}

/** Fills the head with what is on the disk, and opens the logs for writing. */
export async function openLogs(head: Head, options: LogsOptions): Promise<OpenLogs> {
  const {dir, log, clock, fs, linear} = options;
  const {onReplayProgress: onProgress = () => {}} = options;
  const common = {fs, log, clock, linear, corruptDir: `${dir}/wal.corrupt`};
  const {sink, from, files} = await restore(head, {...options, onProgress});
  const replayed = await replayWith(files, {
    ...common,
    dir: walDirectory(dir),
    sink,
    from,
    onProgress: (done, total) => onProgress('log', done, total),
  });
  const late = sink.late();
  const replayedLate = await replayLate({...common, dir: lateDirectory(dir), sink: late});
  const {chunksLoaded} = sink.counts;
  const unknownRefs = sink.counts.unknownRefs + late.unknownRefs;
  if (unknownRefs > 0) log.warn('Unknown series references', {records: unknownRefs});
  sink.finish();
  if (replayed.corruptions.length + (replayedLate?.corruptions.length ?? 0) > 0)
    syncHeadChunks(head, {fs, log, dir: headChunksDirectory(dir)});

  // From here on the head is another than in the snapshot.
  if (options.snapshots === true) removeSnapshots(fs, dir);
  removeTemporary(fs, walDirectory(dir));
  removeCovered({fs, dir: walDirectory(dir), log});
  const fsyncs = new Summary();
  const walOptions = walOptionsOf(options);
  const wal = new Wal({
    ...walOptions,
    dir: walDirectory(dir),
    segment: replayed.nextSegment,
    onSync: (seconds) => fsyncs.observe(seconds),
  });
  head.log = wal;
  const {compression, segmentBytes} = walOptions;
  const logTruncation = new LogTruncation({
    ...common,
    wal,
    dir: walDirectory(dir),
    ...(compression === undefined ? {} : {compression}),
    ...(segmentBytes === undefined ? {} : {segmentBytes}),
  });
  logTruncation.alias(sink.otherRefs);
  const truncation = new HeadTruncation(head, logTruncation, log);
  const lateness = new Lateness({
    head,
    truncation,
    chunksDir: headChunksDirectory(dir),
    wal: {...walOptions, dir: lateDirectory(dir), segment: replayedLate?.nextSegment ?? 0},
  });
  const staleness = new Staleness({head, wal, truncation, logTruncation, log});
  return {
    wal,
    staleness,
    fsyncs,
    logTruncation,
    truncation,
    lateness,
    replayed,
    replayedLate,
    unknownRefs,
    chunksLoaded,
  };
}

interface Restored {
  sink: HeadReplay;
  /** From where on the log is to be read; null = from its beginning. */
  from: Snapshot | null;
  /** Full chunks that series get when the log has named them; null = they have theirs. */
  files: ComingFiles | null;
}

/** Files of full chunks that a thread scans. */
interface ComingFiles {
  /** Gives the series that were named before their chunks; waits for the thread. */
  attach: () => Promise<void>;
  /** Ends the thread. */
  end: () => Promise<void>;
}

/** Reads the log while files are scanned: its first records name series, and only then their chunks are needed. */
async function replayWith(files: ComingFiles | null, options: ReplayOptions): Promise<ReplayResult> {
  if (files === null) return replay(options);
  try {
    let attached: Promise<void> | null = null;
    const afterSeries = (): Promise<void> => (attached ??= files.attach());
    const result = await replay({...options, afterSeries});
    await afterSeries();
    return result;
  } finally {
    await files.end();
  }
}

/** Fills the head with what is not in the log: full chunks in files, and a snapshot of the memory. */
async function restore(
  head: Head,
  {
    dir,
    log,
    clock,
    fs,
    linear,
    snapshots,
    scanBytesMin,
    onProgress,
  }: LogsOptions & {onProgress: OnReplayProgress},
): Promise<Restored> {
  const lastSegment = listSegments(fs, walDirectory(dir)).at(-1)?.number ?? -1;
  const snapshot = snapshots === true ? newestSnapshot({fs, dir, lastSegment, log}) : null;
  const chunksDir = headChunksDirectory(dir);
  const loadSnapshotInto = async (sink: SnapshotSink): Promise<Snapshot | null> =>
    snapshot === null
      ? null
      : loadSnapshot(snapshot, sink, {
          fs,
          log,
          clock,
          linear,
          bytesMin: scanBytesMin,
          onProgress: (done, total) => onProgress('snapshot', done, total),
        });
  const loadFiles = (ahead: ScanAhead | null): Promise<LoadedHeadChunks> =>
    loadHeadChunks(head, {
      fs,
      log,
      linear,
      ahead,
      dir: chunksDir,
      dataFolder: dir,
      elapsed: () => clock.elapsed(),
      onProgress: (done, total) => onProgress('chunks', done, total),
    });
  // Where full chunks were lost, only the log has what a snapshot leaves to them.
  const usable = (): boolean => head.files!.damages === 0;
  const ahead = ScanAhead.start(fs, chunksDir, {linear, bytesMin: scanBytesMin});
  if (ahead === null) {
    const {chunks, mark} = await loadFiles(null);
    if (mark !== null) chunks.mark(mark);
    const sink = head.replay(chunks.length === 0 ? null : chunks);
    return {sink, from: usable() ? await loadSnapshotInto(sink.snapshot()) : null, files: null};
  }
  const sink = head.replay();
  if (snapshot === null) {
    const loading = loadFiles(ahead);
    // Whoever waits for it meets the error.
    loading.catch(() => {});
    const attach = async (): Promise<void> => sink.attachFiles(await loading);
    return {sink, from: null, files: {attach, end: () => ahead.end()}};
  }
  try {
    // The files are scanned while the snapshot is read.
    const from = await loadSnapshotInto(sink.snapshot(true, directoryBytes(fs, snapshot.path)));
    sink.attachFiles(await loadFiles(ahead), usable());
    return {sink, from: usable() ? from : null, files: null};
  } finally {
    await ahead.end();
  }
}

function walOptionsOf(options: LogsOptions): Omit<WalOptions, 'dir' | 'segment'> {
  const {log, clock, fs, linear, walCompression, walSegmentBytes, walStartTimes = false} = options;
  return {
    fs,
    log,
    clock,
    linear,
    startTimes: walStartTimes,
    ...(walCompression === undefined ? {} : {compression: walCompression}),
    ...(walSegmentBytes === undefined ? {} : {segmentBytes: walSegmentBytes}),
  };
}

/** Null where there is no log of late samples. */
async function replayLate(options: ReplayOptions & {sink: LateReplay}): Promise<ReplayResult | null> {
  const {fs, dir} = options;
  if (listSegments(fs, dir).length === 0) return null;
  return replay({...options, name: 'WBL'});
}

export function walDirectory(dir: string): string {
  return `${dir}/wal`;
}

/** Where the log of late samples is. */
export function lateDirectory(dir: string): string {
  return `${dir}/wbl`;
}
