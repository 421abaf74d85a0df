// How far results may be apart, by what is computed.

/** Operations whose sums are made in another order than Prometheus makes them. */
const sums =
  /\b(sum|avg|stddev|stdvar|sum_over_time|avg_over_time|double_exponential_smoothing|rate|increase|delta)\b/i;

/** Prometheus computes them with an error that grows with the square of the mean, or of the distance; ours does not. */
const squares = /\b(stddev_over_time|stdvar_over_time|deriv|predict_linear)\b/i;

/** A remainder of a large number has what the divisor is off many times over. */
const remainders = /%(?![^[]*\])/;

export function toleranceOf(query: string): number {
  if (squares.test(query) && remainders.test(query)) return 1e-3;
  if (squares.test(query)) return 1e-9;
  return sums.test(query) ? 1e-12 : 0;
}
