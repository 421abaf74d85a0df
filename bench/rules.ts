// `npm run bench -- rules [--rules N] [--machines N] [--seconds N] [--only NAME]`: recording and alerting rules as mixins have
// them, evaluated by Narthex and by whichever Prometheus is there. The same server is measured first without rules, then with
// them: the difference is what they cost.
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import http from 'node:http';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {parseArgs} from 'node:util';
import {cpuSeconds, residentBytes, stopProgram} from '../tools/programs.ts';
import {countOf} from './lib/count.ts';
import {type DatasetSeries, describeSeries} from './lib/dataset.ts';
import {availableSystems, type RunningSystem, type SystemUnderTest} from './lib/systems.ts';
import {printTable} from './lib/table.ts';

interface Plan {
  rules: number;
  machines: number;
  intervalSeconds: number;
  seconds: number;
}

interface Row {
  system: string;
  idlePercent: number;
  rulesPercent: number;
  residentBytes: number;
  evaluations: number;
  failures: number;
  missed: number;
  recorded: number;
  alerts: number;
}

const rulesPerGroup = 20;

export async function run(options: string[]): Promise<void> {
  const {values} = parseArgs({
    args: options,
    options: {
      rules: {type: 'string', default: '500'},
      machines: {type: 'string', default: '158'},
      interval: {type: 'string', default: '15'},
      seconds: {type: 'string', default: '45'},
      only: {type: 'string', multiple: true, default: []},
    },
  });
  const plan: Plan = {
    rules: Number(values.rules),
    machines: Number(values.machines),
    intervalSeconds: Number(values.interval),
    seconds: Number(values.seconds),
  };
  const systems = availableSystems(values.only).filter(({name}) => !name.startsWith('victoria'));
  const rows: Row[] = [];
  for (const system of systems) rows.push(await measure(system, plan));
  printTable(
    ['system', 'idle CPU %', 'rules CPU %', 'RSS MiB', 'rules/s', 'failed', 'missed', 'recorded', 'alerts'],
    rows.map((row) => [
      row.system,
      row.idlePercent.toFixed(1),
      row.rulesPercent.toFixed(1),
      (row.residentBytes / 2 ** 20).toFixed(0),
      row.evaluations.toFixed(0),
      row.failures,
      row.missed,
      row.recorded,
      row.alerts,
    ]),
  );
}

async function measure(system: SystemUnderTest, plan: Plan): Promise<Row> {
  const folder = mkdtempSync(join(tmpdir(), 'narthex-bench-rules-'));
  const machines = await Machines.open(plan.machines);
  try {
    const configFile = join(folder, 'prometheus.yml');
    const ruleFile = join(folder, 'rules.yml');
    writeFileSync(ruleFile, '{"groups":[]}');
    writeFileSync(configFile, configOf(machines, ruleFile, plan));
    const flags = ['--web.enable-lifecycle'];
    const program = await system.start({configFile, dataFolder: join(folder, 'data'), flags});
    try {
      return {system: system.name, ...(await compare(program, ruleFile, plan))};
    } finally {
      await stopProgram(program.child);
    }
  } finally {
    await machines.close();
    rmSync(folder, {recursive: true, force: true});
  }
}

