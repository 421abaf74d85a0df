import assert from 'node:assert/strict';
import test from 'node:test';
import {loadKernels} from '../kernels/kernels.ts';
import {LinearMemory} from '../kernels/memory.ts';
import {PointWriter} from '../kernels/points.ts';
import {FloatHistogram} from '../model/histogram.ts';
import {labelsOf} from '../model/labels.ts';
import {Engine} from '../promql/engine/engine.ts';
import {QueryError} from '../promql/engine/error.ts';
import {MemoryStore} from '../storage/memory.ts';
import {unguarded} from '../storage/querier.ts';
import {ApiError} from './envelope.ts';
import {errorAnswer, queryAnswer, textsAnswer} from './queryresponse.ts';

const engineOf = (maxSamples: number): Engine =>
  new Engine({lookbackDeltaMs: 300_000, maxSamples, defaultEvalIntervalMs: 60_000});

const engine = engineOf(1000);

const store = new MemoryStore();
for (const [job, value] of [
  ['a', 1],
  ['b<>', 0.25],
] as const) {
  for (let i = 0; i < 3; i++) store.append(labelsOf({__name__: 'up', job}), i * 500, value * (i + 1));
}

const decode = (body: Uint8Array): string => new TextDecoder().decode(body);
const timings = /"timings":\{[^}]*\}/;

function instant(query: string, options: {limit?: number; stats?: string; timeMs?: number} = {}): string {
  const result = engine.execInstant(store, query, {timeMs: options.timeMs ?? 1500});
  const {status, body} = queryAnswer(result, {limit: options.limit ?? 0, stats: options.stats ?? ''});
  assert.equal(status, 200);
  return decode(body).replace(timings, '"timings":{}');
}

test('queryAnswer() writes vectors', () => {
  assert.equal(
    instant('up'),
    '{"status":"success","data":{"resultType":"vector","result":[' +
      '{"metric":{"__name__":"up","job":"a"},"value":[1.500,"3"]},' +
      '{"metric":{"__name__":"up","job":"b<>"},"value":[1.500,"0.75"]}]}}',
  );
  assert.equal(instant('nothing'), '{"status":"success","data":{"resultType":"vector","result":[]}}');
});

test('queryAnswer() writes matrices', () => {
  const result = engine.execRange(store, 'up{job="a"}', {startMs: 0, endMs: 1000, stepMs: 500});
  assert.equal(
    decode(queryAnswer(result, {limit: 0, stats: ''}).body),
    '{"status":"success","data":{"resultType":"matrix","result":[' +
      '{"metric":{"__name__":"up","job":"a"},"values":[[0,"1"],[0.500,"2"],[1,"3"]]}]}}',
  );
  assert.equal(
    instant('up{job="a"}[1s]'),
    '{"status":"success","data":{"resultType":"matrix","result":[' +
      '{"metric":{"__name__":"up","job":"a"},"values":[[1,"3"]]}]}}',
  );
});

function pointWriter(): PointWriter {
  const memory = LinearMemory.reserve(2 ** 24);
  let next = 2 ** 20;
  const arena = {
    alloc: (bytes: number): number => (next += bytes) - bytes,
    free: (): void => {},
    sizeOf: (bytes: number): number => bytes,
    bytesInUse: 0,
  };
  return new PointWriter({memory, kernels: loadKernels(memory), arena});
}

test('queryAnswer() writes the same by the kernel', () => {
  const points = pointWriter();
  const long = new MemoryStore();
  for (let i = 0; i < 6000; i++) {
    long.append(labelsOf({__name__: 'up', job: 'a'}), i * 1000, i / 7);
    if (i % 3 === 0) long.append(labelsOf({__name__: 'up', job: 'b'}), i * 1000, -i);
  }
  const evaluate = () =>
    engineOf(1e6).execRange(long, 'up', {startMs: 0, endMs: 5_999_000, stepMs: 1000, lookbackDeltaMs: 1000});
  const fast = queryAnswer(evaluate(), {limit: 0, stats: '', points});
  assert.equal(decode(fast.body), decode(queryAnswer(evaluate(), {limit: 0, stats: ''}).body));
});

