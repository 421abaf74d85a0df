// Random words of PromQL: numbers, durations, strings, patterns and selectors, in all the ways in which they may be written.

import type {Random} from '../../../src/base/random.ts';
import {metrics, type FuzzMetric} from './data.ts';

export interface WordOptions {
  histograms: boolean;
  /** Seconds since 1970 around which there are samples, for @ modifiers. */
  atSeconds: number;
}

const plainNumbers = ['0', '1', '2', '-1', '0.5', '10', '3', '100', '-2.5', '1000'];
const oddNumbers = [
  '.5',
  '1.',
  '1e3',
  '1E-2',
  '0x1F',
  '017',
  '1_000',
  'Inf',
  '-Inf',
  '+inf',
  'NaN',
  'nan',
  '5m',
  '1h30m',
  '100ms',
  '1e-320',
  '1.7976931348623157e308',
  '9223372036854775807',
  '-9.3e18',
  '4.9e-324',
  '0.1',
  '1e21',
];

/** Writes the leaves of queries. */
export class Words {
  protected readonly random: Random;
  protected readonly options: WordOptions;
  readonly #metrics: readonly FuzzMetric[];

  constructor(random: Random, options: WordOptions) {
    this.random = random;
    this.options = options;
    this.#metrics = metrics.filter(({kind}) => options.histograms || kind !== 'histogram');
  }

  protected chance(of: number): boolean {
    return this.random.below(of) === 0;
  }

  protected number(): string {
    return this.random.pick(this.chance(5) ? oddNumbers : plainNumbers);
  }

  /** Whole multiples of five seconds at most times, so that windows end where samples are. */
  protected duration(secondsMax: number): string {
    const {random} = this;
    const seconds = 5 * (1 + random.below(Math.floor(secondsMax / 5)));
    switch (random.below(12)) {
      case 0:
        return `${seconds * 1000}ms`;
      case 1:
        return `${Math.floor(seconds / 60)}m${seconds % 60}s`.replace(/^0m/, '');
      case 2:
        return String(seconds);
      case 3:
        return `${seconds - 1}s${random.below(999) + 1}ms`;
      case 4:
        return `${Math.ceil(seconds / 60)}m`;
      case 5:
        return random.pick(['1e2', '0x3c', '90.5', '1m0s', '6_0']);
      default:
        return `${seconds}s`;
    }
  }

