import assert from 'node:assert/strict';
import test from 'node:test';
import type {Verdict} from '../../../src/alertmanager/verdict.ts';
import {languages} from '../i18n/language.ts';
import {messagesIn} from '../i18n/use-messages.ts';
import {verdictText} from './verdict-text.ts';

const [at, next] = ['2026-01-05T00:00:30.000Z', '2026-01-05T00:05:30.000Z'];
const time = (text: string): string => `<${text.slice(11, 19)}>`;

const verdicts: Verdict[] = [
  {step: 'not received'},
  {step: 'resolved', endedAt: at, isTimeout: false},
  {step: 'resolved', endedAt: at, isTimeout: true},
  {step: 'inhibited', rule: 'big', source: '{alertname="B"}', equal: []},
  {step: 'inhibited', rule: 'big', source: '{alertname="B"}', equal: ['cluster', 'zone']},
  {step: 'outside of active time intervals', intervals: ['office']},
  {step: 'within mute time intervals', intervals: ['night', 'weekend']},
  {step: 'silenced', silences: [{id: 'x', createdBy: 'sato', comment: 'moving', endsAt: at}]},
  {step: 'no integrations', receiver: 'empty'},
  {step: 'failing', integration: 'slack[0]', attempts: 3, error: 'no such host', isGivenUp: false, next},
  {step: 'failing', integration: 'slack[0]', attempts: 1, error: 'no such host', isGivenUp: true, next},
  {step: 'waiting', groupInterval: '5m', next},
  {step: 'due', groupInterval: '5m', next: null},
  {step: 'told already', toldAt: at, repeatInterval: '4h', againAfter: next, next},
];

test('verdictText() says all that a verdict has, in each language', () => {
  for (const language of languages) {
    const {t} = messagesIn(language);
    for (const verdict of verdicts) {
      const text = verdictText(verdict, t, time)!;
      const all = `${text.title} ${text.why} ${text.change}`;
      assert.doesNotMatch(all, /[{]\w+[|}]/, 'a placeholder is left');
      for (const fact of factsOf(verdict)) assert.ok(all.includes(fact), `${language}: ${fact} in ${all}`);
    }
  }
});

/** What a reader must see, whatever the language. */
function factsOf(verdict: Verdict): string[] {
  switch (verdict.step) {
    case 'resolved':
      return ['<00:00:30>', ...(verdict.isTimeout ? ['resolve_timeout'] : [])];
    case 'inhibited':
      return ['big', '{alertname="B"}', ...verdict.equal];
    case 'outside of active time intervals':
    case 'within mute time intervals':
      return [...verdict.intervals];
    case 'silenced':
      return ['sato', 'moving', '<00:00:30>'];
    case 'no integrations':
      return ['empty'];
    case 'failing':
      return ['slack[0]', 'no such host', ...(verdict.isGivenUp ? ['<00:05:30>'] : ['3'])];
    case 'waiting':
      return ['5m', '<00:05:30>'];
    case 'told already':
      return ['<00:00:30>', '4h', '<00:05:30>'];
    default:
      return [];
  }
}

test('verdictText() leaves a step that it does not know to the words of the server', () => {
  const verdict = {step: 'lost'} as unknown as Verdict;
  assert.equal(verdictText(verdict, messagesIn('en').t, time), null);
});
