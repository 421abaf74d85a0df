import assert from 'node:assert/strict';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type TestContext} from 'node:test';
import {Symbols} from '../../storage/symbols.ts';
import {noLogger} from '../../sys/log.ts';
import {BlockQuerier} from '../../tsdb/block/querier.ts';
import {readAll} from '../../tsdb/block/testing/blocks.ts';
import {createRuleBlocks, type CreateRuleBlocksOptions} from './createrules.ts';
import {makeScratch, openBlocks} from './readonlydb.ts';

interface Asked {
  query: string;
  start: string;
  end: string;
  step: string;
}

/** A server whose series have the time as value. It refuses the query `wrong`. */
async function serve(context: TestContext): Promise<{url: string; asked: Asked[]}> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      const form = Object.fromEntries(new URLSearchParams(body)) as unknown as Asked;
      asked.push(form);
      response.statusCode = form.query === 'wrong' ? 400 : 200;
      response.end(JSON.stringify(answerTo(form)));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => server.close().closeAllConnections());
  return {url: `127.0.0.1:${(server.address() as AddressInfo).port}/`, asked};
}

function answerTo({query, start, end, step}: Asked): unknown {
  if (query === 'wrong') return {status: 'error', errorType: 'bad_data', error: 'so it is'};
  const values: [number, string][] = [];
  for (let time = Math.round(Number(start) * 1000) / 1000; time <= Number(end); time += Number(step))
    values.push([time, String(time)]);
  return {status: 'success', data: {resultType: 'matrix', result: [{metric: {b: 'c', gone: 'x'}, values}]}};
}

function makeFolder(context: TestContext, rules: string): {dir: string; file: string} {
  const dir = mkdtempSync(join(tmpdir(), 'narthex-createrules-'));
  context.after(() => rmSync(dir, {recursive: true, force: true}));
  const file = join(dir, 'rules.yml');
  writeFileSync(file, rules);
  return {dir, file};
}

async function run(options: Partial<CreateRuleBlocksOptions>): Promise<{code: number; errors: string}> {
  let errors = '';
  const code = await createRuleBlocks(
    {
      url: '',
      httpConfigFile: '',
      files: [],
      outputDir: '',
      startMs: 1_700_000_000_000,
      endMs: 1_700_010_000_000,
      intervalMs: 60_000,
      blockMsMax: 0,
      ...options,
    },
    {errors: {write: (text) => (errors += text)}, logger: noLogger},
  );
  return {code, errors};
}

test('createRuleBlocks() makes a block of each rule and two hours, with the labels of the rule', async (context) => {
  const {url, asked} = await serve(context);
  const {dir, file} = makeFolder(
    context,
    'groups: [{name: g, rules: [{record: a, expr: x + y, labels: {d: e, gone: ""}}, {alert: B, expr: z}]}]',
  );
  assert.deepEqual(await run({url, files: [file], outputDir: join(dir, 'data')}), {code: 0, errors: ''});
  // From the given second to the end of the first two hours, and from there on.
  assert.deepEqual(
    asked.map(({query, end, step}) => ({query, end, step})),
    [
      {query: 'x + y', end: '1700006399', step: '60'},
      {query: 'x + y', end: '1700010000', step: '60'},
    ],
  );
  for (const [i, from] of [1_700_000_000, 1_700_006_400].entries()) {
    const start = Number(asked[i]!.start);
    assert.ok(start >= from && start < from + 61, `${start}`);
  }
  const apart = Number(asked[1]!.start) - Number(asked[0]!.start);
  assert.equal(Math.round(apart * 1000) % 60_000, 0, 'the times of the group');
  const blocks = openBlocks(join(dir, 'data'));
  const found = blocks.blocks.map((block) => {
    const symbols = new Symbols();
    const querier = new BlockQuerier({block, symbols, scratch: makeScratch()});
    const [series] = readAll(querier, symbols);
    querier.close();
    assert.deepEqual(series!.labels, ['__name__', 'a', 'b', 'c', 'd', 'e']);
    for (const [time, value] of series!.samples) assert.equal(Math.round(value * 1000), time);
    return series!.samples.length;
  });
  blocks.close();
  assert.ok(found.length === 2 && found.reduce((sum, count) => sum + count) >= 166, String(found));
});

test('createRuleBlocks() tells of a rule that fails, and goes on with the others', async (context) => {
  const {url} = await serve(context);
  const {dir, file} = makeFolder(
    context,
    'groups: [{name: g, rules: [{record: a, expr: wrong}, {record: b, expr: y}]}]',
  );
  const outcome = await run({url, files: [file], outputDir: join(dir, 'data')});
  assert.deepEqual(outcome, {
    code: 1,
    errors: 'rule importer error: query range: bad_data: so it is\nerror importing rules\n',
  });
  const blocks = openBlocks(join(dir, 'data'));
  assert.equal(blocks.blocks.length, 2);
  blocks.close();
});

test('createRuleBlocks() refuses files that are wrong, and times that are', async (context) => {
  const {file} = makeFolder(context, 'groups: [{name: g, rules: [{record: a, expr: "sum("}]}]');
  await assert.rejects(run({files: [file]}), /^Error: rule importer parse error: .*rules\.yml: /);
  await assert.rejects(run({startMs: 2, endMs: 2}), /^RangeError: start time is not before end time$/);
});
