import assert from 'node:assert/strict';
import test from 'node:test';
import type {Silence} from '../api/alertmanager.ts';
import {
  decodeRows,
  emptyForm,
  encodeRows,
  formatRow,
  formOf,
  lengthOf,
  newSilenceAddress,
  parseRow,
  postedOf,
  problemsOf,
  readMoment,
  type MatcherRow,
  type SilenceForm,
} from './silence-form.ts';

const nowMs = Date.UTC(2026, 10, 26, 12);

function row(name: string, operator: MatcherRow['operator'], value: string): MatcherRow {
  return {name, operator, value};
}

test('matchers are read as Alertmanager writes them, and as people type them', () => {
  assert.deepEqual(parseRow('job="api"'), row('job', '=', 'api'));
  assert.deepEqual(parseRow('job=~"a|b"'), row('job', '=~', 'a|b'));
  assert.deepEqual(parseRow(' severity != page '), row('severity', '!=', 'page'));
  assert.deepEqual(parseRow('"utf.8"!~"x\\"y"'), row('utf.8', '!~', 'x"y'));
  assert.deepEqual(parseRow('team='), row('team', '=', ''));
  assert.equal(parseRow('nothing'), null);
});

test('matchers survive the address', () => {
  const rows = [row('alertname', '=', 'Disk "full" & more'), row('a.b', '!~', '^x=y$')];
  assert.deepEqual(decodeRows(`?${encodeRows(rows)}`), rows);
  assert.equal(newSilenceAddress({job: 'a b'}), '/silence?matcher=job%3D%22a+b%22');
  assert.equal(formatRow(row('ü', '=', '1')), '"ü"="1"');
});

test('readMoment knows dates, durations from now, and nothing else', () => {
  const f = (text: string): number => readMoment(text, nowMs, 'utc');
  assert.equal(f(''), nowMs);
  assert.equal(f('now'), nowMs);
  assert.equal(f('2h'), nowMs + 7_200_000);
  assert.equal(f('+1d'), nowMs + 86_400_000);
  assert.equal(f('2026-11-27 01:00'), Date.UTC(2026, 10, 27, 1));
  assert.ok(Number.isNaN(f('soon')));
});

function form(more: Partial<SilenceForm>): SilenceForm {
  return {...emptyForm([row('job', '=', 'api')], nowMs, 'utc'), createdBy: 'me', comment: 'why', ...more};
}

test('problemsOf says what is missing or would mute everything', () => {
  const f = (more: Partial<SilenceForm>): string[] => problemsOf(form(more), nowMs, 'utc');
  assert.deepEqual(f({}), []);
  assert.deepEqual(f({matchers: []}), ['noMatchers']);
  assert.deepEqual(f({matchers: [row('', '=', 'x')]}), ['matcherName']);
  assert.deepEqual(f({matchers: [row('job', '=', '')]}), ['allEmpty']);
  assert.deepEqual(f({matchers: [row('job', '=~', '.*')]}), ['allEmpty']);
  assert.deepEqual(f({matchers: [row('job', '!=', 'x')]}), ['allEmpty']);
  assert.deepEqual(f({matchers: [row('job', '=~', '.+'), row('x', '!=', 'y')]}), []);
  assert.deepEqual(f({matchers: [row('job', '=~', '(')]}), ['regex']);
  assert.deepEqual(f({endsAt: '2026-11-26 11:00'}), ['past']);
  assert.deepEqual(f({startsAt: '4h'}), ['order']);
  assert.deepEqual(f({startsAt: 'x', endsAt: '', createdBy: ' ', comment: ''}), [
    'starts',
    'ends',
    'creator',
    'comment',
  ]);
});

const silence: Silence = {
  id: 'abc',
  status: {state: 'active'},
  updatedAt: '2026-11-26T10:00:00Z',
  startsAt: '2026-11-26T10:00:00Z',
  endsAt: '2026-11-26T13:00:00Z',
  createdBy: 'me',
  comment: 'why',
  matchers: [{name: 'job', value: 'a.*', isRegex: true, isEqual: false}],
};

test('one in force is changed, one that has expired is made anew for as long', () => {
  const changed = formOf(silence, nowMs, 'utc');
  assert.deepEqual(
    [changed.id, changed.startsAt, changed.endsAt],
    ['abc', '2026-11-26 10:00:00', '2026-11-26 13:00:00'],
  );
  const anew = formOf({...silence, status: {state: 'expired'}}, nowMs, 'utc');
  assert.deepEqual([anew.id, anew.startsAt, anew.endsAt], ['', '', '2026-11-26 15:00:00']);
  assert.equal(lengthOf(anew, nowMs, 'utc'), '3h');
  assert.deepEqual(postedOf(changed, nowMs, 'utc'), {
    id: 'abc',
    startsAt: '2026-11-26T10:00:00.000Z',
    endsAt: '2026-11-26T13:00:00.000Z',
    createdBy: 'me',
    comment: 'why',
    matchers: silence.matchers,
  });
});
