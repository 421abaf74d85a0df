// The text format by metric families, as the decoders of other programs see it.

import {parseExposition} from '../../formats/body.ts';
import type {LineParser} from '../../formats/exposition.ts';
import {metricNameLabel} from '../../model/labels.ts';

export interface TextMetric {
  /** Names of the labels, without those that name buckets and quantiles. */
  labelNames: string[];
  /** The labels as text. */
  key: string;
  /** Of a histogram or summary. */
  buckets: number;
}

export interface TextFamily {
  name: string;
  /** In small letters; `untyped` where nothing says more. */
  type: string;
  hasHelp: boolean;
  metrics: TextMetric[];
}

/** Families in the order in which they came, without those that have no samples. Throws SyntaxError that begins with the line. */
export function readFamilies(body: Uint8Array): TextFamily[] {
  const reader = new FamilyReader();
  parseExposition(body, 'text', reader);
  if (body.length > 0 && body.at(-1) !== 0x0a) {
    const line = body.reduce((count, byte) => count + Number(byte === 0x0a), 1);
    throw new SyntaxError(`line ${line}: unexpected end of input stream`);
  }
  return reader.families();
}

/** One family, and what has been said of it so far. */
interface OpenFamily extends TextFamily {
  typed: boolean;
  byKey: Map<string, TextMetric>;
}

class FamilyReader {
  readonly #families = new Map<string, OpenFamily>();

  families(): TextFamily[] {
    return [...this.#families.values()].filter(({metrics}) => metrics.length > 0);
  }

  readonly metadata = (metric: string, kind: 'help' | 'type' | 'unit', text: string): void => {
    const family = this.#familyOf(metric);
    if (kind === 'help' && text !== '') {
      if (family.hasHelp)
        throw new SyntaxError(`second HELP line for metric name ${JSON.stringify(family.name)}`);
      family.hasHelp = true;
    } else if (kind === 'type') {
      if (family.typed) {
        const name = JSON.stringify(family.name);
        throw new SyntaxError(`second TYPE line for metric name ${name}, or TYPE reported after samples`);
      }
      family.typed = true;
      family.type = text === 'unknown' ? 'untyped' : text;
    }
  };

  readonly sample = (parser: LineParser, series: string): void => {
    for (const [escape] of series.matchAll(/\\./gs))
      if (!['\\\\', '\\"', '\\n'].includes(escape))
        throw new SyntaxError(`invalid escape sequence '${escape}'`);
    const labels = parser.labels();
    const name = labels[labels.indexOf(metricNameLabel) + 1]!;
    const family = this.#familyOf(name);
    family.typed = true;
    const part = family.type === 'histogram' ? 'le' : family.type === 'summary' ? 'quantile' : '';
    const labelNames: string[] = [];
    const pairs: string[] = [];
    let isPart = false;
    for (let i = 0; i < labels.length; i += 2) {
      const label = labels[i]!;
      if (label === metricNameLabel) continue;
      if (label === part) isPart = true;
      else {
        labelNames.push(label);
        pairs.push(label, labels[i + 1]!);
      }
    }
    const key = JSON.stringify(pairs);
    // Those of histograms and summaries have several lines.
    let metric = part === '' ? undefined : family.byKey.get(key);
    if (metric === undefined) {
      metric = {labelNames, key, buckets: 0};
      family.metrics.push(metric);
      family.byKey.set(key, metric);
    }
    if (isPart) metric.buckets++;
  };

  #familyOf(name: string): OpenFamily {
    const known = this.#families.get(name) ?? this.#wholeOf(name);
    if (known !== undefined) return known;
    const family: OpenFamily = {
      name,
      type: 'untyped',
      hasHelp: false,
      metrics: [],
      typed: false,
      byKey: new Map(),
    };
    this.#families.set(name, family);
    return family;
  }

  /** The histogram or summary of which it is a part. */
  #wholeOf(name: string): OpenFamily | undefined {
    const [, whole = '', suffix] = /^(.*)_(count|sum|bucket)$/s.exec(name) ?? [];
    const family = this.#families.get(whole);
    if (family?.type === 'histogram') return family;
    return family?.type === 'summary' && suffix !== 'bucket' ? family : undefined;
  }
}
