import type {Retention} from '../config/config.ts';
import type {Logger} from '../sys/log.ts';
import type {RetentionLimits} from '../tsdb/block/retention.ts';

/** The size of the disk that a folder is on, in bytes. */
export type DiskSize = (dir: string) => number;

/** How much is kept, in bytes also where it is a part of the disk. Where the disk does not tell its size, its part is no limit. */
export function retentionLimits(
  {timeMs, bytes, percentage}: Retention,
  {dir, diskBytes, logger}: {dir: string; diskBytes: DiskSize; logger: Logger},
): RetentionLimits {
  if (percentage === 0) return {timeMs, bytes};
  let size = 0;
  let err: unknown;
  try {
    size = diskBytes(dir);
  } catch (error) {
    err = error;
  }
  if (size > 0) return {timeMs, bytes: Math.trunc((size * percentage) / 100)};
  const message =
    'Unable to retrieve filesystem size of database directory, skip percentage limitation and default to fixed size limitation';
  logger.warn(message, {dir, err});
  return {timeMs, bytes};
}
