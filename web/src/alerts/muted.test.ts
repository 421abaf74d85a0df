import assert from 'node:assert/strict';
import test from 'node:test';
import type {NotifiedAlert} from '../api/alertmanager.ts';
import {mutingFor, mutingsOf} from './muted.ts';

function alert(instance: string, status: Partial<NotifiedAlert['status']>): NotifiedAlert {
  const none = {state: 'active', silencedBy: [], inhibitedBy: [], mutedBy: []} as const;
  return {
    labels: {instance, alertname: 'Down'},
    annotations: {},
    fingerprint: instance,
    startsAt: '',
    endsAt: '',
    receivers: [],
    status: {...none, ...status},
  };
}

test('mutingFor finds what mutes an alert by its labels, in any order', () => {
  const mutings = mutingsOf([
    alert('a', {silencedBy: ['id'], inhibitedBy: ['x']}),
    alert('b', {inhibitedBy: ['x']}),
    alert('c', {mutedBy: ['weekend']}),
    alert('d', {}),
  ]);
  const f = (instance: string): unknown => mutingFor(mutings, {alertname: 'Down', instance});
  assert.deepEqual(f('a'), {kind: 'silenced', silence: 'id'});
  assert.deepEqual(f('b'), {kind: 'inhibited'});
  assert.deepEqual(f('c'), {kind: 'timeInterval', name: 'weekend'});
  assert.equal(f('d'), undefined);
  assert.equal(mutingFor(mutings, {alertname: 'Down', instance: 'a', more: 'x'}), undefined);
});
