// Queries that ask for too much, over a million series: how each ends, what it takes, and whether scraping goes on meanwhile.
//
//     npm run bench -- limits [--series=1000000] [--only=torture|cancel] [--query=TEXT] [SERVER FLAGS...]
//
// "late" is how much longer than its interval a target waited for a scrape at most; "memory" is the most that the process
// had resident while the query ran, less what it had before.
import {spawn, type ChildProcess} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {get} from 'node:http';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import {setTimeout as sleep} from 'node:timers/promises';
import {labelsOf} from '../src/model/labels.ts';
import {
  forgetHighest,
  freePort,
  residentBytes,
  startProgram,
  stopProgram,
  type RunningProgram,
} from '../tools/programs.ts';
import {pushSamples} from '../tools/remotewrite.ts';
import {fleetAddress, type FleetReport} from './lib/fleet.ts';
import {formatNumber, printTable} from './lib/table.ts';

const scrapeMs = 1000;
const targets = 20;
const seriesPerTarget = 200;
const stepMs = 15_000;
const samplesPerSeries = 8;
const seriesPerPush = 20_000;

interface Outcome {
  status: number;
  bytes: number;
  seconds: number;
  error: string;
}

export async function run(options: string[]): Promise<void> {
  const own = new Map(
    options
      .filter((each) => /^--(?:series|only|query)=/.test(each))
      .map((each) => each.slice(2).split(/=(.*)/) as [string, string]),
  );
  const flags = options.filter((each) => !/^--(?:series|only|query)=/.test(each));
  const series = Number(own.get('series') ?? 1_000_000);
  const only = own.get('only');
  const folder = mkdtempSync(join(tmpdir(), 'narthex-limits-'));
  const fleetPort = await freePort();
  const fleet = await startFleet(fleetPort);
  const server = await startServer(folder, fleetPort, flags);
  try {
    const bench = new Bench(server, fleet);
    await bench.load(series);
    const wanted = own.get('query');
    if (wanted !== undefined) await bench.torture([[wanted, wanted]]);
    if (only !== 'cancel' && wanted === undefined) await bench.torture();
    if (only !== 'torture' && wanted === undefined) await bench.cancel();
  } finally {
    fleet.kill();
    await stopProgram(server.child);
    rmSync(folder, {recursive: true, force: true});
  }
}

