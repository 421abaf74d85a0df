// A synthetic fleet: many targets on loopback addresses, their bodies rendered and compressed beforehand, so that serving
// costs next to nothing. Runs as a process of its own: `node bench/lib/fleet.ts TARGETS SERIES PORT [FIRST]`.
// Target i, counted from FIRST, listens on 127.1.x.y:PORT. Prints "listening" and afterwards answers each line on standard input with a
// FleetReport as JSON; the line "reset" begins the gaps anew.
import {createServer} from 'node:net';
import {createInterface} from 'node:readline';
import {gzipSync} from 'node:zlib';
import {Random} from '../../src/base/random.ts';

export interface FleetReport {
  /** Scrapes served since the start. */
  served: number;
  /** The longest time between two scrapes of one target since the last reset, or until now. */
  gapMsMax: number;
  /** Targets that nobody asked since the last reset. */
  silent: number;
}

/** How many states of the fleet are rendered; a target goes from one to the next with each scrape. */
const bodyCount = 12;

export function fleetAddress(index: number, port: number): string {
  return `127.1.${index >>> 8}.${index & 255}:${port}`;
}

/**
 * A body of exactly `seriesCount` samples in the proportions of real exporters: counters with labels, gauges, and
 * histograms, with HELP and TYPE lines.
 */
export function renderBody(seriesCount: number, state: number): string {
  const lines: string[] = [];
  let left = seriesCount;
  for (let family = 0; left > 0; family++) {
    const random = new Random(1000 * family + 7);
    const kind = family % 4;
    if (kind === 3 && left >= 14) {
      const name = `fleet_request_duration_seconds_${family}`;
      lines.push(`# HELP ${name} Time to answer requests.`, `# TYPE ${name} histogram`);
      const labels = `handler="/api/v1/resource${family}",method="${family % 8 < 4 ? 'GET' : 'POST'}"`;
      let count = 0;
      for (const bound of [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]) {
        count += random.below(50) * (state + 1);
        lines.push(`${name}_bucket{${labels},le="${bound}"} ${count}`);
      }
      lines.push(`${name}_bucket{${labels},le="+Inf"} ${count}`);
      lines.push(`${name}_sum{${labels}} ${count * 0.0731}`, `${name}_count{${labels}} ${count}`);
      left -= 14;
      continue;
    }
    const size = Math.min(left, kind === 0 ? 1 : 12);
    const counter = kind === 1;
    const name = counter ? `fleet_events_${family}_total` : `fleet_level_${family}`;
    lines.push(
      `# HELP ${name} Something that the fleet counts or measures.`,
      `# TYPE ${name} ${counter ? 'counter' : 'gauge'}`,
    );
    for (let i = 0; i < size; i++) {
      const labels =
        size === 1 ? '' : `{device="disk${i}",mode="mode${i % 3}",zone="eu-west-${1 + (i % 2)}"}`;
      const value = counter
        ? random.below(1e6) + state * random.below(1000)
        : family % 8 < 4
          ? random.below(1e9) + state * 4096
          : Math.round((random.float() + state / 100) * 1e4) / 100;
      lines.push(`${name}${labels} ${value}`);
    }
    left -= size;
  }
  return `${lines.join('\n')}\n`;
}

function renderResponse(body: Buffer, encoding: string): Buffer {
  const head = [
    'HTTP/1.1 200 OK',
    'Content-Type: text/plain; version=0.0.4; charset=utf-8',
    ...(encoding === '' ? [] : [`Content-Encoding: ${encoding}`]),
    `Content-Length: ${body.length}`,
  ];
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]);
}

async function serveFleet(targets: number, series: number, port: number, first: number): Promise<void> {
  const plain: Buffer[] = [];
  const zipped: Buffer[] = [];
  for (let state = 0; state < bodyCount; state++) {
    const body = Buffer.from(renderBody(series, state));
    plain.push(renderResponse(body, ''));
    zipped.push(renderResponse(gzipSync(body), 'gzip'));
  }
  let served = 0;
  let gapMsMax = 0;
  const lastMs = new Float64Array(targets);
  const asked = new Uint8Array(targets);
  for (let index = 0; index < targets; index++) {
    let state = index;
    const server = createServer((socket) => {
      socket.setNoDelay(true);
      let pending = '';
      socket.on('error', () => socket.destroy());
      socket.on('data', (chunk) => {
        pending += chunk.toString('latin1');
        for (let end = pending.indexOf('\r\n\r\n'); end >= 0; end = pending.indexOf('\r\n\r\n')) {
          const request = pending.slice(0, end);
          const wantsGzip = !request.includes('plain=1') && /accept-encoding:[^\r]*gzip/i.test(request);
          pending = pending.slice(end + 4);
          state = (state + 1) % bodyCount;
          served++;
          const nowMs = performance.now();
          if (lastMs[index]! > 0) gapMsMax = Math.max(gapMsMax, nowMs - lastMs[index]!);
          lastMs[index] = nowMs;
          asked[index] = 1;
          socket.write((wantsGzip ? zipped : plain)[state]!);
        }
      });
    });
    const [host] = fleetAddress(first + index, port).split(':');
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, resolve);
    });
  }
  process.stdout.write('listening\n');
  createInterface({input: process.stdin})
    .on('line', (line) => {
      const nowMs = performance.now();
      if (line === 'reset') {
        gapMsMax = 0;
        lastMs.fill(nowMs);
        asked.fill(0);
      }
      const open = lastMs.reduce((longest, each) => Math.max(longest, nowMs - each), 0);
      const report: FleetReport = {
        served,
        gapMsMax: Math.max(gapMsMax, open),
        silent: asked.reduce((count, each) => count - each, targets),
      };
      process.stdout.write(`${JSON.stringify(report)}\n`);
    })
    .on('close', () => process.exit(0));
}

if (import.meta.main) {
  const [targets, series, port, first = 0] = process.argv.slice(2).map(Number);
  await serveFleet(targets!, series!, port!, first);
}
