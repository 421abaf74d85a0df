import type {Labels} from '../model/labels.ts';
import {compareStrings, metricNameLabel} from '../model/labels.ts';
import {formatOpenMetricsFloat, parseFloat} from './float.ts';

export type ExpositionFormat = 'text' | 'openmetrics';

/** What a line turned out to be. */
export const lineKind = {
  /** The text ends inside quotes: give more of it, or fail. */
  incomplete: 0,
  /** Nothing, or a comment without a meaning. */
  blank: 1,
  help: 2,
  type: 3,
  unit: 4,
  sample: 5,
  /** `# EOF` of OpenMetrics. */
  end: 6,
} as const;

/** The exemplar of a sample. `timestampMs` is NaN where it has none. */
export interface Exemplar {
  labels: Labels;
  value: number;
  timestampMs: number;
}

const textTypes: Record<string, string> = {
  counter: 'counter',
  gauge: 'gauge',
  histogram: 'histogram',
  summary: 'summary',
  untyped: 'unknown',
};

const openMetricsTypes: Record<string, string> = {
  counter: 'counter',
  gauge: 'gauge',
  histogram: 'histogram',
  gaugehistogram: 'gaugehistogram',
  summary: 'summary',
  info: 'info',
  stateset: 'stateset',
  unknown: 'unknown',
};

const timestampMax = 2n ** 63n - 1n;

/**
 * Reads Prometheus text 0.0.4 or OpenMetrics 1.0, one line at a time, as strictly as Prometheus's own parsers: plain and
 * slow. It is what the line predictor (src/scrape) is checked against, and what reads the lines that were not predicted.
 *
 * Text 0.0.4 as Prometheus takes it: blanks and tabs may stand between tokens, commas between labels may be missing, a
 * label value may hold a raw newline, the last newline may be missing. OpenMetrics: exactly one space where there is one.
 * Both: `{"any name", "any label"="value"}`.
 *
 * After parse(), the fields that belong to the kind of line hold the result until the next parse().
 */
export class LineParser {
  readonly format: ExpositionFormat;
  /** The type that the last TYPE line gave ('' before the first): it decides how `le` and `quantile` are written. */
  familyType = '';

  /** Index after the line, its newline included. */
  end = 0;
  /** Sample: index after the series, that is after the name or the closing brace. */
  seriesEnd = 0;
  value = 0;
  hasTimestamp = false;
  /** Whole milliseconds; beyond 2^53 only roughly. */
  timestampMs = 0;
  exemplar: Exemplar | null = null;
  /** Help, type, unit: name of the metric family and the text, without escapes. */
  metric = '';
  text = '';

  /** Names and values of the labels as they stood in the line, the metric's name first under its label's name. */
  #pairs: string[] = [];
  #line = '';
  #at = 0;
  readonly #strict: boolean;

  constructor(format: ExpositionFormat) {
    this.format = format;
    this.#strict = format === 'openmetrics';
  }