async function compare(
  {child, baseUrl}: RunningSystem,
  ruleFile: string,
  plan: Plan,
): Promise<Omit<Row, 'system'>> {
  const pid = child.pid!;
  const {intervalSeconds, seconds} = plan;
  const percent = async (): Promise<number> => {
    const before = cpuSeconds(pid);
    const began = performance.now();
    await sleep(seconds * 1000);
    return (100_000 * (cpuSeconds(pid) - before)) / (performance.now() - began);
  };
  await sleep(2 * intervalSeconds * 1000);
  const idlePercent = await percent();
  writeFileSync(ruleFile, JSON.stringify({groups: groupsOf(plan)}));
  const reload = await fetch(`${baseUrl}/-/reload`, {method: 'POST'});
  if (!reload.ok) throw new Error(`cannot load the rules: ${await reload.text()}`);
  // The first evaluations, and the series that they make.
  await sleep((2 * intervalSeconds + 2) * 1000);
  const evaluated = await sumOf(baseUrl, 'prometheus_rule_evaluations_total');
  const rulesPercent = (await percent()) - idlePercent;
  return {
    idlePercent,
    rulesPercent,
    residentBytes: residentBytes(pid).now,
    evaluations: ((await sumOf(baseUrl, 'prometheus_rule_evaluations_total')) - evaluated) / seconds,
    failures: await sumOf(baseUrl, 'prometheus_rule_evaluation_failures_total'),
    missed: await sumOf(baseUrl, 'prometheus_rule_group_iterations_missed_total'),
    recorded: await countOf(baseUrl, 'count({__name__=~".+:.+"})'),
    alerts: await countOf(baseUrl, 'count(ALERTS)'),
  };
}

/** Of the server's own metrics. */
async function sumOf(baseUrl: string, name: string): Promise<number> {
  const text = await (await fetch(`${baseUrl}/metrics`)).text();
  let sum = 0;
  for (const line of text.split('\n'))
    if (line.startsWith(`${name}{`) || line.startsWith(`${name} `)) sum += Number(line.split(' ').pop());
  return sum;
}

function configOf(machines: Machines, ruleFile: string, {intervalSeconds}: Plan): string {
  return JSON.stringify({
    global: {scrape_interval: `${intervalSeconds}s`, evaluation_interval: `${intervalSeconds}s`},
    rule_files: [ruleFile],
    scrape_configs: [
      {
        job_name: 'machines',
        honor_labels: true,
        static_configs: [{targets: machines.addresses}],
      },
    ],
  });
}

type Rule = Record<string, unknown>;

/** One of those that follow, with another of the values that it may have. */
const recorded: ((n: number) => Rule)[] = [
  (n) => ({
    record: `instance_mode:node_cpu:rate${window(n)}`,
    expr: `sum by (instance, mode) (rate(node_cpu_seconds_total{mode="${mode(n)}"}[${window(n)}]))`,
  }),
  (n) => ({
    record: `instance:node_cpu_utilisation:rate${window(n)}`,
    expr: `1 - avg without (cpu) (sum without (mode) (rate(node_cpu_seconds_total{job="node",mode=~"idle|iowait|steal",zone="${zone(n)}"}[${window(n)}])))`,
  }),
  (n) => ({
    record: `handler_code:http_requests:rate${window(n)}`,
    expr: `sum by (handler, code) (rate(http_requests_total{job="web",zone="${zone(n)}"}[${window(n)}]))`,
  }),
  (n) => ({
    record: `handler:http_request_duration_seconds:p${n % 100}`,
    expr: `histogram_quantile(0.${90 + (n % 10)}, sum by (handler, le) (rate(http_request_duration_seconds_bucket{zone="${zone(n)}"}[${window(n)}])))`,
  }),
  (n) => ({
    record: `zone:node_filesystem_avail_bytes:sum${n}`,
    expr: `sum by (zone) (node_filesystem_avail_bytes{device=~"sd[${'abcde'[n % 5]}]1"})`,
  }),
  (n) => ({
    record: `instance:temperature:max${n}`,
    expr: `max by (instance) (node_hwmon_temp_celsius{zone="${zone(n)}"}) * on (instance) group_left () max by (instance) (up{zone="${zone(n)}"})`,
  }),
];

