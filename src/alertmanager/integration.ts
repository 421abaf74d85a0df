// What stands between the core of Alertmanager and those who take notifications (Slack, mail, …): how a kind of receiver reads
// its section of the configuration, and how it is told of a group of alerts. Kinds are listed in receivers/registry.ts.
import type * as z from 'zod';
import type {YamlMap} from '../base/yaml-write.ts';
import type {Complain, ReadHttpClient} from '../http/client-config.ts';
import type {Field} from '../model/fields.ts';
import type {Clock} from '../sys/clock.ts';
import type {Logger} from '../sys/log.ts';
import {
  type KV,
  type NotificationAlert,
  type NotificationTemplates,
  type TemplateData,
  templateDataOf,
} from '../template/alertmanager.ts';
import {type HttpConfigFields, type ReadGlobal, readHttpConfig} from './global.ts';

/** A kind of receiver: one key of a receiver's section, `slack_configs`. */
export interface IntegrationKind {
  /** The key in a receiver's section: 'slack_configs'. */
  readonly key: string;
  /** As metrics, logs and the notification log name it: 'slack'. */
  readonly name: string;
  /** What is wrong with an item that is empty ('missing webhook config'); null: it counts as a section without fields. */
  readonly emptyMessage: string | null;
  /** Reads one item. Null where something is wrong, of which `complain` was told. See `integrationKind()`. */
  read(input: unknown, context: ReadContext): IntegrationConfig | null;
}

export interface ReadContext {
  readonly global: ReadGlobal;
  /** Folder of the configuration file: files in http_config are relative to it. */
  readonly directory: string;
  /** What is wrong, with the place within the item. */
  readonly complain: Complain;
  /** The same for what a schema found. */
  readonly complainOfSchema: (error: z.ZodError) => void;
}

/** One item, read and checked. */
export interface IntegrationConfig {
  readonly sendResolved: boolean;
  /** Lines as they are shown to users: defaults and what `global` says filled in, secrets hidden. */
  readonly document: YamlMap;
  /** Makes what sends. May throw where it cannot work (a file with certificates is missing): then the reload fails. */
  open(world: IntegrationWorld): Notifier;
}

/** What notifiers have besides their configuration. */
export interface IntegrationWorld {
  readonly templates: NotificationTemplates;
  readonly logger: Logger;
  readonly clock: Clock;
}

export interface Notifier {
  /**
   * Tells the receiver. Resolves when it took the notification; throws NotifyError when it did not. Anything else that is
   * thrown counts as a NotifyError that is not retried. Gives up when `notification.signal` aborts. At most one call at a time
   * for one group, but several at a time for different groups.
   */
  notify(notification: Notification): Promise<void>;
  /** Closes connections. No call is running, and none comes after it. */
  close(): Promise<void>;
}

/** What is to be told: never empty, firing alerts among `alerts` or, with `sendResolved`, resolved ones. */
export interface Notification {
  /** Name of the receiver, as configured. */
  readonly receiver: string;
  /** `{}/{team="x"}:{alertname="Down"}` */
  readonly groupKey: string;
  readonly groupLabels: KV;
  /** Rendered. */
  readonly routeLabels: KV;
  /** Sorted as Alertmanager sorts them. `endsAtMs` is 0 for firing ones. */
  readonly alerts: readonly NotificationAlert[];
  /** 'first notification', 'new alerts added', … */
  readonly reason: string;
  /** Where this Alertmanager is found, without a slash at its end. */
  readonly externalUrl: string;
  /** When this notification was due, in milliseconds since 1970. */
  readonly nowMs: number;
  /** Aborted when the time for this notification is over, or the server stops. */
  readonly signal: AbortSignal;
  /**
   * What this integration noted for this group (the time stamp of a Slack message, …). It is empty when a group fires
   * for the first time, and goes to the notification log when `notify` succeeds.
   */
  readonly receiverData: ReceiverData;
}

/** Alertmanager keeps texts, 64-bit integers and floats apart. */
export type ReceiverData = Map<string, string | bigint | number>;

/** Label `reason` of alertmanager_notifications_failed_total. */
export type FailureReason =
  | 'clientError'
  | 'serverError'
  | 'contextCanceled'
  | 'contextDeadlineExceeded'
  | 'authError'
  | 'rateLimited'
  | 'other';

export const failureReasons: readonly FailureReason[] = [
  'other',
  'clientError',
  'serverError',
  'contextCanceled',
  'contextDeadlineExceeded',
  'authError',
  'rateLimited',
];

export class NotifyError extends Error {
  override name = 'NotifyError';
  /** Whether another attempt may succeed. */
  readonly retry: boolean;
  readonly reason: FailureReason;
  /** The receiver asked for so much time before the next attempt. */
  readonly retryAfterMs: number;

  constructor(
    message: string,
    options: {retry: boolean; reason?: FailureReason; retryAfterMs?: number; cause?: unknown},
  ) {
    super(message, options.cause === undefined ? {} : {cause: options.cause});
    this.retry = options.retry;
    this.reason = options.reason ?? 'other';
    this.retryAfterMs = options.retryAfterMs ?? 0;
  }
}

export function failureReasonOf(httpStatus: number): FailureReason {
  if (httpStatus === 401 || httpStatus === 403) return 'authError';
  if (httpStatus === 429) return 'rateLimited';
  if (httpStatus >= 400 && httpStatus < 500) return 'clientError';
  return httpStatus >= 500 && httpStatus < 600 ? 'serverError' : 'other';
}

/** What templates get. */
export function templateDataOfNotification(notification: Notification): TemplateData {
  return {...templateDataOf(notification), routeLabelsRendered: true};
}

/** A kind whose items are sections of these fields. `read` checks what they say together. */
export function integrationKind<Fields>(kind: {
  key: string;
  name: string;
  emptyMessage: string | null;
  fields: Field<Fields>;
  read: (fields: Fields, context: ReadContext) => IntegrationConfig;
}): IntegrationKind {
  const {key, name, emptyMessage, fields} = kind;
  return {
    key,
    name,
    emptyMessage,
    read(input, context) {
      const result = fields.safeParse(input);
      if (result.success) return kind.read(result.data, context);
      context.complainOfSchema(result.error);
      return null;
    },
  };
}

/** `http_config` of a receiver, or the global one where it has none. */
export function receiverHttp(fields: HttpConfigFields, context: ReadContext): ReadHttpClient {
  if (fields === null) return context.global.http;
  return readHttpConfig(fields, context.directory, context.complain);
}
