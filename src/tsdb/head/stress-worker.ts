// The threads of stress.test.ts. What a series holds follows from its labels and the time, so that a reader can tell by itself
// whether what it sees is true: label sets carry their own check, samples lie on a grid, and values are computed.
import {parentPort, threadId, workerData} from 'node:worker_threads';
import {Random} from '../../base/random.ts';
import {SizeClassArena} from '../../kernels/arena.ts';
import {loadKernels} from '../../kernels/kernels.ts';
import {arenaStart, LinearMemory} from '../../kernels/memory.ts';
import {FloatHistogram} from '../../model/histogram.ts';
import {labelsOf} from '../../model/labels.ts';
import {Matcher} from '../../model/matcher.ts';
import {addSample, type Appender, type SeriesRef} from '../../storage/appender.ts';
import type {SeriesCursor} from '../../storage/querier.ts';
import {Symbols} from '../../storage/symbols.ts';
import type {GcPass} from './gc.ts';
import {Head} from './head.ts';
import {HeadReader} from './reader.ts';
import {
  readSignal,
  readySignal,
  removedSignal,
  stepSignal,
  stopSignal,
  type StressData,
  type StressReport,
} from './stress-signals.ts';

const stepMs = 1000;
const families = 6;
const pods = ['alpha', 'beta-with-a-longer-name', 'γάμμα'];

/** Steps that a series' last sample is kept, and steps in a chunk range. */
const keptSteps = 40;
const rangeSteps = 25;
const firstStep = 1_000_000;

interface Life {
  labels: string[];
  identity: number;
  ref: SeriesRef;
}

