// Reading scraped bodies: lines where they were, cold, changed and reordered; the parser alone; numbers; decompression.
import {gunzip, gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync} from 'node:zlib';
import {promisify} from 'node:util';
import {Random} from '../src/base/random.ts';
import {parseExposition} from '../src/formats/body.ts';
import type {Labels} from '../src/model/labels.ts';
import {labelsOf} from '../src/model/labels.ts';
import {BodyScan} from '../src/scrape/bodyscan.ts';
import {joinLabels} from '../src/scrape/labels.ts';
import {Ingest} from '../src/scrape/ingest.ts';
import {ScrapeCounters} from '../src/scrape/statistics.ts';
import {createMemory, PlainAppender} from '../src/scrape/testing.ts';
import type {CommitResult, SeriesRef} from '../src/storage/appender.ts';
import {printTable} from './lib/table.ts';

const target = labelsOf({job: 'node', instance: '10.0.0.1:9100'});
const encoder = new TextEncoder();
const world = createMemory();

interface Family {
  lines: string[];
}

/** About 1,800 samples in the proportions of a node exporter: many short families, a few with a line for each CPU or device. */
function nodeExporter(random: Random, values: Random): Family[] {
  const families: Family[] = [];
  const add = (name: string, type: string, keys: string[]): void => {
    const lines = [
      `# HELP ${name} ${'Text that explains it. '.repeat(1 + random.below(3))}`,
      `# TYPE ${name} ${type}`,
    ];
    for (const key of keys) lines.push(`${name}${key} ${valueOf(type, random, values)}`);
    families.push({lines});
  };
  const cpus = Array.from({length: 16}, (_, i) => `${i}`);
  const modes = ['idle', 'iowait', 'irq', 'nice', 'softirq', 'steal', 'system', 'user'];
  add(
    'node_cpu_seconds_total',
    'counter',
    cpus.flatMap((cpu) => modes.map((mode) => `{cpu="${cpu}",mode="${mode}"}`)),
  );
  add(
    'node_cpu_guest_seconds_total',
    'counter',
    cpus.flatMap((cpu) => [`{cpu="${cpu}",mode="nice"}`, `{cpu="${cpu}",mode="user"}`]),
  );
  for (const name of ['scaling_frequency_hertz', 'frequency_max_hertz', 'core_throttles_total']) {
    add(
      `node_cpu_${name}`,
      'gauge',
      cpus.map((cpu) => `{cpu="${cpu}"}`),
    );
  }
  for (let i = 0; i < 48; i++) add(`node_memory_Field${i}_bytes`, 'gauge', ['']);
  for (let i = 0; i < 20; i++)
    add(
      `node_disk_field${i}_total`,
      'counter',
      ['nvme0n1', 'nvme1n1', 'dm-0', 'dm-1'].map((device) => `{device="${device}"}`),
    );
  for (let i = 0; i < 30; i++) {
    add(
      `node_network_field${i}_total`,
      'counter',
      ['lo', 'eth0', 'eth1', 'docker0', 'veth12ab34c'].map((device) => `{device="${device}"}`),
    );
  }
  for (let i = 0; i < 8; i++) {
    add(
      `node_filesystem_field${i}_bytes`,
      'gauge',
      ['/', '/boot/efi', '/run', '/var/lib/docker/overlay2/0a1b2c3d4e5f', '/home'].map(
        (path, j) => `{device="/dev/nvme0n1p${j}",device_error="",fstype="ext4",mountpoint="${path}"}`,
      ),
    );
  }
  for (let i = 0; i < 110; i++) add(`node_netstat_Tcp_Field${i}`, 'untyped', ['']);
  for (let i = 0; i < 850; i++)
    add(`node_vmstat_and_others_field_${i}`, i % 3 === 0 ? 'counter' : 'gauge', ['']);
  add(
    'node_systemd_unit_state',
    'gauge',
    Array.from({length: 90}, (_, i) =>
      ['active', 'failed', 'inactive'].map(
        (state) => `{name="unit-${i}.service",state="${state}",type="simple"}`,
      ),
    ).flat(),
  );
  for (let i = 0; i < 8; i++) {
    add(
      `go_gc_duration_seconds_${i}`,
      'summary',
      ['0', '0.25', '0.5', '0.75', '1'].map((q) => `{quantile="${q}"}`),
    );
  }
  return families;
}

