// An Alertmanager on a clock that a test moves, with receivers that write down what they are told.
import type {FileSystem} from '../../sys/fs.ts';
import {SimulatedFileSystem} from '../../sys/fs-simulated.ts';
import {type Logger, noLogger} from '../../sys/log.ts';
import {boolean, section, text} from '../../model/fields.ts';
import {labelsOf} from '../../model/labels.ts';
import {Alertmanager, type AlertmanagerOptions, type ReceivedAlert} from '../alertmanager.ts';
import {parseConfig} from '../config.ts';
import {type IntegrationKind, integrationKind, type Notification} from '../integration.ts';
import {MatcherParser} from '../matchers/parse.ts';
import {SteppedClock} from '../steppedclock.ts';

/** Takes a notification; what it throws is what the integration throws. */
export type Take = (notification: Notification, name: string) => Promise<void> | void;

/** A kind `test_configs` with `name` and `send_resolved`. */
export function testKind(take: Take): IntegrationKind {
  return integrationKind({
    key: 'test_configs',
    name: 'test',
    emptyMessage: 'missing test config',
    fields: section(() => ({name: text.default(''), send_resolved: boolean.default(true)})),
    read: ({name, send_resolved: sendResolved}) => ({
      sendResolved,
      document: new Map([['send_resolved', sendResolved]]),
      open: () => ({
        notify: async (notification) => await take(notification, name),
        close: () => Promise.resolve(),
      }),
    }),
  });
}

export interface TestCore {
  readonly alertmanager: Alertmanager;
  readonly clock: SteppedClock;
  readonly fs: FileSystem;
  readonly reload: (config: string) => Promise<void>;
}

export const startMs = Date.UTC(2026, 0, 5);

export interface TestCoreOptions {
  readonly take: Take;
  readonly clock?: SteppedClock;
  readonly fs?: FileSystem;
  readonly logger?: Logger;
  readonly options?: Partial<AlertmanagerOptions>;
}

/** Started, with this configuration. */
export async function startCore(config: string, given: TestCoreOptions): Promise<TestCore> {
  const {clock = new SteppedClock(startMs), fs = new SimulatedFileSystem(), logger = noLogger} = given;
  const parser = new MatcherParser();
  const alertmanager = new Alertmanager({
    fs,
    storagePath: '/data',
    clock,
    logger,
    parser,
    externalUrl: 'http://am',
    retentionMs: 120 * 3_600_000,
    maintenanceIntervalMs: 900_000,
    alertGcIntervalMs: 1_800_000,
    ...given.options,
  });
  const kinds = [testKind(given.take)];
  const reload = async (content: string): Promise<void> =>
    await alertmanager.apply(parseConfig(content, {file: '/etc/am.yml', kinds, parser}));
  await alertmanager.open();
  await reload(config);
  return {alertmanager, clock, fs, reload};
}

/** A report of an alert; times in milliseconds since 1970. */
export function report(
  labels: Record<string, string>,
  {startsAtMs = null, endsAtMs = null, annotations = {}}: Partial<Times> = {},
): ReceivedAlert {
  return {
    labels: labelsOf(labels),
    annotations: labelsOf(annotations),
    startsAtMs,
    endsAtMs,
    generatorUrl: '',
  };
}

interface Times {
  startsAtMs: number | null;
  endsAtMs: number | null;
  annotations: Record<string, string>;
}
