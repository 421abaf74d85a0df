/** Samples of one series, oldest first: `times[i]` in milliseconds since 1970, `values[i]`, for i < `length`. */
export interface SampleColumns {
  times: Float64Array;
  values: Float64Array;
  length: number;
}
