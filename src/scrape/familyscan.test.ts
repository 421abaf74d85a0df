import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../base/random.ts';
import {encodeFamilies, type FamilyModel} from '../formats/family-encode.ts';
import {MetadataReader} from './metadata.ts';
import {start, World} from './testing-details.ts';

const native: FamilyModel = {
  name: 'h',
  help: 'text',
  type: 'histogram',
  metrics: [
    {
      labels: {a: 'b'},
      count: 6,
      sum: 12,
      startMs: start - 5000,
      buckets: [
        {bound: 1, count: 2, exemplar: {labels: {id: 'classic'}, value: 0.5}},
        {bound: 2.5, count: 4},
      ],
      native: {
        schema: 0,
        zeroThreshold: 0.001,
        zeroCount: 1,
        positiveSpans: [{offset: 0, length: 2}],
        positiveCounts: [2, 3],
        exemplars: [
          {labels: {id: 'y'}, value: 2, timeMs: start},
          {labels: {id: 'x'}, value: 1, timeMs: start - 1000},
          {labels: {id: 'untimed'}, value: 1},
        ],
      },
    },
  ],
};

const printed = '{count:6, sum:12, [-0.001,0.001]:1, (0.5,1]:2, (1,2]:3}';

test('a counter, a gauge, an untyped metric and a summary become series', async () => {
  const world = new World();
  const error = await world.scrape([
    {
      name: 'c_total',
      type: 'counter',
      metrics: [
        {
          labels: {z: '1', a: '2', empty: ''},
          value: 3,
          startMs: start - 1000,
          exemplar: {labels: {t: 'u'}, value: 9},
        },
      ],
    },
    {name: 'g', type: 'gauge', metrics: [{value: -1, timestampMs: start + 500}]},
    {name: 'metric.with/odd name', type: 'untyped', metrics: [{labels: {'odd label': 'ä'}, value: 5}]},
    {
      name: 's',
      type: 'summary',
      metrics: [
        {
          count: 2,
          sum: 3,
          quantiles: [
            [0.5, 1],
            [1, 2],
          ],
          startMs: start,
        },
      ],
    },
    {name: 'none', type: 'gauge', metrics: []},
  ]);
  assert.equal(error, '');
  assert.deepEqual(world.samples(), {
    'metric.with/odd name{"odd label"="ä"}': ['5@1'],
    'c_total{a="2", z="1"}': ['3@1<-1'],
    g: ['-1@0.5'],
    's{quantile="0.5"}': ['1@1<0'],
    's{quantile="1.0"}': ['2@1<0'],
    s_count: ['2@1<0'],
    s_sum: ['3@1<0'],
  });
  assert.deepEqual(world.exemplars(), ['c_total{a="2", z="1"} {t="u"} 9@1']);
});

test('a native histogram is one series, with the exemplars that have a timestamp', async () => {
  const world = new World();
  assert.equal(await world.scrape([native]), '');
  assert.deepEqual(world.samples(), {'h{a="b"}': [`${printed}@1`]});
  assert.deepEqual(world.exemplars(), ['h{a="b"} {id="x"} 1@-1', 'h{a="b"} {id="y"} 2@0']);
});

test('keepClassic takes the classic part, too; without native it is all there is', async () => {
  const world = new World();
  world.details = {...world.details, keepClassic: true, starts: false};
  await world.scrape([native]);
  const classic = {
    'h_bucket{a="b", le="+Inf"}': ['6@1'],
    'h_bucket{a="b", le="1.0"}': ['2@1'],
    'h_bucket{a="b", le="2.5"}': ['4@1'],
    'h_count{a="b"}': ['6@1'],
    'h_sum{a="b"}': ['12@1'],
  };
  assert.deepEqual(world.samples(), {'h{a="b"}': [`${printed}@1`], ...classic});
  assert.ok(world.exemplars().includes('h_bucket{a="b", le="1.0"} {id="classic"} 0.5@1'));

  const old = new World();
  old.details = {...old.details, native: false, starts: false};
  await old.scrape([native]);
  assert.deepEqual(old.samples(), classic);
});

test('convertClassic makes histograms with custom buckets', async () => {
  const world = new World();
  world.details = {...world.details, native: false, convertClassic: true};
  const {buckets} = native.metrics[0]!;
  await world.scrape([
    native,
    {name: 'g', type: 'gaugeHistogram', metrics: [{count: 4, sum: 1, buckets: buckets!}]},
  ]);
  assert.deepEqual(world.samples(), {
    g: ['{count:4, sum:1, [-Inf,1]:2, (1,2.5]:2}@1'],
    'h{a="b"}': ['{count:6, sum:12, [-Inf,1]:2, (1,2.5]:2, (2.5,+Inf]:2}@1'],
  });
});

