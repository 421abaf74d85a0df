// The data of the query benchmark: what dashboards are made of. Deterministic, so that every system gets the same.
import {Random} from '../../src/base/random.ts';
import {labelsOf, type Labels} from '../../src/model/labels.ts';

export interface DatasetSeries {
  labels: Labels;
  kind: 'counter' | 'gauge' | 'constant';
  seed: number;
}

const modes = ['user', 'system', 'iowait', 'idle', 'irq', 'nice', 'softirq', 'steal'];
const bounds = ['0.005', '0.01', '0.025', '0.05', '0.1', '0.25', '0.5', '1', '2.5', '5', '10', '+Inf'];
const handlers = ['/', '/login', '/api/items', '/api/orders', '/health'];
const codes = ['200', '404', '500'];

/** Series of so many machines: 40 counters of CPU time, 15 of requests, 60 of histogram buckets, 10 gauges, 2 constants each. */
export function describeSeries(instances: number): DatasetSeries[] {
  const all: DatasetSeries[] = [];
  const add = (kind: DatasetSeries['kind'], name: string, labels: Record<string, string>): void => {
    all.push({labels: labelsOf({__name__: name, ...labels}), kind, seed: all.length});
  };
  for (let index = 0; index < instances; index++) {
    const base = {
      instance: `host-${String(index).padStart(3, '0')}:9100`,
      job: 'node',
      zone: `zone-${index % 3}`,
    };
    for (let cpu = 0; cpu < 5; cpu++) {
      for (const mode of modes) add('counter', 'node_cpu_seconds_total', {...base, cpu: String(cpu), mode});
    }
    for (const handler of handlers) {
      for (const code of codes) add('counter', 'http_requests_total', {...base, job: 'web', handler, code});
      for (const le of bounds)
        add('counter', 'http_request_duration_seconds_bucket', {...base, job: 'web', handler, le});
    }
    for (let disk = 0; disk < 5; disk++) {
      add('gauge', 'node_filesystem_avail_bytes', {...base, device: `sd${'abcde'[disk]}1`});
      add('gauge', 'node_hwmon_temp_celsius', {...base, sensor: `temp${disk}`});
    }
    add('constant', 'node_memory_MemTotal_bytes', base);
    add('constant', 'up', base);
  }
  return all;
}

/** Fills `values` with the series' samples, one for each step. Histogram buckets of one histogram rise with le. */
export function fillValues(series: DatasetSeries, values: Float64Array): void {
  const random = new Random(series.seed);
  if (series.kind === 'constant') {
    values.fill(1 + random.below(1000));
    return;
  }
  if (series.kind === 'gauge') {
    let level = 20 + random.below(60);
    for (let i = 0; i < values.length; i++) {
      level = Math.min(100, Math.max(0, level + (random.float() - 0.5) * 2));
      values[i] = Math.round(level * 100) / 100;
    }
    return;
  }
  const rise = 1 + random.below(40);
  let total = random.below(100_000);
  for (let i = 0; i < values.length; i++) {
    total += random.below(rise);
    // A restart now and then: counters begin again.
    if (random.below(5000) === 0) total = 0;
    values[i] = total;
  }
}

export interface BenchQuery {
  name: string;
  expr: string;
  /** Length of the range in seconds before the newest sample; 0 = an instant query. */
  range: number;
  step: number;
}

const hour = 3600;

export const benchQueries: BenchQuery[] = [
  {name: 'selector, one series', expr: 'up{instance="host-001:9100"}', range: hour, step: 15},
  {
    name: 'selector, a machine',
    expr: 'node_cpu_seconds_total{instance="host-001:9100"}',
    range: hour,
    step: 15,
  },
  {
    name: 'rate, a machine',
    expr: 'rate(node_cpu_seconds_total{instance="host-001:9100",mode!="idle"}[5m])',
    range: hour,
    step: 15,
  },
  {
    name: 'cpu busy by machine',
    expr: '1 - avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[5m]))',
    range: hour,
    step: 15,
  },
  {name: 'cpu by mode', expr: 'sum by (mode) (rate(node_cpu_seconds_total[5m]))', range: 6 * hour, step: 60},
  {
    name: 'requests by handler',
    expr: 'sum by (handler, code) (rate(http_requests_total[5m]))',
    range: 6 * hour,
    step: 60,
  },
  {
    name: 'error ratio',
    expr: 'sum by (instance) (rate(http_requests_total{code="500"}[5m])) / sum by (instance) (rate(http_requests_total[5m]))',
    range: hour,
    step: 15,
  },
  {
    name: 'p99 by handler',
    expr: 'histogram_quantile(0.99, sum by (le, handler) (rate(http_request_duration_seconds_bucket[5m])))',
    range: hour,
    step: 15,
  },
  {
    name: 'p90, every machine',
    expr: 'histogram_quantile(0.9, rate(http_request_duration_seconds_bucket[5m]))',
    range: hour,
    step: 60,
  },
  {name: 'topk', expr: 'topk(5, node_hwmon_temp_celsius)', range: hour, step: 15},
  {name: 'max over an hour', expr: 'max_over_time(node_hwmon_temp_celsius[1h])', range: 6 * hour, step: 60},
  {
    name: 'quantile over an hour',
    expr: 'quantile_over_time(0.9, node_hwmon_temp_celsius[1h])',
    range: 6 * hour,
    step: 60,
  },
  {
    name: 'avg over five minutes',
    expr: 'avg by (zone) (avg_over_time(node_filesystem_avail_bytes[5m]))',
    range: 6 * hour,
    step: 60,
  },
  {
    name: 'increase over an hour',
    expr: 'sum by (job) (increase(http_requests_total[1h]))',
    range: 6 * hour,
    step: 60,
  },
  {
    name: 'predict_linear',
    expr: 'predict_linear(node_filesystem_avail_bytes[1h], 4 * 3600) < 0',
    range: 6 * hour,
    step: 60,
  },
  {
    name: 'subquery',
    expr: 'max_over_time(sum by (zone) (rate(http_requests_total[5m]))[1h:1m])',
    range: hour,
    step: 60,
  },
  {name: 'join', expr: 'node_hwmon_temp_celsius * on (instance) group_left (zone) up', range: hour, step: 15},
  {
    name: 'regular expression',
    expr: 'count by (__name__) ({__name__=~"node_.*", instance=~"host-00[0-9]:9100"})',
    range: hour,
    step: 60,
  },
  {name: 'instant sum by', expr: 'sum by (instance) (rate(http_requests_total[5m]))', range: 0, step: 0},
  {
    name: 'instant p99',
    expr: 'histogram_quantile(0.99, sum by (le) (rate(http_request_duration_seconds_bucket[5m])))',
    range: 0,
    step: 0,
  },
  {name: 'instant count of everything', expr: 'count({__name__!=""})', range: 0, step: 0},
  {
    name: 'instant increase, a long window',
    expr: 'sum(increase(http_requests_total[6h]))',
    range: 0,
    step: 0,
  },
];
