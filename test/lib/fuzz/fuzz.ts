// Random expressions over random series, put to Prometheus and to Narthex, to find where they differ.

import {Random} from '../../../src/base/random.ts';
import {functions} from '../../../src/promql/functions.ts';
import {aggregateOps} from '../../../src/promql/parser/tokens.ts';
import {differenceOf, parseAnswer, type Answer, type CompareOptions} from './compare.ts';
import {randomSeries} from './data.ts';
import {explanationOf} from './known.ts';
import {MemorySide} from './memoryside.ts';
import {infoSince, nativeHistogramsSince} from './older.ts';
import {randomRequest, type FuzzRequest, type RequestOptions} from './request.ts';
import {parseOptions, shrink} from './shrink.ts';
import {ServerSide, type Side} from './sides.ts';
import {toleranceOf} from './tolerance.ts';

export interface FuzzOptions {
  seed: number;
  /** Number of the first expression, and how many. */
  first: number;
  count: number;
  /** For --enable-feature, on both sides. */
  features: readonly string[];
  /** Native histograms among the series. */
  histograms: boolean;
  /** Whether Narthex is a server, or only its engine in this process. */
  ours: 'server' | 'memory';
  /** No further expressions after that many differences. */
  differencesMax: number;
  /** No further expressions after so many seconds. */
  secondsMax: number;
  /** Gets each difference with a known reason, for somebody to check the reasons. */
  onExplained?: (text: string) => void;
}

export interface FuzzReport {
  asked: number;
  /** Answered with at least one series, sample or text. */
  nonEmpty: number;
  /** Refused by Prometheus. */
  refused: number;
  /** Differences with a known reason, by reason. */
  explained: Map<string, number>;
  differences: string[];
  seconds: number;
}

/** After so many expressions there are other series. */
const roundLength = 10_000;

const dataStartMs = 1_600_000_000_000;
const dataEndMs = dataStartMs + 1_500_000;

/** How often the peer is asked again where answers differ: small maps have nearly the same order each time. */
const repetitions = 60;

/** Requests on their way at once. */
const concurrency = 8;

export async function fuzz(options: FuzzOptions): Promise<FuzzReport> {
  const report: FuzzReport = {
    asked: 0,
    nonEmpty: 0,
    refused: 0,
    explained: new Map(),
    differences: [],
    seconds: 0,
  };
  const started = performance.now();
  const deadlineMs = started + options.secondsMax * 1000;
  const end = options.first + options.count;
  for (let first = options.first; first < end && performance.now() < deadlineMs;) {
    const round = Math.floor(first / roundLength);
    const next = Math.min(end, (round + 1) * roundLength);
    await fuzzRound({...options, report, deadlineMs, round, first, end: next});
    first = next;
  }
  report.seconds = (performance.now() - started) / 1000;
  return report;
}

interface RoundOptions extends FuzzOptions {
  report: FuzzReport;
  deadlineMs: number;
  round: number;
  end: number;
}

async function fuzzRound(options: RoundOptions): Promise<void> {
  const {features, ours} = options;
  const peer = await ServerSide.prometheus(features);
  let narthex: Side | null = null;
  try {
    narthex = ours === 'memory' ? new MemorySide(features) : await ServerSide.narthex(features);
    const version = await peer.version();
    options = {...options, histograms: options.histograms && version >= nativeHistogramsSince};
    const series = randomSeries(new Random(options.seed + options.round), {
      startMs: dataStartMs,
      endMs: dataEndMs,
      histograms: options.histograms,
    });
    await Promise.all([peer.push(series), narthex.push(series)]);
    await new Round(options, peer, narthex, version).run();
  } finally {
    await Promise.all([peer.stop(), narthex?.stop()]);
  }
}

interface Comparison {
  difference: string | null;
  explanation: string | null;
  expected: Answer;
}

class Round {
  readonly #options: RoundOptions;
  readonly #peer: Side;
  readonly #ours: Side;
  readonly #version: number;

  constructor(options: RoundOptions, peer: Side, ours: Side, version: number) {
    this.#options = options;
    this.#peer = peer;
    this.#ours = ours;
    this.#version = version;
  }

  async run(): Promise<void> {
    const {first, end, deadlineMs, differencesMax, report} = this.#options;
    const requests = await this.#requestOptions();
    let next = first;
    const work = async (): Promise<void> => {
      while (next < end && performance.now() < deadlineMs && report.differences.length < differencesMax) {
        await this.#one(next++, requests);
      }
    };
    await Promise.all(Array.from({length: concurrency}, work));
  }

