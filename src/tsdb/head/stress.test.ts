import assert from 'node:assert/strict';
import {once} from 'node:events';
import test from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {Worker} from 'node:worker_threads';
import {LinearMemory} from '../../kernels/memory.ts';
import {readSignal, removedSignal, stopSignal, type StressData, type StressReport} from './stress-signals.ts';

/** NARTHEX_STRESS_SECONDS makes it longer, SEED repeats a run's choices (not its interleaving). */
const seconds = Number(process.env['NARTHEX_STRESS_SECONDS'] ?? 2);
const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
const readers = 3;
/** On a slow machine the test goes on until this much has happened. */
const removedMin = 100;
const readMin = 1000;
const secondsMax = 60;

function start(data: StressData): Promise<StressReport> {
  const worker = new Worker(new URL('./stress-worker.ts', import.meta.url), {workerData: data, execArgv: []});
  return once(worker, 'message').then(([report]) => report as StressReport);
}

test(`readers see only what is true while series come, grow and go (seed ${seed})`, async () => {
  const {wasm} = LinearMemory.reserve(512 * 2 ** 20);
  const signals = new SharedArrayBuffer(32);
  const words = new Int32Array(signals);
  const threads = [start({role: 'writer', wasm, signals, seed})];
  for (let i = 1; i <= readers; i++) threads.push(start({role: 'reader', wasm, signals, seed: seed + i}));
  let ended = false;
  for (const thread of threads) void thread.then(() => (ended = true));
  const begin = performance.now();
  const enough = (): boolean =>
    performance.now() - begin > seconds * 1000 &&
    Atomics.load(words, removedSignal) >= removedMin &&
    Atomics.load(words, readSignal) >= readMin;
  // A thread that fails reports at once.
  while (!ended && !enough() && performance.now() - begin < secondsMax * 1000 + seconds * 1000)
    await sleep(20);
  Atomics.store(words, stopSignal, 1);
  const reports = await Promise.all(threads);
  for (const report of reports) assert.ok(!('error' in report), `seed ${seed}: ${JSON.stringify(report)}`);
  assert.ok(enough(), `seed ${seed}: too little happened: ${JSON.stringify(reports)}`);
  if (process.env['NARTHEX_STRESS_SECONDS'] !== undefined) console.log(reports);
});
