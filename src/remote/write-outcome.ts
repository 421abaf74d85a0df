/** What became of one remote-write request. Plain data: it travels between threads. */
export interface WriteOutcome {
  /** HTTP status: 204 when everything was stored. */
  status: number;
  /** Body of the answer, '' with 204. */
  message: string;
  /** Samples that were stored. */
  samples: number;
  /** Samples that were not, for whatever reason. */
  samplesRejected: number;
  /** Those of them that were skipped because of their labels, which is no error to the sender. */
  samplesWithInvalidLabels: number;
  /** Exemplars that were stored. */
  exemplars: number;
  /** Exemplars that were not: they are not kept at all, known, out of order, too long, or of no series. No error to the sender. */
  exemplarsSkipped: number;
  /** Of the samples that were stored: native histograms. */
  histograms: number;
}
