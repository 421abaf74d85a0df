// Random queries that are valid and, over the data of randomdata.ts, mostly have a result.

import type {Random} from '../../../base/random.ts';

export interface QueryOptions {
  /** Functions and aggregations that must not occur. */
  without?: ReadonlySet<string>;
  /** Of ranges, offsets and steps; all are whole multiples of it. */
  unitSeconds: number;
  /** Seconds since 1970 for @ modifiers. */
  atSeconds: number;
  /**
   * Nothing in which older versions differ: rate and increase only of counters far above zero, no deviations of
   * infinities, no atan2, which kept the name.
   */
  conservative?: boolean;
}

/** A query that evaluates to an instant vector or a scalar. */
export function randomQuery(random: Random, options: QueryOptions): string {
  return new Generator(random, options).vector(3);
}

const rangeFunctions = [
  'rate',
  'increase',
  'delta',
  'irate',
  'idelta',
  'deriv',
  'changes',
  'resets',
  'avg_over_time',
  'min_over_time',
  'max_over_time',
  'sum_over_time',
  'count_over_time',
  'last_over_time',
  'present_over_time',
  'stddev_over_time',
  'stdvar_over_time',
  'absent_over_time',
  'first_over_time',
  'mad_over_time',
];
const mathFunctions = ['abs', 'ceil', 'floor', 'exp', 'sqrt', 'ln', 'sgn', 'sin', 'atan', 'deg', 'rad'];
const dateFunctions = [
  'minute',
  'hour',
  'day_of_week',
  'day_of_month',
  'day_of_year',
  'month',
  'year',
  'days_in_month',
];
const aggregations = ['sum', 'avg', 'min', 'max', 'count', 'group'];
const deviations = ['stddev', 'stdvar'];
const labelNames = ['job', 'instance', 'code', 'mode', 'le', 'version'];

class Generator {
  readonly #random: Random;
  readonly #options: QueryOptions;
  readonly #conservative: boolean;

  constructor(random: Random, options: QueryOptions) {
    this.#random = random;
    this.#options = options;
    this.#conservative = options.conservative === true;
  }

  vector(depth: number): string {
    const random = this.#random;
    if (depth === 0) return this.#selector();
    switch (random.below(16)) {
      case 0:
      case 1:
        return this.#selector();
      case 2:
      case 3:
      case 4:
        return this.#rangeCall(depth);
      case 5:
      case 6:
      case 7:
        return this.#aggregation(depth);
      case 8:
        return this.#vectorScalar(depth);
      case 9:
      case 10:
        return this.#vectorVector(depth);
      case 11:
        return this.#setOperation(depth);
      case 12:
        return `${this.#pick(mathFunctions)}(${this.vector(depth - 1)})`;
      case 13:
        return this.#otherCall(depth);
      case 14:
        return `-(${this.vector(depth - 1)})`;
      default:
        return `histogram_quantile(${this.#quantile()}, ${this.#buckets()})`;
    }
  }

  #scalar(depth: number): string {
    switch (this.#random.below(depth > 0 ? 6 : 3)) {
      case 0:
      case 1:
        return String((this.#random.below(200) - 100) / 4);
      case 2:
        return 'time() % 1000';
      case 3:
        return `scalar(${this.vector(depth - 1)})`;
      case 4:
        return `(${this.#scalar(depth - 1)} ${this.#random.pick(['+', '-', '*'])} ${this.#scalar(depth - 1)})`;
      default:
        return 'pi()';
    }
  }

  #metric(): string {
    const random = this.#random;
    const metric = random.pick(['requests_total', 'temperature', 'load', 'latency_bucket', 'info', '']);
    const matchers: string[] =
      metric === '' ? [`__name__=~"${random.pick(['load|info', 't.*|load', 'lo.+'])}"`] : [];
    if (random.below(2) === 0)
      matchers.push(
        random.pick([
          'job="api"',
          'job!="api"',
          'instance=~"a.*|b:2"',
          'code="200"',
          'mode!~"user"',
          'job=~".+"',
        ]),
      );
    return matchers.length === 0 ? metric : `${metric}{${matchers.join(',')}}`;
  }

