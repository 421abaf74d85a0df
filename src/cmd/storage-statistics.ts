import type {StorageStatistics} from '../api/statistics.ts';
import type {WriteReceiver} from '../remote/writerequest.ts';
import type {ScrapeManager} from '../scrape/manager.ts';
import type {Db} from './tempdb.ts';

/** What the parts of the storage thread have counted, as /metrics and the status pages want it. */
export function storageStatistics(
  db: Db,
  scrapes: ScrapeManager,
  receiver: WriteReceiver,
): StorageStatistics {
  const head = db.head.stats();
  const wal = db.wal.statistics;
  const received = receiver.counts;
  return {
    head: {
      series: head.series,
      seriesCreated: head.seriesCreated,
      seriesRemoved: head.seriesRemoved,
      chunks: head.chunks,
      chunksCreated: head.chunksCreated,
      chunksRemoved: head.chunksRemoved,
      samplesAppended: head.appended,
      outOfOrderSamples: head.outOfOrder,
      duplicateSamples: head.duplicates,
      outOfBoundsSamples: head.outOfBounds,
      minTimeMs: head.minTime > head.maxTime ? null : head.minTime,
      maxTimeMs: head.minTime > head.maxTime ? null : head.maxTime,
      labelPairs: head.labelPairs,
    },
    wal: {
      segmentCurrent: wal.segmentCurrent,
      storageBytes: wal.bytesWritten,
      fsyncs: wal.syncs,
      fsyncSecondsTotal: wal.syncSeconds,
      writesFailed: wal.writesFailed,
      corruptions: 0,
      pageFlushes: wal.pageFlushes,
      completedPages: wal.completedPages,
      recordsWritten: wal.records,
      bytesWritten: wal.bytesWritten,
    },
    scrape: scrapes.statistics(),
    remoteWrite: {
      requests: received.requests,
      samples: received.samples,
      samplesRejected: received.samplesRejected,
      seriesRejected: received.samplesWithInvalidLabels,
      exemplarsSkipped: received.exemplarsSkipped,
      histogramsSkipped: received.histogramsSkipped,
    },
    memory: {committedBytes: head.bytesInUse, usedBytes: head.bytesInUse},
  };
}
