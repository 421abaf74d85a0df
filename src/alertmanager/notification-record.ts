import type {Labels} from '../model/labels.ts';
import type {FlushedAlert} from './group.ts';
import type {FailureReason} from './integration.ts';

/** A notification that was sent, or given up. */
export interface NotificationRecord {
  readonly timeMs: number;
  readonly receiver: string;
  readonly integration: string;
  readonly index: number;
  readonly groupKey: string;
  readonly groupLabels: Labels;
  readonly reason: string;
  /** Numbers of alerts. */
  readonly firing: number;
  readonly resolved: number;
  readonly alerts: readonly FlushedAlert[];
  readonly attempts: number;
  readonly durationMs: number;
  /** '' = it was taken. */
  readonly error: string;
  readonly failure: FailureReason | '';
}
