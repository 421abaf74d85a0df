// The systems that are compared. Each is started with the same configuration on a data folder of its own.
import {join} from 'node:path';
import {findProgram, freePort, startProgram, type RunningProgram} from '../../tools/programs.ts';

export interface SystemUnderTest {
  name: string;
  start(options: StartOptions): Promise<RunningSystem>;
}

export interface StartOptions {
  configFile: string;
  dataFolder: string;
  /** More flags for Narthex and Prometheus. */
  flags?: string[];
  readySecondsMax?: number;
}

export interface RunningSystem extends RunningProgram {
  /** http://127.0.0.1:PORT */
  baseUrl: string;
}

const root = join(import.meta.dirname, '../..');

export const narthexCommand = join(root, 'bin/narthex');

const narthex: SystemUnderTest = {
  name: 'narthex',
  start: (options) => startWithFlags('narthex', narthexCommand, options),
};

/** `version` is asked of the program, so that the table says what was measured. */
function prometheusSystem(name: string, command: string): SystemUnderTest {
  return {name, start: (options) => startWithFlags(name, command, options)};
}

async function startWithFlags(name: string, command: string, options: StartOptions): Promise<RunningSystem> {
  const {configFile, dataFolder, flags = [], readySecondsMax = 60} = options;
  const port = await freePort();
  const baseUrl = `http://127.0.0.1:${port}`;
  const args = [...prometheusFlags(configFile, dataFolder, port), ...flags];
  const program = await startProgram({name, command, args, readyUrl: `${baseUrl}/-/ready`, readySecondsMax});
  return {...program, baseUrl};
}

function victoriaSystem(command: string): SystemUnderTest {
  return {
    name: 'victoria-metrics',
    async start({configFile, dataFolder}) {
      const port = await freePort();
      const baseUrl = `http://127.0.0.1:${port}`;
      const program = await startProgram({
        name: 'victoria-metrics',
        command,
        args: [
          `-promscrape.config=${configFile}`,
          `-storageDataPath=${dataFolder}`,
          `-httpListenAddr=127.0.0.1:${port}`,
          '-retentionPeriod=10y',
          '-search.disableCache',
          '-search.latencyOffset=0s',
          '-search.maxUniqueTimeseries=10000000',
          // The configuration is Prometheus's; some versions are strict about fields that they do not know.
          '-promscrape.config.strictParse=false',
        ],
        readyUrl: `${baseUrl}/health`,
      });
      return {...program, baseUrl};
    },
  };
}

function prometheusFlags(configFile: string, dataFolder: string, port: number): string[] {
  return [
    `--config.file=${configFile}`,
    `--storage.tsdb.path=${dataFolder}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--web.enable-remote-write-receiver',
    '--query.max-samples=500000000',
    '--log.level=warn',
  ];
}

/**
 * Narthex and whichever peers are there: Debian's `prometheus` and `victoria-metrics`, and newer ones that the variables
 * PROMETHEUS and VICTORIA name. `only` restricts them by name.
 */
export function availableSystems(only: string[] = []): SystemUnderTest[] {
  const systems: SystemUnderTest[] = [narthex];
  const prometheus = findProgram('prometheus');
  if (prometheus !== null) systems.push(prometheusSystem('prometheus', prometheus));
  const newer = process.env['PROMETHEUS'];
  if (newer !== undefined && newer !== prometheus) systems.push(prometheusSystem('prometheus-3', newer));
  const victoria = process.env['VICTORIA'] ?? findProgram('victoria-metrics');
  if (victoria !== null) systems.push(victoriaSystem(victoria));
  return only.length === 0 ? systems : systems.filter(({name}) => only.includes(name));
}
