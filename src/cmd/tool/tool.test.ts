import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type TestContext} from 'node:test';
import {alignColumns, formatGoDuration} from './output.ts';
import {analyzeBlock} from './tsdbanalyze.ts';
import {benchmarkWrite, readSeries} from './tsdbbench.ts';
import {createBlocks} from './tsdbcreate.ts';
import {dump, type DumpFormat} from './tsdbdump.ts';
import {listBlocks} from './tsdblist.ts';
import {repairDirectory} from './tsdbrepair.ts';
import {verifyBlocks} from './tsdbverify.ts';

const text = `# TYPE a counter
a_total{x="1"} 1 1700000000
a_total{x="1"} 2.5 1700000015.5
a_total{x="<é>"} 1e9 1700000000
a_total{x="1"} 3 1700010000
# TYPE b gauge
b{y="a\\"b"} NaN 1700000001
# EOF
`;

class Collected {
  text = '';

  write(part: string): void {
    this.text += part;
  }
}

function makeFolder(context: TestContext): {dir: string; created: string} {
  const dir = mkdtempSync(join(tmpdir(), 'narthex-tool-'));
  context.after(() => rmSync(dir, {recursive: true, force: true}));
  const input = join(dir, 'input.om');
  writeFileSync(input, text);
  const output = new Collected();
  const data = join(dir, 'data');
  createBlocks(
    {
      input,
      outputDir: data,
      humanReadable: false,
      quiet: false,
      blockMsMax: 7_200_000,
      labels: {extra: 'e'},
    },
    output,
  );
  return {dir: data, created: output.text};
}

async function dumped(dir: string, format: DumpFormat, match = ["{__name__=~'(?s:.*)'}"]): Promise<string> {
  const output = new Collected();
  await dump({dir, sandboxRoot: '', mint: -(2 ** 63), maxt: 2 ** 63, match, format}, output);
  return output.text;
}

test('createBlocks() makes a block for each two hours in which there is something, and lists them', (context) => {
  const {dir, created} = makeFolder(context);
  const lines = created.split('\n');
  assert.equal(lines.length, 4);
  assert.match(
    lines[0]!,
    /^BLOCK ULID {18}MIN TIME {7}MAX TIME {7}DURATION {5}NUM SAMPLES {2}NUM CHUNKS {3}NUM SERIES {3}SIZE$/,
  );
  assert.match(
    lines[1]!,
    /^[0-9A-Z]{26} {2}1700000000000 {2}1700000015501 {2}15.501s {6}4 {12}3 {12}3 {12}\d+$/,
  );
  assert.match(
    lines[2]!,
    /^[0-9A-Z]{26} {2}1700010000000 {2}1700010000001 {2}1ms {10}1 {12}1 {12}1 {12}\d+$/,
  );
  const output = new Collected();
  listBlocks(dir, false, output);
  assert.equal(output.text.split('\n').length, 4);
});

test('dump() prints samples, labels, or OpenMetrics', async (context) => {
  const {dir} = makeFolder(context);
  assert.equal(
    await dumped(dir, 'prom'),
    `{__name__="a_total", extra="e", x="1"} 1 1700000000000
{__name__="a_total", extra="e", x="1"} 2.5 1700000015500
{__name__="a_total", extra="e", x="1"} 3 1700010000000
{__name__="a_total", extra="e", x="<é>"} 1e+09 1700000000000
{__name__="b", extra="e", y="a\\"b"} NaN 1700000001000
`,
  );
  assert.equal(
    await dumped(dir, 'seriesjson', ['{x!=""}', '{y=""}']),
    `{"__name__":"a_total","extra":"e","x":"1"}
{"__name__":"a_total","extra":"e","x":"\\u003cé\\u003e"}
`,
  );
  assert.equal(
    await dumped(dir, 'openmetrics', ['b', '{x="1"}']),
    `a_total{extra="e",x="1"} 1 1700000000.000
a_total{extra="e",x="1"} 2.5 1700000015.500
a_total{extra="e",x="1"} 3 1700010000.000
b{extra="e",y="a\\"b"} NaN 1700000001.000
# EOF
`,
  );
  assert.ok(!readdirSync(dir).some((name) => name.startsWith('tmp')), 'the sandbox is gone');
});

