// prometheus_tsdb_… and prometheus_target_…, from a snapshot of the storage thread's counters.

import type {ScrapeStatistics} from '../scrape/statistics.ts';
import {addDiscoveryFamilies} from './discovery-families.ts';
import type {FamilyList} from './families.ts';
import type {
  BlocksStatistics,
  BucketCounts,
  CompactionStatistics,
  HeadDiskStatistics,
  HeadStatistics,
  RemoteWriteStatistics,
  StorageStatistics,
  WalStatistics,
} from './statistics.ts';

export function addStorageFamilies(list: FamilyList, statistics: StorageStatistics): void {
  addHead(list, statistics.head, statistics.blocks?.minTimeMs ?? null);
  addWal(list, statistics.wal);
  if (statistics.blocks !== undefined) addBlocks(list, statistics.blocks);
  addScrape(list, statistics.scrape);
  if (statistics.discovery !== undefined) addDiscoveryFamilies(list, statistics.discovery);
  addRemoteWrite(list, statistics.remoteWrite);
  const {committedBytes, usedBytes} = statistics.memory;
  if (committedBytes !== undefined) {
    list.gauge(
      'narthex_shared_memory_committed_bytes',
      'Shared memory that was ever touched.',
      committedBytes,
    );
  }
  list.gauge('narthex_shared_memory_used_bytes', 'Shared memory in use.', usedBytes);
}

function addHead(list: FamilyList, head: HeadStatistics, blocksMinTimeMs: number | null): void {
  list.gauge('prometheus_tsdb_head_series', 'Series in the head.', head.series);
  list.gauge(
    'prometheus_tsdb_head_stale_series',
    'Series in the head whose newest sample is a stale marker.',
    head.staleSeries,
  );
  list.counter(
    'prometheus_tsdb_head_series_created_total',
    'Series created in the head.',
    head.seriesCreated,
  );
  list.counter(
    'prometheus_tsdb_head_series_removed_total',
    'Series removed from the head.',
    head.seriesRemoved,
  );
  list.gauge('prometheus_tsdb_head_chunks', 'Chunks in the head.', head.chunks);
  list.counter(
    'prometheus_tsdb_head_chunks_created_total',
    'Chunks created in the head.',
    head.chunksCreated,
  );
  list.counter(
    'prometheus_tsdb_head_chunks_removed_total',
    'Chunks removed from the head.',
    head.chunksRemoved,
  );
  const sampleType = {type: 'float'};
  list.each(
    'counter',
    {name: 'prometheus_tsdb_head_samples_appended_total', help: 'Samples appended to the head.'},
    [
      {type: 'float', value: head.samplesAppended},
      {type: 'histogram', value: head.histogramsAppended},
    ],
    ({type, value}) => ({labels: {type}, value}),
  );
  list.counter(
    'prometheus_tsdb_out_of_order_samples_total',
    'Samples refused because they were older than the newest of their series.',
    head.outOfOrderSamples,
    sampleType,
  );
  list.counter(
    'prometheus_tsdb_out_of_bound_samples_total',
    'Samples refused because they were older than the head.',
    head.outOfBoundsSamples,
    sampleType,
  );
  list.counter(
    'narthex_tsdb_duplicate_samples_total',
    'Samples refused because another value was stored for their time.',
    head.duplicateSamples,
  );
  list.gauge('prometheus_tsdb_head_active_appenders', 'Appenders at work.', head.activeAppenders);
  list.gauge('prometheus_tsdb_symbol_table_size_bytes', 'Memory of interned label texts.', head.symbolsBytes);
  addHeadTimes(list, head);
  if (head.disk !== undefined) addHeadDisk(list, head.disk);
  const lowestMs = Math.min(head.minTimeMs ?? 2 ** 63, blocksMinTimeMs ?? 2 ** 63);
  list.gauge('prometheus_tsdb_lowest_timestamp', 'Oldest time stored, in milliseconds.', lowestMs);
  list.gauge('prometheus_tsdb_lowest_timestamp_seconds', 'Oldest time stored.', Math.trunc(lowestMs / 1000));
}

/** Prometheus has the ends of time where the head is empty; a double rounds them the same way. */
function addHeadTimes(list: FamilyList, head: HeadStatistics): void {
  const minTimeMs = head.minTimeMs ?? 2 ** 63;
  const maxTimeMs = head.maxTimeMs ?? -(2 ** 63);
  list.gauge('prometheus_tsdb_head_min_time', 'Oldest time in the head, in milliseconds.', minTimeMs);
  list.gauge('prometheus_tsdb_head_max_time', 'Newest time in the head, in milliseconds.', maxTimeMs);
  list.gauge(
    'prometheus_tsdb_head_min_time_seconds',
    'Oldest time in the head.',
    Math.trunc(minTimeMs / 1000),
  );
  list.gauge(
    'prometheus_tsdb_head_max_time_seconds',
    'Newest time in the head.',
    Math.trunc(maxTimeMs / 1000),
  );
}

