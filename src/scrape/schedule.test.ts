import assert from 'node:assert/strict';
import test from 'node:test';
import {setImmediate} from 'node:timers/promises';
import {Random} from '../base/random.ts';
import type {Clock} from '../sys/clock.ts';
import {onStep, Schedule, scheduleStepMs} from './schedule.ts';

/** A clock that tells which timers were set, and runs them by hand. */
class TimerClock implements Clock {
  ms = 0;
  timers: {ms: number; run: () => void}[] = [];

  now = (): number => this.ms;
  elapsed = (): number => this.ms;

  after(ms: number, run: () => void): () => void {
    const timer = {ms: this.ms + ms, run};
    this.timers.push(timer);
    return () => void this.timers.splice(this.timers.indexOf(timer), 1);
  }

  /** Runs what is due. */
  advance(ms: number): void {
    this.ms = ms;
    for (const timer of this.timers.filter((each) => each.ms <= ms)) {
      this.timers.splice(this.timers.indexOf(timer), 1);
      timer.run();
    }
  }
}

/** Gives a function that takes it back. */
function at(schedule: Schedule, dueMs: number, due: () => void): () => void {
  const one = {due};
  const step = schedule.at(dueMs, one);
  return () => schedule.cancel(step, one);
}

test('Schedule calls what is due at one step by one timer, in order', () => {
  const clock = new TimerClock();
  const schedule = new Schedule(clock);
  const seen: string[] = [];
  at(schedule, 1000, () => seen.push('a'));
  at(schedule, 1001, () => seen.push('b'));
  at(schedule, 1000 + 2 * scheduleStepMs, () => seen.push('c'));
  assert.deepEqual(
    clock.timers.map(({ms}) => ms),
    [1000],
  );
  clock.advance(1000);
  assert.deepEqual(seen, ['a', 'b']);
  assert.deepEqual(
    clock.timers.map(({ms}) => ms),
    [1000 + 2 * scheduleStepMs],
  );
  // What is late is called at once.
  at(schedule, 0, () => seen.push('late'));
  assert.equal(clock.timers.at(-1)?.ms, 1000);
  clock.advance(2000);
  assert.deepEqual(seen, ['a', 'b', 'late', 'c']);
});

test('Schedule gives those of one moment the same time, but for those that have waited long', () => {
  const clock = new TimerClock();
  const schedule = new Schedule(clock);
  const seen: [number, number][] = [];
  const see = (): void => void seen.push([schedule.elapsedMs, schedule.nowMs]);
  for (const worksMs of [4, 5, 9, 2, 1]) {
    at(schedule, 500, () => {
      see();
      clock.ms += worksMs;
    });
  }
  clock.advance(502);
  assert.deepEqual(seen, [
    [502, 502],
    [502, 502],
    [502, 502],
    [520, 520],
    [520, 520],
  ]);
});

test('Schedule lets other work in between many that are due at one step', async () => {
  const clock = new TimerClock();
  const schedule = new Schedule(clock);
  const seen: number[] = [];
  const cancels = Array.from({length: 40}, (_, i) => at(schedule, 500, () => seen.push(i)));
  clock.advance(500);
  assert.deepEqual(seen, [...Array(16).keys()]);
  cancels[3]!();
  cancels[20]!();
  while (seen.length < 39) await setImmediate();
  assert.deepEqual(
    seen,
    [...Array(40).keys()].filter((i) => i !== 20),
  );
  await setImmediate();
  assert.equal(seen.length, 39);
  // One more of the same step has a timer of its own, which is not that of the others.
  at(schedule, 500, () => seen.push(40));
  cancels[39]!();
  assert.equal(clock.timers.length, 1);
});

test('Schedule forgets what is taken back, and its timer with the last of a step', () => {
  const clock = new TimerClock();
  const schedule = new Schedule(clock);
  const seen: string[] = [];
  const cancels = ['a', 'b'].map((name) => at(schedule, 500, () => seen.push(name)));
  cancels[0]!();
  assert.equal(clock.timers.length, 1);
  clock.advance(500);
  assert.deepEqual(seen, ['b']);
  cancels[1]!();
  const cancel = at(schedule, 600, () => seen.push('c'));
  cancel();
  cancel();
  assert.equal(clock.timers.length, 0);
});

test('Schedule calls each at its step, whatever is taken back, and has one timer', () => {
  const seed = Math.floor(Math.random() * 2 ** 32);
  const random = new Random(seed);
  const clock = new TimerClock();
  const schedule = new Schedule(clock);
  const due = new Map<number, {ms: number; cancel: () => void}>();
  let next = 0;
  for (let i = 0; i < 20_000; i++) {
    const kind = random.below(10);
    if (kind < 5) {
      const id = next++;
      const ms = scheduleStepMs * (Math.ceil(clock.ms / scheduleStepMs) + 1 + random.below(3000));
      const cancel = at(schedule, ms, () => {
        assert.equal(clock.ms, due.get(id)?.ms, `seed ${seed}`);
        due.delete(id);
      });
      due.set(id, {ms, cancel});
    } else if (kind < 9) {
      const id = [...due.keys()][random.below(due.size + 1)];
      if (id === undefined) continue;
      due.get(id)!.cancel();
      due.delete(id);
    } else for (let steps = random.below(20); steps > 0; steps--) clock.advance(clock.ms + scheduleStepMs);
    const first = Math.min(...[...due.values()].map(({ms}) => ms));
    assert.deepEqual(
      clock.timers.map(({ms}) => ms),
      due.size === 0 ? [] : [first],
      `seed ${seed}`,
    );
  }
});

test('onStep() gives a multiple of a step that divides the interval, and of which there are enough in it', () => {
  const f = (intervalMs: number, ms: number[]): number[] => ms.map((each) => onStep(each, intervalMs));
  assert.deepEqual(f(100, [0, 1, 1012.4, 1013]), [0, 0, 1000, 1025]);
  assert.deepEqual(f(999, [1013, 1038]), [1025, 1050]);
  assert.deepEqual(f(1000, [1013, 1038]), [1000, 1050]);
  assert.deepEqual(f(1950, [1026, 1075]), [1050, 1100]);
  assert.deepEqual(f(2000, [1049, 1050, 1151]), [1000, 1100, 1200]);
  assert.deepEqual(f(15_000, [14_949, 14_951]), [14_900, 15_000]);
  assert.deepEqual(f(15_025, [14_949, 14_963]), [14_950, 14_975]);
});