  /**
   * Reads the line of `text` that starts at `start`; `text` may hold more after it, and its end counts as a newline.
   * Returns a lineKind. Throws SyntaxError or RangeError that says what is wrong.
   */
  parse(text: string, start = 0): number {
    this.#line = text;
    this.#at = start;
    this.exemplar = null;
    const kind = this.#strict ? this.#openMetricsLine() : this.#textLine();
    if (kind !== lineKind.incomplete) this.end = Math.min(text.length, this.#at + 1);
    return kind;
  }

  /**
   * The labels of the last sample, with the name. Bucket bounds and quantiles are written as OpenMetrics writes numbers
   * (`1.0`, not `1`). Throws SyntaxError where a name stands twice.
   */
  labels(): Labels {
    const pairs = this.#pairs;
    const numeric =
      this.familyType === 'histogram' ? 'le' : this.familyType === 'summary' ? 'quantile' : undefined;
    const labels: string[] = [];
    for (let i = 0; i < pairs.length; i += 2) {
      const name = pairs[i]!;
      const value = name === numeric ? normalizeNumber(pairs[i + 1]!) : pairs[i + 1]!;
      // Labels mostly come in order, and are few.
      let place = labels.length;
      labels.push(name, value);
      for (; place > 0; place -= 2) {
        const order = compareStrings(labels[place - 2]!, name);
        if (order === 0) throw new SyntaxError(`label name ${JSON.stringify(name)} is not unique`);
        if (order < 0) break;
        labels[place] = labels[place - 2]!;
        labels[place + 1] = labels[place - 1]!;
        labels[place - 2] = name;
        labels[place - 1] = value;
      }
    }
    return labels.includes('') ? withoutEmpty(labels) : labels;
  }

  /** Names of the labels that stand in the line with an empty value, which labels() leaves out. */
  emptyNames(): string[] {
    const names: string[] = [];
    for (let i = 0; i < this.#pairs.length; i += 2)
      if (this.#pairs[i + 1] === '') names.push(this.#pairs[i]!);
    return names;
  }

  /** Whether labels() depends on `familyType`: the series has a label `le` or `quantile`. */
  get typeMatters(): boolean {
    for (let i = 2; i < this.#pairs.length; i += 2) {
      if (this.#pairs[i] === 'le' || this.#pairs[i] === 'quantile') return true;
    }
    return false;
  }

  #textLine(): number {
    this.#skipBlanks();
    const code = this.#code();
    if (code === newline) return lineKind.blank;
    if (code === hash) return this.#textComment();
    if (!this.#series()) return lineKind.incomplete;

    this.#skipBlanks();
    const word = this.#word(true);
    if (word === '') throw this.#expected('a value after the metric');
    this.value = parseFloat(word);

    this.#skipBlanks();
    this.hasTimestamp = false;
    const digits = this.#digits();
    if (digits !== '') {
      this.hasTimestamp = true;
      this.timestampMs = wholeTimestamp(digits);
      this.#skipBlanks();
    }
    if (this.#code() !== newline) {
      throw this.#expected(digits === '' ? 'a timestamp or the end of the line' : 'the end of the line');
    }
    return lineKind.sample;
  }

  #textComment(): number {
    this.#at++;
    const blanks = this.#skipBlanks();
    const help = this.#line.startsWith('HELP', this.#at);
    const meant = blanks && (help || this.#line.startsWith('TYPE', this.#at));
    const after = this.#line.charCodeAt(this.#at + 4);
    if (!meant || (after !== space && after !== tab)) {
      this.#rest();
      return lineKind.blank;
    }
    this.#at += 4;
    this.#skipBlanks();
    if (!this.#familyName(help ? 'HELP' : 'TYPE')) return lineKind.incomplete;

    // What separates the name from the text is one character, whatever it is.
    let text = this.#rest();
    text = /^[ \t]*$/.test(text) ? '' : text.slice(1);
    if (help) {
      this.text = text.replaceAll(/\\([\\n])/g, (_all, char: string) => (char === 'n' ? '\n' : '\\'));
      return lineKind.help;
    }
    return this.#type(text, textTypes);
  }

  #openMetricsLine(): number {
    if (this.#code() === hash) return this.#openMetricsComment();
    if (!this.#series()) return lineKind.incomplete;
    this.value = parseFloat(this.#spacedWord('a value after the metric'));
    this.hasTimestamp = false;
    if (this.#code() === space && !this.#line.startsWith(' # {', this.#at)) {
      this.hasTimestamp = true;
      this.timestampMs = secondsToMs(this.#spacedWord('a timestamp'), 'timestamp');
    }
    if (this.#line.startsWith(' # {', this.#at)) {
      this.#at += 3;
      this.#exemplar();
    }
    if (this.#code() !== newline) throw this.#expected('the end of the line');
    return lineKind.sample;
  }

  #openMetricsComment(): number {
    const word = this.#line.slice(this.#at + 2, this.#at + 6);
    if (this.#line.charCodeAt(this.#at + 1) !== space) throw this.#expected('a valid start of a line');
    if (word.startsWith('EOF')) {
      this.#at += 5;
      if (this.#code() !== newline) throw new SyntaxError('unexpected data after # EOF');
      return lineKind.end;
    }
    if (
      (word !== 'HELP' && word !== 'TYPE' && word !== 'UNIT') ||
      this.#line.charCodeAt(this.#at + 6) !== space
    ) {
      throw this.#expected('HELP, TYPE, UNIT or EOF after #');
    }
    this.#at += 7;
    if (!this.#familyName(word)) return lineKind.incomplete;
    if (this.#code() !== space) throw new SyntaxError(`expected text in ${word}`);
    const text = this.#rest().slice(1);
    if (word === 'TYPE') return this.#type(text, openMetricsTypes);
    if (word === 'HELP') {
      this.text = unescape(text);
      return lineKind.help;
    }
    if (text !== '' && !this.metric.endsWith(`_${text}`)) {
      throw new SyntaxError(
        `unit ${JSON.stringify(text)} not a suffix of metric ${JSON.stringify(this.metric)}`,
      );
    }
    this.text = text;
    return lineKind.unit;
  }

  #type(text: string, types: Record<string, string>): number {
    const type = Object.hasOwn(types, text) ? types[text] : undefined;
    if (type === undefined) throw new SyntaxError(`invalid metric type ${JSON.stringify(text)}`);
    this.familyType = type;
    this.text = type;
    return lineKind.type;
  }

  /** Reads a name after HELP, TYPE or UNIT; false where its quotes do not end. */
  #familyName(after: string): boolean {
    if (this.#code() === quote) {
      const name = this.#quoted(true);
      if (name === null) return false;
      this.metric = name;
      return true;
    }
    this.metric = this.#name(true);
    if (this.metric === '') throw this.#expected(`a metric name after ${after}`);
    return true;
  }

  /** Reads name and labels; false where quotes do not end. */
  #series(): boolean {
    const pairs: string[] = [];
    this.#pairs = pairs;
    const name = this.#name(true);
    if (name !== '') pairs.push(metricNameLabel, name);
    else if (this.#code() !== braceOpen) throw this.#expected('a valid start of a line');
    this.seriesEnd = this.#at;
    if (!this.#strict) this.#skipBlanks();
    if (this.#code() === braceOpen) {
      if (!this.#labelList(pairs, name === '')) return false;
      this.seriesEnd = this.#at;
    } else {
      this.#at = this.seriesEnd;
    }
    if (this.#pairs[0] !== metricNameLabel || this.#pairs.length === 0) {
      throw new SyntaxError('metric name not set');
    }
    return true;
  }

  /** Reads `{...}`; false where quotes do not end. A quoted text that no `=` follows is the metric's name. */
  #labelList(pairs: string[], nameMissing: boolean): boolean {
    this.#at++;
    let nameWanted = nameMissing;
    if (nameMissing) pairs.push('', '');
    for (;;) {
      this.#skipBlanksInText();
      if (this.#code() === braceClose) {
        this.#at++;
        if (nameWanted) throw new SyntaxError('metric name not set');
        return true;
      }
      const isQuoted = this.#code() === quote;
      const name = isQuoted ? this.#quoted(true) : this.#name(false);
      if (name === null) return false;
      if (name === '' && !isQuoted) throw this.#expected('a label name');
      this.#skipBlanksInText();

      const next = this.#code();
      if (isQuoted && (next === comma || next === braceClose)) {
        if (!nameWanted) throw new SyntaxError('metric name already set');
        nameWanted = false;
        pairs[0] = metricNameLabel;
        pairs[1] = name;
        if (next === comma) this.#at++;
        continue;
      }
      if (next !== equals) throw this.#expected('=');
      this.#at++;
      this.#skipBlanksInText();
      if (this.#code() !== quote) throw this.#expected('a label value');
      const value = this.#quoted(!this.#strict);
      if (value === null) return false;
      if (name === '') throw new SyntaxError('invalid label name ""');
      pairs.push(name, value);
      this.#skipBlanksInText();
      if (this.#code() === comma) this.#at++;
      else if (this.#strict && this.#code() !== braceClose) throw this.#expected('a comma or }');
    }
  }

  #exemplar(): void {
    const pairs: string[] = ['', ''];
    this.#at++;
    while (this.#code() !== braceClose) {
      const name = this.#code() === quote ? this.#quoted(false) : this.#name(false);
      if (name === null || name === '') throw this.#expected('a label name in the exemplar');
      if (this.#code() !== equals) throw this.#expected('=');
      this.#at++;
      if (this.#code() !== quote) throw this.#expected('a label value');
      pairs.push(name, this.#quoted(false)!);
      if (this.#code() === comma) this.#at++;
      else if (this.#code() !== braceClose) throw this.#expected('a comma or }');
    }
    this.#at++;
    const value = parseFloat(this.#spacedWord('a value after the exemplar labels'));
    const timestampMs =
      this.#code() === space
        ? secondsToMs(this.#spacedWord('an exemplar timestamp'), 'exemplar timestamp')
        : NaN;
    this.exemplar = {labels: pairs.slice(2), value, timestampMs};
  }

  /** `[a-zA-Z_][a-zA-Z0-9_]*`, with colons where it names a metric; '' where there is none. */
  #name(metric: boolean): string {
    const start = this.#at;
    let at = start;
    for (; at < this.#line.length; at++) {
      const code = this.#line.charCodeAt(at);
      const letter =
        (code >= 0x61 && code <= 0x7a) ||
        (code >= 0x41 && code <= 0x5a) ||
        code === 0x5f ||
        (metric && code === colon);
      if (!letter && (at === start || code < 0x30 || code > 0x39)) break;
    }
    this.#at = at;
    return this.#line.slice(start, at);
  }

  /** Text in quotes, without its escapes; null where the quotes do not end. */
  #quoted(newlines: boolean): string | null {
    const line = this.#line;
    const start = this.#at + 1;
    let escapes = false;
    for (let at = start; at < line.length; at++) {
      const code = line.charCodeAt(at);
      if (code === quote) {
        this.#at = at + 1;
        const text = line.slice(start, at);
        return escapes ? unescape(text) : text;
      }
      if (code === backslash) {
        escapes = true;
        at++;
        if (at < line.length && line.charCodeAt(at) === newline) throw this.#unterminated();
      } else if (code === newline && !newlines) {
        throw this.#unterminated();
      }
    }
    if (!newlines) throw this.#unterminated();
    return null;
  }

  #unterminated(): SyntaxError {
    return new SyntaxError('quoted text does not end');
  }

  /** Characters up to a blank or the end of the line; with `braces` also up to a brace. */
  #word(braces: boolean): string {
    const start = this.#at;
    let at = start;
    for (; at < this.#line.length; at++) {
      const code = this.#line.charCodeAt(at);
      if (code === space || code === newline || (braces && (code === tab || code === braceOpen))) break;
    }
    this.#at = at;
    return this.#line.slice(start, at);
  }

  #spacedWord(what: string): string {
    if (this.#code() !== space) throw this.#expected(what);
    this.#at++;
    const word = this.#word(false);
    if (word === '') throw this.#expected(what);
    return word;
  }

  #digits(): string {
    const start = this.#at;
    let at = start;
    while (at < this.#line.length && this.#line.charCodeAt(at) >= 0x30 && this.#line.charCodeAt(at) <= 0x39)
      at++;
    this.#at = at;
    return this.#line.slice(start, at);
  }

  /** What is left of the line. */
  #rest(): string {
    const start = this.#at;
    const end = this.#line.indexOf('\n', start);
    this.#at = end < 0 ? this.#line.length : end;
    return this.#line.slice(start, this.#at);
  }

  #skipBlanksInText(): void {
    if (!this.#strict) this.#skipBlanks();
  }

  #skipBlanks(): boolean {
    const start = this.#at;
    for (let code = this.#code(); code === space || code === tab; code = this.#code()) this.#at++;
    return this.#at > start;
  }

  /** The character here; a newline at the end of the text. */
  #code(): number {
    return this.#at < this.#line.length ? this.#line.charCodeAt(this.#at) : newline;
  }

  #expected(what: string): SyntaxError {
    if (this.#code() === newline) return new SyntaxError(`expected ${what}, got the end of the line`);
    const end = this.#line.indexOf('\n', this.#at);
    const got = this.#line.slice(this.#at, Math.min(end < 0 ? Infinity : end, this.#at + 20));
    return new SyntaxError(`expected ${what}, got ${JSON.stringify(got)}`);
  }
}

const newline = 0x0a;
const tab = 0x09;
const space = 0x20;
const quote = 0x22;
const hash = 0x23;
const comma = 0x2c;
const colon = 0x3a;
const equals = 0x3d;
const backslash = 0x5c;
const braceOpen = 0x7b;
const braceClose = 0x7d;

/** Label values know three escapes; any other backslash stands for itself. */
function unescape(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replaceAll(/\\([\\"n])/g, (_all, char: string) => (char === 'n' ? '\n' : char));
}

function wholeTimestamp(digits: string): number {
  if (digits.length > 18 && BigInt(digits) > timestampMax) {
    throw new RangeError(`timestamp ${digits} is out of range`);
  }
  return Number(digits);
}

function secondsToMs(text: string, what: string): number {
  let seconds: number;
  try {
    seconds = parseFloat(text);
  } catch {
    seconds = NaN;
  }
  if (!Number.isFinite(seconds)) throw new SyntaxError(`invalid ${what} ${JSON.stringify(text)}`);
  // The sum turns -0 into 0.
  return Math.trunc(seconds * 1000) + 0;
}

function withoutEmpty(labels: Labels): Labels {
  const kept: string[] = [];
  for (let i = 0; i < labels.length; i += 2) if (labels[i + 1] !== '') kept.push(labels[i]!, labels[i + 1]!);
  return kept;
}

function normalizeNumber(text: string): string {
  try {
    return formatOpenMetricsFloat(parseFloat(text));
  } catch {
    return text;
  }
}