  /** `text` as a literal, quoted and escaped in one of many ways. */
  protected quote(text: string): string {
    const {random} = this;
    const escaped = text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
    switch (random.below(8)) {
      case 0:
        return `'${escaped.replaceAll("'", "\\'")}'`;
      case 1:
        if (!/[`\n\r]/.test(text)) return `\`${text}\``;
        break;
      case 2:
        if (/^\w/.test(text)) {
          const code = text.charCodeAt(0);
          const first = random.pick([
            `\\x${code.toString(16).padStart(2, '0')}`,
            `\\u${code.toString(16).padStart(4, '0')}`,
            `\\${code.toString(8).padStart(3, '0')}`,
          ]);
          return `"${first}${escaped.slice(1).replaceAll('"', '\\"')}"`;
        }
    }
    return `"${escaped.replaceAll('"', '\\"')}"`;
  }

  protected metric(kinds?: readonly FuzzMetric['kind'][]): FuzzMetric {
    const {random} = this;
    const all =
      kinds === undefined ? this.#metrics : this.#metrics.filter((each) => kinds.includes(each.kind));
    const picked = random.pick(all);
    // Buckets are many and alike.
    return picked.kind === 'bucket' && this.chance(2) ? random.pick(all) : picked;
  }

  /** A selector without modifiers. */
  protected selectorOf(metric: FuzzMetric): string {
    const {random} = this;
    const matchers: string[] = [];
    while (this.chance(3) && matchers.length < 3) matchers.push(this.#matcher(metric));
    const needsQuotes = /\W/.test(metric.name);
    const form = needsQuotes ? 1 + random.below(2) : random.below(12);
    const at = random.below(matchers.length + 1);
    switch (form) {
      case 1:
        matchers.splice(at, 0, this.quote(metric.name));
        break;
      case 2:
        matchers.splice(at, 0, `__name__=${this.quote(metric.name)}`);
        break;
      case 3:
        matchers.splice(at, 0, `__name__=~${this.quote(this.#namePattern(metric))}`);
        break;
      default:
        if (matchers.length === 0) return metric.name + (this.chance(10) ? '{}' : '');
        return `${metric.name}{${matchers.join(random.pick([',', ', ']))}${this.chance(8) ? ',' : ''}}`;
    }
    return `{${matchers.join(',')}}`;
  }

  #namePattern({name}: FuzzMetric): string {
    const {random} = this;
    const other = random.pick(this.#metrics).name;
    const quoted = name.replaceAll('.', '\\.');
    return random.pick([quoted, `${quoted}|${other}`, `${quoted.slice(0, 4)}.*`, `.*${quoted.slice(-4)}`]);
  }

  #matcher({labels}: FuzzMetric): string {
    const {random} = this;
    const names = Object.keys(labels);
    const name = this.chance(12) ? random.pick(['mode', 'nosuch', '__name__']) : random.pick(names);
    const value = random.pick(labels[name] ?? ['user', '']);
    const label = /^\w+$/.test(name) && !this.chance(15) ? name : `"${name}"`;
    const pattern = value.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
    switch (random.below(10)) {
      case 0:
      case 1:
      case 2:
        return `${label}=${this.quote(value)}`;
      case 3:
        return `${label}!=${this.quote(value)}`;
      case 4:
        return `${label}!~${this.quote(pattern)}`;
      case 5:
        return `${label}${random.pick(['=', '!=', '=~', '!~'])}""`;
      case 6:
        return `${label}=~".${random.pick(['*', '+'])}"`;
      case 7:
        return `${label}=~${this.quote(`${pattern}|${random.pick(labels[name] ?? ['x']).replace(/\W/g, '.')}`)}`;
      case 8:
        return `${label}=~${this.quote(random.pick([`(?i)${pattern.toUpperCase()}`, `${pattern}.*`, `[^x]${pattern.slice(1)}`, `(${pattern}|y)?`, `.*${pattern}.*`]))}`;
      default:
        return `${label}=~${this.quote(pattern)}`;
    }
  }

  /** `@` and `offset`, in either order. */
  protected modifiers(): string {
    const offset = this.chance(7)
      ? ` ${this.keyword('offset')} ${this.chance(4) ? '-' : ''}${this.duration(300)}`
      : '';
    const at = this.chance(12) ? ` @ ${this.#at()}` : '';
    return this.chance(2) ? offset + at : at + offset;
  }

  #at(): string {
    const {random} = this;
    const {atSeconds} = this.options;
    return random.pick([
      'start()',
      'end()',
      'start()',
      'end()',
      String(atSeconds + random.below(300)),
      `${atSeconds + random.below(300)}.${random.below(1000)}`,
      `${atSeconds / 1e9}e9`,
      '-5',
    ]);
  }

  /** Keywords may be written in any case. */
  protected keyword(word: string): string {
    return this.chance(25) ? word.toUpperCase() : word;
  }

  protected labelName(): string {
    return this.random.pick([
      'job',
      'instance',
      'job',
      'instance',
      'code',
      'mode',
      'le',
      'version',
      'what',
      'state',
      '"mount point"',
      '"dépôt"',
      '"on(x)"',
      'nosuch',
      '__name__',
      '__type__',
      '__unit__',
    ]);
  }

  /** Names in parentheses, for by, on and their likes. */
  protected labelNames(of = 3): string {
    const names: string[] = [];
    while (!this.chance(of) && names.length < 4) names.push(this.labelName());
    return `(${names.join(', ')}${names.length > 0 && this.chance(15) ? ',' : ''})`;
  }
}