  #modifiers(): string {
    const random = this.#random;
    const offset = random.below(5) === 0 ? ` offset ${this.#duration(20)}` : '';
    const at =
      random.below(10) === 0
        ? ` @ ${random.pick([String(this.#options.atSeconds), 'start()', 'end()'])}`
        : '';
    return random.below(2) === 0 ? offset + at : at + offset;
  }

  #selector(): string {
    return this.#metric() + this.#modifiers();
  }

  #duration(unitsMax: number): string {
    return `${(1 + this.#random.below(unitsMax)) * this.#options.unitSeconds}s`;
  }

  #range(depth: number): string {
    if (depth > 1 && this.#random.below(4) === 0) {
      const step = this.#random.below(3) === 0 ? '' : this.#duration(6);
      return `(${this.vector(depth - 2)})[${this.#duration(40)}:${step}]${this.#modifiers()}`;
    }
    return `${this.#metric()}[${this.#duration(40)}]${this.#modifiers()}`;
  }

  #rangeCall(depth: number): string {
    switch (this.#random.below(12)) {
      case 0:
        return `quantile_over_time(${this.#quantile()}, ${this.#range(depth)})`;
      case 1:
        if (this.#conservative) return `predict_linear(${this.#metric()}[${this.#duration(40)}], 500)`;
        return `predict_linear(${this.#range(depth)}, ${this.#random.below(1000)})`;
      default: {
        const name = this.#pick(rangeFunctions);
        const plain = this.#conservative && (name === 'rate' || name === 'increase');
        if (!plain) return `${name}(${this.#range(depth)})`;
        const counter = this.#random.pick(['requests_total', 'latency_bucket', 'requests_total{job="api"}']);
        return `${name}(${counter}[${this.#duration(40)}]${this.#modifiers()})`;
      }
    }
  }

  #quantile(): string {
    const plain = ['0', '0.25', '0.5', '0.9', '1'];
    return this.#random.pick(this.#conservative ? plain : [...plain, '1.5', '-1']);
  }

  #buckets(): string {
    const rate = `rate(latency_bucket[${this.#duration(40)}])`;
    return this.#random.below(2) === 0 ? rate : `sum by (le) (${rate})`;
  }

  #grouping(): string {
    const random = this.#random;
    if (random.below(4) === 0) return '';
    const labels = labelNames.filter(() => random.below(3) === 0);
    return ` ${random.pick(['by', 'without'])} (${labels.join(', ')}) `;
  }

  #aggregation(depth: number): string {
    const inner = this.vector(depth - 1);
    const grouping = this.#grouping();
    switch (this.#random.below(8)) {
      case 0:
        return `quantile${grouping}(${this.#quantile()}, ${inner})`;
      case 1: {
        // Of equal values, those that come first stay, and only plain selectors have an order that is sure.
        const name = this.#random.pick(['topk', 'bottomk']);
        const inner = this.#conservative ? 'temperature' : this.#selector();
        return `${name}${grouping}(${this.#random.below(4)}, ${inner})`;
      }
      case 2:
        // Values that were computed may differ in their last bit, and then in their label.
        return `count_values${this.#conservative ? '' : grouping}("value", ${this.#selector()})`;
      case 3:
        return `${this.#pick(this.#conservative ? aggregations : deviations)}${grouping}(${inner})`;
      default:
        return `${this.#pick(aggregations)}${grouping}(${inner})`;
    }
  }

  #arithmetic(): string {
    // The rest of a division makes much of a small difference.
    const others = this.#conservative ? [] : ['%', 'atan2'];
    return this.#random.pick(['+', '-', '*', '/', '^', ...others]);
  }

  #comparison(): string {
    const op = this.#random.pick(['==', '!=', '>', '<', '>=', '<=']);
    return this.#random.below(3) === 0 ? `${op} bool` : op;
  }

  #vectorScalar(depth: number): string {
    const op = this.#random.below(2) === 0 ? this.#arithmetic() : this.#comparison();
    const sides = [`(${this.vector(depth - 1)})`, `(${this.#scalar(depth - 1)})`];
    if (this.#random.below(2) === 0) sides.reverse();
    return sides.join(` ${op} `);
  }

  #vectorVector(depth: number): string {
    const random = this.#random;
    const op = random.below(2) === 0 ? this.#arithmetic() : this.#comparison();
    if (random.below(4) === 0) {
      const include = random.below(2) === 0 ? '' : 'version';
      const many = random.pick(['temperature', 'load', 'requests_total', 'load > 1']);
      const one = `info${this.#modifiers()}`;
      if (random.below(3) === 0) return `${one} ${op} on (job, instance) group_right (${include}) (${many})`;
      return `(${many}) ${op} on (job, instance) group_left (${include}) ${one}`;
    }
    const left = this.vector(depth - 1);
    // One expression on both sides surely matches.
    const right = random.below(2) === 0 ? left : this.vector(depth - 1);
    const matching = random.pick([
      '',
      'on (job, instance)',
      'ignoring (mode)',
      'on (job, instance, code)',
      'ignoring (code)',
    ]);
    return `(${left}) ${op} ${matching} (${right})`;
  }

  #setOperation(depth: number): string {
    const random = this.#random;
    const matching = random.pick(['', 'on (job)', 'on (job, instance)', 'ignoring (mode)', 'on ()']);
    const op = random.pick(['and', 'or', 'unless']);
    return `(${this.vector(depth - 1)}) ${op} ${matching} (${this.vector(depth - 1)})`;
  }

  #otherCall(depth: number): string {
    const inner = this.vector(depth - 1);
    switch (this.#random.below(10)) {
      case 0:
        return `absent(${inner})`;
      case 1:
        return `clamp(${inner}, ${this.#scalar(0)}, ${this.#scalar(0)})`;
      case 2:
        return `clamp_max(${inner}, ${this.#scalar(depth - 1)})`;
      case 3:
        return `round(${inner}, ${this.#random.pick(['1', '0.5', '10', '3'])})`;
      case 4:
        return `label_replace(${inner}, "${this.#random.pick(['job', 'new', 'mode'])}", "$1-x", "instance", "(.*):.*")`;
      case 5:
        return `label_join(${inner}, "joined", "/", "job", "instance")`;
      case 6:
        return `${this.#pick(dateFunctions)}(${this.#random.below(2) === 0 ? '' : `timestamp(${inner})`})`;
      case 7:
        return `timestamp(${this.#random.below(2) === 0 ? inner : this.#selector()})`;
      case 8:
        return `vector(${this.#scalar(depth - 1)})`;
      default:
        return `${this.#random.pick(['sort', 'sort_desc'])}(${inner})`;
    }
  }

  #pick(names: readonly string[]): string {
    const {without} = this.#options;
    return this.#random.pick(without === undefined ? names : names.filter((name) => !without.has(name)));
  }
}
