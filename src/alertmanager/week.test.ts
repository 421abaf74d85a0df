import assert from 'node:assert/strict';
import test from 'node:test';
import {labelsOf} from '../model/labels.ts';
import {Matcher} from '../model/matcher.ts';
import type {Alertmanager, ReceivedAlert} from './alertmanager.ts';
import {type Notification, NotifyError} from './integration.ts';
import {SteppedClock} from './steppedclock.ts';
import {startCore, startMs} from './testing/core.ts';
import {fingerprintText, WeekModel} from './testing/week-model.ts';
import {weekSeconds, World} from './testing/week-world.ts';
import {nanosecondsOf} from './timestamp.ts';

const alertCount = 2000;
/** Maintenance comes at whole quarters of an hour, between the seconds at which things happen. */
const offsetMs = 500;

function lineOf(world: World, notification: Notification, name: string): {line: string; fails: boolean} {
  const second = secondOf(notification.nowMs);
  const ids = (resolved: boolean): string =>
    notification.alerts
      .filter(({isResolved}) => isResolved === resolved)
      .map(({labels}) => fingerprintText(Object.fromEntries(labels)))
      .sort()
      .join(' ');
  const fails = world.fails(name, notification.groupKey, second);
  const line = `${second} ${name} ${notification.groupKey} ${notification.reason} F[${ids(false)}] R[${ids(true)}]`;
  return {line: fails ? `${line} failed` : line, fails};
}

function secondOf(ms: number): number {
  return Math.round((ms - startMs - offsetMs) / 1000);
}

function msOf(second: number): number {
  return startMs + offsetMs + second * 1000;
}

async function runReal(world: World): Promise<string[]> {
  const lines: string[] = [];
  const {alertmanager, clock} = await startCore(world.config(), {
    clock: new SteppedClock(startMs),
    take: (notification, name) => {
      const {line, fails} = lineOf(world, notification, name);
      lines.push(line);
      if (fails) throw new NotifyError('flaky', {retry: false});
    },
  });
  const silenceIds: string[] = [];
  for (let second = 0; second < weekSeconds; second++) {
    const reports = world.reportsAt(second);
    const silences = world.silencesAt(second);
    const expirations = world.expirationsAt(second);
    if (reports.length + silences.length + expirations.length === 0) continue;
    await clock.runUntil(msOf(second));
    for (const {match, start, end} of silences) {
      silenceIds.push(await setSilence(alertmanager, match, start, end));
    }
    for (const index of expirations)
      if (silenceIds[index] !== undefined) await alertmanager.silences.expire(silenceIds[index]);
    const wrong = alertmanager.receive(
      reports.map(({labels, startsAt, endsAt}): ReceivedAlert => ({
        labels: labelsOf(labels),
        annotations: [],
        startsAtMs: msOf(startsAt),
        endsAtMs: endsAt === null ? null : msOf(endsAt),
        generatorUrl: '',
      })),
    );
    assert.deepEqual(wrong, []);
  }
  await clock.runUntil(msOf(weekSeconds - 1));
  return lines;
}

async function setSilence(
  alertmanager: Alertmanager,
  match: Record<string, string>,
  start: number,
  end: number,
): Promise<string> {
  return await alertmanager.silences.set({
    id: '',
    matcherSets: [Object.entries(match).map(([name, value]) => new Matcher('=', name, value))],
    startsAtNs: nanosecondsOf(msOf(start)),
    endsAtNs: nanosecondsOf(msOf(end)),
    createdBy: 'test',
    comment: 'week',
    annotations: new Map(),
  });
}

function runModel(world: World): string[] {
  const model = new WeekModel(world);
  for (let second = 0; second < weekSeconds; second++) {
    if (second % 900 === 0 && second > 0) model.maintain(second / 900, second - 0.5);
    model.step(second);
  }
  return model.lines;
}

test('a week of 2,000 alerts on 50 routes is told as a slow model tells it', async () => {
  const seed = Number(process.env['SEED'] ?? 1);
  const world = new World(seed, alertCount);
  const real = (await runReal(world)).sort();
  const model = runModel(world).sort();
  const first = real.findIndex((line, i) => line !== model[i]);
  assert.equal(
    first < 0 ? undefined : real[first],
    first < 0 ? undefined : model[first],
    `seed ${seed}: ${real.length} and ${model.length} notifications`,
  );
  assert.equal(real.length, model.length, `seed ${seed}`);
  assert.ok(real.length > 2000, `${real.length} notifications`);
  for (const word of ['first', 'new alerts', 'some alerts', 'all alerts', 'repeat', 'failed'])
    assert.ok(
      real.some((line) => line.includes(word)),
      word,
    );
});
