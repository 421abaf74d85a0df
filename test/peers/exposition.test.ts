// Bodies that are well-formed, hardly so and not so, scraped by Narthex and by Prometheus side by side: both must take the
// same ones, and read the same series in them.
import assert from 'node:assert/strict';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import test from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {query, startNarthex, startPrometheus} from '../lib/narthex.ts';
import type {StartedServer} from '../lib/narthex.ts';

/** Characters up to U+00FF as one byte each. */
const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

const text = [
  'a 1\n',
  'a 1',
  'a  1\n',
  'a\t1\n',
  'a 1 \n',
  'a 1\t\n',
  'a 1 1000000000000\n',
  'a 1  1000000000000 \n',
  'a 1 -5\n',
  'a 1 1.5\n',
  'a 1 99999999999999999999\n',
  'a{} 1\n',
  'a{b="c"} 1\n',
  'a{b="c",} 1\n',
  'a{,} 1\n',
  'a{b="c",,} 1\n',
  'a{b="c" d="e"} 1\n',
  'a { b = "c" } 1\n',
  'a{b="c"}1\n',
  'a-1\n',
  'a+Inf\n',
  'a{b="c"}{d="e"} 1\n',
  'a{b="x\ny"} 1\n',
  'a{b="x\\ny\\"\\\\\\z"} 1\n',
  'a{b="\\\n"} 1\n',
  'a{b="unterminated} 1\n',
  "a{b='c'} 1\n",
  'a{b=c} 1\n',
  'a{="c"} 1\n',
  'a{b} 1\n',
  'a{b="1",b="2"} 1\n',
  'a{b="1",b="1"} 1\n',
  'a{__name__="z"} 1\n',
  '{__name__="z"} 1\n',
  '{"a","b"} 1\n',
  'a{"b"} 1\n',
  'a{""="x"} 1\n',
  'a nan\n',
  'a NAN\n',
  'a +nan\n',
  'a inf\n',
  'a +Infinity\n',
  'a -iNf\n',
  'a infin\n',
  'a 1e5\n',
  'a 1E5\n',
  'a 1e\n',
  'a .5\n',
  'a 5.\n',
  'a .\n',
  'a 0x10\n',
  'a 0x1p4\n',
  'a 1_000\n',
  'a 1e400\n',
  'a 1e-400\n',
  'a 1,5\n',
  'a 1f\n',
  'a 0b1\n',
  'a 0o7\n',
  'a 1e+5\n',
  'a ++1\n',
  'a -\n',
  'a 12345678901234567890123\n',
  '# HELP a x\na 1\n',
  '# HELP\na 1\n',
  '# HELP \na 1\n',
  '# HELP 1a x\na 1\n',
  '#HELP a x\na 1\n',
  '# TYPE a counter\na 1\n',
  '# TYPE a counter \na 1\n',
  '# TYPE a  counter\na 1\n',
  '# TYPE a\na 1\n',
  '# TYPE a bogus\na 1\n',
  '# TYPE a untyped\na 1\n',
  '# TYPE a unknown\na 1\n',
  '# TYPE a COUNTER\na 1\n',
  '# TYPE\na 1\n',
  '#\na 1\n',
  '# x\na 1\n',
  '#\tTYPE\ta\tgauge\na 1\n',
  '# UNIT a seconds\na 1\n',
  '# EOF\na 1\n',
  '# HELP a\\nb \\\\ x\na 1\n',
  '# TYPEa gauge\na 1\n',
  '  # TYPE a bogus\na 1\n',
  '# HELP a-b c\na 1\n',
  '# HELP a{b} c\na 1\n',
  '\na 1\n',
  '   \na 1\n',
  '\t\na 1\n',
  'a 1\n\n\n',
  'a 1\r\n',
  'a\r\n',
  '\r\na 1\n',
  'a 1\nb\n',
  '1a 1\n',
  '\u00e9 1\n',
  'a{\u00e9="1"} 1\n',
  'a:b 1\n',
  'a{b:c="1"} 1\n',
  'a{b="\u00e9"} 1\n',
  'a.b 1\n',
  'a{b.c="x"} 1\n',
  latin1('a{b="\u00ff"} 1\n'),
  latin1('# HELP a \u00ff\na 1\n'),
  latin1('# c \u00ff\na 1\n'),
  latin1('{"\u00ff"} 1\n'),
  latin1('{"a","\u00ff"="1"} 1\n'),
  'a{b="\u0000x"} 1\n',
  'a\u0000 1\n',
  '\ufeffa 1\n',
  'a 1\na 2\n',
  'a 1\na 1\n',
  'a 1 1000\n',
  'a{b=""} 1\n',
  'a 1 1 1\n',
  'a\n 1\n',
  'a{b="c"\n} 1\n',
  'a {b="c"} 1\n',
  'a{b="c"} 1 # x\n',
  'a{b="c"} 1 # {x="y"} 1\n',
  '',
  '\n',
  '# TYPE a gauge\na{quantile="1",le="1"} 1\n',
  'a{b="c"} 1{\n',
  'a 1{\n',
  '"a" 1\n',
  '{"a"="b"} 1\n',
  '{} 1\n',
  '{a="ok"} 1\n',
  'foo{a="b",} 1 123abc\n',
];

