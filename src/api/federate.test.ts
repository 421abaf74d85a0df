import assert from 'node:assert/strict';
import test from 'node:test';
import {SizeClassArena} from '../kernels/arena.ts';
import {loadKernels} from '../kernels/kernels.ts';
import {arenaStart, LinearMemory} from '../kernels/memory.ts';
import {FloatHistogram} from '../model/histogram.ts';
import {labelsOf} from '../model/labels.ts';
import {setStale} from '../model/value.ts';
import {addSample} from '../storage/appender.ts';
import {Head} from '../tsdb/head/head.ts';
import {HeadReader} from '../tsdb/head/reader.ts';
import type {FederateRequest, QueryAnswer} from './backend.ts';
import {federateAnswer} from './federate.ts';
import {unguarded} from '../storage/querier.ts';

type Sample = [timeMs: number, value: number | 'stale' | FloatHistogram];

function federate(
  series: [Record<string, string>, ...Sample[]][],
  request: Partial<FederateRequest> & {matches: string[]},
): QueryAnswer {
  const memory = LinearMemory.reserve(64 * 2 ** 20);
  const arena = new SizeClassArena(memory, arenaStart, memory.byteLength);
  const head = new Head({memory, arena, kernels: loadKernels(memory)});
  const appender = head.appender();
  const {batch} = appender;
  const ref = {slot: 0, generation: 0};
  for (const [labels, ...samples] of series) {
    appender.series(labelsOf(labels), ref);
    for (const [time, value] of samples) {
      if (typeof value === 'object') {
        appender.histogram(ref.slot, ref.generation, time, value, {integer: true, startMs: 0});
        continue;
      }
      if (value === 'stale') setStale(batch.valueWords, addSample(batch, ref, time, 0));
      else addSample(batch, ref, time, value);
    }
  }
  appender.commit();
  const scratch = LinearMemory.reserve(16 * 2 ** 20);
  const reader = new HeadReader(
    memory,
    {
      memory: scratch,
      kernels: loadKernels(scratch),
      arena: new SizeClassArena(scratch, arenaStart, scratch.byteLength),
    },
    1,
  );
  return federateAnswer(
    reader,
    {kind: 'federate', startMs: 700, endMs: 1000, externalLabels: {}, utf8Names: false, ...request},
    unguarded,
  );
}

function textOf({status, body}: QueryAnswer): [number, string] {
  return [status, new TextDecoder().decode(body)];
}

const series: [Record<string, string>, ...Sample[]][] = [
  [{__name__: 'b', instance: 'i'}, [900, 1e6], [1000, 1.5e-7]],
  [{__name__: 'a', region: 'own', text: 'x"\\\n é'}, [800, 3], [1200, 4]],
  [{__name__: 'a', zone: 'z'}, [999, NaN]],
  [{__name__: 'old'}, [699, 1]],
  [{__name__: 'ended'}, [800, 1], [900, 'stale']],
  [{nameless: 'x'}, [900, 1]],
  [{__name__: 'dotted.name', 'label.dot': 'v'}, [900, 1]],
];

test('federateAnswer() writes the newest samples, families sorted', () => {
  assert.deepEqual(textOf(federate(series, {matches: ['{__name__=~"a|b|old|ended"}', '{nameless!=""}']})), [
    200,
    `# TYPE a untyped
a{region="own",text="x\\"\\\\\\n é",instance=""} 3 800
a{zone="z",instance=""} NaN 999
# TYPE b untyped
b{instance="i"} 1.5e-07 1000
`,
  ]);
});

test('federateAnswer() adds external labels where a series has none of that name', () => {
  const externalLabels = {region: 'here', instance: 'ext'};
  assert.deepEqual(textOf(federate(series, {matches: ['a', 'a', 'b'], externalLabels})), [
    200,
    `# TYPE a untyped
a{region="own",text="x\\"\\\\\\n é",instance="ext"} 3 800
a{zone="z",instance="ext",region="here"} NaN 999
# TYPE b untyped
b{instance="i",region="here"} 1.5e-07 1000
`,
  ]);
});

test('federateAnswer() leaves out series that end with a native histogram', () => {
  const mixed: [Record<string, string>, ...Sample[]][] = [
    [{__name__: 'h'}, [900, 1], [950, new FloatHistogram({})]],
    [{__name__: 'f'}, [900, new FloatHistogram({})]],
    [{__name__: 'f', i: 'i'}, [900, 1]],
  ];
  assert.deepEqual(textOf(federate(mixed, {matches: ['h', 'f']})), [
    200,
    '# TYPE f untyped\nf{i="i",instance=""} 1 900\n',
  ]);
});

test('federateAnswer() writes names as the reader knows them', () => {
  const matches = ['{__name__=~"dotted.*"}'];
  assert.deepEqual(textOf(federate(series, {matches})), [
    200,
    '# TYPE dotted_name untyped\ndotted_name{label_dot="v",instance=""} 1 900\n',
  ]);
  assert.deepEqual(textOf(federate(series, {matches, utf8Names: true})), [
    200,
    '# TYPE "dotted.name" untyped\n{"dotted.name","label.dot"="v",instance=""} 1 900\n',
  ]);
});

test('federateAnswer() of no selector is empty, of a broken one a 400', () => {
  assert.deepEqual(textOf(federate(series, {matches: []})), [200, '']);
  assert.deepEqual(textOf(federate(series, {matches: ['a', '{']})), [
    400,
    '1:2: parse error: unexpected end of input inside braces\n',
  ]);
});

test('federateAnswer() writes large answers whole', () => {
  const many = Array.from({length: 3000}, (_, i): [Record<string, string>, Sample] => [
    {__name__: 'm', i: String(i).padStart(5, '0'), text: 'é'.repeat(20)},
    [900, i],
  ]);
  const [, text] = textOf(federate(many, {matches: ['m']}));
  const lines = text.trimEnd().split('\n');
  assert.equal(lines.length, 3001);
  for (const [i, line] of lines.slice(1).entries()) {
    assert.equal(line, `m{i="${String(i).padStart(5, '0')}",text="${'é'.repeat(20)}",instance=""} ${i} 900`);
  }
});