function valueOf(type: string, random: Random, values: Random): string {
  switch (random.below(type === 'counter' ? 3 : 5)) {
    case 0:
      return `${values.below(1e7)}`;
    case 1:
      return (values.float() * 1e5).toFixed(2);
    case 2:
      return (values.float() * 10 ** (3 + random.below(9))).toExponential().replace('e+', 'e+0');
    case 3:
      return '0';
    default:
      return '1';
  }
}

const bodyOf = (families: readonly Family[]): Uint8Array => {
  return encoder.encode(
    families
      .flatMap(({lines}) => lines)
      .map((line) => `${line}\n`)
      .join(''),
  );
};

const resolve = (exposed: Labels, emptyNames: readonly string[]): Labels =>
  joinLabels(exposed, emptyNames, target, false);

const scan = new BodyScan(world);

/** A store that takes everything and keeps nothing: what is measured ends where the store begins. */
class NoStore extends PlainAppender {
  #slots = 0;

  override series(_labels: Labels, into: SeriesRef): void {
    into.slot = this.#slots++;
    into.generation = 1;
  }

  override commit(): CommitResult {
    const accepted = this.batch.length;
    this.batch.length = 0;
    return {accepted, outOfOrder: 0, duplicates: 0, outOfBounds: 0, noSeries: 0};
  }
}

const store = new NoStore(world, 4096);

/** A target's scrapes: they begin where the bytes come from the socket. */
class TargetScrapes {
  readonly ingest = new Ingest(
    {memory: world, appender: store, counters: new ScrapeCounters()},
    {publicLabels: target},
    resolve,
  );
  #scrapes = 0;

