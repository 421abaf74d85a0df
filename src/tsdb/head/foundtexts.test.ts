import assert from 'node:assert/strict';
import test from 'node:test';
import {Matcher} from '../../model/matcher.ts';
import {FoundTexts} from './foundtexts.ts';

test('FoundTexts knows what was found, for the same matchers and as long as the series stay the same', () => {
  const found = new FoundTexts();
  const up = [new Matcher('=', '__name__', 'up')];
  const texts = ['a', 'b'];
  assert.equal(found.find(1, '', []), null);
  found.keep(1, {name: '', matchers: [], texts});
  texts.push('c');
  assert.deepEqual(found.find(1, '', []), ['a', 'b']);
  assert.equal(found.find(1, 'job', []), null);
  assert.equal(found.find(1, '', up), null);
  found.keep(1, {name: 'job', matchers: up, texts: []});
  assert.deepEqual(found.find(1, 'job', up), []);
  assert.equal(found.find(1, 'job', [...up]), null);
  // Found while series came or went.
  found.keep(2, {name: 'x', matchers: [], texts});
  assert.equal(found.find(1, 'x', []), null);
  assert.equal(found.find(2, '', []), null);
  assert.equal(found.find(1, '', []), null);
});

test('FoundTexts keeps little', () => {
  const found = new FoundTexts();
  const f = (name: string): boolean => found.find(0, name, []) !== null;
  f('');
  found.keep(0, {name: 'long', matchers: [], texts: Array.from({length: 257}, String)});
  assert.equal(f('long'), false);
  for (let i = 0; i < 17; i++) found.keep(0, {name: `n${i}`, matchers: [], texts: []});
  assert.deepEqual([f('n0'), f('n1'), f('n16')], [false, true, true]);
});
