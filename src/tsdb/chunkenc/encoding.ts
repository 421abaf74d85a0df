/** Chunk encodings by their numbers in files (tsdb/chunkenc/chunk.go). The last three hold start timestamps. */
export const encoding = {
  xor: 1,
  histogram: 2,
  floatHistogram: 3,
  xor2: 4,
  histogramST: 5,
  floatHistogramST: 6,
} as const;
export type Encoding = (typeof encoding)[keyof typeof encoding];

/** The encoding of a histogram chunk. */
export function histogramEncoding({integer, starts}: {integer: boolean; starts: boolean}): Encoding {
  if (starts) return integer ? encoding.histogramST : encoding.floatHistogramST;
  return integer ? encoding.histogram : encoding.floatHistogram;
}

/** Whether chunks of this encoding hold histograms. */
export function isHistogramEncoding(value: number): boolean {
  return value === 2 || value === 3 || value === 5 || value === 6;
}

/** What the two highest bits of a histogram chunk's flags say of the chunk before it. */
export const resetHeader = {
  unknown: 0,
  notReset: 0b0100_0000,
  reset: 0b1000_0000,
  gauge: 0b1100_0000,
} as const;
export type ResetHeader = (typeof resetHeader)[keyof typeof resetHeader];
export const resetHeaderMask = 0b1100_0000;
