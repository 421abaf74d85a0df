import assert from 'node:assert/strict';
import test from 'node:test';
import {quickstartConfig} from './quickstart.ts';

test('quickstartConfig() scrapes the server itself, wherever it listens', () => {
  const {scrapeConfigs} = quickstartConfig({listenPort: 9123, routePrefix: '/x', nodeExporter: false});
  assert.deepEqual(
    scrapeConfigs.map(({metricsPath, staticConfigs}) => [metricsPath, staticConfigs[0]!.targets]),
    [['/x/metrics', [{__address__: 'localhost:9123'}]]],
  );
});

test('quickstartConfig() scrapes a node exporter where there is one', () => {
  const {scrapeConfigs} = quickstartConfig({listenPort: 9090, routePrefix: '/', nodeExporter: true});
  assert.deepEqual(
    scrapeConfigs.map(({metricsPath, staticConfigs}) => [metricsPath, staticConfigs[0]!.targets]),
    [
      ['/metrics', [{__address__: 'localhost:9090'}]],
      ['/metrics', [{__address__: 'localhost:9100'}]],
    ],
  );
});
