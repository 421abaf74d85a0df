import assert from 'node:assert/strict';
import test from 'node:test';
import {languages, readFlagsPage, renderFlagsPage} from './docs-flags.ts';

for (const language of languages) {
  test(`docs/${language}/flags.md has the flags that the program takes`, () => {
    const current = readFlagsPage(language) === renderFlagsPage(language);
    assert.ok(current, `docs/${language}/flags.md is stale: run \`node tools/docs-flags.ts\``);
  });
}