function addHeadDisk(list: FamilyList, disk: HeadDiskStatistics): void {
  list.gauge(
    'prometheus_tsdb_head_chunks_storage_size_bytes',
    'Size of the files of full chunks.',
    disk.chunksBytes,
  );
  list.counter('prometheus_tsdb_mmap_chunks_total', 'Full chunks written to files.', disk.chunksWritten);
  list.counter(
    'prometheus_tsdb_mmap_chunk_corruptions_total',
    'Damage found in the files of full chunks.',
    disk.chunksCorruptions,
  );
  list.each(
    'counter',
    {name: 'prometheus_tsdb_head_out_of_order_samples_appended_total', help: 'Late samples stored.'},
    [
      {type: 'float', value: disk.lateSamplesAppended},
      {type: 'histogram', value: disk.lateHistogramsAppended},
    ],
    ({type, value}) => ({labels: {type}, value}),
  );
  list.counter(
    'prometheus_tsdb_too_old_samples_total',
    'Samples refused because they were older than the window for late samples.',
    disk.tooOldSamples,
    {type: 'float'},
  );
  list.counter('prometheus_tsdb_checkpoint_creations_total', 'Checkpoints begun.', disk.checkpoints);
  list.counter(
    'prometheus_tsdb_checkpoint_creations_failed_total',
    'Checkpoints that failed.',
    disk.checkpointsFailed,
  );
  addExemplars(list, disk.exemplars);
}

function addExemplars(list: FamilyList, exemplars: HeadDiskStatistics['exemplars']): void {
  const name = (rest: string): string => `prometheus_tsdb_exemplar_${rest}`;
  list.counter(name('exemplars_appended_total'), 'Exemplars stored.', exemplars.appended);
  list.counter(
    name('out_of_order_exemplars_total'),
    'Exemplars refused for their time.',
    exemplars.outOfOrder,
  );
  list.gauge(name('exemplars_in_storage'), 'Exemplars kept.', exemplars.inStorage);
  list.gauge(name('series_with_exemplars_in_storage'), 'Series with exemplars.', exemplars.series);
  list.gauge(
    name('last_exemplars_timestamp_seconds'),
    'Time of the exemplar that is dropped next.',
    exemplars.lastTimestampSeconds,
  );
  list.gauge(name('max_exemplars'), 'Exemplars that are kept at most.', exemplars.max);
}

function addBlocks(list: FamilyList, blocks: BlocksStatistics): void {
  list.gauge('prometheus_tsdb_blocks_loaded', 'Blocks in use.', blocks.loaded);
  list.gauge('prometheus_tsdb_storage_blocks_bytes', 'Size of all blocks.', blocks.bytes);
  list.gauge('narthex_tsdb_blocks_damaged', 'Blocks that cannot be read and are left out.', blocks.damaged);
  list.counter('prometheus_tsdb_reloads_total', 'Looks at the blocks of the data folder.', blocks.reloads);
  list.counter(
    'prometheus_tsdb_reloads_failures_total',
    'Failed looks at the blocks of the data folder.',
    blocks.reloadsFailed,
  );
  list.counter(
    'prometheus_tsdb_time_retentions_total',
    'Times that blocks were deleted because they were too old.',
    blocks.timeRetentions,
  );
  list.counter(
    'prometheus_tsdb_size_retentions_total',
    'Times that blocks were deleted because there were too many bytes.',
    blocks.sizeRetentions,
  );
  const {timeMs, bytes, percentage} = blocks.retention;
  list.gauge('prometheus_tsdb_retention_limit_seconds', 'How long samples are kept.', timeMs / 1000);
  list.gauge('prometheus_tsdb_retention_limit_bytes', 'Bytes of blocks that are kept, 0 = no limit.', bytes);
  list.gauge(
    'prometheus_tsdb_retention_limit_percentage',
    'Part of the disk that blocks may have, 0 = no limit.',
    percentage,
  );
  if (blocks.compactions !== null) addCompactions(list, blocks.compactions);
}

