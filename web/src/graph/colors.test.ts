import assert from 'node:assert/strict';
import test from 'node:test';
import {seriesColor, translucent} from './colors.ts';

test('seriesColor() is different for the first 48 series of a theme', () => {
  for (const scheme of ['light', 'dark'] as const) {
    const colors = Array.from({length: 48}, (_, index) => seriesColor(index, scheme));
    assert.equal(new Set(colors).size, colors.length, scheme);
    for (const color of colors) assert.match(color, /^#[0-9a-f]{6}$/);
  }
});

test('translucent() adds an alpha channel', () => {
  assert.equal(translucent('#ff8000', 0.2), 'rgba(255, 128, 0, 0.2)');
});
