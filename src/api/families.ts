// Metric families as plain data, in the shape that @prometheus-io/client's registry writes.

import type {BucketCounts} from './statistics.ts';

export type Labels = Record<string, string>;

export interface FamilyValue {
  labels: Labels;
  value: number;
  /** Where it is not the family's name. */
  metricName?: string;
}

export interface Family {
  name: string;
  help: string;
  type: 'counter' | 'gauge' | 'histogram' | 'summary';
  values: FamilyValue[];
}

/** Collects families; what is undefined is left out. Values of one name, from wherever they come, are one family. */
export class FamilyList {
  readonly families: Family[] = [];
  readonly #byName = new Map<string, Family>();

  counter(name: string, help: string, value: number | undefined, labels: Labels = {}): void {
    if (value !== undefined) this.#add('counter', name, help, [{labels, value}]);
  }

  gauge(name: string, help: string, value: number | undefined, labels: Labels = {}): void {
    if (value !== undefined) this.#add('gauge', name, help, [{labels, value}]);
  }

  /** One value for each of `items`, told apart by labels. */
  each<T>(
    type: 'counter' | 'gauge',
    {name, help}: {name: string; help: string},
    items: readonly T[],
    read: (item: T) => {labels: Labels; value: number},
  ): void {
    if (items.length > 0) this.#add(type, name, help, items.map(read));
  }

  histogram<T>(
    {name, help}: {name: string; help: string},
    items: readonly T[],
    read: (item: T) => {labels: Labels; counts: BucketCounts},
  ): void {
    const values: FamilyValue[] = [];
    for (const item of items) {
      const {labels, counts} = read(item);
      if (counts.count > 0) addHistogram(values, name, labels, counts);
    }
    if (values.length > 0) this.#add('histogram', name, help, values);
  }

  summary<T>(
    {name, help}: {name: string; help: string},
    items: readonly T[],
    read: (item: T) => {
      labels: Labels;
      count: number;
      secondsTotal: number;
      quantiles?: readonly (readonly [number, number])[];
    },
  ): void {
    const values: FamilyValue[] = [];
    for (const item of items) {
      const {labels, count, secondsTotal, quantiles = []} = read(item);
      for (const [quantile, value] of quantiles) {
        values.push({labels: {...labels, quantile: String(quantile)}, value});
      }
      values.push({labels, value: secondsTotal, metricName: `${name}_sum`});
      values.push({labels, value: count, metricName: `${name}_count`});
    }
    if (values.length > 0) this.#add('summary', name, help, values);
  }

  #add(type: Family['type'], name: string, help: string, values: FamilyValue[]): void {
    const known = this.#byName.get(name);
    if (known !== undefined) {
      for (const value of values) known.values.push(value);
      return;
    }
    const family = {name, help, type, values};
    this.#byName.set(name, family);
    this.families.push(family);
  }
}

function addHistogram(values: FamilyValue[], name: string, labels: Labels, counts: BucketCounts): void {
  let total = 0;
  for (let i = 0; i < counts.counts.length; i++) {
    total += counts.counts[i]!;
    const bound = i < counts.bounds.length ? formatBound(counts.bounds[i]!) : '+Inf';
    values.push({labels: {...labels, le: bound}, value: total, metricName: `${name}_bucket`});
  }
  values.push({labels, value: counts.sum, metricName: `${name}_sum`});
  values.push({labels, value: counts.count, metricName: `${name}_count`});
}

/** As Go's %g: an exponent from 1e+06 on, where Prometheus's own buckets have one. */
function formatBound(bound: number): string {
  const exponential = bound.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
  return bound >= 1e21 || (bound >= 1e6 && /^\de/.test(exponential)) ? exponential : String(bound);
}