function addCompactions(list: FamilyList, compactions: CompactionStatistics): void {
  list.counter(
    'prometheus_tsdb_compactions_triggered_total',
    'Rounds of compactions.',
    compactions.triggered,
  );
  list.counter('prometheus_tsdb_compactions_total', 'Blocks that were written.', compactions.ran);
  list.counter('prometheus_tsdb_compactions_failed_total', 'Rounds that failed.', compactions.failed);
  list.counter(
    'prometheus_tsdb_vertical_compactions_total',
    'Compactions of blocks that overlap.',
    compactions.overlapping,
  );
  list.gauge(
    'prometheus_tsdb_compaction_populating_block',
    'Whether a block is being written.',
    compactions.populating ? 1 : 0,
  );
  const {seconds, chunks} = compactions;
  const distributions: [name: string, help: string, counts: BucketCounts][] = [
    ['duration_seconds', 'Time that the writing of a block took.', seconds],
    ['chunk_size_bytes', 'Size of chunks of the first blocks that they are in.', chunks.bytes],
    ['chunk_samples', 'Samples of chunks of the first blocks that they are in.', chunks.samples],
    ['chunk_range_seconds', 'Milliseconds that chunks span, of the first blocks.', chunks.rangeMs],
  ];
  for (const [name, help, counts] of distributions) {
    const family = {name: `prometheus_tsdb_compaction_${name}`, help};
    list.histogram(family, [counts], (each) => ({labels: {}, counts: each}));
  }
  list.counter(
    'prometheus_tsdb_head_truncations_total',
    'Truncations of the head.',
    compactions.headTruncations,
  );
  list.counter(
    'prometheus_tsdb_head_truncations_failed_total',
    'Failed truncations of the head.',
    compactions.headTruncationsFailed,
  );
  const stale = 'prometheus_tsdb_stale_series_compaction';
  list.counter(
    `${stale}s_triggered_total`,
    'Compactions of stale series that were begun.',
    compactions.staleTriggered,
  );
  list.counter(`${stale}s_failed_total`, 'Compactions of stale series that failed.', compactions.staleFailed);
  const family = {name: `${stale}_duration_seconds`, help: 'Time that compactions of stale series took.'};
  list.histogram(family, [compactions.staleSeconds], (each) => ({labels: {}, counts: each}));
}

function addWal(list: FamilyList, wal: WalStatistics): void {
  const log = 'write-ahead log';
  list.gauge(
    'prometheus_tsdb_wal_segment_current',
    `Segment of the ${log} that is written.`,
    wal.segmentCurrent,
  );
  list.gauge('prometheus_tsdb_wal_storage_size_bytes', `Size of the ${log}.`, wal.storageBytes);
  list.summary(
    {name: 'prometheus_tsdb_wal_fsync_duration_seconds', help: `Time that fsync of the ${log} took.`},
    [wal],
    ({fsyncs, fsyncSecondsTotal, fsyncQuantiles = []}) => ({
      labels: {},
      count: fsyncs,
      secondsTotal: fsyncSecondsTotal,
      quantiles: fsyncQuantiles,
    }),
  );
  list.counter('prometheus_tsdb_wal_writes_failed_total', `Failed writes to the ${log}.`, wal.writesFailed);
  list.counter('prometheus_tsdb_wal_corruptions_total', `Damages found in the ${log}.`, wal.corruptions);
  list.counter('prometheus_tsdb_wal_truncations_total', `Truncations of the ${log}.`, wal.truncations);
  list.counter(
    'prometheus_tsdb_wal_truncations_failed_total',
    `Failed truncations of the ${log}.`,
    wal.truncationsFailed,
  );
  list.counter('prometheus_tsdb_wal_page_flushes_total', `Page flushes of the ${log}.`, wal.pageFlushes);
  list.counter(
    'prometheus_tsdb_wal_completed_pages_total',
    `Pages of the ${log} filled.`,
    wal.completedPages,
  );
  list.counter(
    'prometheus_tsdb_wal_record_part_writes_total',
    `Records written to the ${log}.`,
    wal.recordsWritten,
  );
  list.counter(
    'prometheus_tsdb_wal_record_parts_bytes_written_total',
    `Bytes written to the ${log}.`,
    wal.bytesWritten,
  );
  list.gauge(
    'prometheus_tsdb_data_replay_duration_seconds',
    `Time that replay took at start.`,
    wal.replaySeconds,
  );
}

