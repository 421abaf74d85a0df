import {existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {Session} from 'node:inspector/promises';
import {join} from 'node:path';
import {loadKernels} from '../../kernels/kernels.ts';
import {LinearMemory} from '../../kernels/memory.ts';
import {type Labels, labelsOf} from '../../model/labels.ts';
import {addSample, type Appender, type SeriesRef} from '../../storage/appender.ts';
import {createLogger, type LogOptions} from '../../sys/log.ts';
import {Db} from '../../tsdb/db.ts';
import {formatGoDuration, type Output} from './output.ts';

export interface BenchOptions {
  /** Folder of the database and of the profiles; what an earlier run has left there goes. */
  out: string;
  /** Lines with the labels of a series each. */
  file: string;
  metrics: number;
  scrapes: number;
  log: LogOptions;
}

const stepMs = 30_000;
/** Series that are scraped together, and scrapes of one such group before the next one's. */
const groupSeries = 1000;
const groupScrapes = 100;
/** What a run leaves behind; nothing else is removed. */
const ownNames = new Set(['storage', 'cpu.cpuprofile', 'mem.heapprofile']);

/** `tsdb bench write`: appends as promtool does, and prints how fast that was. Everything is logged, nothing compacted. */
export async function benchmarkWrite(options: BenchOptions, output: Output): Promise<void> {
  const {out, metrics, scrapes} = options;
  makeEmpty(out);
  const memory = LinearMemory.reserve();
  const log = createLogger(options.log);
  const db = await Db.open({dir: join(out, 'storage'), memory, kernels: loadKernels(memory), log});
  try {
    let series: Labels[] = [];
    await measure('readData', output, () => {
      series = readSeries(readFileSync(options.file, 'utf8'), metrics);
    });
    const profile = new Profile();
    let total = 0;
    const seconds = await measure('ingestScrapes', output, async () => {
      await profile.start();
      total = await ingest(db.appender(), series, scrapes);
      output.write('ingestion completed\n');
    });
    output.write(` > total samples: ${total}\n > samples/sec: ${formatGoFloat(total / seconds)}\n`);
    await measure('stopStorage', output, async () => {
      await db.close();
      await profile.stop(out);
    });
  } finally {
    await db.close();
  }
}

/** As Go prints it. */
function formatGoFloat(value: number): string {
  return value < 1e6 ? String(value) : value.toExponential().replace(/e\+(\d)$/, 'e+0$1');
}

/** Throws where there is something that no run has written. */
function makeEmpty(out: string): void {
  if (existsSync(out)) {
    const foreign = readdirSync(out).find((name) => !ownNames.has(name));
    if (foreign !== undefined) {
      throw new Error(`cannot use ${out}: it has ${foreign}, which no benchmark has written`);
    }
    rmSync(out, {recursive: true});
  }
  mkdirSync(out, {recursive: true});
}

/** The first `max` series of lines like `{"__name__":"up","job":"a"}`, each once. */
export function readSeries(text: string, max: number): Labels[] {
  const found = new Map<string, Labels>();
  for (const line of text.split('\n')) {
    if (found.size >= max) break;
    if (line.trim() === '') continue;
    const pairs = line.replaceAll(/["{}\r]/g, '').split(',');
    const labels = labelsOf(
      pairs.map((pair): [string, string] => {
        const [name = '', value] = pair.split(':');
        if (value === undefined)
          throw new Error(`cannot read the label ${JSON.stringify(pair)}: it has no ":"`);
        return [name, value];
      }),
    );
    if (labels.length > 0) found.set(labels.join('\uffff'), labels);
  }
  return [...found.values()];
}

async function ingest(appender: Appender, series: readonly Labels[], scrapes: number): Promise<number> {
  let total = 0;
  const refs = series.map((): SeriesRef => ({slot: 0, generation: 0}));
  const values = new Float64Array(series.length);
  for (let scrape = 0; scrape < scrapes; scrape += groupScrapes) {
    values.fill(123_456_789);
    for (let first = 0; first < series.length; first += groupSeries) {
      const end = Math.min(first + groupSeries, series.length);
      for (let i = 1; i <= groupScrapes; i++) {
        const timeMs = (scrape + i) * stepMs;
        for (let at = first; at < end; at++) {
          if (scrape === 0 && i === 1) appender.series(series[at]!, refs[at]!);
          values[at]! += 1000;
        }
        append(appender, {refs, values, first, end, timeMs});
        total += end - first;
      }
      // Timers have their turn: the log is synced, full chunks go to files.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  return total;
}

function append(
  appender: Appender,
  {
    refs,
    values,
    first,
    end,
    timeMs,
  }: {refs: readonly SeriesRef[]; values: Float64Array; first: number; end: number; timeMs: number},
): void {
  const {batch} = appender;
  for (let at = first; at < end; at++) {
    addSample(batch, refs[at]!, timeMs, values[at]!);
  }
  const {accepted} = appender.commit();
  if (accepted !== end - first)
    throw new Error(`cannot append ${end - first - accepted} samples at ${timeMs}`);
}

/** Gives the seconds. */
async function measure(stage: string, output: Output, run: () => void | Promise<void>): Promise<number> {
  output.write(`>> start stage=${stage}\n`);
  const started = performance.now();
  await run();
  const ms = performance.now() - started;
  output.write(`>> completed stage=${stage} duration=${formatGoDuration(Math.round(ms * 1000) / 1000)}\n`);
  return ms / 1000;
}

/** Profiles of the time and of the memory, for the developer tools of a browser. */
class Profile {
  readonly #session = new Session();

  async start(): Promise<void> {
    this.#session.connect();
    await this.#session.post('Profiler.enable');
    await this.#session.post('HeapProfiler.enable');
    await this.#session.post('HeapProfiler.startSampling', {samplingInterval: 65_536});
    await this.#session.post('Profiler.start');
  }

  async stop(out: string): Promise<void> {
    const cpu = await this.#session.post('Profiler.stop');
    const heap = await this.#session.post('HeapProfiler.stopSampling');
    writeFileSync(join(out, 'cpu.cpuprofile'), JSON.stringify(cpu.profile));
    writeFileSync(join(out, 'mem.heapprofile'), JSON.stringify(heap.profile));
    this.#session.disconnect();
  }
}
