import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import test from 'node:test';
import {parseExpr} from './parser.ts';
import {prettyExpr} from './pretty.ts';

test('prettyExpr() splits long queries as Prometheus does', () => {
  const text = readFileSync(new URL('testdata/pretty.txt', import.meta.url), 'utf8');
  const cases = text.split('\n\n').filter((each) => each.startsWith('? '));
  assert.ok(cases.length >= 15);
  for (const each of cases) {
    const [query, ...expected] = each.trimEnd().split('\n');
    const lines = prettyExpr(parseExpr(query!.slice(2))).split('\n');
    assert.deepEqual(
      lines,
      expected.map((line) => line.slice(2)),
      query!,
    );
  }
});
