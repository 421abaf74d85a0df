import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {basename, join} from 'node:path';
import test from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {kernelsBase64} from '../src/kernels/kernels.wasm.ts';
import {buildServer, requireBuiltins} from './build-server.ts';
import {freePort} from './programs.ts';

const root = join(import.meta.dirname, '..');

test('the bundle serves and starts again, with all its threads', {timeout: 120_000}, async (t) => {
  mkdirSync(join(root, 'dist'), {recursive: true});
  const target = mkdtempSync(join(root, 'dist/test-'));
  const folder = mkdtempSync(join(tmpdir(), 'narthex-bundle-'));
  t.after(() => [target, folder].forEach((each) => rmSync(each, {recursive: true, force: true})));
  await buildServer(target);
  const kernels = kernelsBase64.slice(0, 100);
  const parts = globSync('*.js', {cwd: target}).map((each) => readFileSync(join(target, each), 'utf8'));
  assert.ok(!parts.some((part) => part.includes(kernels)), 'the kernels are no text');
  const asks = parts.filter((part) => part.includes('./re2.js'));
  assert.ok(
    asks.length === 1 && !/\bfrom\s*["']\.\/re2\.js/.test(asks[0]!),
    're2.js is loaded when asked for',
  );
  const port = await freePort();
  writeFileSync(join(folder, 'prometheus.yml'), config.replace('PORT', String(port)));
  // The second start reads the log of the first.
  for (const samplesMin of [2, 6]) {
    const child = spawn(process.execPath, [
      join(target, 'main.js'),
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--web.enable-lifecycle',
    ]);
    let log = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text));
    t.after(() => child.kill('SIGKILL'));
    const ended = new Promise((resolve) => child.on('exit', resolve));
    const base = `http://127.0.0.1:${port}`;
    while ((await countSamples(base)) < samplesMin) await sleep(100);
    await fetch(`${base}/-/quit`, {method: 'POST'});
    assert.equal(await ended, 0);
    checkSources(log);
  }
});

test('the bundle takes what it needs of the modules of Node', () => {
  const f = (code: string): string => requireBuiltins(code).code;
  assert.equal(
    f('import { createHash, sign as makeSignature } from "node:crypto";\nimport http from "node:http";'),
    'const { createHash, sign: makeSignature } = process.getBuiltinModule("node:crypto");\nconst http = process.getBuiltinModule("node:http");',
  );
  assert.equal(
    f('import * as os from "node:os";\nimport { a } from "./a.js";'),
    'const os = process.getBuiltinModule("node:os");\nimport { a } from "./a.js";',
  );
  assert.equal(
    f(
      'import http, { STATUS_CODES as codes } from "node:http";import $,{isIP}from"node:net";'.replace(
        ';',
        ';\n',
      ),
    ),
    'const http = process.getBuiltinModule("node:http"), { STATUS_CODES: codes } = process.getBuiltinModule("node:http");\n' +
      'const $ = process.getBuiltinModule("node:net"), {isIP} = process.getBuiltinModule("node:net");',
  );
  assert.throws(
    () => f('import http, * as all from "node:http";'),
    /an import of one of Node's modules stays/,
  );
});

/** Log lines name the line of the source that has written them. */
function checkSources(log: string): void {
  const sources = globSync('src/**/*.ts', {cwd: root});
  const lines = log.matchAll(/ level=\w+ source=(\S+):(\d+) msg=("(?:[^"\\]|\\.)*"|\S+)/g);
  const files = new Set<string>();
  for (const [text, name, line, msg] of lines) {
    const texts = sources
      .filter((path) => basename(path) === name)
      .map((path) =>
        readFileSync(join(root, path), 'utf8')
          .split('\n')
          .slice(Number(line) - 1),
      );
    // Some begin with what varies, such as the name of a log; none is longer than a few lines.
    const words = msg!.replaceAll('"', '').split(' ').slice(-2).join(' ');
    const isCall = (each: string[]): boolean =>
      /\.(?:debug|info|warn|error)\(/.test(each[0]!) && each.slice(0, 4).join('\n').includes(words);
    assert.ok(texts.some(isCall), text);
    files.add(name!);
  }
  // Of the main thread and of the one that stores.
  for (const name of ['server.ts', 'replay.ts']) assert.ok(files.has(name), `${name} in\n${log}`);
}

const config = `
global: {scrape_interval: 500ms}
scrape_configs: [{job_name: self, static_configs: [{targets: ['127.0.0.1:PORT']}]}]
`;

async function countSamples(base: string): Promise<number> {
  try {
    const answer = await fetch(`${base}/api/v1/query?query=count_over_time(up[1m])`);
    const {data} = (await answer.json()) as {data: {result: {value: [number, string]}[]}};
    return Number(data.result[0]?.value[1] ?? 0);
  } catch {
    return 0; // Not there yet.
  }
}