test('queryAnswer() writes the same vectors by the kernel, of more series than it takes at once', () => {
  const points = pointWriter();
  const many = new MemoryStore();
  const values = [0, -0, 1 / 3, 1e-7, 1e300, NaN, Infinity, -Infinity, 12.5];
  for (let i = 0; i < 5000; i++) {
    const histogram = i % 5 === 2 || (i > 3000 && i < 3100);
    const value = values[i % values.length]! * (i % 7);
    const sample = histogram ? new FloatHistogram({count: i, sum: value}) : value;
    many.append(labelsOf({__name__: 'up', i: String(i)}), 1500, sample);
  }
  const evaluate = (limit: number, writer?: PointWriter): string => {
    const result = engineOf(1e6).execInstant(many, 'up', {timeMs: 1500});
    return decode(queryAnswer(result, {limit, stats: '', points: writer}).body);
  };
  for (const limit of [0, 1, 7, 8, 9, 2048, 2049]) assert.equal(evaluate(limit, points), evaluate(limit));
});

test('queryAnswer() ends where the query must end, also between the points of a series', () => {
  const points = pointWriter();
  const long = new MemoryStore();
  for (let i = 0; i < 6000; i++) long.append(labelsOf({__name__: 'up'}), i * 1000, i / 7);
  let left = Infinity;
  const result = engineOf(1e6).execRange(long, 'up', {
    startMs: 0,
    endMs: 5_999_000,
    stepMs: 1000,
    cancelled: () => left-- === 0,
  });
  left = 1;
  assert.throws(
    () => queryAnswer(result, {limit: 0, stats: '', points}),
    /^QueryError: query was canceled in query execution$/,
  );
});

test('the bytes of an answer count as memory of its query', () => {
  const many = new MemoryStore();
  for (let i = 0; i < 1000; i++) many.append(labelsOf({__name__: 'up', i: String(i)}), 0, i);
  const {bytesPeak} = engineOf(1e6).execInstant(many, 'up', {timeMs: 0}).budget;
  const small = new Engine({lookbackDeltaMs: 300_000, maxSamples: 1e6, maxBytes: bytesPeak + 10_000});
  const result = small.execInstant(many, 'up', {timeMs: 0});
  assert.throws(() => queryAnswer(result, {limit: 0, stats: ''}), /would need too much memory: at least /);
});

test('queryAnswer() writes scalars and strings through the other encoder', () => {
  assert.equal(
    instant('1e-9', {timeMs: 1500}),
    '{"status":"success","data":{"resultType":"scalar","result":[1.5,"0.000000001"]}}',
  );
  assert.equal(
    instant('"<text>"', {timeMs: 2000}),
    String.raw`{"status":"success","data":{"resultType":"string","result":[2,"\u003ctext\u003e"]}}`,
  );
});

test('queryAnswer() cuts off at the limit and says so', () => {
  const text = instant('up', {limit: 1});
  assert.equal(text.match(/"metric"/g)?.length, 1);
  assert.ok(text.endsWith(',"warnings":["results truncated due to limit"]}'), text);
  assert.ok(!instant('up', {limit: 2}).includes('warnings'));
});

test('queryAnswer() counts its own warnings among those that are left out', () => {
  const store = new MemoryStore();
  for (let i = 0; i < 12; i++) store.append(labelsOf({__name__: 'up', i: String(i)}), i * 1000, i);
  const f = (steps: number, last: string): void => {
    const times = {startMs: 0, endMs: 1000 * (steps - 1), stepMs: 1000};
    const query = 'quantile_over_time(2 + time(), up[1m])';
    const result = engineOf(1e6).execRange(store, query, times);
    const {warnings} = JSON.parse(
      new TextDecoder().decode(queryAnswer(result, {limit: 1, stats: ''}).body),
    ) as {
      warnings: string[];
    };
    assert.equal(warnings.at(-1), last);
  };
  f(2, 'results truncated due to limit');
  f(10, '1 more warning annotations omitted');
  f(12, '3 more warning annotations omitted');
});

