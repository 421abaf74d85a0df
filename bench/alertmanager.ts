// `npm run bench -- alertmanager [--alerts N] [--rate N] [--seconds N]`: an Alertmanager with many active alerts that are reported
// again and again, beside Debian's. Both have the same configuration and notify the same receiver.
import {mkdtempSync, rmSync} from 'node:fs';
import http from 'node:http';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {parseArgs} from 'node:util';
import {
  cpuSeconds,
  findProgram,
  residentBytes,
  type RunningProgram,
  startAlertmanager,
  stopProgram,
} from '../tools/programs.ts';
import {printTable} from './lib/table.ts';

interface Plan {
  alerts: number;
  /** Reports of alerts in a second. */
  rate: number;
  seconds: number;
}

interface Row {
  system: string;
  fillSeconds: number;
  fillCpuSeconds: number;
  residentBytes: number;
  highestBytes: number;
  cpuPercent: number;
  told: number;
  groupsMs: number;
}

const batchSize = 500;

export async function run(options: string[]): Promise<void> {
  const {values} = parseArgs({
    args: options,
    options: {
      alerts: {type: 'string', default: '50000'},
      rate: {type: 'string', default: '1000'},
      seconds: {type: 'string', default: '40'},
    },
  });
  const plan = {alerts: Number(values.alerts), rate: Number(values.rate), seconds: Number(values.seconds)};
  const systems: [name: string, command: string, args: string[]][] = [
    ['narthex', join(import.meta.dirname, '../bin/narthex'), ['alertmanager']],
  ];
  const debian = process.env['ALERTMANAGER'] ?? findProgram('prometheus-alertmanager');
  // An empty variable leaves it out.
  if (debian !== null && debian !== '') systems.push(['alertmanager (Debian)', debian, []]);
  const rows: Row[] = [];
  for (const [name, command, args] of systems) rows.push(await measure(name, command, args, plan));
  printTable(
    [
      'system',
      'fill s',
      'fill CPU s',
      'RSS MiB',
      'highest MiB',
      `CPU % at ${plan.rate}/s`,
      'told',
      'groups ms',
    ],
    rows.map((row) => [
      row.system,
      row.fillSeconds.toFixed(1),
      row.fillCpuSeconds.toFixed(1),
      (row.residentBytes / 2 ** 20).toFixed(0),
      (row.highestBytes / 2 ** 20).toFixed(0),
      row.cpuPercent.toFixed(1),
      row.told,
      row.groupsMs.toFixed(0),
    ]),
  );
}

/** 500 names, clusters and instances as a fleet has them. */
function alertOf(index: number, startsAt: string, endsAt: string): Record<string, unknown> {
  return {
    labels: {
      alertname: `Alert${index % 500}`,
      cluster: `cluster-${index % 7}`,
      namespace: `namespace-${index % 97}`,
      pod: `deployment-${index % 1013}-6c5b9d8f4-${index}`,
      severity: index % 3 === 0 ? 'critical' : 'warning',
      team: `team-${index % 20}`,
    },
    annotations: {
      summary: `Pod deployment-${index % 1013}-6c5b9d8f4-${index} does not do what it should`,
      runbook_url: `https://runbooks.example.org/alerts/Alert${index % 500}`,
    },
    startsAt,
    endsAt,
    generatorURL: `http://prometheus.example.org/graph?g0.expr=up+%3D%3D+0&g0.tab=1&i=${index % 500}`,
  };
}

function configOf(sink: string): string {
  return JSON.stringify({
    route: {
      receiver: 'all',
      group_by: ['alertname', 'cluster'],
      group_wait: '10s',
      group_interval: '30s',
      repeat_interval: '4h',
      routes: Array.from({length: 20}, (_, i) => ({matchers: [`team="team-${i}"`], receiver: 'all'})),
    },
    inhibit_rules: [
      {
        source_matchers: ['alertname="Alert0"'],
        target_matchers: ['severity="warning"'],
        equal: ['cluster', 'namespace'],
      },
    ],
    receivers: [{name: 'all', webhook_configs: [{url: sink}]}],
  });
}

async function measure(system: string, command: string, args: string[], plan: Plan): Promise<Row> {
  const folder = mkdtempSync(join(tmpdir(), 'narthex-bench-am-'));
  const sink = await Sink.open();
  const {url, program} = await startAlertmanager({
    command: [command, ...args],
    folder,
    config: configOf(sink.url),
    args: ['--log.level=error'],
  });
  try {
    return {system, ...(await load(program, url, plan)), told: sink.alerts};
  } finally {
    await stopProgram(program.child);
    await sink.close();
    rmSync(folder, {recursive: true, force: true});
  }
}

async function load(
  {child}: RunningProgram,
  url: string,
  {alerts, rate, seconds}: Plan,
): Promise<Omit<Row, 'system' | 'told'>> {
  const pid = child.pid!;
  const startsAt = new Date().toISOString();
  const endsAt = new Date(Date.now() + 3_600_000).toISOString();
  const post = async (from: number, to: number): Promise<void> => {
    const body = JSON.stringify(
      Array.from({length: to - from}, (_, i) => alertOf((from + i) % alerts, startsAt, endsAt)),
    );
    const answer = await fetch(`${url}/api/v2/alerts`, {
      method: 'POST',
      headers: {'content-type': 'application/json'},
      body,
    });
    if (!answer.ok) throw new Error(`cannot post alerts: ${answer.status} ${await answer.text()}`);
    await answer.arrayBuffer();
  };
  const startMs = performance.now();
  for (let at = 0; at < alerts; at += batchSize) await post(at, Math.min(alerts, at + batchSize));
  const fillSeconds = (performance.now() - startMs) / 1000;
  const fillCpuSeconds = cpuSeconds(pid);
  // All groups are told of once.
  await sleep(20_000);
  const before = cpuSeconds(pid);
  const beginMs = performance.now();
  let next = 0;
  for (let tick = 0; tick < seconds * 2; tick++) {
    await post(next, next + rate / 2);
    next = (next + rate / 2) % alerts;
    await sleep(Math.max(0, beginMs + (tick + 1) * 500 - performance.now()));
  }
  const elapsed = (performance.now() - beginMs) / 1000;
  const cpuPercent = (100 * (cpuSeconds(pid) - before)) / elapsed;
  const {now, highest} = residentBytes(pid);
  const groupsStartMs = performance.now();
  await (await fetch(`${url}/api/v2/alerts/groups`)).arrayBuffer();
  const groupsMs = performance.now() - groupsStartMs;
  return {fillSeconds, fillCpuSeconds, residentBytes: now, highestBytes: highest, cpuPercent, groupsMs};
}

/** A webhook that counts alerts. */
class Sink {
  alerts = 0;
  readonly url: string;
  readonly #server: http.Server;

  private constructor(server: http.Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = JSON.parse(Buffer.concat(chunks).toString()) as {alerts: unknown[]};
        this.alerts += body.alerts.length;
        response.end();
      });
    });
  }

  static async open(): Promise<Sink> {
    const server = http.createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new Sink(server);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}
