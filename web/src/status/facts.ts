const goTimePattern = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/;

/** Whether a fact's text is a point in time as Go writes it (RFC 3339, up to nanoseconds). */
export function isTimeFact(text: string): boolean {
  return goTimePattern.test(text);
}

/** Milliseconds since 1970; null for the year 1, which is how Go writes "no time". */
export function goTime(text: string): number | null {
  // JavaScript reads no more than milliseconds everywhere.
  const timeMs = Date.parse(text.replace(/(\.\d{3})\d+/, '$1'));
  return timeMs > 0 ? timeMs : null;
}
