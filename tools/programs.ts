// Starting programs on loopback for tests and benchmarks, and reading what they cost from /proc (Linux).
import {spawn, type ChildProcess} from 'node:child_process';
import {existsSync, readdirSync, readFileSync, statSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:net';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';

/** USER_HZ, the unit of CPU times in /proc; 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;

export interface RunningProgram {
  name: string;
  child: ChildProcess;
  /** Seconds from the start until the ready address answered 200. */
  readySeconds: number;
  /** The last output, for error messages. */
  output(): string;
}

/** Starts a program and waits until `readyUrl` answers 200. Throws with the program's output where it ends or takes longer. */
export async function startProgram(options: {
  name: string;
  command: string;
  args: string[];
  readyUrl: string;
  cwd?: string;
  readySecondsMax?: number;
}): Promise<RunningProgram> {
  const started = performance.now();
  const child = spawn(options.command, options.args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(options.cwd && {cwd: options.cwd}),
  });
  let tail = '';
  const keep = (chunk: Buffer): void => {
    tail = (tail + chunk.toString()).slice(-4000);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  let spawnError: Error | undefined;
  child.on('error', (error) => (spawnError = error));
  for (;;) {
    const seconds = (performance.now() - started) / 1000;
    if (spawnError) throw new Error(`cannot start ${options.name}: ${spawnError.message}`);
    if (child.exitCode !== null)
      throw new Error(`cannot start ${options.name}: it ended with ${child.exitCode}\n${tail}`);
    if (seconds > (options.readySecondsMax ?? 60)) {
      await stopProgram(child);
      throw new Error(`cannot start ${options.name}: not ready after ${seconds.toFixed(0)} s\n${tail}`);
    }
    try {
      const response = await fetch(options.readyUrl, {signal: AbortSignal.timeout(1000)});
      await response.arrayBuffer();
      if (response.status === 200) break;
    } catch {
      // Not listening yet.
    }
    await sleep(10);
  }
  return {name: options.name, child, readySeconds: (performance.now() - started) / 1000, output: () => tail};
}

/** Asks the program to end, and after `secondsMax` makes it. */
export async function stopProgram(
  child: ChildProcess,
  signal: NodeJS.Signals = 'SIGTERM',
  secondsMax = 10,
): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), 1000 * secondsMax);
  await ended;
  clearTimeout(timer);
}

/** The process and all its descendants. */
export function processTree(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const fields = statFields(Number(entry));
    if (fields !== null) parents.set(Number(entry), Number(fields[1]));
  }
  const tree = [pid];
  for (let i = 0; i < tree.length; i++) {
    for (const [child, parent] of parents) if (parent === tree[i]) tree.push(child);
  }
  return tree;
}

/** CPU seconds, user and system, of the whole tree, ended children included. */
export function cpuSeconds(pid: number): number {
  let ticks = 0;
  for (const each of processTree(pid)) {
    const fields = statFields(each);
    if (fields !== null)
      ticks += Number(fields[11]) + Number(fields[12]) + Number(fields[13]) + Number(fields[14]);
  }
  return ticks / ticksPerSecond;
}

/** Resident bytes of the whole tree: now, and the sum of each process's highest. */
export function residentBytes(pid: number): {now: number; highest: number} {
  let now = 0;
  let highest = 0;
  for (const each of processTree(pid)) {
    try {
      const status = readFileSync(`/proc/${each}/status`, 'utf8');
      now += 1024 * Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0);
      highest += 1024 * Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0);
    } catch {
      // It has ended meanwhile.
    }
  }
  return {now, highest};
}

/** Begins residentBytes().highest anew, where the system lets us. */
export function forgetHighest(pid: number): void {
  for (const each of processTree(pid)) {
    try {
      writeFileSync(`/proc/${each}/clear_refs`, '5');
    } catch {
      // It has ended meanwhile, or it is not ours.
    }
  }
}

/** Fields of /proc/PID/stat from the state on (index 0), or null where the process is gone. */
function statFields(pid: number): string[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null;
  }
}

/**
 * Starts an Alertmanager, anybody's, without a cluster, and waits until it is ready. It keeps its state in `folder`/am, and its
 * file beside that. Gives where it answers, with `path`.
 */
export async function startAlertmanager({
  command: [command, ...first],
  folder,
  config,
  args = [],
  path = '',
}: {
  command: readonly [string, ...string[]];
  folder: string;
  config: string;
  args?: readonly string[];
  path?: string;
}): Promise<{url: string; port: number; program: RunningProgram}> {
  const port = await freePort();
  const file = join(folder, 'am.yml');
  writeFileSync(file, config);
  const url = `http://127.0.0.1:${port}${path}`;
  const program = await startProgram({
    name: command,
    command,
    args: [
      ...first,
      `--config.file=${file}`,
      `--storage.path=${join(folder, 'am')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--cluster.listen-address=',
      ...args,
    ],
    readyUrl: `${url}/-/ready`,
  });
  return {url, port, program};
}

/** Bytes of a file, or of all files below a folder, by their lengths. */
export function lengthsBelow(path: string): number {
  const status = statSync(path);
  if (!status.isDirectory()) return status.size;
  return readdirSync(path).reduce((sum, name) => sum + lengthsBelow(join(path, name)), 0);
}

/** Bytes of all files below a folder, as the disk gives them. */
export function folderBytes(folder: string): number {
  if (!existsSync(folder)) return 0;
  let bytes = 0;
  for (const entry of readdirSync(folder, {withFileTypes: true})) {
    const path = join(folder, entry.name);
    // Blocks as allocated: Prometheus and others preallocate files.
    bytes += entry.isDirectory() ? folderBytes(path) : statSync(path).blocks * 512;
  }
  return bytes;
}

/** A TCP port on loopback that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('cannot find a free port');
  return address.port;
}

/** Path of a program on the PATH, or null. */
export function findProgram(name: string): string | null {
  for (const folder of (process.env['PATH'] ?? '').split(':')) {
    const path = join(folder, name);
    if (folder !== '' && existsSync(path)) return path;
  }
  return null;
}
