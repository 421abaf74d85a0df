// Runs the tests. `own` needs nothing but npm: the unit tests, then the end-to-end tests that start the program. `peers` needs
// real peers from Debian packages and fails, naming the package, where one is missing. Further arguments choose files by a
// part of their path.
import {spawnSync} from 'node:child_process';
import {globSync} from 'node:fs';

const [suite = 'own', ...filters] = process.argv.slice(2);

interface Group {
  patterns: string[];
  /** Unit tests share one process, which is 20 times faster; tests that start programs have a process each. */
  flags: string[];
}

const unit: Group = {
  patterns: ['src/**/*.test.ts', 'tools/**/*.test.ts', 'web/src/**/*.test.ts'],
  flags: ['--test-isolation=none'],
};
const endToEnd: Group = {patterns: ['test/e2e/**/*.test.ts'], flags: ['--test-concurrency=1']};
const peers: Group = {patterns: ['test/peers/**/*.test.ts'], flags: ['--test-concurrency=1']};
const suites: Record<string, Group[]> = {
  own: [unit, endToEnd],
  unit: [unit],
  e2e: [endToEnd],
  peers: [peers],
};

const groups = suites[suite];
if (groups === undefined) {
  throw new RangeError(`cannot run suite ${suite}: it is one of ${Object.keys(suites).join(', ')}`);
}
let ran = false;
let failed = false;
for (const {patterns, flags} of groups) {
  const files = globSync(patterns)
    .sort()
    .filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)));
  if (files.length === 0) continue;
  ran = true;
  const {status} = spawnSync(process.execPath, ['--test', ...flags, ...files], {stdio: 'inherit'});
  failed ||= status !== 0;
}
if (!ran) throw new RangeError(`no test file of suite ${suite} matches ${filters.join(' ')}`);
process.exit(failed ? 1 : 0);
