// The language of Prometheus's PromQL test files, `.test`: which series to load, what to evaluate, what must come out.
//
//     clear
//     load 5m
//       http_requests{job="api"} 0+10x10 _ stale
//     eval instant at 50m sum(http_requests)
//       expect no_warn
//       {} 100

import {RE2JS} from 're2js';
import {parseDuration} from '../../model/duration.ts';
import type {Labels} from '../../model/labels.ts';
import {parseNumber} from '../parser/literals.ts';
import {parseExpr} from '../parser/parser.ts';
import type {ParseOptions} from '../parser/tokenstream.ts';
import {parseDescription, type Point} from './series.ts';
import {unquoteGo} from './unquote.ts';

export type Command = ClearCommand | LoadCommand | EvalCommand;

export interface ClearCommand {
  kind: 'clear';
  line: number;
}

export interface LoadCommand {
  kind: 'load';
  line: number;
  stepMs: number;
  /** Classic histograms are to be loaded as native ones with custom buckets too. */
  withCustomBuckets: boolean;
  series: LoadedSeries[];
}

export interface LoadedSeries {
  labels: Labels;
  points: Point[];
  /** Milliseconds between each sample and its start, null where there is none; null for a series without. */
  startOffsetsMs: (number | null)[] | null;
}

export type ExpectationKind = 'ordered' | 'fail' | 'warn' | 'no_warn' | 'info' | 'no_info';

export interface Expectation {
  kind: ExpectationKind;
  /** The exact text, or a pattern; both null = anything. */
  message: string | null;
  pattern: string | null;
}

export interface EvalCommand {
  kind: 'eval';
  line: number;
  expr: string;
  range: boolean;
  startMs: number;
  endMs: number;
  stepMs: number;
  /** When an instant query is evaluated; `startMs` to `endMs` may then describe the range vector that it returns. */
  timeMs: number;
  expectsRangeVector: boolean;
  expectations: Expectation[];
  expectedString: string | null;
  expectedScalar: number | null;
  expectedSeries: {labels: Labels; points: Point[]}[];
}

/** A line that is not of the language. */
export class ScriptError extends SyntaxError {
  readonly line: number;

  constructor(line: number, reason: string) {
    super(`line ${line}: ${reason}`);
    this.name = 'ScriptError';
    this.line = line;
  }
}

/** Lines of a script without surrounding blanks; comments are empty lines. */
class Lines {
  readonly texts: readonly string[];
  at = 0;

  constructor(text: string) {
    this.texts = text.split('\n').map((line) => {
      const trimmed = line.trim();
      return trimmed.startsWith('#') ? '' : trimmed;
    });
  }

  /** The lines that follow, up to an empty one, each with its number. */
  *block(): Generator<{text: string; line: number}> {
    for (; this.at < this.texts.length && this.texts[this.at] !== ''; this.at++) {
      yield {text: this.texts[this.at]!, line: this.at + 1};
    }
  }
}

/** Throws ScriptError at the first line that is not of the language. */
export function parseScript(text: string): Command[] {
  const lines = new Lines(text);
  const commands: Command[] = [];
  while (lines.at < lines.texts.length) {
    const line = lines.at + 1;
    const first = lines.texts[lines.at++]!;
    if (first === '') continue;
    const word = first.split(/[\t ]+/, 1)[0]!.toLowerCase();
    if (word === 'clear') commands.push({kind: 'clear', line});
    else if (word.startsWith('load')) commands.push(parseLoad(first, line, lines));
    else if (word.startsWith('eval')) commands.push(parseEval(first, line, lines));
    else throw new ScriptError(line, `unknown command ${JSON.stringify(first)}`);
  }
  return commands;
}

