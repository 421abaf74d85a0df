import assert from 'node:assert/strict';
import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'node:test';
import {runScript, type ScriptOutcome} from '../src/promql/promqltest/run.ts';
import {HeadStores} from './headstore.ts';

const stores = new HeadStores();

function run(folder: string, file: string): ScriptOutcome {
  return runScript(readFileSync(join(folder, file), 'utf8'), {newStore: () => stores.next()});
}

test('our scripts pass over a real head', () => {
  const folder = join(import.meta.dirname, '../src/promql/promqltest/scripts');
  for (const file of readdirSync(folder)) assert.deepEqual(run(folder, file).failures, [], file);
});

/** Evaluations in Prometheus's own files. All of them pass. */
const evaluations: Readonly<Record<string, number>> = {
  'aggregators.test': 160,
  'duration_expression.test': 59,
  'extended_vectors.test': 169,
  'fill-modifier.test': 46,
  'functions.test': 431,
  'histograms.test': 185,
  'info.test': 53,
  'limit.test': 37,
  'native_histograms.test': 522,
  'operators.test': 214,
  'start_timestamps.test': 26,
  'type_and_unit.test': 58,
};

const folder = join(import.meta.dirname, '../../shared/promqltest');
const absent = existsSync(folder) ? false : `${folder} is not there`;

test("Prometheus's own files pass over a real head", {skip: absent}, () => {
  for (const [file, expected] of Object.entries(evaluations)) {
    const {instant, range, failures} = run(folder, file);
    assert.deepEqual(failures, [], file);
    assert.equal(instant.passed + range.passed, expected, file);
  }
});

test('a store begins empty, and refuses what the head refuses', () => {
  const {instant, failures} = runScript(
    `
load 1m
  a 1 2 3

load 30s
  a 1

eval instant at 2m a
  a 3

clear
eval instant at 2m a
`,
    {newStore: () => stores.next()},
  );
  assert.deepEqual(instant, {passed: 2, failed: 0});
  assert.deepEqual(
    failures.map(({kind, line, reason}) => [kind, line, reason]),
    [['load', 5, 'cannot append a sample of {__name__="a"} at 0: outOfOrder']],
  );
});
