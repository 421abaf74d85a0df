// How many notifications a configuration would send of alerts that are known beforehand: all of it on a clock that runs through
// their time at once, with receivers that only count.

import {setImmediate as nextTurn} from 'node:timers/promises';
import type {Labels} from '../model/labels.ts';
import {SimulatedFileSystem} from '../sys/fs-simulated.ts';
import {noLogger} from '../sys/log.ts';
import {Alertmanager} from './alertmanager.ts';
import type {AlertmanagerConfig} from './config.ts';
import type {IntegrationConfig} from './integration.ts';
import type {MatcherParser} from './matchers/parse.ts';
import {SteppedClock} from './steppedclock.ts';

/** An alert that fires for a time. */
export interface FiringAlert {
  labels: Labels;
  startMs: number;
  endMs: number;
}

export interface NotificationCount {
  receiver: string;
  /** 'slack' */
  integration: string;
  notifications: number;
}

/** Between looks at the clock and other work of the thread. */
const sliceMs = 10 * 60_000;

/** What takes longer is given up. */
const workMsMax = 3000;

/** More alerts make one slice too long. */
const alertsMax = 2000;

/**
 * Notifications by receiver and integration, from the first alert to `endMs`; null where that would take too long. Routing,
 * grouping, timers, inhibition among these alerts and time intervals count; silences, which are of the present, do not.
 */
export async function estimateNotifications(
  config: AlertmanagerConfig,
  parser: MatcherParser,
  {alerts, endMs}: {alerts: readonly FiringAlert[]; endMs: number},
): Promise<NotificationCount[] | null> {
  if (alerts.length > alertsMax) return null;
  const counts = new Map<string, NotificationCount>();
  if (alerts.length === 0) return [];
  const queue = [...alerts].sort((left, right) => left.startMs - right.startMs);
  const clock = new SteppedClock(queue[0]!.startMs - 1);
  const alertmanager = new Alertmanager({
    fs: new SimulatedFileSystem(),
    storagePath: '',
    clock,
    logger: noLogger,
    parser,
    externalUrl: '',
    retentionMs: Math.max(120 * 3_600_000, endMs - queue[0]!.startMs),
    maintenanceIntervalMs: 3_600_000,
    alertGcIntervalMs: 1_800_000,
  });
  await alertmanager.open();
  await alertmanager.apply(counting(config, counts));
  const began = performance.now();
  try {
    let next = 0;
    for (let nowMs = clock.now(); nowMs < endMs;) {
      const sliceEndMs = Math.min(endMs, nowMs + sliceMs);
      for (; next < queue.length && queue[next]!.startMs <= sliceEndMs; next++) {
        const {labels, startMs, endMs: endsAtMs} = queue[next]!;
        await clock.runUntil(startMs);
        alertmanager.receive([{labels, annotations: [], startsAtMs: startMs, endsAtMs, generatorUrl: ''}]);
      }
      await clock.runUntil(sliceEndMs);
      nowMs = sliceEndMs;
      await nextTurn();
      if (performance.now() - began > workMsMax) return null;
    }
  } finally {
    await alertmanager.close();
  }
  return [...counts.values()].filter(({notifications}) => notifications > 0);
}

/** The configuration with receivers that count. */
function counting(config: AlertmanagerConfig, counts: Map<string, NotificationCount>): AlertmanagerConfig {
  const receivers = config.receivers.map((receiver) => ({
    ...receiver,
    integrations: receiver.integrations.map((each) => {
      const key = JSON.stringify([receiver.name, each.name]);
      const count = counts.get(key) ?? {receiver: receiver.name, integration: each.name, notifications: 0};
      counts.set(key, count);
      const config: IntegrationConfig = {
        sendResolved: each.config.sendResolved,
        document: each.config.document,
        open: () => ({
          notify: () => Promise.resolve(void count.notifications++),
          close: () => Promise.resolve(),
        }),
      };
      return {...each, config};
    }),
  }));
  return {...config, receivers, templates: []};
}