test('a float histogram, and one that has observed nothing', async () => {
  const world = new World();
  await world.scrape([
    {
      name: 'f',
      type: 'histogram',
      metrics: [
        {
          count: 2.5,
          sum: 1,
          native: {
            float: true,
            schema: 1,
            zeroThreshold: 0,
            zeroCount: 0.5,
            negativeSpans: [{offset: 1, length: 1}],
            negativeCounts: [2],
          },
        },
      ],
    },
    {
      name: 'n',
      type: 'histogram',
      metrics: [
        {
          count: 0,
          sum: 0,
          native: {schema: 3, zeroThreshold: 0, zeroCount: 0, positiveSpans: [{offset: 0, length: 0}]},
        },
      ],
    },
  ]);
  assert.deepEqual(world.samples(), {
    f: ['{count:2.5, sum:1, [-1.414213562373095,-1):2, [-0,0]:0.5}@1'],
    n: ['{count:0, sum:0}@1'],
  });
});

test('what vanishes or fails is marked stale, and reports count histograms', async () => {
  const world = new World();
  const gauge: FamilyModel = {name: 'g', type: 'gauge', metrics: [{value: 1}]};
  await world.scrape([native, gauge]);
  await world.scrape([gauge]);
  await world.scrape([native, gauge]);
  await world.scrape(Uint8Array.of(5, 1));
  assert.deepEqual(world.samples(), {
    'h{a="b"}': [`${printed}@1`, 'stale@2', `${printed}@3`, 'stale@4'],
    g: ['1@1', '1@2', '1@3', 'stale@4'],
  });
  const reports = world.samples(true);
  assert.deepEqual(reports['up'], ['1@1', '1@2', '1@3', '0@4']);
  assert.deepEqual(reports['scrape_samples_scraped'], ['2@1', '1@2', '2@3', '0@4']);
  assert.deepEqual(reports['scrape_samples_post_metric_relabeling'], ['2@1', '1@2', '2@3', '0@4']);
  assert.deepEqual(reports['scrape_series_added'], ['2@1', '0@2', '1@3', '0@4']);
});

test('limits: samples, buckets, the growth of buckets', async () => {
  const world = new World();
  world.sampleLimit = 1;
  assert.equal(await world.scrape([native, native]), '');
  assert.equal(world.counters.duplicateTimestamps, 1);
  const gauge: FamilyModel = {name: 'g', type: 'gauge', metrics: [{value: 1}]};
  assert.equal(await world.scrape([native, gauge]), 'sample limit exceeded');
  world.sampleLimit = 0;
  world.details = {...world.details, bucketLimit: 1};
  assert.equal(await world.scrape([native]), 'histogram bucket limit exceeded');
  world.details = {...world.details, bucketLimit: 0, schemaMax: -1};
  await world.scrape([native]);
  assert.equal(
    world.samples()['h{a="b"}']!.at(-1),
    '{count:6, sum:12, [-0.001,0.001]:1, (0.25,1]:2, (1,4]:3}@4',
  );
});

test('a broken body says where, and leaves nothing', async () => {
  const f = async (body: readonly FamilyModel[] | Uint8Array, message: RegExp): Promise<void> => {
    const world = new World();
    assert.match(await world.scrape(body), message);
    assert.deepEqual(world.samples(), {});
  };
  const gauge: FamilyModel = {name: 'g', type: 'gauge', metrics: [{value: 1}]};
  const [metric] = native.metrics;
  const with_ = (changes: object): FamilyModel[] => [
    gauge,
    {...native, metrics: [{...metric!, native: {...metric!.native!, ...changes}}]},
  ];
  await f(
    encodeFamilies([gauge]).subarray(0, 5),
    /^byte 0: insufficient length: expected \d+ bytes, got 5 bytes$/,
  );
  await f(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff), /^byte 0: invalid varint/);
  await f([{...gauge, name: ''}], /invalid metric name/);
  await f([{...gauge, metrics: [{labels: {'': 'x'}}]}], /invalid label name/);
  await f(
    with_({positiveCounts: [1]}),
    /^byte \d+: histogram "h": positive side: spans require 2 buckets, have 1$/,
  );
  await f(
    with_({zeroCount: 2}),
    /^byte \d+: histogram "h": 7 observations found in buckets, but the Count field is 6/,
  );
  await f(with_({schema: -9}), /invalid schema/);
  const long = 'x'.repeat(262_143);
  await f([{...gauge, name: long}], /the help is longer than 262143 bytes/);
  await f([{...gauge, metrics: [{labels: {long}}]}], /a series is longer than 262143 bytes/);
});

