import assert from 'node:assert/strict';
import test from 'node:test';
import type {Clock} from '../sys/clock.ts';
import {SimulatedFileSystem} from '../sys/fs-simulated.ts';
import {noLogger} from '../sys/log.ts';
import type {LockOptions, Processes} from './lock.ts';
import {DirectoryLock, systemProcesses} from './lock.ts';

const dir = '/data';

/** Processes by number, with their times of start. */
class TestProcesses implements Processes {
  pid = 100;
  place = 'host/boot/namespace';
  running = new Map([[100, 'now']]);
  flock: number | null = null;

  started(pid: number): string | null {
    return this.running.get(pid) ?? null;
  }

  flockHolder(): number | null {
    return this.flock;
  }
}

/** Timers go off at once, in order, as often as the test lets them. */
class SteppingClock implements Clock {
  #timers: (() => void)[] = [];

  now(): number {
    return 0;
  }

  elapsed(): number {
    return 0;
  }

  after(_ms: number, run: () => void, keepAlive = false): () => void {
    if (keepAlive) queueMicrotask(run);
    else this.#timers.push(run);
    return () => {
      this.#timers = this.#timers.filter((each) => each !== run);
    };
  }

  step(): void {
    for (const run of this.#timers.splice(0)) run();
  }

  get waiting(): number {
    return this.#timers.length;
  }
}

function setUp(): {
  options: LockOptions & {clock: SteppingClock; processes: TestProcesses};
  fs: SimulatedFileSystem;
} {
  const fs = new SimulatedFileSystem();
  fs.makeDirectory(dir);
  return {fs, options: {fs, dir, log: noLogger, clock: new SteppingClock(), processes: new TestProcesses()}};
}

/** The same directory, seen by another process. */
function another(
  options: LockOptions,
  pid: number,
): LockOptions & {processes: TestProcesses; clock: SteppingClock} {
  const processes = new TestProcesses();
  processes.pid = pid;
  processes.running.set(pid, 'later');
  return {...options, processes, clock: new SteppingClock()};
}

test('DirectoryLock.take() keeps others out until release()', async () => {
  const {fs, options} = setUp();
  const lock = await DirectoryLock.take(options);
  assert.equal(lock.cleanStart, 'clean');
  await assert.rejects(DirectoryLock.take(another(options, 200)), {
    message: 'cannot lock the data directory /data: process 100 uses it',
  });
  await assert.rejects(DirectoryLock.take(options), /process 100 uses it/);
  lock.release();
  assert.equal(fs.status(`${dir}/lock`), null);
  const next = await DirectoryLock.take(another(options, 200));
  assert.equal(next.cleanStart, 'clean');
  next.release();
});

test('DirectoryLock.take() takes over from a process that is gone, or whose number another has', async () => {
  const {options} = setUp();
  await DirectoryLock.take(options);
  const other = another(options, 200);
  other.processes.running.delete(100);
  assert.equal((await DirectoryLock.take(other)).cleanStart, 'replaced');
  const third = another(options, 300);
  third.processes.running.set(200, 'much later');
  assert.equal((await DirectoryLock.take(third)).cleanStart, 'replaced');
});

test('DirectoryLock.take() takes over what no Narthex has written, unless a process holds a flock on it', async () => {
  for (const text of ['', 'null', '{"program":"narthex"}', '{', 'x'.repeat(10_000)]) {
    const {fs, options} = setUp();
    fs.put(`${dir}/lock`, new TextEncoder().encode(text));
    options.processes.flock = 4711;
    await assert.rejects(DirectoryLock.take(options), /process 4711 uses it/);
    options.processes.flock = null;
    const lock = await DirectoryLock.take(options);
    assert.equal(lock.cleanStart, 'replaced');
    lock.release();
    assert.equal(fs.status(`${dir}/lock`), null);
  }
});

test('DirectoryLock.take() takes over from another host when it shows no sign of life', async () => {
  const {options} = setUp();
  await DirectoryLock.take(options);
  const other = another(options, 100);
  other.processes.place = 'another host';
  assert.equal((await DirectoryLock.take(other)).cleanStart, 'replaced');
});

test('DirectoryLock.take() refuses while a process on another host shows signs of life', async () => {
  const {options, fs} = setUp();
  await DirectoryLock.take(options);
  const other = another(options, 100);
  other.processes.place = 'another host';
  const status = fs.status.bind(fs);
  let polls = 0;
  fs.status = (path) => {
    if (++polls === 10) options.clock.step();
    return status(path);
  };
  await assert.rejects(DirectoryLock.take(other), /process 100 of host\/boot\/namespace uses it/);
  assert.equal(options.clock.waiting, 1);
});

test('DirectoryLock leaves the file alone when another has taken it over', async () => {
  const {options, fs} = setUp();
  const lock = await DirectoryLock.take(options);
  const text = new TextEncoder().encode('somebody else');
  fs.put(`${dir}/lock`, text);
  options.clock.step();
  lock.release();
  assert.deepEqual(fs.contents(`${dir}/lock`), text);
  assert.equal(options.clock.waiting, 0);
});

test('systemProcesses knows this process and none with an impossible number', () => {
  assert.equal(systemProcesses.started(systemProcesses.pid), systemProcesses.started(process.pid));
  assert.notEqual(systemProcesses.started(process.pid), null);
  assert.equal(systemProcesses.started(2 ** 22 + 1), null);
  assert.equal(systemProcesses.flockHolder('/nowhere'), null);
});
