import type {HeadDiskStatistics, StorageStatistics} from '../api/statistics.ts';
import type {Retention} from '../config/config.ts';
import type {WriteReceiver} from '../remote/writerequest.ts';
import type {ScrapeManager} from '../scrape/manager.ts';
import type {Db} from '../tsdb/db.ts';

/** What the parts of the storage thread have counted, as /metrics and the status pages want it. */
export function storageStatistics(
  db: Db,
  scrapes: ScrapeManager,
  receiver: WriteReceiver,
  retention: Retention,
): StorageStatistics {
  const head = db.head.stats();
  const {blocks, ...wal} = db.statistics();
  return {
    head: {
      series: head.series,
      seriesCreated: head.seriesCreated,
      seriesRemoved: head.seriesRemoved,
      chunks: head.chunks,
      chunksCreated: head.chunksCreated,
      chunksRemoved: head.chunksRemoved,
      samplesAppended: head.appended,
      histogramsAppended: head.histogramsAppended,
      outOfOrderSamples: head.outOfOrder,
      duplicateSamples: head.duplicates,
      outOfBoundsSamples: head.outOfBounds,
      minTimeMs: head.minTime > head.maxTime ? null : head.minTime,
      maxTimeMs: head.minTime > head.maxTime ? null : head.maxTime,
      labelPairs: head.labelPairs,
      staleSeries: head.staleSeries,
      disk: diskStatistics(db),
    },
    wal,
    blocks: {...blocks, retention, minTimeMs: db.blocks.blocks[0]?.meta.minTime ?? null},
    scrape: scrapes.statistics(),
    remoteWrite: {...receiver.counts},
    memory: {usedBytes: head.bytesInUse},
  };
}

function diskStatistics(db: Db): HeadDiskStatistics {
  const {files, late, exemplars} = db.head;
  const {checkpoints, checkpointsFailed} = db.truncationStatistics;
  return {
    chunksBytes: files?.storageBytes() ?? 0,
    chunksWritten: files?.chunksWritten ?? 0,
    chunksCorruptions: (files?.damages ?? 0) + (files?.readsFailed ?? 0),
    lateSamplesAppended: late.counts.appended,
    lateHistogramsAppended: late.counts.histogramsAppended,
    tooOldSamples: late.counts.tooOld,
    checkpoints,
    checkpointsFailed,
    exemplars: exemplars.statistics(),
  };
}
