import {statSync} from 'node:fs';
import type {HttpClientConfig} from '../../http/client-config.ts';
import {HttpClient} from '../../http/client.ts';
import {loadHttpConfig} from '../../http/client-file.ts';
import {systemClock} from '../../sys/clock.ts';
import type {Output} from './output.ts';

export interface CheckServerOptions {
  url: string;
  endpoint: '/-/healthy' | '/-/ready';
  /** '' = none. */
  httpConfigFile: string;
}

const timeoutMs = 10_000;

/** Asks a server how it is. Gives the exit code. */
export async function checkServer(options: CheckServerOptions, errors: Output): Promise<number> {
  const {endpoint, httpConfigFile} = options;
  const config: HttpClientConfig =
    httpConfigFile === '' ? {followRedirects: true} : loadHttpConfig(existing(httpConfigFile));
  const given = /^[a-z]+:\/\//i.test(options.url) ? options.url : `http://${options.url}`;
  if (!URL.canParse(given)) throw new SyntaxError(`parse "${options.url}": it is no URL`);
  const url = `${given.replace(/\/+$/, '')}${endpoint}`;
  const client = new HttpClient(config, () => systemClock.elapsed());
  try {
    const answer = await client.get(url, {timeoutMs, signal: new AbortController().signal});
    if (answer.status !== 200) throw new Error(`check failed: URL=${options.url}, status=${answer.status}`);
    errors.write(`  SUCCESS:  ${answer.text}\n`);
    return 0;
  } finally {
    await client.close();
  }
}

function existing(file: string): string {
  if (statSync(file, {throwIfNoEntry: false}) === undefined)
    throw new Error(`path '${file}' does not exist, try --help`);
  return file;
}
