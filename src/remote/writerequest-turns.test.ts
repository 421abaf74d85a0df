// WriteReceiver beside others in the same thread: large requests give way, requests do not mix, failures are logged briefly.
import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../base/random.ts';
import {labelsOf, type Labels} from '../model/labels.ts';
import type {LogFields, Logger} from '../sys/log.ts';
import {noLogger} from '../sys/log.ts';
import {FakeAppender} from './fakeappender.ts';
import {type ReceiverWorld, WriteReceiver} from './writerequest.ts';
import {WriteRequestEncoder} from './writerequest-encode.ts';

const nowMs = 1_700_000_000_000;

/** Time that passes only when it is looked at: each look finds the turn used up. */
function impatientWorld(turn: () => void): ReceiverWorld & {turns: number} {
  let ms = 0;
  const world = {
    turns: 0,
    elapsed: () => (ms += 10),
    giveWay: async () => {
      world.turns++;
      turn();
      await Promise.resolve();
    },
  };
  return world;
}

const patientWorld: ReceiverWorld = {elapsed: () => 0, giveWay: () => assert.fail('there is time enough')};

/** `series` series with `samples` samples each from `startMs` on. */
function bodyOf(name: string, series: number, samples: number, startMs = nowMs): Uint8Array {
  const encoder = new WriteRequestEncoder();
  const times = Array.from({length: samples}, (_, i) => startMs + i);
  const values = times.map((_, i) => i);
  for (let i = 0; i < series; i++) encoder.series(seriesOf(name, i), times, values);
  return encoder.body();
}

function seriesOf(name: string, i: number): Labels {
  return labelsOf({__name__: name, i: String(i)});
}

test('WriteReceiver gives way between batches and between series, with an empty batch that others can use', async () => {
  for (const [series, samples] of [
    [1, 1000],
    [2000, 1],
    [50, 40],
  ] as const) {
    const appender = new FakeAppender(64);
    const scraped = labelsOf({__name__: 'scraped'});
    let time = nowMs;
    const world = impatientWorld(() => {
      assert.equal(appender.batch.length, 0);
      const ref = {slot: 0, generation: 0};
      appender.series(scraped, ref);
      appender.batch.slots[0] = ref.slot;
      appender.batch.generations[0] = ref.generation;
      appender.batch.times[0] = time++;
      appender.batch.values[0] = 1;
      appender.batch.length = 1;
      assert.equal(appender.commit().accepted, 1);
    });
    const receiver = new WriteReceiver(appender, noLogger, world);
    const outcome = await receiver.apply(bodyOf('pushed', series, samples), {nowMs});
    assert.equal(outcome.status, 204);
    assert.equal(outcome.samples, series * samples);
    assert.ok(world.turns >= 10, `${world.turns} turns`);
    assert.equal(appender.stored(scraped)!.times.length, world.turns);
    for (let i = 0; i < series; i++) {
      const stored = appender.stored(seriesOf('pushed', i))!;
      assert.deepEqual(
        stored.times,
        Array.from({length: samples}, (_, at) => nowMs + at),
      );
    }
  }
});

test('WriteReceiver stores all or nothing, also where it gives way', async () => {
  const appender = new FakeAppender(64);
  const world = impatientWorld(() => {});
  const receiver = new WriteReceiver(appender, noLogger, world);
  await receiver.apply(bodyOf('m', 1, 1, nowMs + 5), {nowMs});
  const encoder = new WriteRequestEncoder();
  for (let i = 999; i >= 0; i--) encoder.series(seriesOf('m', i), [nowMs], [1]);
  const outcome = await receiver.apply(encoder.body(), {nowMs});
  assert.ok(world.turns > 0);
  assert.deepEqual([outcome.status, outcome.message], [400, 'out of order sample']);
  assert.equal(appender.stored(seriesOf('m', 999))!.times.length, 0);
});

test('WriteReceiver finds a series again that vanished while it gave way', async () => {
  const appender = new FakeAppender(64);
  const labels = seriesOf('m', 0);
  const world = impatientWorld(() => {
    if (world.turns === 20) appender.drop(labels);
  });
  const receiver = new WriteReceiver(appender, noLogger, world);
  const outcome = await receiver.apply(bodyOf('m', 1, 1000), {nowMs});
  // 15 turns in the first pass: the series goes during the second.
  assert.deepEqual([outcome.status, outcome.samples], [204, 1000]);
  assert.equal(appender.stored(labels)!.times.length, 1000 - 5 * 64);
});

