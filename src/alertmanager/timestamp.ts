// Points in time as Alertmanager keeps and tells them.
import {ProtobufReader} from '../base/protobuf.ts';
import {ProtobufWriter} from '../base/protobuf-writer.ts';
import {parseTime, utc} from '../template/time.ts';

/** Nanoseconds since 1970. */
export type Nanoseconds = bigint;

export function nanosecondsOf(ms: number): Nanoseconds {
  return BigInt(Math.round(ms)) * 1_000_000n;
}

/** Whole milliseconds, rounded down. */
export function millisecondsOf(ns: Nanoseconds): number {
  const ms = ns / 1_000_000n;
  return Number(ns < ms * 1_000_000n ? ms - 1n : ms);
}

/** `2026-01-02T03:04:05.678Z`, as the API writes times. */
export function formatMs(ms: number): string {
  return new Date(ms).toISOString();
}

/** The usual form, which the engine reads fast. */
const usual = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,3})?(?:[Zz]|[+-]\d\d:\d\d)$/;

const layouts = [
  '2006-01-02T15:04:05Z07:00',
  '2006-01-02T15:04:05Z0700',
  '2006-01-02T15:04:05',
  '2006-01-02T15:04Z07:00',
  '2006-01-02T15:04',
  '2006-01-02',
];

/** What is no more than the start of time in Go. */
export const zeroNs = -62_135_596_800_000_000_000n;

/** Reads a time as OpenAPI's `date-time` of Alertmanager is read; '' is Go's zero. Throws SyntaxError. */
export function parseNs(text: string): Nanoseconds {
  if (text === '') return zeroNs;
  if (usual.test(text)) {
    const ms = Date.parse(text);
    if (!Number.isNaN(ms)) return nanosecondsOf(ms);
  }
  for (const layout of layouts) {
    try {
      return parseTime(layout, text.replace(' ', 'T'), utc).ns;
    } catch {
      continue;
    }
  }
  throw new SyntaxError(
    `parsing time ${JSON.stringify(text)}: it is no date and time such as 2026-01-02T15:04:05Z`,
  );
}

/** google.protobuf.Timestamp */
export function encodeTimestamp(ns: Nanoseconds): Uint8Array {
  const writer = new ProtobufWriter();
  let seconds = ns / 1_000_000_000n;
  let rest = ns % 1_000_000_000n;
  if (rest < 0n) {
    rest += 1_000_000_000n;
    seconds--;
  }
  if (seconds !== 0n) writer.int64(1, Number(seconds));
  if (rest !== 0n) writer.int64(2, Number(rest));
  return writer.written;
}

export function decodeTimestamp(bytes: Uint8Array): Nanoseconds {
  const reader = new ProtobufReader(bytes);
  let seconds = 0;
  let nanos = 0;
  while (reader.position < bytes.length) {
    const tag = reader.readTag(bytes.length);
    if (tag === 1 << 3) seconds = reader.readInt64(bytes.length);
    else if (tag === 2 << 3) nanos = reader.readInt64(bytes.length);
    else reader.skip(tag, bytes.length);
  }
  return BigInt(seconds) * 1_000_000_000n + BigInt(nanos);
}