const alerting: ((n: number) => Rule)[] = [
  (n) =>
    alert(
      n,
      `node_filesystem_avail_bytes{zone="${zone(n)}",device="sd${'abcde'[n % 5]}1"} < ${5 + (n % 20)}`,
    ),
  (n) =>
    alert(
      n,
      `sum by (instance) (rate(http_requests_total{code="500",zone="${zone(n)}"}[5m])) / sum by (instance) (rate(http_requests_total{zone="${zone(n)}"}[5m])) > 0.${5 + (n % 4)}`,
    ),
  (n) =>
    alert(
      n,
      `predict_linear(node_filesystem_avail_bytes{device="sda1",zone="${zone(n)}"}[5m], 4 * 3600) < 0`,
    ),
  (n) => alert(n, `absent(up{job="job-${n}"})`),
  (n) =>
    alert(
      n,
      `max_over_time(node_hwmon_temp_celsius{sensor="temp${n % 5}",zone="${zone(n)}"}[5m]) > ${90 + (n % 9)}`,
    ),
  (n) => alert(n, `up{zone="${zone(n)}"} == 0`),
];

/** Without its name. */
function alert(n: number, expr: string): Rule {
  return {
    expr,
    for: '5m',
    labels: {severity: n % 2 === 0 ? 'warning' : 'critical'},
    annotations: {
      summary: 'Instance {{ $labels.instance }} is not well',
      description: '{{ $labels.instance }} has {{ printf "%.2f" $value }} ({{ $value | humanize }}).',
    },
  };
}

const window = (n: number): string => ['2m', '5m'][n % 2]!;
const zone = (n: number): string => `zone-${n % 3}`;
const mode = (n: number): string => ['user', 'system', 'iowait', 'idle'][n % 4]!;

function groupsOf({rules, intervalSeconds}: Plan): unknown[] {
  const all = Array.from({length: rules}, (_, n) => {
    const kinds = n % 2 === 0 ? recorded : alerting;
    const rule = kinds[(n >> 1) % kinds.length]!(Math.floor(n / 12));
    // Each by another name.
    return 'record' in rule ? {...rule, labels: {rule: String(n)}} : {alert: `Alert${n}`, ...rule};
  });
  return Array.from({length: Math.ceil(rules / rulesPerGroup)}, (_, i) => ({
    name: `group-${i}`,
    interval: `${intervalSeconds}s`,
    rules: all.slice(i * rulesPerGroup, (i + 1) * rulesPerGroup),
  }));
}

/** Machines with their metrics, each at an address of its own. */
class Machines {
  readonly addresses: string[];
  readonly #server: http.Server;

  private constructor(server: http.Server, series: Map<string, DatasetSeries[]>) {
    this.#server = server;
    const {port} = server.address() as AddressInfo;
    const instances = [...series.keys()];
    this.addresses = instances.map((_, i) => `127.1.${i >> 8}.${i & 255}:${port}`);
    server.on('request', (request, response) => {
      const [, , high, low] = (request.socket.localAddress ?? '')
        .replace('::ffff:', '')
        .split('.')
        .map(Number);
      response.setHeader('content-type', 'text/plain; version=0.0.4');
      response.end(textOf(series.get(instances[(high! << 8) + low!]!)!));
    });
  }

  static async open(count: number): Promise<Machines> {
    const byInstance = Map.groupBy(
      describeSeries(count),
      ({labels}) => labels[labels.indexOf('instance') + 1]!,
    );
    const server = http.createServer();
    await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
    return new Machines(server, byInstance);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

function textOf(series: readonly DatasetSeries[]): string {
  const seconds = Date.now() / 1000;
  let text = '';
  for (const {labels, kind, seed} of series) {
    const name = labels[labels.indexOf('__name__') + 1]!;
    if (name === 'up') continue;
    const pairs: string[] = [];
    for (let i = 0; i < labels.length; i += 2)
      if (labels[i] !== '__name__') pairs.push(`${labels[i]}="${labels[i + 1]}"`);
    text += `${name}{${pairs.join(',')}} ${valueOf(kind, seed, seconds)}\n`;
  }
  return text;
}

function valueOf(kind: DatasetSeries['kind'], seed: number, seconds: number): number {
  if (kind === 'constant') return 1 + (seed % 1000);
  if (kind === 'counter') return Math.floor((seconds % 1e6) * (1 + (seed % 40)));
  return Number((50 + 45 * Math.sin(seconds / 60 + seed)).toFixed(2));
}
