// Runs files in the language of Prometheus's PromQL tests: `npm run promqltest -- FILE…`. Prints for each file how many
// evaluations passed and failed, then the total; ends with 1 when any failed or a line was not understood. With -v, every
// failure.
import {readFileSync} from 'node:fs';
import {basename} from 'node:path';
import {parseArgs} from 'node:util';
import {runScript, type ScriptOutcome} from '../src/promql/promqltest/run.ts';
import {ScriptError} from '../src/promql/promqltest/script.ts';
import {HeadStores} from './headstore.ts';

const {values, positionals} = parseArgs({
  allowPositionals: true,
  options: {verbose: {type: 'boolean', short: 'v', default: false}},
});
if (positionals.length === 0) {
  process.stderr.write('usage: npm run promqltest -- [-v] FILE…\n');
  process.exit(2);
}

const stores = new HeadStores();
let passed = 0;
let failed = 0;
let broken = 0;
for (const path of positionals) {
  const file = basename(path);
  try {
    const text = readFileSync(path, 'utf8');
    const {instant, range, failures} = run(text);
    passed += instant.passed + range.passed;
    failed += instant.failed + range.failed;
    console.log(
      `${file}: instant ${instant.passed} passed, ${instant.failed} failed; ` +
        `range ${range.passed} passed, ${range.failed} failed`,
    );
    // What is no evaluation is always told: nobody would know else why those that follow fail.
    const others = failures.filter(({kind}) => kind !== 'eval');
    broken += others.length;
    for (const {line, expr, reason} of values.verbose ? failures : others) {
      console.log(`  ${file}:${line}: ${expr}\n    ${reason}`);
    }
  } catch (error) {
    broken++;
    console.log(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed + broken > 0 ? 1 : 0;

interface Outcome extends Omit<ScriptOutcome, 'failures'> {
  failures: {kind: 'eval' | 'load' | 'script'; line: number; expr: string; reason: string}[];
}

/** A script with a line that is not of the language is not run at all: then every evaluation has failed. */
function run(text: string): Outcome {
  try {
    return runScript(text, {newStore: () => stores.next()});
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error;
    const lines = text.split('\n');
    const count = (pattern: RegExp): number => lines.filter((line) => pattern.test(line)).length;
    const ranges = count(/^\s*eval(?:_\w+)?\s+range\s/i);
    return {
      instant: {passed: 0, failed: count(/^\s*eval/i) - ranges},
      range: {passed: 0, failed: ranges},
      failures: [
        {kind: 'script', line: error.line, expr: lines[error.line - 1]!.trim(), reason: error.message},
      ],
    };
  }
}
