// The program's first file: chooses the command, reads its flags, and only then loads the code that runs it.

import {flushCompileCache} from 'node:module';
import {nearestName} from '../base/nearest.ts';
import {alertmanagerFlagSpecs} from './alertmanager/flag-specs.ts';
import {parseAlertmanagerFlags} from './alertmanager/flags.ts';
import {FlagError} from './flags.ts';
import {formatHelp} from './help.ts';
import {obsoleteServerFlagSpecs, serverFlagSpecs} from './server-flag-specs.ts';
import {parseServerFlags} from './server-flags.ts';
import {Signals} from './signals.ts';
import {startStorageWorker} from './storage-worker.ts';
import {keepResidentSmall} from '../sys/resident.ts';
import {formatVersion} from '../sys/version.ts';

const cacheFlushDelayMs = 20_000;

/** Commands of the finished program; those without a function are not there yet. */
const commands: Record<string, {about: string; run?: (args: string[]) => Promise<number>}> = {
  server: {about: 'the monitoring server (the default)', run: server},
  alertmanager: {about: 'an alertmanager alone', run: alertmanager},
  operator: {about: 'the Kubernetes operator'},
  exporter: {about: 'an exporter: node, kube-state, cadvisor, redis, blackbox'},
  'metrics-server': {about: 'the API behind kubectl top'},
  tool: {about: 'what promtool does: blocks so far', run: tool},
};

/** Runs the program with the arguments after its own name; gives its exit code. */
export async function main(args: string[]): Promise<number> {
  const [first = '--'] = args;
  if (first.startsWith('-') || first.startsWith('@')) return await server(args);
  if (first === 'help') {
    process.stdout.write(commandsHelp());
    return 0;
  }
  const command = Object.hasOwn(commands, first) ? commands[first]! : null;
  if (command === null) {
    const near = nearestName(first, Object.keys(commands));
    const hint = near === null ? '' : `; did you mean ${near}?`;
    return complain(`unknown command ${JSON.stringify(first)}${hint} See narthex help.`, 1);
  }
  if (command.run === undefined)
    return complain(`command ${first} (${command.about}) is not there yet in this version`, 1);
  return await command.run(args.slice(1));
}

async function server(args: string[]): Promise<number> {
  try {
    const line = parseServerFlags(args);
    if (line.kind === 'help') {
      const specs = [...serverFlagSpecs, ...obsoleteServerFlagSpecs];
      process.stdout.write(formatHelp('narthex', aboutServer, specs, process.stdout.columns));
      return 0;
    }
    if (line.kind === 'version') {
      process.stdout.write(formatVersion('narthex'));
      return 0;
    }
    const signals = new Signals();
    const storage = startStorageWorker();
    try {
      const {runServer} = await import('./server.ts');
      settle();
      return await runServer(line.flags, signals, storage);
    } finally {
      await storage.terminate();
    }
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
    return complain(`Error parsing command line arguments: ${error.message}`, error.exitCode);
  }
}

async function alertmanager(args: string[]): Promise<number> {
  try {
    const line = parseAlertmanagerFlags(args);
    if (line.kind === 'help') {
      const about = 'The Narthex alertmanager. It takes the flags of Alertmanager.';
      process.stdout.write(
        formatHelp('narthex alertmanager', about, alertmanagerFlagSpecs, process.stdout.columns),
      );
      return 0;
    }
    if (line.kind === 'version') {
      process.stdout.write(formatVersion('alertmanager'));
      return 0;
    }
    const signals = new Signals();
    const {runAlertmanager} = await import('./alertmanager/program.ts');
    settle();
    return await runAlertmanager(line.flags, signals);
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
    return complain(`error: ${error.message}`, error.exitCode);
  }
}

async function tool(args: string[]): Promise<number> {
  const {runTool} = await import('./tool/tool.ts');
  return await runTool(args);
}

/** What a program that stays does besides: its next start is faster, and what this one needed is given back. */
function settle(): void {
  // Compiled code is written when Node ends, which a server does rarely and not always in peace.
  setTimeout(flushCompileCache, cacheFlushDelayMs).unref();
  keepResidentSmall();
}

const aboutServer = `The Narthex monitoring server. It takes the flags of Prometheus.\nOther commands: narthex help.`;

function commandsHelp(): string {
  let text = 'usage: narthex [<command>] [<flags>]\n\nCommands:\n';
  for (const [name, {about, run}] of Object.entries(commands))
    text += `  ${name.padEnd(16)}${about}${run === undefined ? ' (not there yet)' : ''}\n`;
  return `${text}\nnarthex <command> --help shows the flags of a command.\n`;
}

function complain(message: string, exitCode: number): number {
  process.stderr.write(`narthex: ${message}\nTry narthex --help.\n`);
  return exitCode;
}

if (import.meta.main) {
  // Not process.exit(): what is being written to stdout and stderr is written to its end.
  process.exitCode = await main(process.argv.slice(2));
}
