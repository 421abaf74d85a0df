// Runs files in the language of Prometheus's PromQL tests: `npm run promqltest -- FILE…`. Prints for each file how many
// evaluations passed and failed, then the total; ends with 1 when any failed or a line was not understood. With -v, every
// failure.
import {readFileSync} from 'node:fs';
import {basename} from 'node:path';
import {parseArgs} from 'node:util';
import {runScript} from '../src/promql/promqltest/run.ts';

const {values, positionals} = parseArgs({
  allowPositionals: true,
  options: {verbose: {type: 'boolean', short: 'v', default: false}},
});
if (positionals.length === 0) {
  process.stderr.write('usage: npm run promqltest -- [-v] FILE…\n');
  process.exit(2);
}

let passed = 0;
let failed = 0;
let broken = 0;
for (const file of positionals) {
  try {
    const {instant, range, failures} = runScript(readFileSync(file, 'utf8'));
    passed += instant.passed + range.passed;
    failed += instant.failed + range.failed;
    console.log(
      `${basename(file)}: instant ${instant.passed} passed, ${instant.failed} failed; ` +
        `range ${range.passed} passed, ${range.failed} failed`,
    );
    const loads = failures.filter(({expr}) => expr === 'load');
    broken += loads.length;
    for (const {line, expr, reason} of values.verbose ? failures : loads) {
      console.log(`  ${basename(file)}:${line}: ${expr}\n    ${reason}`);
    }
  } catch (error) {
    broken++;
    console.log(`${basename(file)}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed + broken > 0 ? 1 : 0;
