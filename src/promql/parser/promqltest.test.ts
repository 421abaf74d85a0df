// The queries of Prometheus's own test scripts, where these are at hand beside the repository.
import assert from 'node:assert/strict';
import {existsSync, globSync, readFileSync} from 'node:fs';
import test from 'node:test';
import {parseExpr} from './parser.ts';
import {formatExpr} from './printer.ts';
import {allFeatures} from './testdata/cases.ts';

const folder = new URL('../../../../shared/promqltest/', import.meta.url).pathname;
const skip = existsSync(folder) ? false : `there is no ${folder}`;

const command = /^\s*eval(_\w+)?\s+(?:instant at \S+|range from \S+ to \S+ step \S+)\s+(.*)$/;

/** All queries that are expected to be evaluated, with where they stand. */
function queriesOf(file: string): {query: string; where: string}[] {
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.flatMap((line, index) => {
    const [, kind, query] = command.exec(line) ?? [];
    const fails = kind === '_fail' || /^\s*expect fail/.test(lines[index + 1] ?? '');
    return query === undefined || fails ? [] : [{query, where: `${file}:${index + 1}`}];
  });
}

test("parseExpr() parses all queries of Prometheus's test scripts", {skip}, () => {
  const queries = globSync(`${folder}*.test`).flatMap(queriesOf);
  assert.ok(queries.length > 1000, `${queries.length} queries`);
  for (const {query, where} of queries) {
    try {
      const printed = formatExpr(parseExpr(query, allFeatures));
      assert.equal(formatExpr(parseExpr(printed, allFeatures)), printed, where);
    } catch (error) {
      assert.fail(`${where}: ${query}: ${String(error)}`);
    }
  }
});
