// Prometheus's duration syntax (common/model/time.go): `1y2w3d4h5m6s7ms`, units in this order, each at most once, `0`.

const unitMs: readonly (readonly [string, number])[] = [
  ['y', 365 * 86_400_000],
  ['w', 7 * 86_400_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
];

const pattern =
  /^(?:([0-9]+)y)?(?:([0-9]+)w)?(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?(?:([0-9]+)ms)?$/;

/** The longest duration, 2^63 ns, in milliseconds. */
const durationMsMax = Number(2n ** 63n / 1_000_000n);

/** Milliseconds. Throws SyntaxError with Prometheus's words. */
export function parseDuration(text: string): number {
  if (text === '') throw new SyntaxError('empty duration string');
  if (text === '0') return 0;
  const match = pattern.exec(text);
  if (match === null) throw new SyntaxError(`not a valid duration string: ${JSON.stringify(text)}`);
  let total = 0;
  for (const [index, [, scale]] of unitMs.entries()) {
    const digits = match[index + 1];
    if (digits !== undefined) total += Number(digits) * scale;
  }
  if (total > durationMsMax) throw new SyntaxError('duration out of range');
  return total;
}

/** The shortest exact form, as Prometheus prints it: weeks, days and years only where nothing is left over. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s';
  let left = Math.abs(ms);
  let text = ms < 0 ? '-' : '';
  for (const [unit, scale] of unitMs) {
    const wholeOnly = unit === 'y' || unit === 'w' || unit === 'd';
    if (wholeOnly && left % scale !== 0) continue;
    const count = Math.floor(left / scale);
    if (count === 0) continue;
    text += `${count}${unit}`;
    left -= count * scale;
  }
  return text;
}
