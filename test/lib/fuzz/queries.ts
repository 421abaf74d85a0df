// Random queries over the series of data.ts: every function, operator and modifier that the peer knows. Most have a result.

import type {Random} from '../../../src/base/random.ts';
import {functions, type FunctionSignature} from '../../../src/promql/functions.ts';
import {spoil} from './spoil.ts';
import {toleranceOf} from './tolerance.ts';
import {Words, type WordOptions} from './words.ts';

export interface QueryOptions extends WordOptions {
  /** Functions that may occur. */
  functions: ReadonlySet<string>;
  aggregations: readonly string[];
  /** fill(), fill_left() and fill_right() of binary operators. */
  fill: boolean;
  /** `anchored` and `smoothed` behind selectors. */
  extended: boolean;
  /** Arithmetic within brackets and after `offset`. */
  durationExpressions: boolean;
  /** One of how many queries is spoilt, so that it is most likely refused. */
  spoilOf: number;
}

export function randomQuery(random: Random, options: QueryOptions): string {
  const generator = new QueryGenerator(random, options);
  const query = generator.top();
  return random.below(options.spoilOf) === 0 ? spoil(random, query) : query;
}

const dateFunctions = new Set([
  'day_of_month',
  'day_of_week',
  'day_of_year',
  'days_in_month',
  'hour',
  'minute',
  'month',
  'year',
]);

/** Leaves out one of two buckets with the same bound, which several quantiles repair differently, see known.ts. */
const distinctBounds = 'le!="0.10"';

/** Functions that do more than to compute a number from a number. */
const intricateFunctions = new Set([
  'absent',
  'histogram_fraction',
  'histogram_quantile',
  'histogram_quantiles',
  'info',
  'label_join',
  'label_replace',
  'timestamp',
]);

/** Whether the last bit of values is sure, so that they may become labels. */
function isExact(text: string): boolean {
  return toleranceOf(text) === 0 && !/quantile|mad_|histogram_/i.test(text);
}

class QueryGenerator extends Words {
  readonly #options: QueryOptions;
  readonly #vectorFunctions: readonly FunctionSignature[];
  readonly #rangeFunctions: readonly FunctionSignature[];
  readonly #intricate: readonly FunctionSignature[];

  constructor(random: Random, options: QueryOptions) {
    super(random, options);
    this.#options = options;
    const known = [...functions.values()].filter(
      ({name, returnType}) => options.functions.has(name) && returnType === 'vector',
    );
    this.#rangeFunctions = known.filter(({argTypes}) => argTypes.includes('matrix'));
    this.#vectorFunctions = known.filter(({argTypes}) => !argTypes.includes('matrix'));
    this.#intricate = this.#vectorFunctions.filter(({name}) => intricateFunctions.has(name));
  }

  top(): string {
    const depth = this.random.pick([1, 2, 2, 3, 3, 3, 4]);
    const {random} = this;
    switch (random.below(30)) {
      case 0:
        return this.scalar(depth);
      case 1:
        return this.chance(3) ? this.quote(random.pick(['', 'text', 'ü"\\\n'])) : this.range(depth);
      case 2:
        return `# remark\n${this.vector(depth)} `;
      default:
        return this.vector(depth);
    }
  }

  vector(depth: number): string {
    if (depth <= 0) return this.selector();
    const {random} = this;
    switch (random.below(20)) {
      case 0:
      case 1:
        return this.selector();
      case 2:
      case 3:
      case 4:
      case 5:
        return this.#rangeCall(depth);
      case 6:
      case 7:
      case 8:
      case 9:
        return this.#aggregation(depth);
      case 10:
      case 11:
        return this.#vectorScalar(depth);
      case 12:
      case 13:
        return this.#vectorVector(depth);
      case 14:
        return this.#setOperation(depth);
      case 15:
        return `${random.pick(['-', '+', '--', '-+'])}${this.#operand(depth - 1)}`;
      case 16:
        return `(${this.vector(depth - 1)})`;
      default:
        return this.#call(random.pick(this.chance(4) ? this.#intricate : this.#vectorFunctions), depth);
    }
  }

  selector(): string {
    const extension = this.#options.extended && this.chance(12) ? this.#extension() : '';
    return this.selectorOf(this.metric()) + this.#modified(extension);
  }

