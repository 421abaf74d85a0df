// The log as Prometheus 3 writes it (Go's log/slog through promslog): one line per entry on stderr, logfmt or JSON.
//
//     time=2026-11-20T13:56:38.895Z level=INFO source=main.ts:16 msg="Starting server" mode=server
//     {"time":"2026-11-20T13:56:38.895Z","level":"INFO","source":"main.ts:16","msg":"Starting server","mode":"server"}

import {getCallSites} from 'node:util';
import {quoteGo} from '../base/quote.ts';
import {LogSink} from './log-sink.ts';
import {sourceOf} from './log-sites.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type LogFormat = 'logfmt' | 'json';

/**
 * Field values are strings, numbers, booleans, bigints, Dates, Errors (their message and causes), null, or plain data,
 * which is written as JSON. Fields that are undefined are left out.
 */
export type LogFields = Record<string, unknown>;

export interface Logger {
  debug: (msg: string, fields?: LogFields) => void;
  info: (msg: string, fields?: LogFields) => void;
  warn: (msg: string, fields?: LogFields) => void;
  error: (msg: string, fields?: LogFields) => void;
  /** A logger that adds `fields` to each of its lines. */
  child(fields: LogFields): Logger;
}

/** Plain data, so that it can be handed to a worker: each thread makes its own logger over the same file descriptor. */
export interface LogOptions {
  level: LogLevel;
  format: LogFormat;
}

export const logLevels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];
export const logFormats: readonly LogFormat[] = ['logfmt', 'json'];

/** The world of a logger. */
export interface LogWorld {
  write: (line: string) => void;
  now: () => Date;
}

/** Makes the logger of a thread. Lines of several threads do not mix: each is written by one call. */
export function createLogger(options: LogOptions, world?: LogWorld): Logger {
  const rank = logLevels.indexOf(options.level);
  if (rank < 0) throw new RangeError(`unrecognized log level ${options.level}`);
  if (!logFormats.includes(options.format)) throw new RangeError(`unrecognized log format ${options.format}`);
  return new LineLogger(options.format === 'json', rank, world ?? stderrWorld(), '');
}

/** Takes everything and does nothing. */
export const noLogger: Logger = {
  debug: noop,
  info: noop,
  warn: noop,
  error: noop,
  child: () => noLogger,
};

function noop(): void {}

let shared: LogWorld | null = null;

function stderrWorld(): LogWorld {
  if (shared === null) {
    const sink = new LogSink(2);
    process.on('exit', () => sink.flushFinally());
    shared = {write: (line) => sink.write(line), now: () => new Date()};
  }
  return shared;
}

class LineLogger implements Logger {
  readonly debug: Logger['debug'];
  readonly info: Logger['info'];
  readonly warn: Logger['warn'];
  readonly error: Logger['error'];
  readonly #json: boolean;
  readonly #rank: number;
  readonly #world: LogWorld;
  /** The fields of all parents, already encoded. */
  readonly #context: string;

  constructor(json: boolean, rank: number, world: LogWorld, context: string) {
    this.#json = json;
    this.#rank = rank;
    this.#world = world;
    this.#context = context;
    // A level that is off costs a call of an empty function.
    this.debug = rank > 0 ? noop : (msg, fields) => this.#log('DEBUG', msg, fields);
    this.info = rank > 1 ? noop : (msg, fields) => this.#log('INFO', msg, fields);
    this.warn = rank > 2 ? noop : (msg, fields) => this.#log('WARN', msg, fields);
    this.error = (msg, fields) => this.#log('ERROR', msg, fields);
  }

  child(fields: LogFields): Logger {
    const context = this.#context + encodeFields(fields, this.#json);
    return new LineLogger(this.#json, this.#rank, this.#world, context);
  }

  #log(level: string, msg: string, fields: LogFields | undefined): void {
    const time = this.#world.now().toISOString();
    const source = callerOf(3);
    const tail = this.#context + (fields === undefined ? '' : encodeFields(fields, this.#json));
    this.#world.write(
      this.#json
        ? `{"time":"${time}","level":"${level}","source":${JSON.stringify(source)},"msg":${JSON.stringify(msg)}${tail}}\n`
        : `time=${time} level=${level} source=${quoteLogfmt(source)} msg=${quoteLogfmt(msg)}${tail}\n`,
    );
  }
}

/** `file.ts:line` of the function that called the logger: `depth` frames above this function's own. */
function callerOf(depth: number): string {
  const sites = getCallSites(depth + 1);
  const site = sites[depth];
  if (site === undefined) return 'unknown:0';
  return sourceOf(site.scriptName, site.lineNumber, site.columnNumber);
}

const reservedKeys = new Set(['time', 'level', 'source', 'msg']);

function encodeFields(fields: LogFields, json: boolean): string {
  let text = '';
  for (const name of Object.keys(fields)) {
    const value = fields[name];
    if (value === undefined) continue;
    const key = reservedKeys.has(name) ? `logged_${name}` : name;
    text += json
      ? `,${JSON.stringify(key)}:${encodeJson(value)}`
      : ` ${quoteLogfmt(key)}=${quoteLogfmt(encodeText(value))}`;
  }
  return text;
}

function encodeJson(value: unknown): string {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return JSON.stringify(value);
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'object' && !(value instanceof Error) && !(value instanceof Date)) {
    return stringifyPlain(value) ?? JSON.stringify(encodeText(value));
  }
  return JSON.stringify(encodeText(value));
}

function encodeText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value === null) return '<nil>';
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'invalid time' : value.toISOString();
  if (value instanceof Error) return describeError(value);
  if (typeof value === 'object') return stringifyPlain(value) ?? Object.prototype.toString.call(value);
  return String(value as number | boolean | bigint | symbol);
}

function stringifyPlain(value: object): string | undefined {
  try {
    return JSON.stringify(value, (_key, each: unknown) => (typeof each === 'bigint' ? String(each) : each));
  } catch {
    return undefined; // It refers to itself.
  }
}

const causesMax = 8;

/** The message and, as Go's wrapped errors do, the messages of its causes, where the message does not hold them already. */
export function describeError(error: unknown): string {
  let text = '';
  let each: unknown = error;
  for (let depth = 0; depth < causesMax && each !== undefined && each !== null; depth++) {
    const message = each instanceof Error ? each.message || each.name : encodeText(each);
    if (!text.includes(message)) text += text === '' ? message : `: ${message}`;
    each = each instanceof Error ? each.cause : undefined;
  }
  return text;
}

/** Printable ASCII that slog leaves bare in its text format. */
const bare = /^[!#-<>-~]+$/;

/** Quotes as Go's slog.TextHandler does: empty text, spaces, `=`, `"`, control and unprintable characters. */
export function quoteLogfmt(text: string): string {
  if (bare.test(text)) return text; // The usual case.
  return needsQuotes(text) ? quoteGo(text) : text;
}

function needsQuotes(text: string): boolean {
  // oxlint-disable-next-line no-control-regex
  return (
    text === '' ||
    /[\0- "=\x7f]/.test(text) ||
    /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(text) ||
    !text.isWellFormed()
  );
}
