import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../base/random.ts';
import type {Labels} from '../model/labels.ts';
import {type AlertState, fingerprintOf} from './alert.ts';
import {AlertStore} from './alert-store.ts';
import type {Group} from './group.ts';

function state(startsAtMs: number, endsAtMs: number, summary = ''): AlertState {
  const annotations = summary === '' ? [] : ['summary', summary];
  return {
    startsAtMs,
    endsAtMs,
    updatedAtMs: startsAtMs,
    isTimeout: false,
    annotations,
    generatorUrl: 'http://p',
  };
}

test('AlertStore keeps one alert of the same labels, with the youngest texts', () => {
  const store = new AlertStore();
  const labels = ['alertname', 'Down', 'job', 'ü'];
  const alert = store.put(labels, state(10, 200, 'one'), 100)!;
  assert.equal(alert.fingerprint, fingerprintOf(labels));
  assert.deepEqual(alert.annotations, ['summary', 'one']);
  assert.equal(store.put(labels, {...state(20, 150, 'two'), generatorUrl: 'http://q'}, 100), alert);
  assert.deepEqual(alert.labels, labels);
  assert.deepEqual(alert.annotations, ['summary', 'two']);
  assert.equal(alert.generatorUrl, 'http://q');
  assert.equal(alert.startsAtMs, 10);
  assert.equal(alert.reports, 2);
  assert.equal(store.size, 1);
});

test('AlertStore forgets what is resolved and in no group', () => {
  const store = new AlertStore();
  const group = {} as Group;
  const inGroup = store.put(['a', '1'], state(0, 50), 40)!;
  const alone = store.put(['a', '2'], state(0, 50), 40)!;
  const firing = store.put(['a', '3'], state(0, 500), 40)!;
  assert.equal(inGroup.enter(group), true);
  assert.equal(inGroup.enter(group), false);
  store.collect(100);
  assert.deepEqual([...store.values()], [inGroup, firing]);
  assert.equal(alone.isForgotten, true);
  assert.equal(alone.endsAtMs, 0);
  inGroup.leave(group);
  store.collect(100);
  assert.deepEqual([...store.values()], [firing]);
  assert.equal(store.get(fingerprintOf(['a', '1'])), null);
});

test('AlertStore gives back the texts of alerts that have ended', () => {
  const store = new AlertStore();
  for (let i = 0; i < 300; i++) store.put(['name', `n${i % 100}`], state(i, 1000, `summary ${i}`), i);
  // Of the labels, of the last summaries, the names of both and the URL.
  assert.equal(store.textCount, 100 + 100 + 3);
  store.put(['name', 'stays'], state(0, 5000), 0);
  store.collect(2000);
  assert.equal(store.size, 1);
  assert.equal(store.textCount, 3);
  store.collect(5000);
  assert.equal(store.textCount, 0);
});

test('AlertStore does as a map by labels', () => {
  const seed = Date.now();
  const random = new Random(seed);
  const store = new AlertStore();
  const model = new Map<string, {labels: Labels; endsAtMs: number; summary: string}>();
  for (let nowMs = 0; nowMs < 3000; nowMs++) {
    const labels = ['name', `n${random.below(700)}`];
    const report = {labels, endsAtMs: nowMs + 1 + random.below(900), summary: `s${random.below(50)}`};
    store.put(labels, state(nowMs, report.endsAtMs, report.summary), nowMs);
    const known = model.get(labels.join());
    const isLonger = known !== undefined && known.endsAtMs > nowMs && known.endsAtMs > report.endsAtMs;
    model.set(labels.join(), isLonger ? {...report, endsAtMs: known.endsAtMs} : report);
    if (nowMs % 500 !== 0) continue;
    store.collect(nowMs);
    for (const [key, {endsAtMs}] of model) if (endsAtMs <= nowMs) model.delete(key);
  }
  assert.equal(store.size, model.size, `seed ${seed}`);
  for (const {labels, endsAtMs, summary} of model.values()) {
    const alert = store.get(fingerprintOf(labels))!;
    assert.deepEqual(
      [alert.labels, alert.endsAtMs, alert.annotations],
      [labels, endsAtMs, ['summary', summary]],
      `seed ${seed}`,
    );
  }
});