/** What only Prometheus 3 takes, or takes differently. */
const text3 = [
  '{"a"} 1\n',
  '{"a.b"} 1\n',
  '{"a.b",c="d"} 1\n',
  '{c="d","a.b"} 1\n',
  '{"a","b.c"="d"} 1\n',
  '{"a\\"q"} 1\n',
  '{"a\nb"} 1\n',
  '# TYPE "a.b" gauge\na 1\n',
  '# TYPE a histogram\na_bucket{le="1"} 1\na_bucket{le="+Inf"} 1\na_bucket{le="1000000"} 1\n',
  '# TYPE a summary\na{quantile="1"} 1\na{quantile="0.5"} 1\n',
  '{"a" } 1\n',
  '{ "a" , b="c" } 1\n',
  'a{"b"="c","d"="e"} 1\n',
];

const openMetrics = [
  'a 1\n# EOF\n',
  'a 1\n# EOF',
  'a 1\n',
  'a 1',
  '# EOF\n',
  '# EOF',
  '# EOF\n\n',
  '# EOF\na 1\n',
  '\n# EOF\n',
  'a 1\n\n# EOF\n',
  'a  1\n# EOF\n',
  'a 1 \n# EOF\n',
  'a 1  5\n# EOF\n',
  'a\t1\n# EOF\n',
  ' a 1\n# EOF\n',
  'a{b="c"} 1\n# EOF\n',
  'a{ b="c"} 1\n# EOF\n',
  'a{b="c" ,d="e"} 1\n# EOF\n',
  'a{b="c"d="e"} 1\n# EOF\n',
  'a{,} 1\n# EOF\n',
  'a{} 1\n# EOF\n',
  'a {b="c"} 1\n# EOF\n',
  'a{b="c"}1\n# EOF\n',
  'a 1 1.5\n# EOF\n',
  'a 1 1600000000.123\n# EOF\n',
  'a 1 -1\n# EOF\n',
  'a 1 nan\n# EOF\n',
  'a 1 +Inf\n# EOF\n',
  'a 1 x\n# EOF\n',
  'a 1 1e3\n# EOF\n',
  'a_total 1 # {x="y"} 1\n# EOF\n',
  'a_total 1 # {x="y"} 1 5.5\n# EOF\n',
  'a_total 1 5 # {x="y"} 1 5.5\n# EOF\n',
  'a_total 1 # {} 1\n# EOF\n',
  'a_total 1 # {x="y"}\n# EOF\n',
  'a_total 1 # {x="y"} z\n# EOF\n',
  'a_total 1 # {x="y"} 1 nan\n# EOF\n',
  'a_total 1 # {"x"} 1\n# EOF\n',
  'a_total 1 #{x="y"} 1\n# EOF\n',
  'a_total 1 # {x="y"} 1 1 1\n# EOF\n',
  'a_total 1 # {x="y" } 1\n# EOF\n',
  'a 1 # c\n# EOF\n',
  '# HELP a x\na 1\n# EOF\n',
  '# HELP a\na 1\n# EOF\n',
  '# HELP a \na 1\n# EOF\n',
  '#HELP a x\na 1\n# EOF\n',
  '#  HELP a x\na 1\n# EOF\n',
  '# x\na 1\n# EOF\n',
  '#\na 1\n# EOF\n',
  '# TYPE a counter\na_total 1\n# EOF\n',
  '# TYPE a  counter\na_total 1\n# EOF\n',
  '# TYPE a untyped\na 1\n# EOF\n',
  '# TYPE a unknown\na 1\n# EOF\n',
  '# TYPE a stateset\na 1\n# EOF\n',
  '# TYPE a gaugehistogram\na 1\n# EOF\n',
  '# TYPE a info\na 1\n# EOF\n',
  '# UNIT a_seconds seconds\na_seconds 1\n# EOF\n',
  '# UNIT a seconds\na 1\n# EOF\n',
  '# UNIT a \na 1\n# EOF\n',
  '# UNIT seconds seconds\na 1\n# EOF\n',
  '# HELP  a x\na 1\n# EOF\n',
  'a{b="x\ny"} 1\n# EOF\n',
  'a{"b"} 1\n# EOF\n',
  '{"a" ,b="c"} 1\n# EOF\n',
  'a{b="\\n\\"\\\\\\z"} 1\n# EOF\n',
  'a 1\r\n# EOF\n',
  'a 1\n# EOF\r\n',
  'a 1\n#EOF\n',
  'a 1\n# EOF x\n',
  '# TYPE a counter\na_total 1\na_created 123\n# EOF\n',
  'a 0x1\n# EOF\n',
  'a NaN\n# EOF\n',
  'a +Inf\n# EOF\n',
  'a 1_0\n# EOF\n',
  'a{b="1",b="2"} 1\n# EOF\n',
  'a 1\na 2\n# EOF\n',
  'a 1 1\na 2 2\n# EOF\n',
  latin1('a{b="\u00ff"} 1\n# EOF\n'),
  latin1('# HELP a \u00ff\na 1\n# EOF\n'),
  'a{b="c"} 1\n# EOF\n# EOF\n',
  '# EOFx\n',
  'a 1\n# HELP a x',
];