async function startFleet(port: number): Promise<ChildProcess> {
  const script = join(import.meta.dirname, 'lib/fleet.ts');
  const child = spawn(process.execPath, [script, String(targets), String(seriesPerTarget), String(port)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  return child;
}

async function startServer(
  folder: string,
  fleetPort: number,
  flags: string[],
): Promise<RunningProgram & {url: string}> {
  const port = await freePort();
  const addresses = Array.from({length: targets}, (_, i) => `'${fleetAddress(i, fleetPort)}'`);
  const configFile = join(folder, 'prometheus.yml');
  writeFileSync(
    configFile,
    `scrape_configs:
  - job_name: fleet
    scrape_interval: ${scrapeMs}ms
    scrape_timeout: ${scrapeMs}ms
    static_configs:
      - targets: [${addresses.join(', ')}]
`,
  );
  const url = `http://127.0.0.1:${port}`;
  const program = await startProgram({
    name: 'narthex',
    command: join(import.meta.dirname, '../bin/narthex'),
    args: [
      `--config.file=${configFile}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--web.enable-remote-write-receiver',
      '--enable-feature=promql-experimental-functions',
      '--log.level=warn',
      ...flags,
    ],
    readyUrl: `${url}/-/ready`,
  });
  return {...program, url};
}

/** Queries that ask for too much, by what is wrong with them. */
const tortures: [name: string, query: string, range?: Record<string, string>][] = [
  ['1 M series', 'big'],
  ['1 M series, summed', 'sum(big)'],
  ['1 M series, no name dropped apart', 'sort_desc(big)'],
  ['1 M series, range of 1 h', 'big', {hours: '1', step: '15'}],
  ['1 M series, rate over 1 h', 'sum by (zone) (rate(big[5m]))', {hours: '1', step: '15'}],
  ['1 M series, every group', 'sum by (id) (big)'],
  ['1 M series, each with itself', 'big / on (id) big offset 1s'],
  ['1 M series, quantile of all', 'quantile(0.9, big)'],
  ['1 M series, count_values', 'count_values("v", big)'],
  ['1 M series, label_replace', 'label_replace(big, "x", "$1-$1-$1", "id", "(.*)")'],
  ['1 M series, topk(1e6)', 'topk(1000000, big)'],
  ['1 M series, by (id) topk', 'topk by (id) (1, big)'],
  ['1 M series, or', 'big or big offset 1s'],
  ['1 M series, histogram_quantile', 'histogram_quantile(0.9, label_replace(big, "le", "1", "", ""))'],
  ['backtracking regexp', 'count(big{path=~"(a+)+b"})'],
  ['backtracking regexp 2', 'count(big{path=~"(a*)*(aa|b)*[^0-9a-z]"})'],
  ['regexp of many instructions', 'count(big{path=~"(a?){1000}a{1000}[^a-z]*"})'],
  ['10^9 steps, within', 'sum_over_time(vector(1)[1000000000s:1s])'],
  ['10^9 steps, twice', 'sum_over_time(sum_over_time(vector(1)[1000000s:1s])[1000s:1s])'],
  ['15 M steps', 'quantile_over_time(0.9, (vector(1) * time())[15000000s:1s])'],
  ['4 M steps for 1 M series', 'sum_over_time(big[4000000s:1s])'],
  ['1,000 selectors', Array.from({length: 1000}, () => 'count(big)').join('+')],
];

/** Operators to be interrupted. */
const interrupted: [name: string, query: string, range?: Record<string, string>][] = [
  ['selector', 'big'],
  ['selector, all', '{job="load",id!="none"}'],
  ['regexp', 'count(big{path=~"(a*)*(aa|b)*[^0-9a-z]"})'],
  ['regexp on ids', 'count(big{id=~".*[13579].*[02468].*7"})'],
  ['aggregation', 'sum by (zone) (big)'],
  ['many groups', 'sum by (id) (big)'],
  ['sort', 'sort(big)'],
  ['sort_by_label', 'sort_by_label(big, "id")'],
  ['join', 'big / on (id) big offset 1s'],
  ['set operator', 'big and on (id) big offset 1s'],
  ['label_replace', 'label_replace(big, "x", "$1", "id", "(.*)")'],
  ['label_join', 'label_join(big, "x", "-", "id", "zone")'],
  ['count_values', 'count_values("v", big)'],
  ['topk', 'topk(1000000, big)'],
  ['quantile', 'quantile(0.9, big)'],
  ['absent', 'absent(big)'],
  ['rate', 'sum(rate(big[5m]))', {hours: '1', step: '15'}],
  ['quantile_over_time', 'sum(quantile_over_time(0.9, big[5m]))', {hours: '1', step: '15'}],
  ['subquery', 'sum(max_over_time(big[10m:15s]))', {hours: '1', step: '60'}],
  ['long windows', 'quantile_over_time(0.9, (vector(1) * time())[15000000s:1s])'],
  ['long sums', 'sum_over_time((vector(1) * time())[15000000s:1s])'],
  ['JSON of a range', 'big', {hours: '0.03', step: '15'}],
];

class Bench {
  readonly #server: RunningProgram & {url: string};
  readonly #fleet: ChildProcess;
  readonly #reports: AsyncIterator<string>;
  #endMs = 0;

  constructor(server: RunningProgram & {url: string}, fleet: ChildProcess) {
    this.#server = server;
    this.#fleet = fleet;
    this.#reports = createInterface({input: fleet.stdout!})[Symbol.asyncIterator]();
  }

  async load(series: number): Promise<void> {
    const began = performance.now();
    this.#endMs = Date.now();
    const times = Float64Array.from(
      {length: samplesPerSeries},
      (_, i) => this.#endMs - (samplesPerSeries - 1 - i) * stepMs,
    );
    const path = 'a'.repeat(100);
    for (let first = 0; first < series; first += seriesPerPush) {
      const batch = Array.from({length: Math.min(seriesPerPush, series - first)}, (_, i) => {
        const id = String(first + i).padStart(7, '0');
        const labels = {
          __name__: 'big',
          id,
          zone: `zone-${i % 10}`,
          path: `${path}${first + i}`,
          job: 'load',
        };
        const values = times.map((_time, sample) => first + i + sample);
        return {labels: labelsOf(labels), times, values};
      });
      await pushSamples(this.#server.url, batch);
    }
    const {now} = residentBytes(this.#server.child.pid!);
    print(`${series} series with ${samplesPerSeries} samples each, loaded in ${seconds(began)} s`);
    print(`resident with them: ${mib(now)} MiB; budget of queries: ${await this.#budget()}\n`);
  }

  async #budget(): Promise<string> {
    const answer = await fetch(`${this.#server.url}/metrics`);
    const text = await answer.text();
    const of = (name: string): string =>
      `${mib(Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1] ?? NaN))} MiB`;
    return `${of('narthex_engine_query_memory_max_bytes')} each, ${of('narthex_engine_queries_memory_max_bytes')} together`;
  }

  async torture(list = tortures): Promise<void> {
    const rows: (string | number)[][] = [];
    for (const [name, query, range] of list) {
      const before = await this.#begin();
      const outcome = await this.#ask(query, range);
      rows.push(await this.#row(name, outcome, before));
      progress(rows.at(-1)!);
    }
    if (list === tortures) rows.push(...(await this.#crowd()));
    printTable(['query', 'status', 'seconds', 'MiB', 'memory MiB', 'late ms', 'says'], rows);
    print('');
  }

  /** 200 heavy queries of one client, and a light one of another every so often. */
  async #crowd(): Promise<(string | number)[][]> {
    const before = await this.#begin();
    const began = performance.now();
    const outcomes: Promise<Outcome>[] = [];
    for (let i = 0; i < 200; i++) {
      outcomes.push(this.#ask(`sum by (zone) (rate(big{id!="${i}"}[5m]))`, {hours: '1', step: '15'}));
    }
    const all = Promise.all(outcomes);
    const light: number[] = [];
    let done = false;
    void all.then(() => (done = true));
    while (!done) {
      const answer = await this.#ask('count(up)', undefined, '127.0.0.2');
      light.push(answer.status === 200 ? answer.seconds : Infinity);
      await Promise.race([sleep(1000), all]);
    }
    const ended = await all;
    const statuses = new Map<number, number>();
    for (const {status} of ended) statuses.set(status, (statuses.get(status) ?? 0) + 1);
    const summary = [...statuses].map(([status, count]) => `${count} × ${status}`).join(', ');
    const errors = new Set(ended.filter(({status}) => status !== 200).map(({error}) => error));
    const row = await this.#row(
      '200 heavy queries at once',
      {status: 0, bytes: 0, seconds: (performance.now() - began) / 1000, error: [...errors].join('; ')},
      before,
    );
    row[1] = summary;
    light.sort((a, b) => a - b);
    const slowest = light.at(-1)!;
    return [
      row,
      [
        `  a light one of another client, ${light.length} times`,
        slowest === Infinity ? 'failed' : 200,
        slowest,
      ],
    ];
  }

  /** How late queries end whose time is over, at ten moments of each. */
  async cancel(): Promise<void> {
    const rows: (string | number)[][] = [];
    for (const [name, query, range] of interrupted) {
      const whole = await this.#ask(query, range);
      const late: number[] = [];
      const replaced = await this.#metric('narthex_engine_query_threads_replaced_total');
      for (let part = 1; part < 10; part++) {
        const timeoutMs = Math.max(1, Math.round((part / 10) * whole.seconds * 1000));
        const {status, seconds: took} = await this.#ask(query, {...range, timeout: `${timeoutMs}ms`});
        if (status === 503) late.push(took * 1000 - timeoutMs);
        await sleep(100);
      }
      const ended = (await this.#metric('narthex_engine_query_threads_replaced_total')) - replaced;
      late.sort((a, b) => a - b);
      rows.push([
        name,
        whole.status,
        whole.seconds,
        late.length,
        late[late.length >> 1] ?? NaN,
        late.at(-1) ?? NaN,
        ended,
      ]);
      progress(rows.at(-1)!);
    }
    printTable(
      [
        'interrupted',
        'status of the whole',
        'seconds',
        'timeouts',
        'late ms, median',
        'at most',
        'threads ended',
      ],
      rows,
    );
  }

  async #begin(): Promise<number> {
    // What was not needed any more goes back meanwhile.
    await sleep(1500);
    const {pid} = this.#server.child;
    forgetHighest(pid!);
    await this.#report('reset');
    return residentBytes(pid!).now;
  }

  async #row(
    name: string,
    {status, bytes, seconds: took, error}: Outcome,
    before: number,
  ): Promise<(string | number)[]> {
    const {highest} = residentBytes(this.#server.child.pid!);
    const {gapMsMax} = await this.#report('report');
    const late = Math.max(0, gapMsMax - scrapeMs);
    return [name, status, took, Number(mib(bytes)), Number(mib(highest - before)), late, error.slice(0, 140)];
  }

  async #report(command: 'reset' | 'report'): Promise<FleetReport> {
    this.#fleet.stdin!.write(`${command}\n`);
    const line = await this.#reports.next();
    return JSON.parse(String(line.value)) as FleetReport;
  }

  async #metric(name: string): Promise<number> {
    const answer = await fetch(`${this.#server.url}/metrics`);
    return Number(new RegExp(`^${name} (.*)$`, 'm').exec(await answer.text())?.[1] ?? 0);
  }

  /** Reads the answer as a browser would: as it comes, and without keeping it. */
  #ask(query: string, range: Record<string, string> = {}, localAddress = '127.0.0.1'): Promise<Outcome> {
    const began = performance.now();
    const {hours, ...rest} = range;
    const parameters = new URLSearchParams({query, ...rest});
    const end = this.#endMs / 1000;
    if (hours === undefined) parameters.set('time', String(end));
    else {
      parameters.set('start', String(end - Number(hours) * 3600));
      parameters.set('end', String(end));
    }
    const path = hours === undefined ? 'query' : 'query_range';
    return new Promise((resolve) => {
      const fail = (cause: Error): void =>
        resolve({status: 0, bytes: 0, seconds: (performance.now() - began) / 1000, error: cause.message});
      const request = get(
        `${this.#server.url}/api/v1/${path}?${parameters.toString()}`,
        {localAddress, agent: false},
        (response) => {
          let bytes = 0;
          let text = '';
          response.on('data', (chunk: Buffer) => {
            bytes += chunk.length;
            if (bytes < 10_000) text += chunk.toString();
          });
          response.on('error', fail);
          response.on('end', () => {
            const status = response.statusCode ?? 0;
            const error = status === 200 ? '' : (/"error":"(.*?)"[,}]/.exec(text)?.[1] ?? text);
            resolve({status, bytes, seconds: (performance.now() - began) / 1000, error});
          });
        },
      );
      request.on('error', fail);
    });
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Each row as it comes, where somebody watches. */
function progress(row: (string | number)[]): void {
  process.stderr.write(
    `${row.map((cell) => (typeof cell === 'number' ? formatNumber(cell) : cell)).join(' | ')}\n`,
  );
}

function mib(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0);
}

function seconds(began: number): string {
  return ((performance.now() - began) / 1000).toFixed(1);
}
