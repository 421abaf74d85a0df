// A target that is scraped into a head, for tests of details.
import {encodeFamilies, type FamilyModel} from '../formats/family-encode.ts';
import {SizeClassArena} from '../kernels/arena.ts';
import {loadKernels} from '../kernels/kernels.ts';
import {arenaStart, LinearMemory} from '../kernels/memory.ts';
import {formatHistogram} from '../model/histogram/format.ts';
import {formatLabels, labelOf, type Labels, labelsOf, withLabel} from '../model/labels.ts';
import {Matcher} from '../model/matcher.ts';
import {isStale} from '../model/value.ts';
import {Symbols} from '../storage/symbols.ts';
import {Head} from '../tsdb/head/head.ts';
import {HeadReader} from '../tsdb/head/reader.ts';
import {BodyScan} from './bodyscan.ts';
import {FamilyScan} from './familyscan.ts';
import {Ingest} from './ingest.ts';
import {joinLabels} from './labels.ts';
import {ScrapeMemory} from './memory.ts';
import type {ScanDetails, ScanFormat, ScrapeScan} from './scan.ts';
import {ScrapeCounters} from './statistics.ts';
import {TextDetailScan} from './textdetailscan.ts';

const megabyte = 2 ** 20;
export const start = 1_700_000_000_000;
const target = labelsOf({job: 'j'});

/** A target that is scraped into a head of its own. */
export class World {
  readonly counters = new ScrapeCounters();
  readonly head: Head;
  readonly memory: ScrapeMemory;
  readonly scan: ScrapeScan;
  readonly format: ScanFormat;
  readonly ingest: Ingest;
  details: ScanDetails = {
    exemplars: true,
    starts: true,
    typeAndUnit: false,
    native: true,
    keepClassic: false,
    convertClassic: false,
    bucketLimit: 0,
    schemaMax: 8,
  };
  sampleLimit = 0;
  honorTimestamps = true;
  #time = start;

  /** `plain`: lines are predicted. */
  constructor(
    format: ScanFormat = 'protobuf',
    {plain = false, starts = 'store'}: {plain?: boolean; starts?: 'none' | 'store' | 'zero'} = {},
  ) {
    this.format = format;
    const memory = LinearMemory.reserve(128 * megabyte);
    const kernels = loadKernels(memory);
    const arena = new SizeClassArena(memory, arenaStart, memory.byteLength);
    this.head = new Head({memory, arena, kernels, floatEncoding: 'xor2', exemplarsMax: 1000});
    this.memory = new ScrapeMemory({memory, kernels, arena});
    this.scan =
      format === 'protobuf'
        ? new FamilyScan(this.memory)
        : plain
          ? new BodyScan(this.memory)
          : new TextDetailScan(this.memory);
    const {memory: scrapeMemory, counters} = this;
    this.ingest = new Ingest(
      {memory: scrapeMemory, appender: this.head.appender(), counters, features: {starts}},
      {publicLabels: target},
      (exposed, empty) => joinLabels(exposed, empty, target, false),
    );
  }

  /** Scrapes the body, a second after the last one. Returns the error, or ''. */
  async scrape(body: string | readonly FamilyModel[] | Uint8Array, chunkBytes = Infinity): Promise<string> {
    const {ingest, scan, details, sampleLimit, honorTimestamps} = this;
    this.#time += 1000;
    const timestampMs = this.#time;
    ingest.next();
    ingest.begin(scan, {
      format: this.format,
      honorTimestamps,
      trackTimestampsStaleness: false,
      timestampMs,
      timestampMaxMs: timestampMs + 600_000,
      sampleLimit,
      details,
    });
    const bytes =
      typeof body === 'string'
        ? new TextEncoder().encode(body)
        : body instanceof Uint8Array
          ? body
          : encodeFamilies(body);
    let error: Error | null = null;
    try {
      for (let at = 0; at < bytes.length; at += chunkBytes) scan.feed(bytes.slice(at, at + chunkBytes));
      scan.finish();
      if (scan.limitHit) throw new RangeError('sample limit exceeded');
      if (scan.bucketLimitHit) throw new RangeError('histogram bucket limit exceeded');
    } catch (cause) {
      error = cause as Error;
    }
    await ingest.store({timestampMs, elapsedSeconds: () => 0, scan, error});
    scan.release();
    return error === null ? '' : error.message;
  }

  /** Samples by series, but for those of reports: `value@seconds`, with `<start` where it is known. */
  samples(reports = false): Record<string, string[]> {
    const memory = LinearMemory.reserve(16 * megabyte);
    const arena = new SizeClassArena(memory, arenaStart, memory.byteLength);
    const reader = new HeadReader(this.head.memory, {memory, kernels: loadKernels(memory), arena}, 1);
    const range = {mint: -Infinity, maxt: Infinity};
    const symbols = new Symbols();
    const querier = reader.querier(range, symbols);
    const all: Record<string, string[]> = {};
    const cursor = querier.select([new Matcher('!=', '__name__', '')], range);
    while (cursor.next()) {
      const name = nameOf(Array.from(cursor.labels(), (id) => symbols.text(id)));
      if (!reports && /^(?:up|scrape_)/.test(name)) continue;
      const rows: string[] = [];
      const count = cursor.read(-Infinity, Infinity);
      for (let i = 0; i < count; i++) {
        const histogram = cursor.histograms?.[i];
        const value =
          histogram !== undefined && histogram !== null
            ? formatHistogram(histogram)
            : isStale(cursor.valueWords, i)
              ? 'stale'
              : cursor.values[i]!;
        const from = cursor.startTimes?.[i] ?? 0;
        rows.push(
          `${value}@${(cursor.times[i]! - start) / 1000}${from === 0 ? '' : `<${(from - start) / 1000}`}`,
        );
      }
      all[name] = rows;
    }
    querier.close();
    reader.release();
    return all;
  }

  exemplars(): string[] {
    const sets = [[new Matcher('!=', '__name__', '')]];
    return this.head.exemplars
      .select(sets, -Infinity, Infinity)
      .flatMap(({labels, exemplars}) =>
        exemplars.map(
          ({labels: own, value, timeMs}) =>
            `${nameOf(labels)} ${formatLabels(own)} ${value}@${(timeMs - start) / 1000}`,
        ),
      );
  }
}

/** The series as PromQL has it, without the target's label. */
function nameOf(labels: Labels): string {
  const name = labelOf(labels, '__name__');
  const rest = withLabel(withLabel(labels, '__name__', ''), 'job', '');
  return name + (rest.length === 0 ? '' : formatLabels(rest));
}
