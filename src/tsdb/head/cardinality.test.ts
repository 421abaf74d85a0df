import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../../base/random.ts';
import {SizeClassArena} from '../../kernels/arena.ts';
import {loadKernels} from '../../kernels/kernels.ts';
import {arenaStart, LinearMemory} from '../../kernels/memory.ts';
import {type Labels, labelsOf} from '../../model/labels.ts';
import {type Cardinality, type CardinalityCount, headCardinality} from './cardinality.ts';
import {Head} from './head.ts';

function headOf(series: readonly Labels[]): Head {
  const memory = LinearMemory.reserve(64 * 2 ** 20);
  const arena = new SizeClassArena(memory, arenaStart, memory.byteLength);
  const head = new Head({memory, arena, kernels: loadKernels(memory)});
  for (const labels of series) head.appender().series(labels, {slot: 0, generation: 0});
  return head;
}

/** The same, slow and obvious. */
function count(series: readonly Labels[], limit: number): Cardinality {
  const values = new Map<string, Set<string>>();
  const sizes = new Map<string, number>();
  const pairs = new Map<string, number>();
  const metrics = new Map<string, number>();
  const add = (map: Map<string, number>, key: string, more: number): void => {
    map.set(key, (map.get(key) ?? 0) + more);
  };
  for (const labels of series) {
    for (let i = 0; i < labels.length; i += 2) {
      const name = labels[i]!;
      const value = labels[i + 1]!;
      if (!values.has(name)) values.set(name, new Set());
      values.get(name)!.add(value);
      add(sizes, name, Buffer.byteLength(value));
      add(pairs, `${name}=${value}`, 1);
      if (name === '__name__') add(metrics, value, 1);
    }
  }
  const largest = (entries: Iterable<[string, number]>): CardinalityCount[] =>
    [...entries]
      .map(([name, value]) => ({name, value}))
      .sort((left, right) => right.value - left.value || (left.name < right.name ? -1 : 1))
      .slice(0, limit);
  return {
    seriesCountByMetricName: largest(metrics),
    labelValueCountByLabelName: largest([...values].map(([name, each]) => [name, each.size])),
    memoryInBytesByLabelName: largest(sizes),
    seriesCountByLabelValuePair: largest(pairs),
    labelPairs: pairs.size,
  };
}

test('headCardinality() of an empty head is empty', () => {
  const head = headOf([]);
  assert.deepEqual(headCardinality(head.memory, head.texts, 10), count([], 10));
});

test('headCardinality() counts as a slow count does, for any seed', () => {
  for (let seed = 0; seed < 10; seed++) {
    const random = new Random(seed);
    const series = new Map<string, Labels>();
    for (let i = 0; i < 300; i++) {
      const labels = labelsOf({
        __name__: `metric_${random.below(20)}`,
        instance: `é${random.below(50)}`,
        [`label_${random.below(5)}`]: 'x'.repeat(random.below(9)),
      });
      series.set(JSON.stringify(labels), labels);
    }
    const all = [...series.values()];
    const head = headOf(all);
    const found = headCardinality(head.memory, head.texts, 1000);
    assert.deepEqual(found, count(all, 1000), `seed ${seed}`);
    // Among equal counts, which ones are left out is open.
    const few = headCardinality(head.memory, head.texts, 3);
    const expected = count(all, 3);
    for (const key of ['seriesCountByMetricName', 'seriesCountByLabelValuePair'] as const) {
      assert.deepEqual(
        few[key].map(({value}) => value),
        expected[key].map(({value}) => value),
        `seed ${seed}`,
      );
    }
  }
});
