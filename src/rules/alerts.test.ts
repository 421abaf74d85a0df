import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../base/random.ts';
import {ActiveAlerts, type Alert, needsSending, resolvedRetentionMs} from './alerts.ts';

interface Moment {
  timeMs: number;
  present: boolean;
}

/**
 * What an alert is at the end of its history, found slowly and by definition: the history is cut into episodes, each from the
 * first moment with the alert to the moment when it is given up.
 */
function model(
  history: readonly Moment[],
  holdMs: number,
  keepFiringForMs: number,
): {state: string; activeAtMs: number; firedAtMs: number; resolvedAtMs: number} | null {
  let at = 0;
  let last: ReturnType<typeof model> = null;
  while (at < history.length) {
    if (!history[at]!.present) {
      // Between episodes: what has been resolved is kept for a while.
      if (last !== null && history[at]!.timeMs - last.resolvedAtMs > resolvedRetentionMs) last = null;
      at++;
      continue;
    }
    const activeAtMs = history[at]!.timeMs;
    let end = at;
    let firedAtMs = 0;
    let gapFromMs = 0;
    for (; end < history.length; end++) {
      const {timeMs, present} = history[end]!;
      if (present) gapFromMs = 0;
      else {
        if (firedAtMs === 0) break;
        if (gapFromMs === 0) gapFromMs = timeMs;
        if (keepFiringForMs === 0 || timeMs - gapFromMs >= keepFiringForMs) break;
      }
      if (firedAtMs === 0 && timeMs - activeAtMs >= holdMs) firedAtMs = timeMs;
    }
    if (end === history.length)
      return {state: firedAtMs === 0 ? 'pending' : 'firing', activeAtMs, firedAtMs, resolvedAtMs: 0};
    last =
      firedAtMs === 0 ? null : {state: 'inactive', activeAtMs, firedAtMs, resolvedAtMs: history[end]!.timeMs};
    at = end + 1;
  }
  return last;
}

function shown(alerts: ActiveAlerts): unknown {
  const found = [...alerts].map(({labels, state, activeAtMs, firedAtMs, resolvedAtMs}) => ({
    name: labels[1],
    state,
    activeAtMs,
    firedAtMs,
    resolvedAtMs,
  }));
  return found.sort((left, right) => (left.name! < right.name! ? -1 : 1));
}

test('ActiveAlerts goes from state to state as a slow model does, for any seed', () => {
  for (let seed = 0; seed < 300; seed++) {
    const random = new Random(seed);
    const holdMs = 1000 * random.below(6);
    const keepFiringForMs = 1000 * random.below(2) * random.below(8);
    const retention = random.below(3) === 0;
    const stepMs = retention ? 240_000 : 1000;
    const alerts = new ActiveAlerts();
    const names = ['a', 'b', 'c'];
    const histories = new Map<string, Moment[]>(names.map((name) => [name, []]));
    let sticky = new Map(names.map((name) => [name, false]));
    for (let step = 1; step <= 60; step++) {
      sticky = new Map(
        names.map((name) => [name, random.below(3) === 0 ? random.below(2) === 0 : sticky.get(name)!]),
      );
      const present = names.filter((name) => sticky.get(name));
      for (const name of names)
        histories.get(name)!.push({timeMs: step * stepMs, present: present.includes(name)});
      alerts.advance(
        present.map((name) => ({labels: ['name', name], annotations: [], value: step})),
        step * stepMs,
        {holdMs, keepFiringForMs},
      );
      const expected = names.flatMap((name) => {
        const found = model(histories.get(name)!, holdMs, keepFiringForMs);
        return found === null ? [] : [{name, ...found}];
      });
      assert.deepEqual(shown(alerts), expected, `seed ${seed}, step ${step}`);
    }
  }
});

test('ActiveAlerts.advance() keeps value and annotations of the last time that the expression gave the alert', () => {
  const alerts = new ActiveAlerts();
  const times = {holdMs: 0, keepFiringForMs: 5000};
  const step = (timeMs: number, value: number | null): Alert[] =>
    alerts.advance(
      value === null ? [] : [{labels: ['a', 'b'], annotations: ['value', String(value)], value}],
      timeMs,
      times,
    );
  assert.deepEqual(step(1000, 1)[0]!.annotations, ['value', '1']);
  assert.equal(step(2000, 2)[0]!.value, 2);
  const [kept] = step(3000, null);
  assert.deepEqual([kept!.value, kept!.keepFiringSinceMs, kept!.state], [2, 3000, 'firing']);
  assert.equal(step(4000, 3)[0]!.keepFiringSinceMs, 0);
  step(5000, null);
  assert.deepEqual(step(10_000, null), []);
  assert.equal([...alerts][0]!.resolvedAtMs, 10_000);
});

test('an alert whose rule now waits for longer is pending again', () => {
  const before = new ActiveAlerts();
  const element = {labels: ['a', 'b'], annotations: [], value: 1};
  before.advance([element], 1000, {holdMs: 0, keepFiringForMs: 0});
  const after = new ActiveAlerts();
  after.copyFrom(before);
  const [alert] = after.advance([element], 2000, {holdMs: 5000, keepFiringForMs: 0});
  assert.deepEqual([alert!.state, alert!.firedAtMs, alert!.activeAtMs], ['pending', 0, 1000]);
  assert.equal(after.advance([element], 6000, {holdMs: 5000, keepFiringForMs: 0})[0]!.state, 'firing');
});

test('needsSending() tells of what fires and of what has been resolved, again after a while', () => {
  const f = (fields: Partial<Alert>, nowMs: number, expected: boolean): void => {
    const alert = {state: 'firing', resolvedAtMs: 0, lastSentAtMs: 0, ...fields} as Alert;
    assert.equal(needsSending(alert, nowMs, 60_000), expected);
  };
  f({state: 'pending'}, 1e6, false);
  f({}, 1e6, true);
  f({lastSentAtMs: 1e6}, 1e6 + 60_000, false);
  f({lastSentAtMs: 1e6}, 1e6 + 60_001, true);
  f({state: 'inactive', lastSentAtMs: 1e6, resolvedAtMs: 1e6 + 1}, 1e6 + 1, true);
  f({state: 'inactive', lastSentAtMs: 1e6 + 1, resolvedAtMs: 1e6 + 1}, 1e6 + 1000, false);
});
