import {writeFileSync} from 'node:fs';
import {dirname, isAbsolute, join} from 'node:path';
import {re2, type RE2JS} from '../../base/re2.ts';
import {expandGlob, nodeDiscoveryFiles} from '../../discovery/files.ts';
import type {EngineFeatures} from '../../promql/engine/engine.ts';
import {readTextFile} from '../textfile.ts';
import type {Output} from './output.ts';
import {formatJunit, type JunitSuite} from './ruletest/junit.ts';
import {runTestGroup} from './ruletest/run.ts';
import {parseTestFile, type TestFile} from './ruletest/testfile.ts';

export interface TestRulesOptions {
  files: readonly string[];
  /** Regular expressions: only groups of tests are run whose names match one of them; none = all. */
  run: readonly string[];
  debug: boolean;
  diff: boolean;
  ignoreUnknownFields: boolean;
  /** File for results as JUnit XML; '' = none. */
  junit: string;
  features: EngineFeatures;
}

/** Runs files of unit tests. Gives the exit code. Throws where a regular expression is none. */
export async function testRules(options: TestRulesOptions, output: Output, errors: Output): Promise<number> {
  const {files, run, junit} = options;
  const wanted = run.length === 0 ? null : re2().RE2JS.compile(run.join('|'));
  const suites: JunitSuite[] = [];
  let failed = false;
  for (const file of files) {
    const suite: JunitSuite = {name: file, failures: 0, errors: 0, timestamp: '', cases: []};
    suites.push(suite);
    const problems = await testFile(file, {...options, wanted}, suite, errors);
    if (problems.length === 0) output.write('  SUCCESS\n');
    else {
      errors.write('  FAILED:\n');
      for (const problem of problems) {
        errors.write(`${problem}\n`);
        output.write('\n');
      }
      failed = true;
    }
    output.write('\n');
  }
  if (junit !== '') writeFileSync(junit, formatJunit(suites));
  return failed ? 1 : 0;
}

async function testFile(
  file: string,
  options: TestRulesOptions & {wanted: RE2JS | null},
  suite: JunitSuite,
  errors: Output,
): Promise<string[]> {
  let tests: TestFile;
  try {
    tests = readTestFile(file, errors);
  } catch (error) {
    const {message} = error as Error;
    suite.errors++;
    suite.cases.push({name: 'unknown', failures: [], error: message});
    return [message];
  }
  suite.timestamp = new Date().toISOString().slice(0, 19);
  const problems: string[] = [];
  for (const [index, group] of tests.tests.entries()) {
    if (options.wanted !== null && !options.wanted.matcher(group.name).find()) continue;
    const name = group.name === '' ? `unnamed#${index}` : group.name;
    const found = await debugged(name, options.debug, errors, () =>
      runTestGroup(group, tests, {
        ...options,
        readFile: readTextFile,
        debug: options.debug ? (line) => errors.write(`${line}\n`) : null,
      }),
    );
    suite.cases.push({name, failures: found, error: ''});
    suite.failures += found.length;
    problems.push(...found);
  }
  return problems;
}

async function debugged<T>(name: string, debug: boolean, errors: Output, run: () => Promise<T>): Promise<T> {
  if (!debug) return run();
  const began = performance.now();
  errors.write(`DEBUG: Starting test ${name}\n`);
  const result = await run();
  errors.write(`DEBUG: Test ${name} finished, took ${(performance.now() - began).toFixed(3)}ms\n`);
  return result;
}

function readTestFile(file: string, errors: Output): TestFile {
  const tests = parseTestFile(readTextFile(file));
  const order = new Set<string>();
  for (const name of tests.groupEvalOrder) {
    if (order.has(name)) throw new Error(`group name repeated in evaluation order: ${name}`);
    order.add(name);
  }
  tests.ruleFiles = tests.ruleFiles.flatMap((pattern) => {
    const path = pattern === '' || isAbsolute(pattern) ? pattern : join(dirname(file), pattern);
    const found = expandGlob(nodeDiscoveryFiles, path);
    if (found.length === 0) errors.write(`  WARNING: no file match pattern ${path}\n`);
    return found;
  });
  return tests;
}
