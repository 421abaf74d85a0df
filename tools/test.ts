// Runs the tests: `unit` needs nothing but npm, `peers` needs real peers from Debian packages and fails without them.
// Further arguments choose files by a part of their path.
import {spawnSync} from 'node:child_process';
import {globSync} from 'node:fs';

const [suite = 'unit', ...filters] = process.argv.slice(2);
const patterns: Record<string, string[]> = {
  unit: ['src/**/*.test.ts', 'tools/**/*.test.ts', 'web/src/**/*.test.ts', 'test/unit/**/*.test.ts'],
  peers: ['test/peers/**/*.test.ts'],
};
const chosen = patterns[suite];
if (chosen === undefined)
  throw new RangeError(`cannot run suite ${suite}: it is one of ${Object.keys(patterns).join(', ')}`);
const files = globSync(chosen)
  .sort()
  .filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)));
if (files.length === 0) throw new RangeError(`no test file of suite ${suite} matches ${filters.join(' ')}`);
// Unit tests share one process, which is 20 times faster; the peers' tests start programs and want their own.
const isolation = suite === 'unit' ? ['--test-isolation=none'] : ['--test-concurrency=1'];
const {status} = spawnSync(process.execPath, ['--test', ...isolation, ...files], {stdio: 'inherit'});
process.exit(status ?? 1);