test('analyzeBlock() counts labels', (context) => {
  const {dir} = makeFolder(context);
  const [first] = readdirSync(dir).sort();
  const output = new Collected();
  analyzeBlock({dir, ulid: first!, limit: 1, extended: true, match: ''}, output);
  assert.equal(
    output.text.slice(output.text.indexOf('\n') + 1),
    `Duration: 15.501s
Total Series: 3
Label names: 4
Postings (unique label pairs): 6
Postings entries (total label pairs): 9

Label pairs most involved in churning:
2 extra=e

Label names most involved in churning:
2 __name__

Most common label pairs:
3 extra=e

Label names with highest cumulative label value length:
8 __name__

Highest cardinality labels:
2 __name__

Highest cardinality metric names:
2 a_total

Compaction analysis:

samples per float chunk (min/avg/max): 1/1/2
[ 1, 10]: 3 ####################################################################################################
[11, 20]: 0 

bytes per float chunk (min/avg/max): 16/18/22
[11, 20]: 2 ##################################################################
[21, 30]: 1 #################################
[31, 40]: 0 

samples per histogram chunk: N/A

bytes per histogram chunk: N/A

buckets per histogram chunk: N/A

`,
  );
});

test('verifyBlocks() says what is wrong, and where', (context) => {
  const {dir} = makeFolder(context);
  const sound = new Collected();
  assert.ok(verifyBlocks(dir, sound));
  assert.match(sound.text, /^[0-9A-Z]{26}: OK, 3 series, 3 chunks, 4 samples\n[0-9A-Z]{26}: OK, 1 series/);
  const [first, second] = readdirSync(dir).sort();
  const path = join(dir, first!, 'chunks/000001');
  const bytes = readFileSync(path);
  bytes[12]! ^= 1;
  writeFileSync(path, bytes);
  const meta = join(dir, second!, 'meta.json');
  writeFileSync(meta, readFileSync(meta, 'utf8').replace('"numSeries": 1', '"numSeries": 2'));
  const damaged = new Collected();
  assert.ok(!verifyBlocks(dir, damaged));
  assert.match(
    damaged.text,
    /: 3 problems\n {2}series \d+, chunk 0: cannot read .*000001 at byte 8: checksum mismatch/,
  );
  assert.match(damaged.text, /: 1 problems\n {2}meta.json says 2 series, there are 1\n/);
});

test('repairDirectory() says what is lost, saves the rest, and keeps the damaged block', async (context) => {
  const {dir} = makeFolder(context);
  const [first, second] = readdirSync(dir).sort();
  const path = join(dir, first!, 'chunks/000001');
  const bytes = readFileSync(path);
  bytes[12]! ^= 1;
  writeFileSync(path, bytes);
  const dry = new Collected();
  assert.equal(await repairDirectory(dir, {dryRun: true}, dry), false);
  const lost = String.raw`  lost: {__name__="a_total", extra="e", x="1"}, 1700000000000 to 1700000015500: cannot read \S+ at byte 8: checksum mismatch \S+, \S+`;
  const escaped = lost.replaceAll('{', String.raw`\{`).replaceAll('}', String.raw`\}`);
  assert.match(
    dry.text,
    new RegExp(
      `^${first}: damaged\n${escaped}\n  can be saved: 2 series, 2 chunks, 2 samples\n${second}: OK\n$`,
    ),
  );
  assert.deepEqual(readdirSync(dir).sort(), [first, second]);
  const output = new Collected();
  assert.equal(await repairDirectory(dir, {dryRun: false}, output), false);
  assert.match(
    output.text,
    /\n {2}saved as [0-9A-Z]{26}: 2 series, 2 chunks, 2 samples\n {2}the damaged block is in/,
  );
  assert.deepEqual(readdirSync(join(dir, 'damaged')), [first]);
  const verified = new Collected();
  assert.ok(verifyBlocks(dir, verified), verified.text);
  const again = new Collected();
  assert.ok(await repairDirectory(dir, {dryRun: false}, again));
  assert.match(again.text, /^(\w+: OK\n){2}$/);
});