  /** Finds out what the peer knows. */
  async #requestOptions(): Promise<RequestOptions> {
    const {features, histograms} = this.#options;
    const known = async (query: string): Promise<boolean> => {
      const {text} = await this.#peer.ask({path: 'query', parameters: {query, time: '0'}});
      return !/unknown function|must be enabled|is experimental|unexpected/.test(text);
    };
    const names: string[] = [];
    for (const name of functions.keys())
      if (isComparable(name, this.#version) && (await known(`${name}()`))) names.push(name);
    const aggregations: string[] = [];
    for (const name of aggregateOps) if (await known(`${name}(1, up)`)) aggregations.push(name);
    return {
      startMs: dataStartMs,
      endMs: dataEndMs,
      atSeconds: dataStartMs / 1000 + 600,
      functions: new Set(names),
      aggregations,
      histograms,
      fill: features.includes('promql-binop-fill-modifiers') && (await known('up + fill(0) up')),
      extended:
        features.includes('promql-extended-range-selectors') && (await known('rate(up[5m] anchored)')),
      durationExpressions: await known('up[step() + 1s:1m + 1m]'),
      spoilOf: 25,
    };
  }

  async #one(number: number, options: RequestOptions): Promise<void> {
    const random = new Random(Math.imul(this.#options.seed, 0x9e3779b1) + number);
    const request = randomRequest(random, options);
    const {difference, explanation, expected} = await this.#compare(request);
    const {report} = this.#options;
    report.asked++;
    if (expected.status !== 200) report.refused++;
    else if (!isEmpty(expected)) report.nonEmpty++;
    if (difference === null) return;
    if (explanation === null) report.differences.push(await this.#describe(number, request, difference));
    else {
      report.explained.set(explanation, (report.explained.get(explanation) ?? 0) + 1);
      const {query, ...others} = request.parameters;
      this.#options.onExplained?.(
        `${explanation}\n  number ${number}, ${request.path} ${JSON.stringify(others)}: ${query}\n  ${difference}`,
      );
    }
  }

  async #compare(request: FuzzRequest): Promise<Comparison> {
    const [theirs, ours] = await Promise.all([this.#peer.ask(request), this.#ours.ask(request)]);
    const expected = parseAnswer(theirs);
    if (theirs.text === ours.text && theirs.status === ours.status) {
      return {difference: null, explanation: null, expected};
    }
    const {query = '', limit} = request.parameters;
    const got = parseAnswer(ours);
    const limited = limit !== undefined;
    // How many samples a histogram counts for depends on how a chunk stores it.
    const stats = this.#options.ours === 'server' || !this.#options.histograms;
    const options = {query, limited, stats, tolerance: toleranceOf(query)};
    const difference = differenceOf(got, expected, options);
    if (difference === null) return {difference, explanation: null, expected};
    const explanation =
      explanationOf({query, got, expected, difference}, this.#version) ??
      (await this.#orderOfMaps(request, {got, expected, options}));
    return {difference, explanation, expected};
  }

  /**
   * Says so where the peer answers one request differently, since results depend on the order of Go's maps, and whether ours
   * is one of its answers. Of many series there are too many orders to see all of them.
   */
  async #orderOfMaps(
    request: FuzzRequest,
    {got, expected, options}: {got: Answer; expected: Answer; options: CompareOptions},
  ): Promise<string | null> {
    const exact = {...options, limited: false, stats: true, tolerance: 0};
    let changes = false;
    for (let i = 0; i < repetitions; i++) {
      const again = parseAnswer(await this.#peer.ask(request));
      changes ||= differenceOf(again, expected, exact) !== null;
      if (changes && differenceOf(got, again, options) === null) {
        return 'the answer is another each time, ours among them';
      }
    }
    return changes ? 'the answer is another each time' : null;
  }

  async #describe(number: number, request: FuzzRequest, difference: string): Promise<string> {
    const {query, ...others} = request.parameters;
    const kind = kindOf(difference);
    const differs = async (text: string): Promise<Comparison | null> => {
      const found = await this.#compare({...request, parameters: {...others, query: text}});
      return found.difference !== null && found.explanation === null && kindOf(found.difference) === kind
        ? found
        : null;
    };
    const short = await shrink(query!, async (text) => (await differs(text)) !== null, parseOptions);
    const found = await differs(short);
    return [
      `number ${number}, ${request.path} ${JSON.stringify(others)}: ${query}`,
      `  shrunk: ${short}`,
      `  ${found?.difference ?? difference}`,
    ].join('\n');
  }
}

function isComparable(name: string, version: number): boolean {
  return name !== 'info' || version >= infoSince;
}

function kindOf(difference: string): string {
  return difference.slice(0, difference.indexOf(':'));
}

function isEmpty({data}: Answer): boolean {
  return Array.isArray(data?.result) && data.result.length === 0;
}
