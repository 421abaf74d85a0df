import assert from 'node:assert/strict';
import test from 'node:test';
import {formatValue, unitOf, type Unit} from './unit.ts';

test('unitOf() tells the unit where the names say it, and none where arithmetic may change it', () => {
  function f(expr: string, expected: Unit): void {
    assert.equal(unitOf(expr), expected, expr);
  }
  f('up', 'none');
  f('process_resident_memory_bytes', 'bytes');
  f('sum by (job) (process_resident_memory_bytes{job=~"a+b"})', 'bytes');
  f('rate(node_network_receive_bytes_total[5m])', 'bytesPerSecond');
  f('sum without (device) (irate(node_disk_read_bytes_total{device!=""}[1m] offset 5m))', 'bytesPerSecond');
  f('increase(node_network_receive_bytes_total[1h])', 'bytes');
  f('scrape_duration_seconds', 'seconds');
  f('rate(process_cpu_seconds_total[1m])', 'none');
  f('histogram_quantile(0.9, sum by (le) (rate(http_request_duration_seconds_bucket[5m])))', 'seconds');
  f('histogram_quantile(0.9, rate(response_size_bytes_bucket[5m]))', 'bytes');
  f('node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes', 'none');
  f('count(process_resident_memory_bytes)', 'none');
  f('process_resident_memory_bytes > 1e6', 'none');
  f('process_start_time_seconds', 'none');
  f('prometheus_config_last_reload_success_timestamp_seconds', 'none');
  f('{__name__="x_bytes"}', 'none');
  f('label_replace(x_bytes, "a", "$1", "b", "(.*)")', 'bytes');
  f('a_bytes or b_seconds', 'none');
});

test('formatValue() writes values for reading', () => {
  function f(value: number, unit: Unit, expected: string): void {
    assert.equal(formatValue(value, unit), expected);
  }
  f(0, 'none', '0');
  f(1234.5678, 'none', '1234.6');
  f(123_456.7, 'none', '123457');
  f(12_345_678, 'none', '12.346M');
  f(-12_345_678, 'none', '-12.346M');
  f(0.00001234, 'none', '1.234e-5');
  f(1e30, 'none', '1e+30');
  f(NaN, 'none', 'NaN');
  f(-Infinity, 'bytes', '-Inf');
  f(0, 'bytes', '0 B');
  f(1536, 'bytes', '1.5 KiB');
  f(1024 ** 3 * 2.25, 'bytes', '2.25 GiB');
  f(2048, 'bytesPerSecond', '2 KiB/s');
  f(0.0001234, 'seconds', '123.4 µs');
  f(0.25, 'seconds', '250 ms');
  f(90, 'seconds', '90 s');
  f(3700, 'seconds', '1h1m40s');
});