test('a tool waits for whoever reads its output, and ends with them', (context) => {
  const dir = mkdtempSync(join(tmpdir(), 'narthex-tool-'));
  context.after(() => rmSync(dir, {recursive: true, force: true}));
  const input = join(dir, 'input.om');
  const lines = Array.from(
    {length: 20_000},
    (_, i) => `a{text="${'x'.repeat(100)}"} ${i} ${1_700_000_000 + i / 10}`,
  );
  writeFileSync(input, `# TYPE a gauge\n${lines.join('\n')}\n# EOF\n`);
  const data = join(dir, 'data');
  const common = {humanReadable: false, quiet: true, blockMsMax: 7_200_000, labels: {}};
  createBlocks({input, outputDir: data, ...common}, new Collected());
  const launcher = join(import.meta.dirname, '../../../bin/narthex');
  const piped = (reader: string): string =>
    execFileSync('sh', ['-c', `"${launcher}" tool tsdb dump "${data}" | (sleep 0.3; ${reader})`], {
      encoding: 'utf8',
    }).trim();
  assert.equal(piped('wc -l'), '20000');
  assert.match(piped('head -n 1'), /^\{__name__="a", text="x+"\} 0 1700000000000$/);
});

test('readSeries() takes each series of lines of labels once, up to a number', () => {
  const lines =
    '{"__name__":"a","z":"1","b":"x:y"}\n{"b":"x","__name__":"a","z":"1"}\n\n{"__name__":"c"}\r\n';
  const a = ['__name__', 'a', 'b', 'x', 'z', '1'];
  assert.deepEqual(readSeries(lines, 10), [a, ['__name__', 'c']]);
  assert.deepEqual(readSeries(lines, 1), [a]);
  assert.throws(() => readSeries('{"a"}', 1), /cannot read the label "a"/);
});

test('benchmarkWrite() appends all scrapes and says how fast, and removes nothing but what it has made', async (context) => {
  const dir = mkdtempSync(join(tmpdir(), 'narthex-tool-'));
  context.after(() => rmSync(dir, {recursive: true, force: true}));
  const file = join(dir, 'series.json');
  const line = (i: number): string => `{"__name__":"metric","i":"${i}"}`;
  writeFileSync(file, Array.from({length: 1500}, (_, i) => line(i)).join('\n'));
  const options = {file, metrics: 1200, scrapes: 150, log: {level: 'error', format: 'logfmt'}} as const;
  for (let run = 0; run < 2; run++) {
    const output = new Collected();
    await benchmarkWrite({...options, out: join(dir, 'out')}, output);
    const stage = (name: string, inside = ''): string =>
      `>> start stage=${name}\\n${inside}>> completed stage=${name} duration=[\\d.]+m?s\\n`;
    assert.match(
      output.text,
      new RegExp(
        `^${stage('readData')}${stage('ingestScrapes', 'ingestion completed\\n')} > total samples: 240000\\n > samples/sec: [\\d.e+]+\\n${stage('stopStorage')}$`,
      ),
    );
    assert.deepEqual(readdirSync(join(dir, 'out')), ['cpu.cpuprofile', 'mem.heapprofile', 'storage']);
  }
  const refused = benchmarkWrite({...options, out: dir}, new Collected());
  await assert.rejects(refused, /no benchmark has written/);
  assert.ok(readdirSync(dir).includes('series.json'));
});

test('alignColumns() and formatGoDuration()', () => {
  assert.equal(
    alignColumns([
      ['a', 'b'],
      ['a longer cell', 'c'],
    ]),
    'a              b\na longer cell  c\n',
  );
  function f(ms: number, expected: string): void {
    assert.equal(formatGoDuration(ms), expected);
  }
  f(0, '0s');
  f(11, '11ms');
  f(1500, '1.5s');
  f(60_000, '1m0s');
  f(7_200_000, '2h0m0s');
  f(6_390_011, '1h46m30.011s');
  f(-1000, '-1s');
});
