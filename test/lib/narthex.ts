// Starts Narthex as a user would, on loopback, with a configuration and a data folder of its own.
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {findProgram, freePort, startProgram, stopProgram, type RunningProgram} from '../../tools/programs.ts';

const root = join(import.meta.dirname, '../..');

export interface StartedServer extends RunningProgram {
  /** http://127.0.0.1:PORT */
  url: string;
  folder: string;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export interface ServerOptions {
  /** Text of the configuration file; `PORT` stands for the server's own port. */
  config?: string;
  /** Kept by the caller, for restarts; otherwise a temporary folder that goes with the server. */
  dataFolder?: string;
  flags?: string[];
  port?: number;
}

/** Narthex through its launcher. */
export function startNarthex(options: ServerOptions = {}): Promise<StartedServer> {
  return startServer('narthex', join(root, 'bin/narthex'), options);
}

/** Debian's Prometheus, or the one that the variable PROMETHEUS names. Fails, naming the package, where there is none. */
export function startPrometheus(options: ServerOptions = {}): Promise<StartedServer> {
  const command = process.env['PROMETHEUS'] ?? requireProgram('prometheus', 'prometheus');
  return startServer('prometheus', command, options);
}

async function startServer(name: string, command: string, options: ServerOptions): Promise<StartedServer> {
  const folder = mkdtempSync(join(tmpdir(), `narthex-test-`));
  const port = options.port ?? (await freePort());
  const configFile = join(folder, 'prometheus.yml');
  writeFileSync(configFile, (options.config ?? 'global: {}\n').replaceAll('PORT', String(port)));
  const url = `http://127.0.0.1:${port}`;
  const program = await startProgram({
    name,
    command,
    args: [
      `--config.file=${configFile}`,
      `--storage.tsdb.path=${options.dataFolder ?? join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--web.enable-lifecycle',
      '--web.enable-remote-write-receiver',
      ...(options.flags ?? []),
    ],
    readyUrl: `${url}/-/ready`,
  });
  const stop = async (signal?: NodeJS.Signals): Promise<void> => {
    await stopProgram(program.child, signal);
    rmSync(folder, {recursive: true, force: true});
  };
  return {...program, url, folder, stop};
}

/** Path of a peer's program. */
export function requireProgram(name: string, debianPackage: string): string {
  const path = findProgram(name);
  if (path === null) {
    throw new Error(
      `this test needs the program ${name}: apt-get install --no-install-recommends ${debianPackage}`,
    );
  }
  return path;
}

export interface QueryAnswer {
  status: string;
  data: {
    resultType: string;
    result: {metric: Record<string, string>; value: [number, string]; values: [number, string][]}[];
  };
  error?: string;
}

export async function query(
  url: string,
  expr: string,
  parameters: Record<string, string> = {},
): Promise<QueryAnswer> {
  const path = 'step' in parameters ? 'query_range' : 'query';
  const response = await fetch(
    `${url}/api/v1/${path}?${new URLSearchParams({query: expr, ...parameters}).toString()}`,
  );
  return (await response.json()) as QueryAnswer;
}
