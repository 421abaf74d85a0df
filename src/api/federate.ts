// /federate: the newest sample of every selected series in the text format, for another server to scrape. Runs in a query
// thread.

import {compareLabels, isLegacyLabelName, isLegacyMetricName, metricNameLabel} from '../model/labels.ts';
import type {Matcher} from '../model/matcher.ts';
import {isStale} from '../model/value.ts';
import {labelBytes} from '../promql/engine/labelset.ts';
import {formatShort} from '../promql/parser/floats.ts';
import {parseMetricSelector} from '../promql/parser/parser.ts';
import {guarded} from '../storage/guardedsort.ts';
import {unguarded, type Queryable, type ReadGuard, type SeriesCursor} from '../storage/querier.ts';
import {Symbols} from '../storage/symbols.ts';
import type {FederateRequest, QueryAnswer} from './backend.ts';

/** Text of an answer; more is refused. */
const textMax = 512 * 1024 * 1024;

const partMax = 64 * 1024;

/** A sample beside its labels, and its places while sorting. */
const sampleBytes = 120;

const encoder = new TextEncoder();

interface NewestSample {
  /** All labels, the metric's name among them. */
  labels: string[];
  timeMs: number;
  value: number;
}

/** Answers in plain text, errors too. `guard` ends the request by throwing. */
export function federateAnswer(
  queryable: Queryable,
  request: FederateRequest,
  guard: ReadGuard,
): QueryAnswer {
  let sets: (readonly Matcher[])[];
  try {
    sets = request.matches.map((text) => parseMetricSelector(text));
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    return {status: 400, body: encoder.encode(`${cause.message}\n`)};
  }
  const samples = selectNewest(queryable, request, sets, guard);
  samples.sort(guarded(byNameAndLabels, guard));
  return {status: 200, body: new FederationWriter(request).write(samples, guard)};
}

function selectNewest(
  queryable: Queryable,
  {startMs, endMs}: FederateRequest,
  sets: readonly (readonly Matcher[])[],
  guard: ReadGuard,
): NewestSample[] {
  const symbols = new Symbols();
  const range = {mint: startMs, maxt: endMs};
  const querier = queryable.querier(range, symbols, guard);
  let symbolsTaken = 0;
  const known = new Set<string>();
  const samples: NewestSample[] = [];
  try {
    for (const matchers of sets) {
      const cursor = querier.select(matchers, range);
      while (cursor.next()) {
        guard.check();
        const ids = cursor.labels();
        // With one selector no series comes twice.
        if (sets.length > 1) {
          const key = ids.join(',');
          if (known.has(key)) continue;
          known.add(key);
        }
        const labels = ids.map((id) => symbols.text(id));
        const sample = newestOf(cursor, labels, range);
        if (sample === null) continue;
        guard.takeBytes(sampleBytes + labelBytes(ids) + symbols.bytes - symbolsTaken);
        symbolsTaken = symbols.bytes;
        samples.push(sample);
      }
    }
  } finally {
    querier.close();
  }
  return samples;
}

/** Null where the series has no sample, has ended, has no name, or has a native histogram, which the text format cannot show. */
function newestOf(
  cursor: SeriesCursor,
  labels: string[],
  {mint, maxt}: {mint: number; maxt: number},
): NewestSample | null {
  const count = cursor.read(mint, maxt);
  if (count === 0 || isStale(cursor.valueWords, count - 1) || nameOf(labels) === '') return null;
  if (cursor.histograms?.[count - 1] !== undefined) return null;
  return {labels, timeMs: cursor.times[count - 1]!, value: cursor.values[count - 1]!};
}

function nameOf(labels: readonly string[]): string {
  for (let i = 0; i < labels.length; i += 2) if (labels[i] === metricNameLabel) return labels[i + 1]!;
  return '';
}

function byNameAndLabels(left: NewestSample, right: NewestSample): number {
  const leftName = nameOf(left.labels);
  const rightName = nameOf(right.labels);
  if (leftName !== rightName) return leftName < rightName ? -1 : 1;
  return compareLabels(left.labels, right.labels);
}

class FederationWriter {
  readonly #external: [name: string, value: string][];
  readonly #utf8Names: boolean;
  readonly #parts: Uint8Array[] = [];
  #guard: ReadGuard = unguarded;
  #size = 0;
  #part = '';

  constructor({externalLabels, utf8Names}: FederateRequest) {
    // What comes from here has no instance of its own unless it says so.
    const labels = {instance: '', ...externalLabels};
    this.#external = Object.entries(labels).sort(([left], [right]) => (left < right ? -1 : 1));
    this.#utf8Names = utf8Names;
  }

  write(samples: readonly NewestSample[], guard: ReadGuard): Uint8Array {
    this.#guard = guard;
    let family = '';
    for (const sample of samples) {
      guard.check();
      const name = nameOf(sample.labels);
      if (name !== family) this.#part += `# TYPE ${this.#familyName(name)} untyped\n`;
      family = name;
      this.#writeSample(name, sample);
      if (this.#part.length > partMax) this.#flush();
    }
    this.#flush();
    guard.takeBytes(this.#size);
    const body = new Uint8Array(this.#size);
    let at = 0;
    for (const part of this.#parts) {
      body.set(part, at);
      at += part.length;
    }
    return body;
  }

  #writeSample(name: string, {labels, timeMs, value}: NewestSample): void {
    const pairs: string[] = [];
    const quoted = this.#utf8Names && !isLegacyMetricName(name);
    if (quoted) pairs.push(`"${escapeValue(name)}"`);
    const used = new Set<string>();
    for (let i = 0; i < labels.length; i += 2) {
      if (labels[i] === metricNameLabel) continue;
      used.add(labels[i]!);
      pairs.push(this.#pair(labels[i]!, labels[i + 1]!));
    }
    for (const [external, text] of this.#external) {
      if (!used.has(external)) pairs.push(this.#pair(external, text));
    }
    const head = quoted ? '' : escapeName(name, isLegacyMetricName);
    this.#part += `${head}{${pairs.join(',')}} ${formatShort(value)} ${timeMs}\n`;
  }

  #pair(name: string, value: string): string {
    if (this.#utf8Names && !isLegacyLabelName(name)) return `"${escapeValue(name)}"="${escapeValue(value)}"`;
    return `${escapeName(name, isLegacyLabelName)}="${escapeValue(value)}"`;
  }

  #familyName(name: string): string {
    if (this.#utf8Names && !isLegacyMetricName(name)) return `"${escapeValue(name)}"`;
    return escapeName(name, isLegacyMetricName);
  }

  #flush(): void {
    const bytes = encoder.encode(this.#part);
    this.#size += bytes.length;
    this.#guard.takeBytes(bytes.length);
    if (this.#size > textMax) {
      throw new RangeError(`cannot federate so many series: more than ${textMax} bytes of text`);
    }
    this.#parts.push(bytes);
    this.#part = '';
  }
}

function escapeValue(text: string): string {
  return text.replaceAll(/[\\\n"]/g, (char) => (char === '\n' ? '\\n' : `\\${char}`));
}

/** For readers that know old names only: an underscore for every character that these do not have. */
function escapeName(name: string, isLegacy: (name: string) => boolean): string {
  if (isLegacy(name)) return name;
  const colon = isLegacy === isLegacyMetricName ? ':' : '';
  const escaped = name.replaceAll(new RegExp(`[^a-zA-Z0-9_${colon}]`, 'gu'), '_');
  return /^[0-9]/.test(escaped) ? `_${escaped.slice(1)}` : escaped;
}