function parseLoad(first: string, line: number, lines: Lines): LoadCommand {
  const match = /^load(_with_nhcb)?\s+(.+)$/.exec(first);
  if (match === null) throw new ScriptError(line, 'a load command is `load[_with_nhcb] <step>`');
  const series: LoadedSeries[] = [];
  const command: LoadCommand = {
    kind: 'load',
    line,
    stepMs: durationOf(match[2]!, line),
    withCustomBuckets: match[1] !== undefined,
    series,
  };
  let starts: {labels: Labels; offsets: (number | null)[]} | null = null;
  for (const {text, line: at} of lines.block()) {
    const marked = /^(\S+)@st[\t ]+(.*)$/.exec(text);
    if (marked !== null) {
      const {labels} = atLine(at, () => parseDescription(`${marked[1]} _`));
      starts = {labels, offsets: atLine(at, () => parseStartOffsets(marked[2]!))};
      continue;
    }
    const {labels, points} = atLine(at, () => parseDescription(text));
    if (starts !== null && JSON.stringify(starts.labels) !== JSON.stringify(labels)) {
      throw new ScriptError(at, 'the @st line above belongs to another series');
    }
    if (starts !== null && starts.offsets.length !== points.length) {
      throw new ScriptError(at, `${points.length} samples, but ${starts.offsets.length} start times`);
    }
    series.push({labels, points, startOffsetsMs: starts?.offsets ?? null});
    starts = null;
  }
  if (starts !== null) throw new ScriptError(lines.at, 'no series follows the @st line');
  return command;
}

/** `_`, `_x3`, `-1m`, `-1mx3`, `-1m+5sx3`: offsets from samples to their starts. */
function parseStartOffsets(text: string): (number | null)[] {
  const offsets: (number | null)[] = [];
  for (const item of text.split(/\s+/).filter((each) => each !== '')) {
    const match = /^(?:_(?:x(\d+))?|([+-]?\d+[a-wyz]*)(?:([+-]\d+[a-wyz]*)?x(\d+))?)$/i.exec(item);
    if (match === null) throw new SyntaxError(`${JSON.stringify(item)} is no start time`);
    const [, blanks, base, step, times] = match;
    if (base === undefined) {
      for (let i = 0; i < Number(blanks ?? 1); i++) offsets.push(null);
      continue;
    }
    const baseMs = signedDuration(base);
    const stepMs = step === undefined ? 0 : signedDuration(step);
    for (let i = 0; i <= Number(times ?? 0); i++) offsets.push(baseMs + i * stepMs);
  }
  return offsets;
}

function signedDuration(text: string): number {
  const negative = text.startsWith('-');
  const ms = parseDuration(text.replace(/^[+-]/, ''));
  return negative ? -ms : ms;
}

function parseEval(first: string, line: number, lines: Lines): EvalCommand {
  const instant = /^eval(?:_(fail|warn|ordered|info))?\s+instant\s+(?:at\s+(.+?))?\s+(.+)$/.exec(first);
  const range = /^eval(?:_(fail|warn|info))?\s+range\s+from\s+(.+)\s+to\s+(.+)\s+step\s+(.+?)\s+(.+)$/.exec(
    first,
  );
  if (instant === null && range === null) throw new ScriptError(line, 'an eval command is instant or range');
  const command: EvalCommand = {
    kind: 'eval',
    line,
    expr: instant?.[3] ?? range![5]!,
    range: instant === null,
    startMs: 0,
    endMs: 0,
    stepMs: 0,
    timeMs: 0,
    expectsRangeVector: false,
    expectations: [],
    expectedString: null,
    expectedScalar: null,
    expectedSeries: [],
  };
  if (instant !== null) {
    command.timeMs = durationOf(instant[2] ?? '', line);
  } else setRange(command, {from: range![2]!, to: range![3]!, step: range![4]!}, line);
  const mode = (instant ?? range)![1];
  if (mode !== undefined) {
    command.expectations.push({kind: mode as ExpectationKind, message: null, pattern: null});
  }
  atLine(line, () => parseExpr(command.expr, everyFeature));
  parseExpected(command, lines);
  return command;
}

/** Whether a query is one of the language does not depend on what an engine has switched on. */
const everyFeature: ParseOptions = {
  experimentalFunctions: true,
  extendedRangeSelectors: true,
  fillModifiers: true,
};

