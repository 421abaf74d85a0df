import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../base/random.ts';
import {World} from './testing-details.ts';

const text = `# TYPE h histogram
h_bucket{a="b",le="1"} 2
h_bucket{a="b",le="2.5"} 4
h_bucket{a="b",le="+Inf"} 6
h_sum{a="b"} 12
h_count{a="b"} 6
h_bucket{a="c",le="+Inf"} 1
h_count{a="c"} 1
# TYPE g gauge
g 1
g_count 5
`;

test('convertClassic makes histograms of the text format', async () => {
  const world = new World('text');
  world.details = {...world.details, convertClassic: true};
  for (let i = 0; i < 2; i++) assert.equal(await world.scrape(text, 7), '');
  assert.equal(await world.scrape('g 1'), '');
  const converted = {
    g: ['1@1', '1@2', '1@3'],
    g_count: ['5@1', '5@2', 'stale@3'],
    'h{a="b"}': [
      '{count:6, sum:12, [-Inf,1]:2, (1,2.5]:2, (2.5,+Inf]:2}@1',
      '{count:6, sum:12, [-Inf,1]:2, (1,2.5]:2, (2.5,+Inf]:2}@2',
      'stale@3',
    ],
    'h{a="c"}': ['{count:1, sum:0, [-Inf,+Inf]:1}@1', '{count:1, sum:0, [-Inf,+Inf]:1}@2', 'stale@3'],
  };
  assert.deepEqual(world.samples(), converted);
  assert.deepEqual(world.samples(true)['scrape_samples_scraped'], ['4@1', '4@2', '1@3']);
});

test('a series right behind a histogram that is converted keeps its name', async () => {
  const world = new World('openmetrics');
  world.details = {...world.details, starts: false, convertClassic: true};
  await world.scrape('# TYPE h histogram\nh_bucket{le="+Inf"} 1\nh_created 5\n# EOF\n');
  assert.deepEqual(world.samples(), {h: ['{count:1, sum:0, [-Inf,+Inf]:1}@1'], h_created: ['5@1']});
});

test('keepClassic keeps the classic series; what contradicts itself makes no histogram', async () => {
  const world = new World('text');
  world.details = {...world.details, convertClassic: true, keepClassic: true};
  await world.scrape('# TYPE h histogram\nh_bucket{le="1"} 2\nh_bucket{le="2"} 1\nh_count 3\nh_sum 1\n');
  assert.deepEqual(world.samples(), {
    'h_bucket{le="1.0"}': ['2@1'],
    'h_bucket{le="2.0"}': ['1@1'],
    h_count: ['3@1'],
    h_sum: ['1@1'],
  });
});

const openMetrics = `# TYPE c counter
c_total{a="1"} 3 # {id="x"} 1 1700000000.5
c_created{a="1"} 1699999990
c_total{a="2"} 4 # {id="y"} 2
# TYPE s summary
s{quantile="0.5"} 1
s_count 2
s_sum 3
s_created 1699999995.5
# TYPE other_created gauge
other_created 1
# EOF
`;

test('starts: _created series of OpenMetrics are start timestamps', async () => {
  const world = new World('openmetrics');
  for (let i = 0; i < 2; i++) assert.equal(await world.scrape(openMetrics), '');
  assert.deepEqual(world.samples(), {
    'c_total{a="1"}': ['3@1<-10', '3@2<-10'],
    'c_total{a="2"}': ['4@1', '4@2'],
    other_created: ['1@1', '1@2'],
    's{quantile="0.5"}': ['1@1<-4.5', '1@2<-4.5'],
    s_count: ['2@1<-4.5', '2@2<-4.5'],
    s_sum: ['3@1<-4.5', '3@2<-4.5'],
  });
  assert.deepEqual(world.exemplars(), [
    'c_total{a="1"} {id="x"} 1@0.5',
    'c_total{a="2"} {id="y"} 2@1',
    'c_total{a="2"} {id="y"} 2@2',
  ]);
});

test('exemplars come with predicted lines, too', async () => {
  const world = new World('openmetrics', {plain: true});
  for (let i = 0; i < 2; i++) await world.scrape(openMetrics);
  assert.deepEqual(world.samples()['c_created{a="1"}'], ['1699999990@1', '1699999990@2']);
  assert.deepEqual(world.exemplars(), [
    'c_total{a="1"} {id="x"} 1@0.5',
    'c_total{a="2"} {id="y"} 2@1',
    'c_total{a="2"} {id="y"} 2@2',
  ]);
});

test('typeAndUnit adds labels to those of a text', async () => {
  const world = new World('openmetrics');
  world.details = {...world.details, starts: false, typeAndUnit: true};
  const body =
    '# TYPE x_bytes gauge\n# UNIT x_bytes bytes\nx_bytes{__type__="mine"} 1\n# TYPE y unknown\ny 2\n# EOF\n';
  for (let i = 0; i < 2; i++) assert.equal(await world.scrape(body), '');
  assert.deepEqual(world.samples(), {
    'x_bytes{__type__="gauge", __unit__="bytes"}': ['1@1', '1@2'],
    y: ['2@1', '2@2'],
  });
});

test('errors name the line', async () => {
  const world = new World('openmetrics');
  assert.match(
    await world.scrape('# TYPE c counter\nc_total x\n# EOF\n'),
    /^line 2: value "x" is no number$/,
  );
  assert.match(await world.scrape('c 1\n'), /# EOF/);
  assert.deepEqual(world.samples(), {});
});

test('without conversions a body means the same as to the scan that predicts, for any seed', async () => {
  const seed = Date.now();
  const random = new Random(seed);
  const slow = new World('text');
  const fast = new World('text', {plain: true});
  slow.details = {...slow.details, starts: false};
  fast.details = slow.details;
  const lines = text.split('\n');
  for (let round = 0; round < 100; round++) {
    const body = lines
      .filter(() => random.below(4) > 0)
      .map((line) => (random.below(30) === 0 ? line.slice(2) : line));
    const errors = [await slow.scrape(`${body.join('\n')}\n`), await fast.scrape(`${body.join('\n')}\n`)];
    assert.equal(errors[0], errors[1], `seed ${seed}`);
    assert.deepEqual(
      slow.samples(true),
      fast.samples(true),
      `seed ${seed}, round ${round}: ${body.join('\n')}`,
    );
  }
});

test('many series are known again in the next scrape', async () => {
  const world = new World('text');
  world.details = {...world.details, typeAndUnit: true};
  const body = Array.from(
    {length: 3000},
    (_, i) => `# TYPE metric_${i} gauge\nmetric_${i}{path="/a/b/${i}"} 1\n`,
  ).join('');
  for (let i = 0; i < 3; i++) assert.equal(await world.scrape(body), '');
  assert.equal(world.ingest.table.count, 6000);
  assert.deepEqual(world.samples(true)['scrape_series_added'], ['3000@1', '0@2', '0@3']);
});