  /** Reads and stores one body; its chunks are as large as sockets hand them out. */
  async read(body: Uint8Array): Promise<void> {
    const {ingest} = this;
    ingest.next();
    ingest.begin(scan, {
      format: 'text',
      honorTimestamps: true,
      trackTimestampsStaleness: false,
      timestampMs: ++this.#scrapes,
      timestampMaxMs: Number.MAX_SAFE_INTEGER,
      sampleLimit: 0,
    });
    for (let at = 0; at < body.length; at += 65_536) scan.feed(body.subarray(at, at + 65_536));
    scan.finish();
    await ingest.store({timestampMs: this.#scrapes, elapsedSeconds: () => 0, scan, error: null});
    scan.release();
  }

  /** Reads the bodies in turn. */
  next(bodies: readonly Uint8Array[]): Promise<void> {
    return this.read(bodies[this.#scrapes % bodies.length]!);
  }
}

/** Nanoseconds of CPU time of one call: the best of several stretches, since others use the machine too. */
async function measure(work: () => Promise<void> | void, stretchMs = 150): Promise<number> {
  let best = Infinity;
  for (let stretch = 0; stretch < 7; stretch++) {
    const start = process.cpuUsage();
    let spent = 0;
    let calls = 0;
    while (spent < stretchMs * 1000) {
      for (let batch = 1 + (calls >> 3); batch > 0; batch--, calls++) await work();
      const {user, system} = process.cpuUsage(start);
      spent = user + system;
    }
    best = Math.min(best, spent / calls);
  }
  return best * 1000;
}

export async function run(): Promise<void> {
  const shape = (): Random => new Random(1);
  const bodies = Array.from({length: 8}, (_, i) => bodyOf(nodeExporter(shape(), new Random(100 + i))));
  const body = bodies[0]!;
  let samples = 0;
  parseExposition(body, 'text', {sample: () => samples++});
  process.stdout.write(`a body like a node exporter's: ${samples} samples, ${body.length} bytes\n\n`);

  const rows: (string | number)[][] = [];
  const row = (name: string, nanoseconds: number): void => {
    rows.push([name, (nanoseconds / samples).toFixed(0), (body.length / nanoseconds).toFixed(2)]);
  };
  const warm = new TargetScrapes();
  row('warm: values change', await measure(() => warm.next(bodies)));
  process.stdout.write(`line table: ${(warm.ingest.table.bytes / samples).toFixed(0)} bytes a sample\n\n`);
  row(
    'cold: a new target',
    await measure(async () => {
      const cold = new TargetScrapes();
      await cold.read(body);
      cold.ingest.free();
    }),
  );
  const shuffled = Array.from({length: 8}, (_, i) => {
    const families = nodeExporter(shape(), new Random(100 + i));
    const random = new Random(i);
    for (let j = families.length - 1; j > 0; j--) {
      const other = random.below(j + 1);
      [families[j], families[other]] = [families[other]!, families[j]!];
    }
    return bodyOf(families);
  });
  const reordered = new TargetScrapes();
  row('families in another order each time', await measure(() => reordered.next(shuffled)));
  const changed = Array.from({length: 8}, (_, i) => {
    const families = nodeExporter(shape(), new Random(100 + i));
    const lines = Array.from({length: 18}, (_unused, j) => `new_series{i="${i}",j="${j}"} 1`);
    families.splice(10 + 5 * i, 0, {lines});
    return bodyOf(families);
  });
  const churning = new TargetScrapes();
  row('1 % of the series new each time', await measure(() => churning.next(changed)));
  row(
    'the parser alone',
    await measure(() => parseExposition(body, 'text', {sample: (parser) => void parser.labels()})),
  );
  printTable(['reading', 'ns/sample', 'GB/s'], rows);
  await numbers();
  await decompression(body);
}

async function numbers(): Promise<void> {
  const {memory, kernels, arena} = world;
  const rows: (string | number)[][] = [];
  const random = new Random(5);
  const kinds: [string, () => string][] = [
    ['1', () => `${random.below(10)}`],
    ['7 digits', () => `${random.below(1e7)}`],
    ['5.2 digits', () => (random.float() * 1e5).toFixed(2)],
    ['17 digits, e+09', () => `${(1 + random.float() * 8).toFixed(16)}e+09`],
    ['17 digits', () => String(random.float() * 1000)],
    ['any double', () => `${1 + random.float()}e${random.below(600) - 300}`],
  ];
  for (const [name, make] of kinds) {
    const texts = Array.from({length: 1000}, make);
    const bytes = encoder.encode(texts.join('\n') + '\n');
    const at = arena.alloc(bytes.length + 32);
    memory.u8.set(bytes, at + 16);
    const kernelNs = await measure(() => {
      for (let place = at + 16, i = 0; i < 1000; i++) place += (kernels.parseNumber(place, at) >>> 2) + 1;
    }, 40);
    let sum = 0;
    const numberNs = await measure(() => {
      for (let i = 0; i < 1000; i++) sum += Number(texts[i]);
    }, 40);
    if (Number.isNaN(sum)) throw new Error('numbers are numbers');
    rows.push([name, (kernelNs / 1000).toFixed(1), (numberNs / 1000).toFixed(1)]);
  }
  printTable(['number', 'kernel, ns', 'Number(string), ns'], rows);
}

async function decompression(body: Uint8Array): Promise<void> {
  const rows: (string | number)[][] = [];
  const inThreadPool = promisify(gunzip);
  for (const copies of [1, 10, 100]) {
    const plain = Buffer.concat(Array.from({length: copies}, () => body));
    const gzip = gzipSync(plain);
    const zstd = zstdCompressSync(plain);
    const here = await measure(() => void gunzipSync(gzip), 60);
    const zstdHere = await measure(() => void zstdDecompressSync(zstd), 60);
    const cpuBefore = process.cpuUsage();
    const rounds = Math.ceil(200 / copies);
    const start = performance.now();
    for (let i = 0; i < rounds; i++) await inThreadPool(gzip);
    const wall = (performance.now() - start) / rounds;
    const cpu = process.cpuUsage(cpuBefore);
    rows.push([
      plain.length,
      gzip.length,
      (here / 1000).toFixed(0),
      (wall * 1000).toFixed(0),
      ((cpu.user + cpu.system) / rounds).toFixed(0),
      (zstdHere / 1000).toFixed(0),
    ]);
  }
  printTable(['bytes', 'compressed', 'gunzipSync, µs', 'in the pool, µs', 'its CPU, µs', 'zstd, µs'], rows);
}