test('WriteReceiver stores requests one after the other, in the order of the calls', async () => {
  const appender = new FakeAppender(64);
  const receiver = new WriteReceiver(
    appender,
    noLogger,
    impatientWorld(() => {}),
  );
  const ended: string[] = [];
  const requests = [
    receiver.apply(bodyOf('m', 300, 3), {nowMs}),
    receiver.apply(Uint8Array.of(1), {nowMs}),
    // Those of the first again, and later ones: in any other order something were out of order.
    receiver.apply(bodyOf('m', 300, 3, nowMs + 3), {nowMs}),
    receiver.apply(bodyOf('n', 1, 1), {nowMs}),
  ].map(async (outcome, i) => {
    const {status, samples} = await outcome;
    ended.push(`${i} ${status} ${samples}`);
  });
  let settled = false;
  void receiver.settled().then(() => (settled = true));
  await Promise.all(requests);
  assert.deepEqual(ended, ['0 204 900', '1 400 0', '2 204 900', '3 204 1']);
  await receiver.settled();
  assert.ok(settled);
  for (let i = 0; i < 300; i++) assert.equal(appender.stored(seriesOf('m', i))!.times.length, 6);
  assert.equal(receiver.counts.requests, 4);
  assert.equal(receiver.counts.samples, 1801);
});

test('WriteReceiver gives way between small requests that came together', async () => {
  const world = impatientWorld(() => {});
  const receiver = new WriteReceiver(new FakeAppender(64), noLogger, world);
  await Promise.all(
    Array.from({length: 10}, (_, i) => receiver.apply(bodyOf('m', 1, 1, nowMs + i), {nowMs})),
  );
  assert.equal(world.turns, 9);
});

test('WriteReceiver refuses requests beyond those that may wait', async () => {
  const receiver = new WriteReceiver(new FakeAppender(64), noLogger, patientWorld);
  const body = bodyOf('m', 1, 1);
  const outcomes = await Promise.all(Array.from({length: 1002}, () => receiver.apply(body, {nowMs})));
  assert.deepEqual(
    outcomes.map(({status}) => status),
    [...Array.from({length: 1000}, () => 204), 503, 503],
  );
  assert.equal((await receiver.apply(body, {nowMs})).status, 204);
});

test('WriteReceiver has the same outcome whether it gives way or not, for any seed', async () => {
  for (let seed = 0; seed < 50; seed++) {
    const random = new Random(seed);
    const bodies = Array.from({length: 4}, (_, round) => {
      const encoder = new WriteRequestEncoder();
      for (let i = random.below(600); i > 0; i--) {
        const samples = random.below(50) === 0 ? random.below(300) : random.below(3);
        const start = nowMs + 1000 * round - (random.below(2000) === 0 ? 5000 : 0);
        const labels = random.below(20) === 0 ? ['job', 'none'] : seriesOf('m', i);
        const times = Array.from({length: samples}, (_, at) => start + at);
        encoder.series(labels, times, times);
      }
      return encoder.body();
    });
    const run = async (world: ReceiverWorld): Promise<unknown> => {
      const appender = new FakeAppender(64);
      const receiver = new WriteReceiver(appender, noLogger, world);
      const outcomes = await Promise.all(bodies.map((body) => receiver.apply(body, {nowMs})));
      return {
        // A refused request is not read on: how many samples were seen depends on when that was noticed.
        outcomes: outcomes.map((outcome) => (outcome.status === 204 ? outcome : outcome.message)),
        stored: appender.seriesBySlot.filter(({times}) => times.length > 0),
      };
    };
    const world = impatientWorld(() => {});
    assert.deepEqual(await run(world), await run(patientWorld), `seed ${seed}`);
  }
});

test('WriteReceiver lets the timers of the thread run while it stores a huge request', async () => {
  const receiver = new WriteReceiver(new FakeAppender(16_384), noLogger);
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  const outcome = await receiver.apply(bodyOf('m', 400, 1000), {nowMs});
  clearInterval(timer);
  assert.equal(outcome.samples, 400_000);
  assert.ok(ticks > 2, `the timer ran ${ticks} times`);
});

test('WriteReceiver logs the message of a failure, once in a second', async () => {
  const lines: LogFields[] = [];
  const logger: Logger = {...noLogger, error: (_msg, fields) => lines.push(fields!)};
  const appender = new FakeAppender(64);
  let ms = 0;
  const receiver = new WriteReceiver(appender, logger, {...patientWorld, elapsed: () => ms});
  const fail = async (message: string): Promise<void> => {
    appender.failure = new Error(message);
    assert.equal((await receiver.apply(bodyOf('m', 1, 1), {nowMs})).status, 500);
  };
  for (let i = 0; i < 5; i++) await fail('no space left');
  await fail('read-only');
  ms += 999;
  await fail('read-only');
  ms += 1;
  await fail('read-only');
  assert.deepEqual(lines, [
    {err: 'no space left', further: undefined, stack: undefined},
    {err: 'read-only', further: 4, stack: undefined},
    {err: 'read-only', further: 1, stack: undefined},
  ]);
});
