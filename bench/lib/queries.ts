// The queries of the query benchmark: what dashboards, alerts and people who look around send.

export interface BenchQuery {
  name: string;
  expr: string;
  /** Length of the range in seconds before the newest sample; 0 = an instant query. */
  range: number;
  step: number;
  /** Long windows have a bar of their own. */
  group: 'usual' | 'long window';
  /** Address below /api/v1 where it is no expression but a lookup, with `expr` as its matcher ('' = none). */
  lookup?: string;
}

const hour = 3600;
const day = 24 * hour;

const instant = (name: string, expr: string): BenchQuery => ({name, expr, range: 0, step: 0, group: 'usual'});

const range = (name: string, expr: string, length: number, step: number): BenchQuery => ({
  name,
  expr,
  range: length,
  step,
  group: 'usual',
});

const long = (name: string, expr: string, length = hour): BenchQuery => ({
  name,
  expr,
  range: length,
  step: length === 0 ? 0 : 60,
  group: 'long window',
});

const lookup = (name: string, path: string, matcher = ''): BenchQuery => ({
  name,
  expr: matcher,
  range: hour,
  step: 0,
  group: 'usual',
  lookup: path,
});

export const benchQueries: BenchQuery[] = [
  instant('instant: one series', 'up{instance="host-001:9100"}'),
  instant('instant: up', 'up'),
  instant('instant: alert that does not fire', 'node_filesystem_avail_bytes < 0'),
  instant('instant: sum by', 'sum by (instance) (rate(http_requests_total[5m]))'),
  instant(
    'instant: p99',
    'histogram_quantile(0.99, sum by (le) (rate(http_request_duration_seconds_bucket[5m])))',
  ),
  instant('instant: count of everything', 'count({__name__!=""})'),
  instant('instant: table with all labels', 'rate(node_cpu_seconds_total[5m])'),
  instant('instant: increase over six hours', 'sum(increase(http_requests_total[6h]))'),
  range('one series', 'up{instance="host-001:9100"}', hour, 15),
  range(
    'rate of one series',
    'rate(node_cpu_seconds_total{instance="host-001:9100",cpu="0",mode="user"}[5m])',
    hour,
    15,
  ),
  range('a machine', 'node_cpu_seconds_total{instance="host-001:9100"}', hour, 15),
  range(
    'rate, a machine',
    'rate(node_cpu_seconds_total{instance="host-001:9100",mode!="idle"}[5m])',
    hour,
    15,
  ),
  range(
    'cpu busy by machine',
    '1 - avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[5m]))',
    hour,
    15,
  ),
  range('cpu by mode', 'sum by (mode) (rate(node_cpu_seconds_total[5m]))', 6 * hour, 60),
  range('requests by handler', 'sum by (handler, code) (rate(http_requests_total[5m]))', 6 * hour, 60),
  range(
    'error ratio',
    'sum by (instance) (rate(http_requests_total{code="500"}[5m])) / sum by (instance) (rate(http_requests_total[5m]))',
    hour,
    15,
  ),
  range(
    'p99 by handler',
    'histogram_quantile(0.99, sum by (le, handler) (rate(http_request_duration_seconds_bucket[5m])))',
    hour,
    15,
  ),
  range(
    'p90, every machine',
    'histogram_quantile(0.9, rate(http_request_duration_seconds_bucket[5m]))',
    hour,
    60,
  ),
  range('topk', 'topk(5, node_hwmon_temp_celsius)', hour, 15),
  range('max over an hour', 'max_over_time(node_hwmon_temp_celsius[1h])', 5 * hour, 60),
  range('quantile over an hour', 'quantile_over_time(0.9, node_hwmon_temp_celsius[1h])', 5 * hour, 60),
  range(
    'avg over five minutes',
    'avg by (zone) (avg_over_time(node_filesystem_avail_bytes[5m]))',
    6 * hour,
    60,
  ),
  range('increase over an hour', 'sum by (job) (increase(http_requests_total[1h]))', 5 * hour, 60),
  range('predict_linear', 'predict_linear(node_filesystem_avail_bytes[1h], 4 * 3600) < 0', 5 * hour, 60),
  range('subquery', 'max_over_time(sum by (zone) (rate(http_requests_total[5m]))[1h:1m])', hour, 60),
  range('join', 'node_hwmon_temp_celsius * on (instance) group_left (zone) up', hour, 15),
  range(
    'compared with two hours ago',
    'sum(node_hwmon_temp_celsius) / sum(node_hwmon_temp_celsius offset 2h) > 0.5',
    hour,
    15,
  ),
  range(
    'regular expression',
    'count by (__name__) ({__name__=~"node_.*", instance=~"host-00[0-9]:9100"})',
    hour,
    60,
  ),
  range('many series as they are', 'node_cpu_seconds_total{mode=~"user|system"}', hour, 60),
  lookup('series of a metric', 'series', 'http_requests_total'),
  lookup('names of labels', 'labels'),
  lookup('values of a label', 'label/instance/values', 'up'),
  long('rate[1d]', 'rate(process_cpu_seconds_total[1d])'),
  long('sum(increase[1d]), instant', 'sum by (process) (increase(process_cpu_seconds_total[1d]))', 0),
  long('avg_over_time[1d]', 'avg_over_time(process_load_ratio[1d])'),
  long('max_over_time[1d]', 'max_over_time(process_load_ratio[1d])'),
  long('quantile_over_time[1d]', 'quantile_over_time(0.9, process_load_ratio{process="api"}[1d])'),
  long('changes[1d]', 'changes(process_load_ratio[1d])'),
  long('stddev_over_time[1d]', 'avg by (process) (stddev_over_time(process_load_ratio[1d]))'),
  long('predict_linear[1d]', 'predict_linear(process_load_ratio[1d], 3600) > 90'),
  long(
    'max of rates, [1d:1m]',
    'max_over_time(sum by (process) (rate(process_cpu_seconds_total[5m]))[1d:1m])',
  ),
];

/** Seconds before the newest sample for which the series of long windows have samples. */
export const longSeriesSeconds = day + hour + 600;