function mix(a: number, b: number): number {
  let hash = Math.imul(a ^ Math.imul(b, 0x9e3779b1), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Floats are constant, counting or random; histograms have whole counts, fractions, or come and go among floats. */
function valueAt(identity: number, step: number): number | FloatHistogram {
  const kind = identity % 6;
  if (kind === 0) return identity;
  if (kind === 1) return step * 3 + (mix(identity, step) % 3);
  if (kind === 2 || (kind === 5 && (step + identity) % 32 < 16)) return mix(identity, step) / 2 ** 32;
  return histogramAt(identity, step, kind === 4 ? 0.1 : 1);
}

/** Buckets are added one by one, so that the chunk is recoded, until all but the first are gone and a chunk is cut. */
function histogramAt(identity: number, step: number, unit: number): FloatHistogram {
  const buckets = 1 + (((step + identity) >>> 2) % 9);
  const counts = Float64Array.from({length: buckets}, (_, i) => (step * (i + 1) + (identity % 100)) * unit);
  return new FloatHistogram({
    schema: 3,
    count: counts.reduce((sum, count) => sum + count),
    sum: identity + step,
    positiveSpans: [{offset: -2, length: buckets}],
    positiveBuckets: counts,
  });
}

/** Start timestamps that histograms have. */
function startAt(identity: number, step: number): number {
  return (step - 1 - (mix(identity, step >>> 4) % 5)) * stepMs;
}

function identityOf(family: number, id: number, pod: number): number {
  return mix((family * 1000 + id) * 10 + pod, 7);
}

function makeLabels(random: Random): string[] {
  const family = random.below(families);
  const id = random.below(400);
  const pod = random.below(pods.length);
  const check = identityOf(family, id, pod).toString(36);
  return [...labelsOf({__name__: `stress_${family}`, id: String(id), pod: pods[pod]!, check, const: 'x'})];
}

/** Throws where the label set is not one that the writer makes; returns the identity. */
function checkLabels(labels: readonly string[]): number {
  const [, name = '', , check, , , , id, , pod = ''] = labels;
  const identity = identityOf(Number(name.slice('stress_'.length)), Number(id), pods.indexOf(pod));
  const names = labels.filter((_, i) => i % 2 === 0).join(',');
  if (names !== '__name__,check,const,id,pod' || check !== identity.toString(36)) {
    throw new Error(`labels are torn: ${labels.join(',')}`);
  }
  return identity;
}

function write({wasm, signals, seed}: StressData): StressReport {
  const random = new Random(seed);
  const memory = new LinearMemory(wasm);
  const arena = new SizeClassArena(memory, arenaStart, memory.byteLength);
  const head = new Head({
    memory,
    arena,
    kernels: loadKernels(memory),
    chunkRangeMs: rangeSteps * stepMs,
    histogramStartTimes: true,
    // Few enough that most appenders are made again from their chunks now and then.
    appendersMax: 40,
    poison: true,
  });
  const words = new Int32Array(signals);
  const alive = new Map<string, Life>();
  let step = firstStep;
  let pass: GcPass | null = null;
  Atomics.store(words, readySignal, 1);
  while (Atomics.load(words, stopSignal) === 0) {
    step++;
    for (let i = 0; alive.size < 200 && i < 30; i++) revive(random, head, alive);
    appendStep(head.appender(), alive, step);
    Atomics.store(words, stepSignal, step);
    // Some stop being appended to, and are dropped when their last sample is too old.
    for (const key of alive.keys()) if (random.below(30) === 0) alive.delete(key);
    pass ??= head.startGc((step - keptSteps) * stepMs);
    if (!pass.run(150)) {
      Atomics.add(words, removedSignal, pass.result().series);
      pass = null;
    }
  }
  const {seriesCreated, seriesRemoved, appended, chunksRemoved} = head.stats();
  return {
    role: 'writer',
    steps: step - firstStep,
    created: seriesCreated,
    removed: seriesRemoved,
    samples: appended,
    chunksRemoved,
  };
}

/** Adds a series that does not exist: no gap may be in what it holds. */
function revive(random: Random, head: Head, alive: Map<string, Life>): void {
  const labels = makeLabels(random);
  if (head.series.find(labels)) return;
  const ref = {slot: 0, generation: 0};
  head.appender().series(labels, ref);
  alive.set(labels.join(','), {labels, identity: checkLabels(labels), ref});
}

function appendStep(appender: Appender, alive: Map<string, Life>, step: number): void {
  const {batch} = appender;
  for (const {identity, ref} of alive.values()) {
    const value = valueAt(identity, step);
    if (typeof value === 'object') {
      const options = {integer: identity % 6 !== 4, startMs: startAt(identity, step)};
      appender.histogram(ref.slot, ref.generation, step * stepMs, value, options);
      continue;
    }
    addSample(batch, ref, step * stepMs, value);
  }
  const length = batch.length + appender.histogramCount;
  const {accepted} = appender.commit();
  if (accepted !== length) throw new Error(`${accepted} of ${length} samples were accepted`);
}

function read({wasm, signals, seed}: StressData): StressReport {
  const random = new Random(seed);
  const words = new Int32Array(signals);
  while (Atomics.load(words, readySignal) === 0) Atomics.wait(words, readySignal, 0, 10);
  const memory = LinearMemory.reserve(64 * 2 ** 20);
  const arena = new SizeClassArena(memory, arenaStart, memory.byteLength);
  const reader = new HeadReader(
    new LinearMemory(wasm),
    {memory, kernels: loadKernels(memory), arena},
    threadId,
  );
  const report = {role: 'reader' as const, selects: 0, series: 0, samples: 0};
  while (Atomics.load(words, stopSignal) === 0) {
    const committed = Atomics.load(words, stepSignal);
    const symbols = new Symbols();
    const querier = reader.querier({mint: 0, maxt: Infinity}, symbols);
    try {
      const matchers = pickMatchers(random);
      let newest = 0;
      const ends = new Map<number, number>();
      for (let pass = 0; pass < 2; pass++) {
        const cursor = querier.select(matchers, {mint: 0, maxt: Infinity});
        report.selects++;
        while (cursor.next()) {
          const labels = cursor.labels().map((id) => symbols.text(id));
          const identity = checkLabels(labels);
          checkMatch(labels, matchers);
          const part = matchers.length > 0 && random.below(2) === 0;
          const mint = part ? (committed - random.below(keptSteps * 2)) * stepMs + random.below(3) : 0;
          const maxt = part && random.below(2) === 0 ? mint + random.below(keptSteps * stepMs) : Infinity;
          const count = checkSamples(cursor, identity, {mint, maxt});
          if (count > 0) {
            const end = cursor.times[count - 1]!;
            newest = Math.max(newest, end);
            if (maxt === Infinity) checkEnd(ends, identity, end);
          }
          report.samples += count;
          report.series++;
          Atomics.add(words, readSignal, 1);
        }
      }
      // Whatever was committed before the querier was opened is seen.
      if (
        matchers.length === 0 &&
        newest !== 0 &&
        committed > 1_000_000 &&
        newest < (committed - 1000) * stepMs
      ) {
        throw new Error(`step ${committed} was committed, but the newest sample is at ${newest / stepMs}`);
      }
      if (committed > 0 && random.below(20) === 0)
        checkValues(querier.labelValues('check', []), querier.labelNames([]));
    } finally {
      querier.close();
    }
  }
  reader.release();
  return report;
}

function pickMatchers(random: Random): Matcher[] {
  switch (random.below(7)) {
    case 0:
      return [];
    case 1:
      return [new Matcher('=~', 'id', '1.*'), new Matcher('!=', 'pod', 'alpha')];
    case 2:
      return [new Matcher('=', 'id', String(random.below(400)))];
    case 3:
      return [new Matcher('=~', '__name__', 'stress_1|stress_4'), new Matcher('=', 'pod', pods[2]!)];
    case 4:
      return [new Matcher('!~', 'id', '[0-9]'), new Matcher('=', 'absent', '')];
    default:
      return [new Matcher('=', '__name__', `stress_${random.below(families)}`)];
  }
}

/** What was seen once is seen again: no read ends before an earlier one. */
function checkEnd(ends: Map<number, number>, identity: number, end: number): void {
  const before = ends.get(identity) ?? 0;
  if (end < before) throw new Error(`${identity}: samples up to ${before} were seen, then only up to ${end}`);
  ends.set(identity, end);
}

function checkMatch(labels: readonly string[], matchers: readonly Matcher[]): void {
  for (const matcher of matchers) {
    const at = labels.indexOf(matcher.name);
    if (!matcher.matches(at === -1 ? '' : labels[at + 1]!))
      throw new Error(`${labels.join(',')} was selected wrongly`);
  }
}

function checkSamples(
  cursor: SeriesCursor,
  identity: number,
  {mint, maxt}: {mint: number; maxt: number},
): number {
  const count = cursor.read(mint, maxt);
  for (let i = 0; i < count; i++) {
    const time = cursor.times[i]!;
    if (time < mint || time > maxt) throw new Error(`${identity}: ${time} is not in [${mint}, ${maxt}]`);
    if (i > 0 && time !== cursor.times[i - 1]! + stepMs) {
      throw new Error(`${identity}: ${time} follows ${cursor.times[i - 1]} at ${i} of ${count}`);
    }
    const expected = valueAt(identity, time / stepMs);
    if (typeof expected === 'object') checkHistogram(cursor, identity, i, expected);
    else if (cursor.values[i] !== expected || cursor.histograms?.[i] !== undefined)
      throw new Error(`${identity}: ${cursor.values[i]} at ${time}, not ${expected}`);
  }
  return count;
}

function checkHistogram(cursor: SeriesCursor, identity: number, i: number, expected: FloatHistogram): void {
  const time = cursor.times[i]!;
  const got = cursor.histograms?.[i];
  const start = startAt(identity, time / stepMs);
  const same =
    got !== undefined &&
    got.sum === expected.sum &&
    got.count === expected.count &&
    // What a later sample has added is empty.
    got.positiveBuckets.every((count, bucket) => count === (expected.positiveBuckets[bucket] ?? 0)) &&
    got.positiveBuckets.length >= expected.positiveBuckets.length;
  if (!same) {
    throw new Error(
      `${identity}: ${got?.positiveBuckets.join()} at ${time}, not ${expected.positiveBuckets.join()}`,
    );
  }
  if (cursor.startTimes?.[i] !== start)
    throw new Error(`${identity}: start ${cursor.startTimes?.[i]} at ${time}, not ${start}`);
}

function checkValues(values: readonly string[], names: readonly string[]): void {
  if (names.join(',') !== '__name__,check,const,id,pod')
    throw new Error(`label names are torn: ${names.join(',')}`);
  for (const value of values)
    if (!/^[0-9a-z]{1,7}$/.test(value)) throw new Error(`a label value is torn: ${value}`);
}

const data = workerData as StressData;
try {
  parentPort!.postMessage(data.role === 'writer' ? write(data) : read(data));
} catch (error) {
  parentPort!.postMessage({role: data.role, error: String((error as Error).stack)} satisfies StressReport);
}