  /** Modifiers behind a selector in any order, some of them computed. */
  #modified(extension: string): string {
    const modifiers =
      this.#options.durationExpressions && this.chance(30) ? ` offset ${this.#offset()}` : this.modifiers();
    return this.chance(2) ? extension + modifiers : modifiers + extension;
  }

  #offset(): string {
    const {random} = this;
    return random.pick([
      `(${this.#sum()})`,
      `-(${this.#sum()})`,
      `(-${this.duration(60)})`,
      `(${this.duration(60)} - ${this.duration(120)})`,
      'step()',
      '-step()',
      '(range() / 2)',
      `max_of(step(), ${this.duration(60)})`,
      `-min_of(range(), ${this.duration(60)})`,
      `+${this.duration(60)}`,
      '(0)',
    ]);
  }

  #sum(): string {
    return `${this.duration(60)} + ${this.duration(60)}`;
  }

  scalar(depth: number): string {
    const {random} = this;
    if (depth <= 0 || this.chance(2)) return this.number();
    switch (random.below(8)) {
      case 0:
        return 'time()';
      case 1:
        return `scalar(${this.vector(depth - 1)})`;
      case 2:
        return `scalar(sum(${this.vector(depth - 1)}))`;
      case 3:
        return `-${random.pick(['(1)', 'pi()', 'time()'])}`;
      case 4:
        return `time() % ${random.pick(['100', '7', '60'])}`;
      case 5:
        return this.#scalarCall(depth);
      case 6:
        return `(${this.scalar(depth - 1)} ${this.#comparison()} ${this.keyword('bool')} ${this.scalar(depth - 1)})`;
      default:
        return `(${this.scalar(depth - 1)} ${this.#arithmetic()} ${this.scalar(depth - 1)})`;
    }
  }

  #scalarCall(depth: number): string {
    const names = ['start', 'end', 'step', 'range', 'min_of', 'max_of'].filter((each) =>
      this.#options.functions.has(each),
    );
    if (names.length === 0) return 'pi()';
    const name = this.random.pick(names);
    if (!name.endsWith('_of')) return `${name}()`;
    return `${name}(${this.scalar(depth - 1)}, ${this.scalar(depth - 1)})`;
  }

  /** Something that binds tighter than any operator. */
  #operand(depth: number): string {
    const text = this.vector(depth);
    return /^[\w:]+(\{[^{}]*\})?$/.test(text) && !this.chance(4) ? text : `(${text})`;
  }

  #spanOf(secondsMax: number): string {
    if (!this.#options.durationExpressions || !this.chance(15)) return this.duration(secondsMax);
    const {random} = this;
    return random.pick([
      this.#sum(),
      `${this.duration(60)} * 2`,
      `-(-${this.duration(100)})`,
      `+(${this.duration(100)})`,
      `max_of(step(), ${this.duration(60)}) * 2`,
      `min_of(${this.#sum()}, 2 * step() + 1s)`,
      `${this.duration(60)} / ${this.random.pick(['2', '0', '3'])}`,
      `range() + ${this.duration(60)}`,
      `${this.duration(60)} % 7s + 5s`,
      `(${this.duration(100)} - 3s) / 2`,
      'step() + 10s',
      `max_of(range() / 4, ${this.duration(60)})`,
      `min_of(step() * 3, ${this.duration(300)})`,
      `2^4 + ${this.duration(20)}`,
      `100 % 60 + 10`,
    ]);
  }

  /** `extensionOf`: one of how many selectors is anchored or smoothed, if any may be. */
  range(depth: number, kinds?: Parameters<Words['metric']>[0], extensionOf = 5): string {
    if (depth > 1 && this.chance(5)) {
      const step = this.chance(3) ? '' : this.#spanOf(60);
      const inner = this.#operand(depth - 2);
      return `${inner}[${this.#spanOf(240)}:${step}]${this.#modified('')}`;
    }
    const extension = this.#options.extended && this.chance(extensionOf) ? this.#extension() : '';
    return `${this.selectorOf(this.metric(kinds))}[${this.#spanOf(300)}]${this.#modified(extension)}`;
  }

  #extension(): string {
    return this.chance(2) ? ' anchored' : ' smoothed';
  }

  #rangeCall(depth: number): string {
    const signature = this.random.pick(this.#rangeFunctions);
    const ofCounters = ['rate', 'increase', 'irate', 'resets'].includes(signature.name) && !this.chance(3);
    // Other functions refuse them.
    const isExtensible = ['rate', 'increase', 'delta', 'changes', 'resets'].includes(signature.name);
    const args = signature.argTypes.map((type) => {
      if (type === 'scalar') return this.#factor(depth, signature.name);
      const kinds = ofCounters ? (['counter', 'bucket', 'histogram'] as const) : undefined;
      return this.range(depth, kinds, isExtensible ? 3 : 15);
    });
    return `${signature.name}(${args.join(', ')})`;
  }

  /** A scalar argument within the bounds of a function at most times. */
  #factor(depth: number, name: string): string {
    const {random} = this;
    if (name === 'predict_linear')
      return random.pick([this.duration(600), '0', '-60', this.scalar(depth - 1)]);
    if (name === 'double_exponential_smoothing') return random.pick(['0.5', '0.1', '0.9', '0.3', '1.5']);
    return this.#quantile(depth);
  }

  #quantile(depth: number): string {
    const {random} = this;
    if (this.chance(8)) return this.scalar(depth - 1);
    return random.pick(['0', '0.25', '0.5', '0.9', '0.99', '1', '1.5', '-1', 'NaN']);
  }

  #quantiles(depth: number): string {
    const one = (): string => {
      const quantile = this.#quantile(depth);
      return isExact(quantile) ? quantile : '0.75';
    };
    const quantiles = [one()];
    while (quantiles.length < 10 && !this.chance(3)) quantiles.push(one());
    return quantiles.join(', ');
  }

  #grouping(): string {
    if (this.chance(3)) return '';
    return ` ${this.keyword(this.random.pick(['by', 'by', 'without']))} ${this.labelNames()} `;
  }

  #aggregation(depth: number): string {
    const {random} = this;
    const op = random.pick(this.#options.aggregations);
    const name = this.keyword(op);
    const grouping = this.#grouping();
    const inner = op === 'count_values' ? this.#exact(depth - 1) : this.vector(depth - 1);
    const args = `(${this.#parameter(op, depth)}${inner})`;
    return this.chance(2) ? `${name}${grouping}${args}` : `${name}${args}${grouping}`;
  }

  /** Values whose last bit is sure, and whose zeros have a sure sign: they become labels. */
  #exact(depth: number): string {
    for (let i = 0; i < 5; i++) {
      const text = this.vector(depth);
      if (isExact(text)) return text;
    }
    return this.selector();
  }

  #parameter(op: string, depth: number): string {
    const {random} = this;
    switch (op) {
      case 'topk':
      case 'bottomk':
      case 'limitk':
        return `${this.chance(5) ? this.scalar(depth - 1) : random.pick(['1', '2', '3', '5', '0', '-1', '1.9', '100'])}, `;
      case 'quantile':
        return `${this.#quantile(depth)}, `;
      case 'limit_ratio':
        return `${this.chance(5) ? this.scalar(depth - 1) : random.pick(['0.5', '-0.5', '0.1', '1', '-1', '0', '2', '-3', '0.25'])}, `;
      case 'count_values':
        return `${this.quote(random.pick(['value', 'job', 'le', 'count value', 'value', 'value', '__name__']))}, `;
      default:
        return '';
    }
  }

  #arithmetic(): string {
    return this.random.pick(['+', '-', '*', '/', '%', '^', 'atan2', '+', '-', '*', '/']);
  }

  #comparison(): string {
    return this.random.pick(['==', '!=', '>', '<', '>=', '<=']);
  }

  #operator(): string {
    if (this.chance(2)) return this.#arithmetic();
    return this.chance(3) ? `${this.#comparison()} ${this.keyword('bool')}` : this.#comparison();
  }

  #vectorScalar(depth: number): string {
    const scalar = this.scalar(depth - 1);
    const isPlain = /^[\w.]+$/.test(scalar) && this.chance(2);
    const sides = [this.#operand(depth - 1), isPlain ? scalar : `(${scalar})`];
    if (this.chance(2)) sides.reverse();
    if (this.#options.histograms && this.chance(10))
      return this.#trimmed(depth, isPlain ? scalar : `(${scalar})`);
    return `${sides[0]} ${this.#operator()} ${sides[1]}`;
  }

  /** Histograms without what lies beyond a bound; rarely operands for which there is no such thing. */
  #trimmed(depth: number, scalar: string): string {
    const histograms = `(${this.#native(depth)})`;
    const bound = this.chance(2) ? this.#bound() : scalar;
    const sides = this.chance(15) ? [bound, histograms] : [histograms, bound];
    if (this.chance(20)) sides[1] = this.#operand(depth - 1);
    return `${sides[0]} ${this.random.pick(['</', '>/'])} ${sides[1]}`;
  }

  #vectorVector(depth: number): string {
    const {random} = this;
    if (this.chance(3)) return this.#grouped(depth);
    const left = this.#operand(depth - 1);
    // One expression on both sides surely matches.
    const right = this.chance(2) ? left : this.#operand(depth - 1);
    const matching = random.pick([
      '',
      '',
      '',
      'on (job, instance, code, mode, le, what, state, "mount point")',
      'ignoring (version, region)',
      'on (job, instance)',
      'ignoring (mode)',
      'ignoring (code, mode, le, what)',
      random.pick(['on (job)', 'on ()', `on ${this.labelNames()}`, `ignoring ${this.labelNames()}`]),
    ]);
    return `${left} ${this.#operator()} ${matching}${this.#fill(matching)} ${right}`;
  }

  #fill(matching: string): string {
    if (!this.#options.fill || !this.chance(matching === '' ? 6 : 3)) return '';
    const {random} = this;
    const value = (): string => random.pick(['0', '1', '-1', 'NaN', '+Inf', '2.5', '-0', '5m', '1e3']);
    return random.pick([
      ` fill(${value()})`,
      ` fill_left(${value()})`,
      ` fill_right(${value()})`,
      ` fill_left(${value()}) fill_right(${value()})`,
      ` fill_right(${value()}) fill_left(${value()})`,
      ` ${this.keyword('fill')} (${value()})`,
    ]);
  }

  /** Many samples of one side match one of the other. */
  #grouped(depth: number): string {
    const {random} = this;
    const many = random.pick([
      'temperature',
      'rate(http_requests_total[2m])',
      'load',
      'http_requests_total',
      this.vector(depth - 1),
      'load > 1',
    ]);
    const one = random.pick([
      `build_info${this.modifiers()}`,
      `target_info${this.modifiers()}`,
      `max by (job, instance) (${this.vector(depth - 1)})`,
      `sum without (code, mode) (load)`,
      this.vector(depth - 1),
    ]);
    const include = random.pick(['', '()', '(version)', '(version, region)', this.labelNames()]);
    const on = random.pick(['on (job, instance)', 'on (instance)', 'ignoring (mode, code, version, region)']);
    const side = this.chance(3) ? 'group_right' : 'group_left';
    const [left, right] = side === 'group_left' ? [many, one] : [one, many];
    const fill = this.#fill(on);
    // Behind the bare word, a parenthesis would begin a list of labels.
    const rightSide = include === '' && fill === '' ? right : `(${right})`;
    return `(${left}) ${this.#operator()} ${on} ${this.keyword(side)} ${include}${fill} ${rightSide}`;
  }

  #setOperation(depth: number): string {
    const {random} = this;
    const matching = random.pick([
      '',
      '',
      'on (job)',
      'on (job, instance)',
      'ignoring (mode)',
      'on ()',
      `on ${this.labelNames()}`,
    ]);
    const op = this.keyword(random.pick(['and', 'or', 'or', 'unless']));
    return `${this.#operand(depth - 1)} ${op} ${matching} ${this.#operand(depth - 1)}`;
  }

  #call(signature: FunctionSignature, depth: number): string {
    const {name} = signature;
    const {random} = this;
    if (dateFunctions.has(name)) return this.#dateCall(name, depth);
    switch (name) {
      case 'histogram_quantile':
        return `${name}(${this.#quantile(depth)}, ${this.#buckets(depth)})`;
      case 'histogram_fraction':
        return `${name}(${this.#bound()}, ${this.#bound()}, ${this.#buckets(depth)})`;
      case 'histogram_quantiles':
        return `${name}(${this.#buckets(depth, distinctBounds)}, ${this.quote(random.pick(['q', 'quantile', 'le']))}, ${this.#quantiles(depth)})`;
      case 'label_replace':
        return `${name}(${this.vector(depth - 1)}, ${this.#replacement()})`;
      case 'label_join':
        return `${name}(${this.vector(depth - 1)}, ${this.#joined()})`;
      case 'round':
        return `${name}(${this.vector(depth - 1)}${random.pick(['', ', 1', ', 0.5', ', 10', ', 3', ', 0', ', -0.1'])})`;
      case 'sort_by_label':
      case 'sort_by_label_desc':
        return `${name}(${this.vector(depth - 1)}${random.pick(['', ', "instance"', ', "job", "code"', ', "nosuch"'])})`;
      case 'info':
        return `${name}(${this.vector(depth - 1)}${this.#infoMatchers()})`;
    }
    const args = signature.argTypes.map((type) =>
      type === 'vector' ? this.#argument(name, depth) : this.scalar(depth - 1),
    );
    return `${name}(${args.join(', ')})`;
  }

  #infoMatchers(): string {
    return this.random.pick([
      '',
      '',
      ', {region=~".+"}',
      ', {region=~".*"}',
      ', {region="eu"}',
      ', {region!="eu"}',
      ', {nosuch="x"}',
      ', {__name__="build_info"}',
      ', {__name__=~"(build|target)_info", version=~"1|2"}',
      ', {__name__=~".+_info", version="1"}',
      ', {__name__!="target_info", version="2"}',
      ', {"dépôt"=~".+"}',
      ', {job=~".+"}',
    ]);
  }

  #argument(name: string, depth: number): string {
    if (name.startsWith('histogram_') && this.#options.histograms && !this.chance(4))
      return this.#native(depth);
    if (name.startsWith('absent') && this.chance(2)) return `${this.selector()} == 12345.5`;
    return this.vector(depth - 1);
  }

  #dateCall(name: string, depth: number): string {
    const inner = this.random.pick([
      '',
      `timestamp(${this.vector(depth - 1)})`,
      'odd{what="dates"}',
      `vector(${this.scalar(depth - 1)})`,
      this.vector(depth - 1),
    ]);
    return `${name}(${inner})`;
  }

  /** `matcher`: for all classic buckets. */
  #buckets(depth: number, matcher = ''): string {
    const {random} = this;
    if (this.#options.histograms && this.chance(2)) return this.#native(depth);
    const range = this.duration(300);
    const buckets = matcher === '' ? 'latency_seconds_bucket' : `latency_seconds_bucket{${matcher}}`;
    const more = matcher === '' ? '' : `, ${matcher}`;
    return random.pick([
      buckets,
      `rate(${buckets}[${range}])`,
      `sum by (le) (rate(${buckets}[${range}]))`,
      `sum by (job, le) (increase(latency_seconds_bucket{job="api"${more}}[${range}]))`,
      `latency_seconds_bucket{job="web"${more}}${this.modifiers()}`,
      // Classic ones, and native ones that without their name have the same labels.
      `{__name__=~"latency_seconds(_bucket)?"${more}}`,
      `rate({__name__=~"latency_seconds(_bucket)?"${more}}[${range}])`,
      this.vector(depth - 1),
    ]);
  }

  #native(depth: number): string {
    const selector = this.selectorOf(this.metric(['histogram']));
    return this.random.pick([
      selector,
      `rate(${selector}[${this.duration(300)}])`,
      `sum by (job) (rate(${selector}[${this.duration(300)}]))`,
      `sum(${selector})`,
      `avg_over_time(${selector}[${this.duration(200)}])`,
      `${selector} * 2`,
      this.vector(depth - 1),
    ]);
  }

  #bound(): string {
    return this.random.pick(['0', '0.1', '0.3', '1', '2', '-1', '-Inf', '+Inf', 'NaN', '5', '7']);
  }

  #replacement(): string {
    const {random} = this;
    const target = random.pick([
      'job',
      'new',
      'instance',
      '__name__',
      '__type__',
      'le',
      'with space',
      'dépôt',
      'new',
      'new',
    ]);
    const template = random.pick([
      '$1',
      '${1}x',
      '$1x',
      '$$',
      '$part',
      '${part}-$0',
      '',
      'fixed',
      'a$',
      '$9',
      '$1-$2',
    ]);
    const source = random.pick([
      'instance',
      'job',
      '__name__',
      '__type__',
      'code',
      'nosuch',
      'mount point',
      'dépôt',
      'instance',
    ]);
    const pattern = random.pick([
      '(.*)',
      '(?P<part>.*):(.*)',
      '([a-z]+).*',
      '',
      'a.*',
      '(?i)A(.*)',
      '.*',
      '((a)|(b)):.*',
      '(\\w+).?(.*)',
      '[^:]+:(\\d)',
    ]);
    return [target, template, source, pattern].map((each) => this.quote(each)).join(', ');
  }

  #joined(): string {
    const {random} = this;
    const texts = [random.pick(['joined', 'job', 'joined', '__name__']), random.pick(['', '/', ', '])];
    while (!this.chance(3)) texts.push(random.pick(['job', 'instance', 'nosuch', 'code', '__name__']));
    return texts.map((each) => this.quote(each)).join(', ');
  }
}
