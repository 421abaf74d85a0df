// A real node exporter, scraped every second by Narthex and by Debian's Prometheus side by side. The two scrape at different
// moments of each second, so what moves fast agrees within a tolerance, and what does not move agrees to the digit.
import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import test from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {freePort, stopProgram} from '../../tools/programs.ts';
import {query, requireProgram, startNarthex, startPrometheus} from '../lib/narthex.ts';

const seconds = Number(process.env['NARTHEX_SIDE_BY_SIDE_SECONDS'] ?? 60);

interface Comparison {
  expr: string;
  /** Relative; 0 = to the last digit. */
  tolerance: number;
  /** Differences below this do not count: for values near zero. */
  slack?: number;
}

const comparisons: Comparison[] = [
  {expr: 'count by (__name__) ({job="node"})', tolerance: 0},
  {expr: 'node_memory_MemTotal_bytes', tolerance: 0},
  {expr: 'node_uname_info', tolerance: 0},
  {expr: 'count by (mode) (node_cpu_seconds_total)', tolerance: 0},
  {expr: 'node_filesystem_size_bytes', tolerance: 0},
  {expr: 'topk(3, node_filesystem_size_bytes)', tolerance: 0},
  {expr: 'sum(rate(node_cpu_seconds_total[30s]))', tolerance: 0.05},
  {expr: 'avg_over_time(node_memory_MemAvailable_bytes[30s])', tolerance: 0.02},
  {expr: '1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes', tolerance: 0.1, slack: 0.02},
  {expr: 'increase(node_context_switches_total[30s])', tolerance: 0.15},
  {
    expr: 'max by (device) (max_over_time(node_network_receive_bytes_total{device="lo"}[30s]))',
    tolerance: 0.05,
  },
  {expr: 'label_replace(up{job="node"}, "host", "$1", "instance", "(.*):.*")', tolerance: 0},
];

test(`answers over a node exporter's metrics agree with Prometheus's after ${seconds} s side by side`, async () => {
  const exporterPort = await freePort();
  const exporter = spawn(
    requireProgram('prometheus-node-exporter', 'prometheus-node-exporter'),
    [`--web.listen-address=127.0.0.1:${exporterPort}`],
    {stdio: 'ignore'},
  );
  const config = [
    'global: {scrape_interval: 1s, scrape_timeout: 1s}',
    'scrape_configs:',
    `  - {job_name: node, static_configs: [{targets: ['127.0.0.1:${exporterPort}']}]}`,
    '',
  ].join('\n');
  const narthex = await startNarthex({config});
  const prometheus = await startPrometheus({config});
  try {
    await sleep(seconds * 1000);
    const time = String(Math.floor(Date.now() / 1000) - 1);
    let compared = 0;
    for (const comparison of comparisons) {
      const [own, other] = await Promise.all([
        query(narthex.url, comparison.expr, {time}),
        query(prometheus.url, comparison.expr, {time}),
      ]);
      compared += compare(comparison, own, other);
    }
    assert.ok(compared > 300, `${compared} values were compared`);
    await compareLists(narthex.url, prometheus.url);
    process.stdout.write(`# ${comparisons.length} queries, ${compared} values agree\n`);
  } finally {
    await stopProgram(exporter);
    await narthex.stop();
    await prometheus.stop();
  }
});

type Answer = Awaited<ReturnType<typeof query>>;

function compare({expr, tolerance, slack = 0}: Comparison, own: Answer, other: Answer): number {
  assert.equal(own.status, 'success', `${expr}: ${own.error}`);
  assert.equal(own.data.resultType, other.data.resultType);
  const ours = valuesOf(own);
  const theirs = valuesOf(other);
  assert.deepEqual([...ours.keys()].sort(), [...theirs.keys()].sort(), expr);
  for (const [key, value] of ours) {
    const expected = theirs.get(key)!;
    if (value === expected) continue;
    const difference = Math.abs(Number(value) - Number(expected));
    const bound = Math.max(slack, tolerance * Math.abs(Number(expected)));
    assert.ok(difference <= bound, `${expr} of ${key}: ${value}, Prometheus ${expected}`);
  }
  return ours.size;
}

function valuesOf(answer: Answer): Map<string, string> {
  return new Map(answer.data.result.map(({metric, value}) => [keyOf(metric), value[1]]));
}

function keyOf(metric: Record<string, string>): string {
  return JSON.stringify(Object.entries(metric).sort(([left], [right]) => (left < right ? -1 : 1)));
}

/** Label names and values, series, and what is known of each metric. */
async function compareLists(own: string, other: string): Promise<void> {
  const paths = [
    'labels?match[]={job="node"}',
    'label/mode/values',
    'label/__name__/values?match[]={job="node"}',
    'series?match[]=node_cpu_seconds_total',
    'metadata?metric=node_cpu_seconds_total',
  ];
  for (const path of paths) {
    const [left, right] = await Promise.all(
      [own, other].map(async (url) => (await fetch(`${url}/api/v1/${path}`)).json()),
    );
    assert.deepEqual(sortSeries(left), sortSeries(right), path);
  }
}

function sortSeries(answer: unknown): unknown {
  const {data} = answer as {data: unknown};
  if (!Array.isArray(data)) return data;
  return data.map((each) => JSON.stringify(each, Object.keys(each as object).sort())).sort();
}