function addScrape(list: FamilyList, scrape: ScrapeStatistics): void {
  addPools(list, scrape);
  const {intervals} = scrape;
  list.summary(
    {name: 'prometheus_target_interval_length_seconds', help: 'Actual time between scrapes.'},
    intervals,
    ({interval, ...rest}) => ({labels: {interval}, ...rest}),
  );
  const counter = (name: string, help: string, value: number): void =>
    list.counter(`prometheus_target_${name}_total`, help, value);
  counter('scrape_pools', 'Attempts to create a scrape pool.', scrape.poolsCreated);
  counter('scrape_pools_failed', 'Scrape pools that could not be created.', scrape.poolsFailed);
  counter('scrape_pool_reloads', 'Reloads of scrape pools.', scrape.poolReloads);
  counter('scrape_pool_reloads_failed', 'Failed reloads of scrape pools.', scrape.poolReloadsFailed);
  counter('scrapes_exceeded_sample_limit', 'Scrapes with too many samples.', scrape.sampleLimitExceeded);
  counter(
    'scrapes_exceeded_native_histogram_bucket_limit',
    'Scrapes with a native histogram of too many buckets.',
    scrape.bucketLimitExceeded,
  );
  counter(
    'scrapes_exemplar_out_of_order',
    'Exemplars that were refused because they were out of order.',
    scrape.exemplarsOutOfOrder,
  );
  counter('scrapes_exceeded_body_size_limit', 'Scrapes with too large a body.', scrape.bodySizeLimitExceeded);
  counter(
    'scrape_pool_exceeded_label_limits',
    'Times that label limits were hit.',
    scrape.labelLimitExceeded,
  );
  counter(
    'scrape_pool_exceeded_target_limit',
    'Times that target limits were hit.',
    scrape.targetLimitExceeded,
  );
  const refused = 'Scraped samples refused because';
  counter(
    'scrapes_sample_duplicate_timestamp',
    `${refused} another value was stored for their time.`,
    scrape.duplicateTimestamps,
  );
  counter('scrapes_sample_out_of_order', `${refused} they were out of order.`, scrape.outOfOrder);
  counter('scrapes_sample_out_of_bounds', `${refused} they were out of bounds.`, scrape.outOfBounds);
  list.counter(
    'narthex_scrape_lines_predicted_total',
    'Lines of scraped bodies that were where the scrape before had them.',
    scrape.linesPredicted,
  );
  list.counter(
    'narthex_scrape_lines_parsed_total',
    'Lines of scraped bodies read in full.',
    scrape.linesParsed,
  );
}

function addPools(list: FamilyList, {pools}: ScrapeStatistics): void {
  const prefix = 'prometheus_target_scrape_pool';
  list.each('gauge', {name: `${prefix}_targets`, help: 'Targets of the pool.'}, pools, (pool) => ({
    labels: {scrape_job: pool.name},
    value: pool.targets,
  }));
  list.each(
    'gauge',
    {name: `${prefix}_target_limit`, help: 'Most targets of the pool, 0 = any number.'},
    pools,
    (pool) => ({
      labels: {scrape_job: pool.name},
      value: pool.targetLimit,
    }),
  );
  list.each(
    'counter',
    {name: `${prefix}_sync_total`, help: 'Times that the targets of the pool were set.'},
    pools,
    (pool) => ({
      labels: {scrape_job: pool.name},
      value: pool.syncs,
    }),
  );
  list.summary(
    {name: 'prometheus_target_sync_length_seconds', help: 'Time that setting the targets of the pool took.'},
    pools,
    (pool) => ({labels: {scrape_job: pool.name}, count: pool.syncs, secondsTotal: pool.syncSecondsTotal}),
  );
}

function addRemoteWrite(list: FamilyList, write: RemoteWriteStatistics): void {
  list.counter(
    'prometheus_api_remote_write_invalid_labels_samples_total',
    'Received remote write samples that were refused because of their labels.',
    write.samplesWithInvalidLabels,
  );
  const prefix = 'narthex_remote_write_received';
  list.counter(`${prefix}_requests_total`, 'Remote write requests received.', write.requests);
  list.counter(`${prefix}_samples_total`, 'Samples received by remote write and stored.', write.samples);
  list.counter(
    `${prefix}_samples_rejected_total`,
    'Samples received by remote write and refused.',
    write.samplesRejected,
  );
  list.counter(
    `${prefix}_exemplars_skipped_total`,
    'Exemplars received by remote write that were not stored.',
    write.exemplarsSkipped,
  );
  list.counter(
    `${prefix}_exemplars_total`,
    'Exemplars received by remote write and stored.',
    write.exemplars,
  );
  list.counter(
    `${prefix}_histograms_total`,
    'Native histograms received by remote write and stored.',
    write.histograms,
  );
}
