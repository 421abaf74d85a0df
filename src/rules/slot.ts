import {labelsHash} from '../promql/engine/labelhash.ts';

/** What a group is known by, and how often it is evaluated. */
export interface SlottedGroup {
  name: string;
  file: string;
  intervalMs: number;
}

/** The last time before, or at, `nowMs` for which a group is evaluated, with its fraction: groups are spread over their interval. */
export function slotBefore({name, file, intervalMs}: SlottedGroup, nowMs: number): number {
  const hash = labelsHash(['file', file, 'name', name]);
  const offsetMs = Number(hash % BigInt(Math.round(intervalMs * 1e6))) / 1e6;
  const adjustedMs = nowMs - offsetMs;
  return adjustedMs - (adjustedMs % intervalMs) + offsetMs;
}
