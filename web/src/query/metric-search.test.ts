import assert from 'node:assert/strict';
import test from 'node:test';
import {joinMetadata, searchMetrics, type Metric} from './metric-search.ts';

const metrics: Metric[] = joinMetadata(
  [
    'up',
    'node_memory_MemFree_bytes',
    'http_request_duration_seconds_bucket',
    'process_resident_memory_bytes',
    'go_memory_used',
  ],
  {
    http_request_duration_seconds: [{type: 'histogram', help: 'How long requests take.', unit: ''}],
    node_memory_MemFree_bytes: [{type: 'gauge', help: 'Free pages.', unit: ''}],
  },
);

test('joinMetadata() sorts by name and knows the suffixes of histograms', () => {
  assert.deepEqual(
    metrics.map(({name, type}) => [name, type]),
    [
      ['go_memory_used', ''],
      ['http_request_duration_seconds_bucket', 'histogram'],
      ['node_memory_MemFree_bytes', 'gauge'],
      ['process_resident_memory_bytes', ''],
      ['up', ''],
    ],
  );
});

test('searchMetrics() wants every word and puts the better match first', () => {
  function f(text: string, expected: string[]): void {
    assert.deepEqual(
      searchMetrics(metrics, text).map(({name}) => name),
      expected,
      text,
    );
  }
  f(
    ' ',
    metrics.map(({name}) => name),
  );
  f('up', ['up']);
  f('memory', ['go_memory_used', 'node_memory_MemFree_bytes', 'process_resident_memory_bytes']);
  f('MEMORY node', ['node_memory_MemFree_bytes']);
  f('requests take', ['http_request_duration_seconds_bucket']);
  f('histogram', ['http_request_duration_seconds_bucket']);
  f('nmfree', ['node_memory_MemFree_bytes']);
  f('memory zebra', []);
});