test('metadata', async () => {
  const world = new World();
  await world.scrape([
    native,
    {name: 'x_bytes', help: 'a\\b\nc', unit: 'bytes', type: 'gaugeHistogram', metrics: [{}]},
  ]);
  assert.deepEqual(new MetadataReader(world.memory.comments).read(world.ingest), [
    {metric: 'h', type: 'histogram', help: 'text', unit: ''},
    {metric: 'x_bytes', type: 'gaugehistogram', help: 'a\\b\nc', unit: 'bytes'},
  ]);
});

test('chunks of any size give the same, for any seed', async () => {
  const seed = Date.now();
  const random = new Random(seed);
  for (let round = 0; round < 10; round++) {
    const families: FamilyModel[] = Array.from({length: 5}, (_, i) => ({
      ...native,
      name: `h${i}`,
      metrics: Array.from({length: 1 + random.below(3)}, (_each, k) => ({
        ...native.metrics[0]!,
        labels: {k: String(k)},
      })),
    }));
    const whole = new World();
    const cut = new World();
    await whole.scrape(families);
    assert.equal(await cut.scrape(families, 1 + random.below(300)), '', `seed ${seed}`);
    assert.deepEqual(cut.samples(), whole.samples(), `seed ${seed}`);
  }
});

test('damaged bodies end with an error or with samples, for any seed', async () => {
  const seed = Date.now();
  const random = new Random(seed);
  const good = encodeFamilies([
    native,
    {name: 's', type: 'summary', metrics: [{count: 1, quantiles: [[0.5, 1]]}]},
  ]);
  const world = new World();
  world.details = {...world.details, keepClassic: true};
  for (let round = 0; round < 2000; round++) {
    const bad = good.slice(0, random.below(4) === 0 ? random.below(good.length) : good.length);
    for (let i = random.below(4); i >= 0 && bad.length > 0; i--)
      bad[random.below(bad.length)] = random.below(256);
    const error = await world.scrape(bad, 1 + random.below(200));
    assert.match(error, /^(?:byte \d+: .+)?$/, `seed ${seed}`);
  }
});

test('typeAndUnit adds labels, in the place of those that the target exposes', async () => {
  const world = new World();
  world.details = {...world.details, typeAndUnit: true};
  const labels = {__type__: 'mine', __unit__: 'mine'};
  for (let i = 0; i < 2; i++) {
    await world.scrape([
      {name: 'x_bytes', unit: 'bytes', type: 'gauge', metrics: [{labels, value: 1}]},
      {name: 'y', type: 'untyped', metrics: [{labels, value: 1}]},
      {...native, unit: 's'},
    ]);
  }
  assert.deepEqual(Object.keys(world.samples()).sort(), [
    'h{__type__="histogram", __unit__="s", a="b"}',
    'x_bytes{__type__="gauge", __unit__="bytes"}',
    'y{__type__="mine", __unit__="mine"}',
  ]);
});

test('starts as zeros: where a series began, once', async () => {
  const world = new World('protobuf', {starts: 'zero'});
  const counter = (startMs: number): FamilyModel => ({
    name: 'c_total',
    type: 'counter',
    metrics: [{value: 3, startMs}],
  });
  await world.scrape([counter(start - 1000), native]);
  await world.scrape([counter(start - 1000), native]);
  await world.scrape([counter(start + 2500)]);
  assert.deepEqual(world.samples(), {
    c_total: ['0@-1', '3@1', '3@2', '0@2.5', '3@3'],
    'h{a="b"}': ['{count:0, sum:0}@-5', `${printed}@1`, `${printed}@2`, 'stale@3'],
  });
});

test('many series are known again in the next scrape', async () => {
  const world = new World();
  const metrics = Array.from({length: 3000}, (_, i) => ({
    labels: {i: String(i), path: `/a/b/${i}`},
    value: i,
  }));
  const families: FamilyModel[] = Array.from({length: 3}, (_, f) => ({
    name: `gauge_number_${f}`,
    help: `Number ${f}`,
    type: 'gauge',
    metrics,
  }));
  for (let i = 0; i < 3; i++) assert.equal(await world.scrape(families), '');
  assert.equal(world.ingest.table.count, 3 * 3002);
  assert.deepEqual(world.samples(true)['scrape_series_added'], ['9000@1', '0@2', '0@3']);
  assert.deepEqual(world.samples()['gauge_number_2{i="2999", path="/a/b/2999"}'], [
    '2999@1',
    '2999@2',
    '2999@3',
  ]);
});
