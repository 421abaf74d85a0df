// Command-line flags as the originals take them (kingpin): `--name=value`, `--name value`, `--switch`, `--no-switch`,
// `-h`, `@file` (one argument a line), `--` before what is no flag.

import {readFileSync} from 'node:fs';
import {nearestName} from '../base/nearest.ts';
import {formatDuration, parseDuration} from '../model/duration.ts';
import {formatSize, parseSize} from '../model/size.ts';

export type FlagKind = 'switch' | 'text' | 'texts' | 'integer' | 'float' | 'duration' | 'size';

/**
 * What becomes of a flag that the original has:
 * - works: does what it does there;
 * - ignored: accepted, a warning says why it changes nothing here;
 * - later: an error where it is set to anything but its default.
 */
export type FlagSupport = 'works' | 'ignored' | 'later';

export interface FlagSpec {
  name: string;
  kind: FlagKind;
  /** As it would be typed; '' = none. */
  initial: string;
  /** Our own sentence for --help. */
  help: string;
  support: FlagSupport;
  /** For ignored flags: why, and what to use. */
  note?: string;
  choices?: readonly string[];
  placeholder?: string;
  hidden?: boolean;
  /** Only in this mode of the program. */
  mode?: 'server' | 'agent';
  short?: string;
}

/** What is wrong with a command line. `exitCode` is the one of the original. */
export class FlagError extends Error {
  override name = 'FlagError';
  readonly exitCode: number;

  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Flags as they were given: name to texts, in order. A switch has 'true' or 'false'. */
export type GivenFlags = Map<string, string[]>;

const argumentsMax = 10_000;

/** Splits a command line by the flags that there are. Throws FlagError with exit code 1. */
export function splitFlags(args: readonly string[], specs: readonly FlagSpec[]): GivenFlags {
  const byName = new Map(specs.map((spec) => [spec.name, spec]));
  const queue = expandFiles(args);
  const given: GivenFlags = new Map();
  for (let i = 0; i < queue.length; i++) {
    const arg = queue[i]!;
    if (arg === '--' && i === queue.length - 1) break;
    const {name, value, negated} = readArgument(arg, specs);
    const spec = byName.get(name);
    if (spec === undefined || (negated && spec.kind !== 'switch')) throw unknownFlag(arg, byName);
    let text = value;
    if (spec.kind === 'switch') {
      if (value !== undefined) {
        const hint = `a switch takes no value: use --${name} or --no-${name}`;
        throw new FlagError(`unexpected ${value} (${hint})`, 1);
      }
      text = negated ? 'false' : 'true';
    } else if (text === undefined) {
      text = queue[++i];
      if (text === undefined || (text.startsWith('-') && text !== '-'))
        throw new FlagError(`expected argument for flag '--${name}'`, 1);
    }
    const texts = given.get(name);
    if (texts === undefined) given.set(name, [text!]);
    else if (spec.kind === 'texts') texts.push(text!);
    else throw new FlagError(`flag '${name}' cannot be repeated`, 2);
  }
  return given;
}

function readArgument(
  arg: string,
  specs: readonly FlagSpec[],
): {name: string; value: string | undefined; negated: boolean} {
  if (arg.startsWith('--')) {
    const equals = arg.indexOf('=');
    const name = equals < 0 ? arg.slice(2) : arg.slice(2, equals);
    const value = equals < 0 ? undefined : arg.slice(equals + 1);
    if (!name.startsWith('no-') || specs.some((spec) => spec.name === name))
      return {name, value, negated: false};
    return {name: name.slice(3), value, negated: true};
  }
  if (arg.startsWith('-') && arg.length > 1) {
    const spec = specs.find(({short}) => short === arg.slice(1));
    if (spec !== undefined) return {name: spec.name, value: undefined, negated: false};
    const long = specs.find(({name}) => name === arg.slice(1).split('=')[0]);
    const hint = long === undefined ? '' : `; did you mean '--${long.name}'?`;
    throw new FlagError(`unknown short flag '${arg.slice(0, 2)}'${hint}`, 1);
  }
  throw new FlagError(`unexpected ${arg}`, 1);
}

function expandFiles(args: readonly string[]): string[] {
  const expanded: string[] = [];
  for (const arg of args) {
    if (arg.startsWith('@')) expanded.push(...readArgumentFile(arg.slice(1)));
    else expanded.push(arg);
    if (expanded.length > argumentsMax)
      throw new FlagError(`cannot read the command line: more than ${argumentsMax} arguments`, 1);
  }
  return expanded;
}

function readArgumentFile(file: string): string[] {
  if (file === '') throw new FlagError('expected @ file to expand arguments from', 1);
  try {
    const lines = readFileSync(file, 'utf8').split(/\r?\n/);
    return lines.filter((line) => line.trim() !== '' && !line.startsWith('#'));
  } catch (error) {
    throw new FlagError(`cannot read arguments from ${file}: ${(error as Error).message}`, 1);
  }
}

function unknownFlag(arg: string, byName: Map<string, FlagSpec>): FlagError {
  const flag = arg.split('=')[0]!;
  const wanted = flag.slice(2);
  const near = nearestName(wanted.replace(/^no-/, ''), [...byName.keys()]);
  return new FlagError(`unknown long flag '${flag}'${near === null ? '' : `; did you mean '--${near}'?`}`, 1);
}

/** All flags with their values; typed access throws FlagError with exit code 2 and the words of the original. */
export class FlagValues {
  readonly #specs: Map<string, FlagSpec>;
  readonly #given: GivenFlags;

