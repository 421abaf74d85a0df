import assert from 'node:assert/strict';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'node:test';
import {noLogger, type LogFields, type Logger} from '../sys/log.ts';
import {Configuration} from './configuration.ts';
import {parseServerFlags, type ServerFlags} from './server-flags.ts';

function flagsOf(...args: string[]): ServerFlags {
  const line = parseServerFlags(args);
  assert.ok(line.kind === 'run');
  return line.flags;
}

/** Takes down what is logged, with its file name. */
function recorder(): {logger: Logger; lines: string[]} {
  const lines: string[] = [];
  const add = (msg: string, fields?: LogFields): void => {
    const filename = fields?.['filename'];
    lines.push(filename === undefined ? msg : `${msg} ${filename as string}`);
  };
  return {logger: {...noLogger, info: add, warn: add}, lines};
}

test('Configuration names no file where a reload makes the quickstart configuration', async () => {
  const {logger, lines} = recorder();
  const flags = {...flagsOf(), configFile: '/nonexistent/prometheus.yml'};
  const configuration = new Configuration({flags, listenPort: 1, logger});
  assert.ok(configuration.quickstart);
  await configuration.load();
  await configuration.reload(() => Promise.resolve());
  assert.deepEqual(lines, [
    'Making the quickstart configuration again',
    'The quickstart configuration is in use',
  ]);
});

test('Configuration names the file that a reload reads, and its warnings', async () => {
  const {logger, lines} = recorder();
  const folder = mkdtempSync(join(tmpdir(), 'narthex-configuration-'));
  const file = join(folder, 'p.yml');
  try {
    writeFileSync(file, '');
    const configuration = new Configuration({flags: flagsOf(`--config.file=${file}`), listenPort: 1, logger});
    await configuration.load();
    writeFileSync(file, 'storage: {tsdb: {retention: {size: 1GB, percentage: 3}}}\n');
    await configuration.reload(() => Promise.resolve());
    assert.deepEqual(lines, [
      `Loading configuration file ${file}`,
      'storage.tsdb.retention.size is ignored, because storage.tsdb.retention.percentage is specified',
      `Completed loading of configuration file ${file}`,
    ]);
  } finally {
    rmSync(folder, {recursive: true, force: true});
  }
});
