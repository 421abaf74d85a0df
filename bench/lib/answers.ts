/** `data` of an answer, as the HTTP API gives it: of a query, or of a lookup, whose order does not count. */
export type QueryData = ExpressionData | (string | Record<string, string>)[];

export interface ExpressionData {
  resultType: string;
  result: {metric: Record<string, string>; value?: [number, string]; values?: [number, string][]}[];
}

/** Sums may be added up in another order, so the last digits may differ. */
const relativeToleranceMax = 1e-9;

/** Null where two answers agree, otherwise the first difference. Order of series does not count. */
export function compareAnswers(own: QueryData | string, other: QueryData | string): string | null {
  if (typeof own === 'string') return typeof other === 'string' ? null : `refused: ${own}`;
  if (typeof other === 'string') return `the other refused: ${other}`;
  if (Array.isArray(own))
    return Array.isArray(other) ? compareLookups(own, other) : 'a list instead of a result';
  if (Array.isArray(other)) return 'a result instead of a list';
  if (own.resultType !== other.resultType) return `${own.resultType} instead of ${other.resultType}`;
  if (own.result.length !== other.result.length)
    return `${own.result.length} series instead of ${other.result.length}`;
  const byKey = new Map(other.result.map((series) => [keyOf(series.metric), series]));
  for (const series of own.result) {
    const key = keyOf(series.metric);
    const match = byKey.get(key);
    if (match === undefined) return `series ${key} is not in the other answer`;
    const ours = series.values ?? [series.value!];
    const theirs = match.values ?? [match.value!];
    if (ours.length !== theirs.length) return `${key}: ${ours.length} points instead of ${theirs.length}`;
    for (let i = 0; i < ours.length; i++) {
      const [time, value] = ours[i]!;
      const [otherTime, otherValue] = theirs[i]!;
      if (time !== otherTime) return `${key}: time ${time} instead of ${otherTime}`;
      if (!closeEnough(value, otherValue)) return `${key} at ${time}: ${value} instead of ${otherValue}`;
    }
  }
  return null;
}

function compareLookups(
  own: (string | Record<string, string>)[],
  other: (string | Record<string, string>)[],
): string | null {
  const textOf = (item: string | Record<string, string>): string =>
    typeof item === 'string' ? item : keyOf(item);
  const ours = own.map(textOf).sort();
  const theirs = other.map(textOf).sort();
  if (ours.length !== theirs.length) return `${ours.length} items instead of ${theirs.length}`;
  const at = ours.findIndex((each, i) => each !== theirs[i]);
  return at < 0 ? null : `${ours[at]} instead of ${theirs[at]}`;
}

function closeEnough(left: string, right: string): boolean {
  if (left === right) return true;
  const a = Number(left);
  const b = Number(right);
  return Math.abs(a - b) <= relativeToleranceMax * Math.max(Math.abs(a), Math.abs(b));
}

function keyOf(metric: Record<string, string>): string {
  return JSON.stringify(Object.entries(metric).sort(([a], [b]) => (a < b ? -1 : 1)));
}