  constructor(specs: readonly FlagSpec[], given: GivenFlags) {
    this.#specs = new Map(specs.map((spec) => [spec.name, spec]));
    this.#given = given;
  }

  isGiven(name: string): boolean {
    return this.#given.has(name);
  }

  /** Texts that were given, or the default. */
  texts(name: string): string[] {
    const given = this.#given.get(name);
    if (given !== undefined) return given;
    const {initial} = this.#specs.get(name)!;
    return initial === '' ? [] : [initial];
  }

  text(name: string): string {
    const [text = ''] = this.texts(name);
    const {choices, kind} = this.#specs.get(name)!;
    if (choices !== undefined && kind === 'text' && !choices.includes(text.toLowerCase())) {
      const words = name.startsWith('log.') ? `unrecognized ${name.replace('.', ' ')} ${text}` : null;
      throw new FlagError(words ?? `enum value must be one of ${choices.join(',')}, got '${text}'`, 2);
    }
    return choices === undefined ? text : text.toLowerCase();
  }

  switch(name: string): boolean {
    return this.text(name) === 'true';
  }

  /** Milliseconds; 0 where there is no value. */
  duration(name: string): number {
    return this.#parse(name, parseDuration);
  }

  /** Bytes; 0 where there is no value. */
  size(name: string): number {
    return this.#parse(name, parseSize);
  }

  /** A whole number; `5e7` is one. */
  integer(name: string): number {
    return Math.trunc(this.#parse(name, parseNumber));
  }

  float(name: string): number {
    return this.#parse(name, parseNumber);
  }

  #parse(name: string, parse: (text: string) => number): number {
    const text = this.text(name);
    if (text === '' && !this.isGiven(name)) return 0;
    try {
      return parse(text);
    } catch (error) {
      throw new FlagError(`${(error as Error).message} (flag --${name})`, 2);
    }
  }

  /** The value as /api/v1/status/flags shows it. */
  format(name: string): string {
    switch (this.#specs.get(name)!.kind) {
      case 'switch':
        return String(this.switch(name));
      case 'texts':
        return this.texts(name).join(',');
      case 'duration':
        return formatDuration(this.duration(name));
      case 'size':
        return formatSize(this.size(name));
      case 'integer':
        return String(this.integer(name));
      case 'float':
        return String(this.float(name));
      case 'text':
        return this.text(name);
    }
  }
}

function parseNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value))
    throw new SyntaxError(`strconv.ParseFloat: parsing ${JSON.stringify(text)}: invalid syntax`);
  return value;
}
