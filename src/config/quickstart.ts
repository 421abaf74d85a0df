import {type Config, type ConfigOptions, parseConfig} from './config.ts';

export interface QuickstartOptions {
  /** Where the server itself listens. */
  listenPort: number;
  /** Prefix of its routes, as flags have it. */
  routePrefix?: string;
  /** Whether there is a node exporter on localhost:9100: one that is absent would stand there as down for ever. */
  nodeExporter: boolean;
}

/** The configuration that is used where the user has none: the server watches itself and the machine it runs on. */
export function quickstartText(options: QuickstartOptions): string {
  const prefix = options.routePrefix === '/' ? '' : (options.routePrefix ?? '');
  const metricsPath = prefix === '' ? '' : `\n    metrics_path: ${JSON.stringify(`${prefix}/metrics`)}`;
  const node = `
  - job_name: node
    static_configs:
      - targets: ['localhost:9100']
`;
  return `# The quickstart configuration of Narthex. It is in use because there is no prometheus.yml in the working directory
# and --config.file is not given. To change it, save it as prometheus.yml and start again.
global:
  scrape_interval: 5s
  evaluation_interval: 5s

scrape_configs:
  - job_name: narthex${metricsPath}
    static_configs:
      - targets: ['localhost:${options.listenPort}']
${options.nodeExporter ? node : ''}`;
}

export function quickstartConfig(options: QuickstartOptions, further: ConfigOptions = {}): Config {
  return parseConfig(quickstartText(options), {...further, file: 'quickstart.yml'});
}