const openMetrics3 = [
  'a{b="c",} 1\n# EOF\n',
  'a_total 1 # {"x"="y"} 1\n# EOF\n',
  'a_total 1 # {x="y",} 1\n# EOF\n',
  '# TYPE "a.b" gauge\n{"a.b"} 1\n# EOF\n',
  '{"a\nb"} 1\n# EOF\n',
  '{"a.b"} 1\n# EOF\n',
  '{"a.b",c="d"} 1\n# EOF\n',
  '',
];

interface Page {
  contentType: string;
  body: string | Buffer;
}

/** What a server made of each page: `down`, or the series that it stored. */
async function verdicts(server: StartedServer, count: number): Promise<string[]> {
  const healths: string[] = Array.from({length: count}, () => 'unknown');
  for (let waited = 0; healths.includes('unknown'); waited++) {
    assert.ok(waited < 300, `${server.name} has scraped all pages within 30 s`);
    await sleep(100);
    const answer = (await (await fetch(`${server.url}/api/v1/targets`)).json()) as {
      data: {activeTargets: {scrapePool: string; health: string}[]};
    };
    for (const {scrapePool, health} of answer.data.activeTargets) healths[Number(scrapePool)] = health;
  }
  const series: string[][] = healths.map(() => []);
  const {data} = await query(server.url, '{job=~".+", __name__!~"up|scrape_.*"}');
  for (const {metric, value} of data.result) {
    const {job, instance: _instance, ...labels} = metric;
    series[Number(job)]!.push(`${JSON.stringify(labels, Object.keys(labels).sort())} ${value[1]}`);
  }
  return healths.map((health, i) => (health === 'up' ? series[i]!.sort().join('\n') : health));
}

async function majorVersion(server: StartedServer): Promise<number> {
  const answer = (await (await fetch(`${server.url}/api/v1/status/buildinfo`)).json()) as {
    data: {version: string};
  };
  return Number(answer.data.version.split('.')[0]);
}

test('Narthex takes the bodies that Prometheus takes, and reads the same in them', async () => {
  let pages: Page[] = [];
  const server = createServer((request, response) => {
    const {contentType, body} = pages[Number(request.url!.slice(1))]!;
    response.setHeader('content-type', contentType).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const page =
    (contentType: string) =>
    (body: string | Buffer): Page => ({contentType, body});
  const asText = page('text/plain; version=0.0.4');
  const asOpenMetrics = page('application/openmetrics-text; version=1.0.0; charset=utf-8');
  pages = [...text.map(asText), ...openMetrics.map(asOpenMetrics)];
  const common = pages.length;
  pages.push(...text3.map(asText), ...openMetrics3.map(asOpenMetrics));

  const target = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const jobs = pages.map(
    (_, i) => `  - {job_name: '${i}', metrics_path: /${i}, static_configs: [{targets: ['${target}']}]}`,
  );
  const config = `global: {scrape_interval: 2s, scrape_timeout: 2s}\nscrape_configs:\n${jobs.join('\n')}\n`;
  const prometheus = await startPrometheus({config});
  try {
    const expected = await verdicts(prometheus, pages.length);
    const version = await majorVersion(prometheus);
    const narthex = await startNarthex({config});
    try {
      const got = await verdicts(narthex, pages.length);
      const compared = version >= 3 ? pages.length : common;
      for (let i = 0; i < compared; i++) {
        assert.equal(
          got[i],
          expected[i],
          `${pages[i]!.contentType} ${JSON.stringify(pages[i]!.body.toString())}`,
        );
      }
    } finally {
      await narthex.stop();
    }
  } finally {
    await prometheus.stop();
    server.closeAllConnections();
    server.close();
  }
});
