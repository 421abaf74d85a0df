import {statSync} from 'node:fs';
import type {HttpClientConfig} from '../../http/client-config.ts';
import {loadHttpConfig} from '../../http/client-file.ts';
import {HttpClient} from '../../http/client.ts';
import {systemClock} from '../../sys/clock.ts';

/** The server that a tool talks to. */
export interface ServerAddress {
  url: string;
  /** '' = none. */
  httpConfigFile: string;
}

/** A client for the server, and the address to which paths are appended. Throws where the address or the file is none. */
export function openServer({url, httpConfigFile}: ServerAddress): {client: HttpClient; base: string} {
  const config: HttpClientConfig =
    httpConfigFile === '' ? {followRedirects: true} : loadHttpConfig(existing(httpConfigFile));
  const given = /^[a-z]+:\/\//i.test(url) ? url : `http://${url}`;
  if (!URL.canParse(given)) throw new SyntaxError(`parse "${url}": it is no URL`);
  return {client: new HttpClient(config, () => systemClock.elapsed()), base: given.replace(/\/+$/, '')};
}

function existing(file: string): string {
  if (statSync(file, {throwIfNoEntry: false}) === undefined)
    throw new Error(`path '${file}' does not exist, try --help`);
  return file;
}