test('queryAnswer() adds annotations and statistics', () => {
  assert.ok(
    instant('rate(up[1m])').endsWith(
      ',"infos":["PromQL info: metric might not be a counter, name does not end in ' +
        String.raw`_total/_sum/_count/_bucket: \"up\" (1:6)"]}`,
    ),
  );
  assert.ok(
    instant('up', {stats: 'all'}).endsWith(
      ',"stats":{"timings":{},"samples":{"totalQueryableSamples":2,"samplesRead":2,"peakSamples":2}}}}',
    ),
  );
  assert.match(
    instant('up', {stats: 'some'}),
    /"warnings":\["value \\"some\\" for parameter \\"stats\\" is deprecated/,
  );
});

test('queryAnswer() adds what the nodes of a query have cost where it was measured', () => {
  const result = engine.execInstant(store, 'sum(up{job!="é"})', {timeMs: 1500, explain: true});
  const {data} = JSON.parse(decode(queryAnswer(result, {limit: 0, stats: ''}).body)) as {
    data: {explain: {memoryBytes: number; root: {expr: string; children: {expr: string; series: number}[]}}};
  };
  assert.ok(data.explain.memoryBytes > 0);
  assert.equal(data.explain.root.expr, 'sum(up{job!="é"})');
  assert.deepEqual(
    data.explain.root.children.map(({expr, series}) => [expr, series]),
    [['up{job!="é"}', 2]],
  );
});

test('queryAnswer() adds statistics of each step where these are switched on', () => {
  const counting = new Engine({...engine.options, features: {perStepStats: true}});
  const times = {startMs: 0, endMs: 500, stepMs: 500, perStepStats: true};
  const result = counting.execRange(store, 'up{job="a"}', times);
  const text = decode(queryAnswer(result, {limit: 0, stats: 'all'}).body);
  assert.ok(
    text.endsWith(
      '"samples":{"totalQueryableSamplesPerStep":[[0,1],[0.5,1]],"totalQueryableSamples":2,' +
        '"samplesReadPerStep":[[0,1],[0.5,1]],"samplesRead":2,"peakSamples":2}}}}',
    ),
    text,
  );
});

test('errorAnswer() turns errors into statuses', () => {
  function f(error: unknown, status: number, text: string): void {
    const answer = errorAnswer(error);
    assert.equal(answer.status, status);
    assert.equal(decode(answer.body), `{"status":"error",${text}}`);
  }
  f(new QueryError('execution', 'no'), 422, '"errorType":"execution","error":"no"');
  f(new QueryError('timeout', 'late'), 503, '"errorType":"timeout","error":"late"');
  f(new QueryError('canceled', 'gone'), 499, '"errorType":"canceled","error":"gone"');
  f(
    new QueryError('bad_data', 'odd'),
    400,
    String.raw`"errorType":"bad_data","error":"invalid parameter \"query\": odd"`,
  );
  f(new ApiError('not_found', 'where'), 404, '"errorType":"not_found","error":"where"');
  f(new RangeError('memory'), 500, '"errorType":"internal","error":"memory"');
  try {
    engine.parse('up{');
  } catch (error) {
    f(
      error,
      400,
      String.raw`"errorType":"bad_data","error":"invalid parameter \"query\": 1:4: parse error: unexpected end of input inside braces"`,
    );
  }
});

test('textsAnswer() escapes and cuts off', () => {
  assert.equal(
    decode(textsAnswer(['a', '<b>', 'c'], 2, unguarded).body),
    String.raw`{"status":"success","data":["a","\u003cb\u003e"],"warnings":["results truncated due to limit"]}`,
  );
  assert.equal(decode(textsAnswer([], 0, unguarded).body), '{"status":"success","data":[]}');
});
