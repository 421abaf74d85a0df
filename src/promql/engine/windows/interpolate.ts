/** The weighted mean of two neighbours; `weight` belongs to `upper`. Written so that it rounds as Prometheus's does. */
export function meanAt(lower: number, upper: number, weight: number): number {
  return lower * (1 - weight) + upper * weight;
}
