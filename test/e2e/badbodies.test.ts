// Answers of targets that are no good: what the scrape says of them, and that the target beside them does not notice.
import assert from 'node:assert/strict';
import {once} from 'node:events';
import {createServer, type AddressInfo, type Server, type Socket} from 'node:net';
import test from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {gzipSync} from 'node:zlib';
import {query, startNarthex} from '../lib/narthex.ts';

const deadlineMs = 20_000;
const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n';

interface Bad {
  answer: (socket: Socket) => void;
  /** What lastError says; null = the target is up. */
  error: RegExp | null;
  settings?: string;
}

const text = (body: string | Buffer, headers = head): Bad['answer'] => {
  return (socket) => socket.end(Buffer.concat([Buffer.from(`${headers}\r\n`), Buffer.from(body)]));
};

/** Keeps sending as fast as it is taken. */
function flood(socket: Socket): void {
  const part = Buffer.alloc(1 << 18, '# this never ends\n');
  const more = (): void => {
    while (!socket.destroyed && socket.write(part));
  };
  socket.on('drain', more);
  socket.write(`${head}\r\n`);
  more();
}

function drip(socket: Socket): void {
  socket.write(`${head}\r\n`);
  const timer = setInterval(() => socket.write('d'), 50);
  socket.on('close', () => clearInterval(timer));
}

const gone = /EOF/;
const bad: Record<string, Bad> = {
  contentType: {
    answer: text('a 1\n', 'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n'),
    error: /unsupported Content-Type "text\/html"/,
  },
  noContentType: {answer: text('a 1\n', 'HTTP/1.1 200 OK\r\n'), error: /blank Content-Type/},
  cutChunk: {answer: text('4\r\na 1\n\r\nff\r\nb', `${head}Transfer-Encoding: chunked\r\n`), error: gone},
  cutLength: {answer: text('a 1\n', `${head}Content-Length: 99\r\n`), error: gone},
  reset: {answer: (socket) => void socket.resetAndDestroy(), error: /connection reset/},
  resetInBody: {
    answer: (socket) => {
      socket.write(`${head}\r\na 1\n`);
      setTimeout(() => socket.resetAndDestroy(), 50);
    },
    error: /connection reset/,
  },
  notHttp: {answer: (socket) => void socket.end('SSH-2.0-x\r\n'), error: /HTTP/},
  status: {answer: text('', 'HTTP/1.1 503 Busy\r\n'), error: /server returned HTTP status 503/},
  redirects: {
    answer: text('', 'HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n'),
    error: /stopped after 10 redirects/,
  },
  drip: {answer: drip, error: /deadline exceeded/},
  flood: {answer: flood, error: /deadline exceeded|body size limit exceeded/},
  bomb: {
    answer: text(gzipSync(Buffer.alloc(1 << 28, 'a 1\n')), `${head}Content-Encoding: gzip\r\n`),
    error: /body size limit exceeded/,
    settings: 'body_size_limit: 1MB',
  },
  badGzip: {answer: text('not gzip', `${head}Content-Encoding: gzip\r\n`), error: /gzip/},
  longLine: {answer: text(Buffer.alloc(1 << 22, 'x')), error: /line 1: the line is longer than/},
  badLine: {answer: text('a 1\nb {{{\n'), error: /line 2/},
  badValue: {answer: text('a 1\nb 2\nc x1\n'), error: /line 3: value "x1" is no number/},
  sampleLimit: {answer: text('a 1\nb 2\n'), error: /sample limit exceeded/, settings: 'sample_limit: 1'},
  labelLimit: {answer: text('a{b="1",c="2"} 1\n'), error: /label_limit exceeded/, settings: 'label_limit: 3'},
  noEof: {
    answer: text('a 1\n', 'HTTP/1.1 200 OK\r\nContent-Type: application/openmetrics-text; version=1.0.0\r\n'),
    error: /does not end with # EOF/,
  },
  http10: {answer: text('a 1\n', 'HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n'), error: null},
  duplicates: {answer: text('a{b="1"} 1\na{b="1"} 2\na{b="2"} 3\n'), error: null},
  future: {answer: text(`a 1 ${Date.now() + 86_400_000}\nb 2\n`), error: null},
};

interface Target {
  scrapePool: string;
  health: string;
  lastError: string;
}

test('broken answers fail their own scrapes only, and lastError says why', async () => {
  const servers: Server[] = [];
  const sockets = new Set<Socket>();
  const serve = async (answer: Bad['answer']): Promise<string> => {
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => socket.destroy());
      socket.once('data', () => answer(socket));
    });
    servers.push(server.listen(0, '127.0.0.1'));
    await once(server, 'listening');
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  let config = 'global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs:\n';
  const job = (name: string, address: string, settings = ''): string =>
    `  - job_name: ${name}\n    static_configs: [{targets: ['${address}']}]\n    ${settings}\n`;
  config += job('good', await serve(text('fine 1\n')));
  for (const [name, {answer, settings}] of Object.entries(bad))
    config += job(name, await serve(answer), settings);
  const narthex = await startNarthex({config});
  try {
    let targets: Target[] = [];
    const end = Date.now() + deadlineMs;
    do {
      await sleep(200);
      const response = await fetch(`${narthex.url}/api/v1/targets`);
      targets = ((await response.json()) as {data: {activeTargets: Target[]}}).data.activeTargets;
      assert.ok(Date.now() < end, 'every target is scraped in time');
    } while (targets.some(({health}) => health === 'unknown'));
    for (const {scrapePool, health, lastError} of targets) {
      const expected = bad[scrapePool]?.error ?? null;
      assert.equal(health, expected === null ? 'up' : 'down', `${scrapePool}: ${lastError}`);
      if (expected === null) assert.equal(lastError, '', scrapePool);
      else assert.match(lastError, expected, scrapePool);
    }
    assert.equal(targets.length, 1 + Object.keys(bad).length);
    // What was read before the fault is not stored either.
    const stored = await query(narthex.url, 'count by (job) ({__name__=~"[abc]"})');
    const jobs = stored.data.result.map(({metric}) => metric['job'] ?? '').sort((a, b) => (a < b ? -1 : 1));
    assert.deepEqual(jobs, ['duplicates', 'future', 'http10']);
    const good = await query(narthex.url, 'min_over_time(up{job="good"}[1m])');
    assert.equal(good.data.result[0]?.value[1], '1');
  } finally {
    await narthex.stop();
    for (const socket of sockets) socket.destroy();
    for (const server of servers) server.close();
  }
});
