// A fleet (fleet.ts) in a process of its own, and the configuration with which it is scraped.
import {spawn} from 'node:child_process';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import {freePort, stopProgram} from '../../tools/programs.ts';
import {countOf} from './count.ts';
import {fleetAddress, type FleetReport} from './fleet.ts';

export interface FleetPlan {
  targets: number;
  /** Of each target. */
  series: number;
  intervalSeconds: number;
  gzip: boolean;
}

export interface ScrapedFleet {
  port: number;
  report(command?: string): Promise<FleetReport>;
  stop(): Promise<void>;
}

/** Starts the plan's targets in one process, counted from `first`. */
export async function startFleet(plan: FleetPlan, first = 0): Promise<ScrapedFleet> {
  const port = await freePort();
  const args = [
    join(import.meta.dirname, 'fleet.ts'),
    String(plan.targets),
    String(plan.series),
    String(port),
    String(first),
  ];
  const child = spawn(process.execPath, args, {stdio: ['pipe', 'pipe', 'inherit']});
  const lines = createInterface({input: child.stdout})[Symbol.asyncIterator]();
  const said = await lines.next();
  if (said.value !== 'listening') throw new Error(`cannot start the fleet: it said ${said.value}`);
  return {
    port,
    async report(command = '') {
      child.stdin.write(`${command}\n`);
      return JSON.parse((await lines.next()).value as string) as FleetReport;
    },
    stop: () => stopProgram(child),
  };
}

/** `portOf` gives the port of a target. */
export function renderFleetConfig(plan: FleetPlan, portOf: number | ((index: number) => number)): string {
  const addresses = Array.from({length: plan.targets}, (_, index) => {
    const port = typeof portOf === 'number' ? portOf : portOf(index);
    return `'${fleetAddress(index, port)}'`;
  });
  return [
    'global:',
    `  scrape_interval: ${plan.intervalSeconds}s`,
    `  scrape_timeout: ${plan.intervalSeconds}s`,
    'scrape_configs:',
    '  - job_name: fleet',
    // Older peers cannot be told not to ask for compressed bodies; the fleet then answers plain.
    ...(plan.gzip ? [] : ['    params: {plain: ["1"]}']),
    '    static_configs:',
    `      - targets: [${addresses.join(', ')}]`,
    '',
  ].join('\n');
}

/** Asks the system itself how many series it holds: all of the fleet must be there. Throws what it says where it refuses. */
export function countFleetSeries(baseUrl: string): Promise<number> {
  return countOf(baseUrl, 'count({job="fleet"})');
}
