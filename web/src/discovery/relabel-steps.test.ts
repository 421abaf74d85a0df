import assert from 'node:assert/strict';
import test from 'node:test';
import type {RelabelRule} from '../api/types.ts';
import {changesOf, ruleLines, shownStepsOf} from './relabel-steps.ts';

const rule: RelabelRule = {separator: ';', regex: '(.*)', replacement: '$1', action: 'replace'};

test('changesOf() lists what was added, changed and removed', () => {
  assert.deepEqual(changesOf({a: '1', b: '2', c: '3'}, {a: '1', b: '4', d: '5'}), [
    {name: 'b', before: '2', after: '4'},
    {name: 'c', before: '3', after: undefined},
    {name: 'd', before: undefined, after: '5'},
  ]);
});

test('shownStepsOf() ends with the rule that drops', () => {
  const steps = [
    {rule, keep: true, output: {a: '1', b: '1'}},
    {rule, keep: true, output: {a: '1', b: '1'}},
    {rule: {...rule, action: 'drop'}, keep: false, output: {}},
    {rule, keep: false, output: {}},
  ];
  const shown = shownStepsOf({a: '1'}, steps);
  assert.deepEqual(
    shown.map(({keep, changes}) => [keep, changes.map(({name}) => name)]),
    [
      [true, ['b']],
      [true, []],
      [false, []],
    ],
  );
});

test('ruleLines() leaves out defaults', () => {
  const f = (fields: Partial<RelabelRule>, expected: string[]): void =>
    assert.deepEqual(ruleLines({...rule, ...fields}), expected);
  f({}, ['action: replace']);
  f({source_labels: ['a', 'b'], target_label: 'c', separator: '-'}, [
    'source_labels: [a, b]',
    'separator: -',
    'target_label: c',
    'action: replace',
  ]);
  f({source_labels: ['a'], modulus: 8, target_label: 'm', action: 'hashmod', replacement: ''}, [
    'source_labels: [a]',
    'modulus: 8',
    'target_label: m',
    'replacement: ""',
    'action: hashmod',
  ]);
  f({separator: ''}, ['separator: ""', 'action: replace']);
});
