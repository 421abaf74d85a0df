import assert from 'node:assert/strict';
import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'node:test';
import {runScript} from './run.ts';

const folder = join(import.meta.dirname, 'scripts');

for (const file of readdirSync(folder)) {
  test(`scripts/${file} passes`, () => {
    const {failures, instant, range} = runScript(readFileSync(join(folder, file), 'utf8'));
    assert.deepEqual(failures, []);
    assert.ok(instant.passed + range.passed > 0, 'it evaluates something');
  });
}
