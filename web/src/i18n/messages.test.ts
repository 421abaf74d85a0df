import assert from 'node:assert/strict';
import {globSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'node:test';
import {placeholdersOf} from './message.ts';
import {en} from './messages.en.ts';
import {ja} from './messages.ja.ts';

test('the catalogues have the same keys and placeholders', () => {
  assert.deepEqual(Object.keys(ja).sort(), Object.keys(en).sort());
  for (const [key, template] of Object.entries(en)) {
    const translated = ja[key as keyof typeof en];
    assert.deepEqual(placeholdersOf(translated), placeholdersOf(template), key);
    if (key !== 'span.between') assert.notEqual(translated.trim(), '', key);
  }
});

test('the Japanese catalogue is Japanese', () => {
  // What is the same in both languages is a name, and each one is meant to be.
  const same = Object.entries(en).filter(([key, template]) => ja[key as keyof typeof en] === template);
  assert.deepEqual(
    same.map(([key]) => key),
    ['span.millisecond', 'span.microsecond', 'query.timeZone.utc'],
  );
});

test('no placeholder is misspelt into plain text', () => {
  for (const catalogue of [en, ja]) {
    for (const [key, template] of Object.entries(catalogue)) {
      const left = template.replace(/\{\w+(?:\|[^|{}]*\|[^|{}]*)?\}/g, '');
      assert.doesNotMatch(left, /[{}]/, key);
    }
  }
});

test('every message is used', () => {
  const root = join(import.meta.dirname, '..');
  const sources = globSync('**/*.{ts,tsx}', {cwd: root})
    .filter((file) => !file.includes('i18n/messages'))
    .map((file) => readFileSync(join(root, file), 'utf8'))
    .join('\n');
  // Some keys are put together, as in t(`targets.${health}`).
  const beginnings = [...sources.matchAll(/`((?:[a-z]+\.)+)\$\{/g)].map((match) => match[1]!);
  for (const key of Object.keys(en)) {
    const used = sources.includes(`'${key}'`) || beginnings.some((beginning) => key.startsWith(beginning));
    assert.ok(used, `nobody uses ${key}`);
  }
});
