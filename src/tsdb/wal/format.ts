// The write-ahead log as Prometheus 2 and 3 write it (tsdb/wlog). Numbers are big-endian.
//
// `wal/00000000`, `wal/00000001`, …: segments, read in the order of their numbers, which have no gaps. A segment is a row of
// pages of 32 KiB; the last one may be shorter. A page is a row of fragments, then zeros where no further fragment fits
// or none was written:
//
//     type: u8    length: u16    CRC-32C of the data: u32    data
//
// type, bits 0 to 2: 0 nothing more in this page, 1 a whole record, 2 its first part, 3 a middle part, 4 the last one;
// bit 3: the record is compressed with snappy (block format), bit 4: with zstd. The record was compressed before it was cut.
// A record never reaches into another segment, so that whole segments can be dropped.
//
// `wal/checkpoint.00000042/`: the same again, what is still needed of the segments up to 42, which are then dropped.

export const pageBytes = 32 * 1024;
export const fragmentHeaderBytes = 7;
export const segmentBytesDefault = 128 * 1024 * 1024;

export const fragmentType = {pageEnd: 0, full: 1, first: 2, middle: 3, last: 4} as const;
export const fragmentTypeMask = 7;
export const snappyBit = 8;
export const zstdBit = 16;

/**
 * Records beyond this are taken for damage, before or after decompression. Prometheus writes one record a scrape, and a
 * scrape of a million new series makes about 150 MB.
 */
export const recordBytesMax = 256 * 1024 * 1024;

/** First byte of a record (tsdb/record in Prometheus). */
export const recordType = {
  series: 1,
  samples: 2,
  tombstones: 3,
  exemplars: 4,
  mmapMarkers: 5,
  metadata: 6,
  histograms: 7,
  floatHistograms: 8,
  customBucketsHistograms: 9,
  customBucketsFloatHistograms: 10,
  samplesV2: 11,
  histogramsV2: 12,
  floatHistogramsV2: 13,
} as const;

const recordNames = new Map<number, string>([
  [1, 'series'],
  [2, 'samples'],
  [3, 'tombstones'],
  [4, 'exemplars'],
  [5, 'mmapmarkers'],
  [6, 'metadata'],
  [7, 'histogram_samples'],
  [8, 'float_histogram_samples'],
  [9, 'custom_buckets_histogram_samples'],
  [10, 'custom_buckets_float_histogram_samples'],
  [11, 'samples_v2'],
  [12, 'histogram_samples_v2'],
  [13, 'float_histogram_samples_v2'],
]);

/** The name that Prometheus has for a type of record. */
export function recordTypeName(type: number): string {
  return recordNames.get(type) ?? 'unknown';
}

export function segmentName(segment: number): string {
  return String(segment).padStart(8, '0');
}

/** The last segment that a directory `checkpoint.N` covers, or -1 where the name is none of a checkpoint. */
export function checkpointNumber(name: string): number {
  const match = /^checkpoint\.(\d{1,8})$/.exec(name);
  return match === null ? -1 : Number(match[1]);
}
