// Expressions that work on the quickstart's data: the server's own metrics and a node exporter's.
import type {PlainMessageKey} from '../i18n/messages.en.ts';
import type {PanelTab} from './panel.ts';

export interface Example {
  title: PlainMessageKey;
  expr: string;
  tab: PanelTab;
  /** The metrics that it reads. Without them it is not shown. */
  needs: readonly string[];
}

export interface ExampleGroup {
  title: PlainMessageKey;
  examples: readonly Example[];
}

export const exampleGroups: readonly ExampleGroup[] = [
  {
    title: 'examples.server',
    examples: [
      {title: 'examples.up', expr: 'up', tab: 'table', needs: ['up']},
      {title: 'examples.down', expr: 'count by (job) (up == 0)', tab: 'table', needs: ['up']},
      {
        title: 'examples.scrapeDuration',
        expr: 'topk(5, scrape_duration_seconds)',
        tab: 'graph',
        needs: ['scrape_duration_seconds'],
      },
      {
        title: 'examples.samplesScraped',
        expr: 'sum by (job) (scrape_samples_scraped)',
        tab: 'graph',
        needs: ['scrape_samples_scraped'],
      },
      {
        title: 'examples.requests',
        expr: 'sum by (handler, code) (rate(prometheus_http_requests_total[1m]))',
        tab: 'graph',
        needs: ['prometheus_http_requests_total'],
      },
      {
        title: 'examples.ingestion',
        expr: 'rate(prometheus_tsdb_head_samples_appended_total[1m])',
        tab: 'graph',
        needs: ['prometheus_tsdb_head_samples_appended_total'],
      },
      {
        title: 'examples.processMemory',
        expr: 'process_resident_memory_bytes',
        tab: 'graph',
        needs: ['process_resident_memory_bytes'],
      },
      {
        title: 'examples.processCpu',
        expr: 'rate(process_cpu_seconds_total[1m])',
        tab: 'graph',
        needs: ['process_cpu_seconds_total'],
      },
    ],
  },
  {
    title: 'examples.host',
    examples: [
      {
        title: 'examples.hostCpu',
        expr: '100 * (1 - avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[1m])))',
        tab: 'graph',
        needs: ['node_cpu_seconds_total'],
      },
      {
        title: 'examples.hostCpuModes',
        expr: 'sum by (mode) (rate(node_cpu_seconds_total{mode!="idle"}[1m]))',
        tab: 'graph',
        needs: ['node_cpu_seconds_total'],
      },
      {
        title: 'examples.hostMemory',
        expr: '100 * node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes',
        tab: 'graph',
        needs: ['node_memory_MemAvailable_bytes', 'node_memory_MemTotal_bytes'],
      },
      {
        title: 'examples.hostDisk',
        expr: '100 * node_filesystem_avail_bytes{fstype!~"tmpfs|ramfs"} / node_filesystem_size_bytes',
        tab: 'table',
        needs: ['node_filesystem_avail_bytes', 'node_filesystem_size_bytes'],
      },
      {
        title: 'examples.hostNetwork',
        expr: 'rate(node_network_receive_bytes_total[1m])',
        tab: 'graph',
        needs: ['node_network_receive_bytes_total'],
      },
      {title: 'examples.hostLoad', expr: 'node_load1', tab: 'graph', needs: ['node_load1']},
    ],
  },
];

/** The groups with the examples whose metrics exist, without empty groups. */
export function examplesFor(metricNames: readonly string[]): ExampleGroup[] {
  const known = new Set(metricNames);
  return exampleGroups
    .map(({title, examples}) => ({
      title,
      examples: examples.filter(({needs}) => needs.every((name) => known.has(name))),
    }))
    .filter(({examples}) => examples.length > 0);
}
