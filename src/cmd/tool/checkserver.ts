import type {Output} from './output.ts';
import {openServer, type ServerAddress} from './serverclient.ts';

export interface CheckServerOptions extends ServerAddress {
  endpoint: '/-/healthy' | '/-/ready';
}

const timeoutMs = 10_000;

/** Asks a server how it is. Gives the exit code. */
export async function checkServer(options: CheckServerOptions, errors: Output): Promise<number> {
  const {client, base} = openServer(options);
  try {
    const url = `${base}${options.endpoint}`;
    const answer = await client.get(url, {timeoutMs, signal: new AbortController().signal});
    if (answer.status !== 200) throw new Error(`check failed: URL=${options.url}, status=${answer.status}`);
    errors.write(`  SUCCESS:  ${answer.text}\n`);
    return 0;
  } finally {
    await client.close();
  }
}
