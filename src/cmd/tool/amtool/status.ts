import type {FlagValues} from '../../flags.ts';
import type {Output} from '../output.ts';
import {type ApiStatus, withClient} from './client.ts';
import {printCluster, printConfig} from './format.ts';

/** `config show`: gives the exit code. */
export async function showConfig(flags: FlagValues, output: Output): Promise<number> {
  printConfig(await statusOf(flags), flags, output);
  return 0;
}

/** `cluster show`: gives the exit code. */
export async function showCluster(flags: FlagValues, output: Output): Promise<number> {
  printCluster(await statusOf(flags), flags, output);
  return 0;
}

export function statusOf(flags: FlagValues): Promise<ApiStatus> {
  return withClient(flags, (client) => client.ask<ApiStatus>('/status'));
}
