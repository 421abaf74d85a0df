// Data folders that Narthex and Prometheus share: what is in them, as either sees it.
import assert from 'node:assert/strict';
import {loadKernels} from '../../src/kernels/kernels.ts';
import {LinearMemory} from '../../src/kernels/memory.ts';
import {labelsOf} from '../../src/model/labels.ts';
import {noLogger} from '../../src/sys/log.ts';
import {Db, type DbOptions} from '../../src/tsdb/db.ts';
import {dumpHead} from './head-dump.ts';
import type {StartedServer} from './narthex.ts';

/** `time value` of each sample, by `JSON.stringify(labels)`. */
export type Contents = Map<string, string[]>;

export function contentsOf(db: Db): Contents {
  const contents: Contents = new Map();
  for (const [labels, {times, values}] of dumpHead(db.head)) {
    contents.set(
      labels,
      times.map((time, i) => `${time} ${values[i]}`),
    );
  }
  return contents;
}

export async function contentsOfServer(server: StartedServer): Promise<Contents> {
  const parameters = new URLSearchParams({
    query: '{__name__=~"metric.*"}[3h]',
    time: String(Date.now() / 1000),
  });
  const answer = (await (await fetch(`${server.url}/api/v1/query?${parameters.toString()}`)).json()) as {
    data: {result: {metric: Record<string, string>; values: [number, string][]}[]};
  };
  const contents: Contents = new Map();
  for (const {metric, values} of answer.data.result) {
    contents.set(
      JSON.stringify(labelsOf(metric)),
      values.map(([seconds, text]) => `${Math.round(seconds * 1000)} ${Number(text)}`),
    );
  }
  return contents;
}

export function assertSame(actual: Contents, expected: Contents): void {
  assert.ok(expected.size > 0);
  assert.deepEqual([...actual.keys()].sort(), [...expected.keys()].sort());
  for (const [labels, lines] of expected) assert.deepEqual(actual.get(labels), lines, labels);
}

export function openDb(dir: string, options: Partial<DbOptions> = {}): Promise<Db> {
  const memory = LinearMemory.reserve(2 ** 28);
  return Db.open({dir, memory, kernels: loadKernels(memory), log: noLogger, ...options});
}
