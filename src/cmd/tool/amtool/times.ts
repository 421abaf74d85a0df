// Times and durations of flags.
import {parseDuration} from '../../../model/duration.ts';
import {formatRfc3339, parseTime, utc} from '../../../template/time.ts';
import type {FlagValues} from '../../flags.ts';

/** RFC 3339, checked; null where the flag is not given. */
export function timeOfFlag(flags: FlagValues, name: string): string | null {
  const text = flags.text(name);
  if (text === '') return null;
  return formatRfc3339(parseTime('2006-01-02T15:04:05Z07:00', text, utc));
}

/** So long after `start`. */
export function endAfter(start: string, duration: string): string {
  const ms = parseDuration(duration);
  if (ms === 0) throw new RangeError('silence duration must be greater than 0');
  return new Date(Date.parse(start) + ms).toISOString();
}

export function checkOrder(startsAt: string, endsAt: string): void {
  if (Date.parse(startsAt) > Date.parse(endsAt)) throw new RangeError('silence cannot start after it ends');
}
