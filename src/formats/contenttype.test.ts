import assert from 'node:assert/strict';
import test from 'node:test';
import {formatOf} from './contenttype.ts';

test('formatOf() knows the media types, whatever their parameters', () => {
  const f = (contentType: string, expected: string): void => {
    assert.equal(formatOf(contentType, ''), expected, contentType);
  };
  f('text/plain', 'text');
  f('text/plain; version=0.0.4; charset=utf-8', 'text');
  f('TEXT/Plain;version=1.0.0;escaping=allow-utf-8', 'text');
  f('application/openmetrics-text; version=1.0.0; charset="utf-8"', 'openmetrics');
  f('application/openmetrics-text;', 'openmetrics');
  f(
    'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited',
    'protobuf',
  );
});

test('formatOf() without a fallback refuses what Prometheus 3 refuses, in its words', () => {
  const f = (contentType: string, message: RegExp): void => {
    assert.throws(() => formatOf(contentType, ''), {name: 'TypeError', message});
  };
  f('', /^non-compliant scrape target sending blank Content-Type and no fallback_scrape_protocol/);
  f(
    'text/html',
    /^received unsupported Content-Type "text\/html" and no fallback_scrape_protocol specified for target$/,
  );
  f(
    'text/plain; charset',
    /^cannot parse Content-Type "text\/plain; charset" and no fallback_scrape_protocol/,
  );
});

test('formatOf() falls back as configured', () => {
  const f = (contentType: string, fallback: string, expected: string): void => {
    assert.equal(formatOf(contentType, fallback), expected, `${contentType}, ${fallback}`);
  };
  f('', 'PrometheusText0.0.4', 'text');
  f('text/html', 'OpenMetricsText1.0.0', 'openmetrics');
  f('x;;=', 'PrometheusText1.0.0', 'text');
  f('text/plain', 'OpenMetricsText1.0.0', 'text');
});
