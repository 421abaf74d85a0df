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

/** Series that reach further back, for windows of a day: so many counters and gauges of the processes on each machine. */
export function describeLongSeries(instances: number): DatasetSeries[] {
  const all: DatasetSeries[] = [];
  for (let index = 0; index < instances; index++) {
    const labels = {instance: `host-${String(index).padStart(3, '0')}:9100`, job: 'process'};
    const seed = 1_000_000 + 8 * index;
    const add = (kind: DatasetSeries['kind'], name: string, process: string, offset: number): void => {
      all.push({labels: labelsOf({__name__: name, ...labels, process}), kind, seed: seed + offset});
    };
    for (const [i, process] of ['api', 'worker'].entries()) {
      add('counter', 'process_cpu_seconds_total', process, 2 * i);
      add('gauge', 'process_load_ratio', process, 2 * i + 1);
    }
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
