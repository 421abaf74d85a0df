import assert from 'node:assert/strict';
import {execFileSync, spawnSync} from 'node:child_process';
import {mkdtempSync, openSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'node:test';
import {LogSink} from './log-sink.ts';

function withFile(body: (fd: number, text: () => string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'narthex-log-'));
  const file = join(folder, 'log');
  try {
    body(openSync(file, 'a'), () => readFileSync(file, 'utf8'));
  } finally {
    rmSync(folder, {recursive: true});
  }
}

test('LogSink writes a line at once in calm times', () => {
  withFile((fd, text) => {
    new LogSink(fd).write('a\n');
    assert.equal(text(), 'a\n');
  });
});

test('LogSink gathers lines in a storm and writes all of them, in order', () => {
  withFile((fd, text) => {
    const sink = new LogSink(fd);
    let expected = '';
    for (let i = 0; i < 5000; i++) {
      sink.write(`line ${i}\n`);
      expected += `line ${i}\n`;
    }
    sink.flushFinally();
    assert.equal(text(), expected);
  });
});

test('LogSink bounds what waits and says how much was dropped', () => {
  withFile((fd, text) => {
    const sink = new LogSink(fd);
    const line = `${'x'.repeat(9999)}\n`;
    for (let i = 0; i < 300; i++) sink.write(line);
    sink.flushFinally();
    const kept = text()
      .split('\n')
      .filter((each) => each.startsWith('x')).length;
    const dropped = Number(/narthex: (\d+) log lines were dropped/.exec(text())?.[1] ?? 0);
    assert.equal(kept + dropped, 300);
    assert.ok(dropped > 0, `${dropped} dropped`);
  });
});

test('LogSink survives a reader that went away', () => {
  const sink = new LogSink(1_000_000);
  sink.write('nobody reads this\n');
  sink.flushFinally();
});

const logModule = JSON.stringify(new URL('./log.ts', import.meta.url).href);

test('Logger has written everything when its thread exits, crashes or is a worker', () => {
  const storm = `const {createLogger} = await import(${logModule});
    const logger = createLogger({level: 'info', format: 'logfmt'});
    for (let i = 0; i < 1000; i++) logger.info('m', {i});`;
  const count = (code: string): number => {
    const {stderr} = spawnSync(process.execPath, ['--input-type=module', '-e', code], {encoding: 'utf8'});
    return stderr.split('\n').filter((line) => line.includes('msg=m i=')).length;
  };
  assert.equal(count(`${storm} process.exit(3)`), 1000);
  assert.equal(count(`${storm} throw new Error('crash')`), 1000);
  const worker = `import {Worker} from 'node:worker_threads';
    new Worker(new URL('data:text/javascript,' + encodeURIComponent(${JSON.stringify(storm)})));`;
  assert.equal(count(worker), 1000);
});

test('Logger does not lose lines to a slow pipe', () => {
  const code = `const {createLogger} = await import(${logModule});
    const logger = createLogger({level: 'info', format: 'logfmt'});
    for (let i = 0; i < 3000; i++) logger.info('m', {i});`;
  const script = `"$0" --input-type=module -e "$1" 2>&1 >/dev/null | (sleep 0.2; wc -l)`;
  const lines = execFileSync('sh', ['-c', script, process.execPath, code], {encoding: 'utf8'});
  assert.equal(Number(lines), 3000);
});