function parseExpected(command: EvalCommand, lines: Lines): void {
  const mayFail = command.expectations.some(({kind}) => kind === 'fail');
  for (const {text, line} of lines.block()) {
    const failure = mayFail ? parseFailure(text, line) : null;
    if (failure !== null) {
      command.expectations = [failure];
      // The command ends here, whether an empty line follows or not.
      lines.at = line;
      return;
    }
    if (text.startsWith('expect range vector')) {
      const match = /^expect range vector\s+from\s+(.+)\s+to\s+(.+)\s+step\s+(.+)$/.exec(text);
      if (match === null)
        throw new ScriptError(line, 'expect range vector from <time> to <time> step <step>');
      setRange(command, {from: match[1]!, to: match[2]!, step: match[3]!}, line);
      command.timeMs = command.endMs;
      command.expectsRangeVector = true;
    } else if (text.startsWith('expect string')) {
      command.expectedString = atLine(line, () => unquoteGo(text.slice('expect string'.length).trim()));
    } else if (text.split(' ', 1)[0] === 'expect') {
      command.expectations.push(parseExpectation(text, line));
      checkExpectations(command.expectations, line);
    } else {
      const scalar = scalarOf(text);
      if (scalar !== null) {
        command.expectedScalar = scalar;
        lines.at = line;
        return;
      }
      const series = atLine(line, () => parseDescription(text));
      if (series.points.length > 1 && !command.range && !command.expectsRangeVector) {
        throw new ScriptError(line, 'an instant evaluation has one value for each series');
      }
      command.expectedSeries.push(series);
    }
  }
}

/** `expected_fail_message` and `expected_fail_regexp`, the older ways to say how a query fails. */
function parseFailure(text: string, line: number): Expectation | null {
  const match = /^expected_fail_(message|regexp)(.*)$/.exec(text);
  if (match === null) return null;
  const argument = match[2]!.trim();
  if (match[1] === 'message')
    return {kind: 'fail', message: argument === '' ? null : argument, pattern: null};
  return {kind: 'fail', message: null, pattern: checkPattern(argument, line)};
}

function checkPattern(pattern: string, line: number): string {
  try {
    RE2JS.compile(pattern);
  } catch {
    throw new ScriptError(line, `invalid pattern ${JSON.stringify(pattern)}`);
  }
  return pattern;
}

function checkExpectations(expectations: readonly Expectation[], line: number): void {
  const count = (kind: ExpectationKind): number => expectations.filter((each) => each.kind === kind).length;
  for (const kind of ['info', 'warn'] as const) {
    if (count(kind) > 0 && count(`no_${kind}`) > 0) {
      throw new ScriptError(line, `${kind} and no_${kind} exclude each other`);
    }
  }
  if (count('fail') > 1) throw new ScriptError(line, 'a query fails but once');
}

function setRange(command: EvalCommand, range: {from: string; to: string; step: string}, line: number): void {
  command.startMs = durationOf(range.from, line);
  command.endMs = durationOf(range.to, line);
  command.stepMs = durationOf(range.step, line);
  if (command.endMs < command.startMs) throw new ScriptError(line, 'the range ends before it begins');
}

function parseExpectation(text: string, line: number): Expectation {
  const match = /^expect\s+(ordered|fail|warn|no_warn|info|no_info)(?:\s+(regex|msg):(.+))?$/.exec(text);
  if (match === null) throw new ScriptError(line, `unknown expectation ${JSON.stringify(text)}`);
  const [, kind, form, argument] = match;
  return {
    kind: kind as ExpectationKind,
    message: form === 'msg' ? argument!.trim() : null,
    pattern: form === 'regex' ? checkPattern(argument!.trim(), line) : null,
  };
}

/** A bare number: a scalar result. */
function scalarOf(text: string): number | null {
  const sign = text.startsWith('-') ? -1 : 1;
  const digits = text.replace(/^[+-]/, '');
  if (/^inf(?:inity)?$/i.test(digits)) return sign * Infinity;
  if (/^nan$/i.test(digits)) return NaN;
  if (/^0(?:b[01]+|o[0-7]+)$/i.test(digits)) return sign * Number(digits);
  if (!/^[0-9.]/.test(digits)) return null;
  try {
    return sign * parseNumber(digits);
  } catch {
    return null;
  }
}

function durationOf(text: string, line: number): number {
  return atLine(line, () => parseDuration(text));
}

function atLine<T>(line: number, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof SyntaxError) || error instanceof ScriptError) throw error;
    throw new ScriptError(line, error.message);
  }
}
