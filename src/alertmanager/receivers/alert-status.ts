import {createHash} from 'node:crypto';
import type {Notification} from '../integration.ts';

/** Whether nothing fires any more. */
export function isAllResolved({alerts}: Notification): boolean {
  return alerts.every((alert) => alert.isResolved);
}

/** Of a group key, in hex: keys may be longer than services take. */
export function hashOfKey(groupKey: string): string {
  return createHash('sha256').update(groupKey).digest('hex');
}
