// How long something took or how long ago it was, rounded for reading. Exact durations, as in `5m` or `1h30m`, are
// written by src/model/duration.ts.

/** The units' signs in the reader's language, and what stands between two of them. */
export interface SpanUnits {
  day: string;
  hour: string;
  minute: string;
  second: string;
  millisecond: string;
  microsecond: string;
  between: string;
}

/** `350 µs`, `12.3 ms`, `1.25 s`, `3m 5s`, `2h 10m`, `4d 3h`: the two largest units, in the words of `units`. */
export function formatSpan(spanMs: number, units: SpanUnits): string {
  const ms = Math.max(0, spanMs);
  if (ms === 0) return `0${units.second}`;
  if (ms < 0.9995) return `${rounded(ms * 1000)}${units.microsecond}`;
  if (ms < 999.5) return `${rounded(ms)}${units.millisecond}`;
  if (ms < 59_950) return `${rounded(ms / 1000)}${units.second}`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return two(seconds, 60, units.minute, units.second, 1, units);
  if (seconds < 86_400) return two(seconds, 3600, units.hour, units.minute, 60, units);
  return two(seconds, 86_400, units.day, units.hour, 3600, units);
}

function two(
  seconds: number,
  large: number,
  largeSign: string,
  smallSign: string,
  small: number,
  units: SpanUnits,
): string {
  const first = `${Math.floor(seconds / large)}${largeSign}`;
  const rest = Math.floor((seconds % large) / small);
  return rest === 0 ? first : `${first}${units.between}${rest}${smallSign}`;
}

function rounded(value: number): string {
  return String(Number(value.toPrecision(3)));
}
