// Targets that misbehave beside targets that do not: the good ones lose no sample.
import assert from 'node:assert/strict';
import {createServer, type Server, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import test from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {query, startNarthex} from '../lib/narthex.ts';

const goodTargets = 50;
const seconds = Number(process.env['NARTHEX_BAD_TARGETS_SECONDS'] ?? 12);

test('a target with a million lines, one that hangs and one that sends garbage do not disturb fifty good ones', async () => {
  const good = await listen((response, path) => {
    response.setHeader('content-type', 'text/plain; version=0.0.4');
    let body = '# TYPE good_total counter\n';
    for (let i = 0; i < 20; i++)
      body += `good_total{target="${path.slice(1)}",i="${i}"} ${Math.floor(Date.now() / 1000)}\n`;
    response.end(body);
  });
  const million = await listen(sendMillionLines);
  const hanging = await listen(() => {});
  const garbage = await listen((response) => {
    response.setHeader('content-type', 'text/plain; version=0.0.4');
    response.end(Buffer.from('fine 1\nnot a metric line at all {{{ \xff\xfe 12\n', 'latin1'));
  });
  const jobs = Array.from({length: goodTargets}, (_, i) => job(`good${i}`, good.address, `/good${i}`));
  jobs.push(
    job('million', million.address),
    job('hanging', hanging.address),
    job('garbage', garbage.address),
  );
  const config = `global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs:\n${jobs.join('')}`;
  const narthex = await startNarthex({config});
  try {
    await sleep(seconds * 1000);
    const now = Date.now() / 1000;
    // Whole scrapes that lie between the first and the last second: as many as seconds, for each good target.
    const window = seconds - 3;
    const up = await query(narthex.url, `count_over_time(up{job=~"good.*"}[${window}s])`, {
      time: String(now - 1),
    });
    assert.equal(up.data.result.length, goodTargets);
    for (const {metric, value} of up.data.result) {
      // An interval of n seconds, closed on one side, holds n scrapes, one more or less as the clocks tick.
      assert.ok(
        Number(value[1]) >= window - 1,
        `${metric['job']} was scraped ${value[1]} times in ${window} s`,
      );
    }
    const lost = await query(
      narthex.url,
      `min(sum_over_time(up{job=~"good.*"}[${window}s]) / count_over_time(up{job=~"good.*"}[${window}s]))`,
    );
    assert.equal(lost.data.result[0]?.value[1], '1', 'no scrape of a good target failed');
    const gaps = await query(narthex.url, `min(count_over_time(good_total[${window}s]))`, {
      time: String(now - 1),
    });
    assert.ok(
      Number(gaps.data.result[0]?.value[1]) >= window - 1,
      `samples of a good series in ${window} s: ${gaps.data.result[0]?.value[1]}`,
    );

    const targets = (await (await fetch(`${narthex.url}/api/v1/targets`)).json()) as {
      data: {activeTargets: {scrapePool: string; health: string; lastError: string}[]};
    };
    const byPool = new Map(targets.data.activeTargets.map((target) => [target.scrapePool, target]));
    assert.equal(byPool.get('hanging')?.health, 'down');
    assert.match(byPool.get('hanging')!.lastError, /deadline exceeded|timeout/i);
    assert.equal(byPool.get('garbage')?.health, 'down');
    assert.match(byPool.get('garbage')!.lastError, /line 2|invalid UTF-8/i);
    // Nothing of a broken body is stored.
    assert.deepEqual((await query(narthex.url, 'fine')).data.result, []);
  } finally {
    await narthex.stop();
    for (const {server} of [good, million, hanging, garbage]) {
      server.closeAllConnections();
      server.close();
    }
  }
});

function job(name: string, address: string, path = '/metrics'): string {
  return `  - {job_name: ${name}, metrics_path: ${path}, static_configs: [{targets: ['${address}']}]}\n`;
}

async function listen(
  answer: (response: ServerResponse, path: string) => void,
): Promise<{server: Server; address: string}> {
  const server = createServer((request, response) => {
    response.on('error', () => response.destroy());
    answer(response, request.url ?? '/');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {server, address: `127.0.0.1:${(server.address() as AddressInfo).port}`};
}

const millionLines: Buffer[] = [];

function sendMillionLines(response: ServerResponse): void {
  if (millionLines.length === 0) {
    for (let part = 0; part < 100; part++) {
      let text = '';
      for (let i = 0; i < 10_000; i++) text += `million_lines{i="${part * 10_000 + i}"} ${i}\n`;
      millionLines.push(Buffer.from(text));
    }
  }
  response.setHeader('content-type', 'text/plain; version=0.0.4');
  let part = 0;
  const more = (): void => {
    while (part < millionLines.length)
      if (!response.write(millionLines[part++]!)) return void response.once('drain', more);
    response.end();
  };
  more();
}
