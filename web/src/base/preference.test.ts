import assert from 'node:assert/strict';
import test from 'node:test';
import {oneOf, Preference} from './preference.ts';

function withStorage(entries: Record<string, string>, run: (stored: Map<string, string>) => void): void {
  const stored = new Map(Object.entries(entries));
  const storage = {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => void stored.set(key, value),
  };
  const before = Object.getOwnPropertyDescriptor(globalThis, 'localStorage');
  Object.defineProperty(globalThis, 'localStorage', {value: storage, configurable: true});
  try {
    run(stored);
  } finally {
    if (before === undefined) Reflect.deleteProperty(globalThis, 'localStorage');
    else Object.defineProperty(globalThis, 'localStorage', before);
  }
}

test('Preference reads what was stored and falls back on what is not valid', () => {
  function f(stored: string | undefined, expected: string): void {
    withStorage(stored === undefined ? {} : {'narthex.zone': stored}, () => {
      assert.equal(new Preference('zone', 'local', oneOf(['local', 'utc'])).get(), expected);
    });
  }
  f(undefined, 'local');
  f('"utc"', 'utc');
  f('"mars"', 'local');
  f('{not json', 'local');
});

test('Preference stores what is set', () => {
  withStorage({}, (stored) => {
    const preference = new Preference<string>('zone', 'local', oneOf(['local', 'utc']));
    preference.set('utc');
    assert.equal(preference.get(), 'utc');
    assert.equal(stored.get('narthex.zone'), '"utc"');
  });
});
