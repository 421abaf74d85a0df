// Random bodies for tests: they start well-formed and change from scrape to scrape as real ones do, and as bad ones do.
import type {Random} from '../base/random.ts';
import type {ExpositionFormat} from '../formats/exposition.ts';

/** A line: a comment whole, or a series' key and what follows it. */
interface Line {
  key: string;
  tail: string;
}

const values = [
  '0',
  '1',
  '-3.25',
  '1e+06',
  '123456789.125',
  'NaN',
  '+Inf',
  '4.9e-324',
  '9007199254740993',
  '00.5',
];
const types = ['counter', 'gauge', 'histogram', 'summary'];
const comments = {
  text: [
    '# a comment',
    '#',
    '',
    '   ',
    '# TYPE metric_0_0 histogram',
    '# HELP metric_0_0 A \\\\ text',
    '#\tHELP\tm_1 x',
  ],
  openmetrics: ['# TYPE metric_0_0 histogram', '# HELP metric_0_0 Other text', '# UNIT m_seconds seconds'],
};
const broken = [
  '7&-',
  'metric',
  'metric{a="b" 1',
  'metric{a="b} 1',
  'metric{a="1",a="2"} 1',
  'metric 1e999',
  'metric x',
  'metric 1 2 3',
  '{a="b"} 1',
  '# TYPE metric bogus',
  'metric{a="\\"} 1',
  '# EOF',
  '',
  ' metric 1',
  'metric 1 # {a="b"} x',
];

export class FuzzBody {
  readonly #format: ExpositionFormat;
  readonly #random: Random;
  readonly #lines: Line[] = [];
  #names = 0;

  constructor(random: Random, format: ExpositionFormat) {
    this.#random = random;
    this.#format = format;
    const families = 1 + random.below(6);
    for (let i = 0; i < families; i++) this.#lines.push(...this.#family());
  }

  /** The body with something changed, mostly its values. Now and then it is broken: that does not stay. */
  next(nowMs: number): string {
    const random = this.#random;
    for (let changes = random.pick([0, 0, 1, 1, 2, 5]); changes > 0; changes--) this.#change();
    for (const line of this.#lines) {
      if (line.tail !== '' && random.below(3) > 0) line.tail = this.#tail(nowMs);
    }
    const lines = this.#lines.map(({key, tail}) => key + tail);
    if (random.below(6) === 0) lines.splice(random.below(lines.length + 1), 0, random.pick(broken));
    let text = lines.map((line) => `${line}\n`).join('');
    if (this.#format === 'openmetrics' && random.below(20) > 0) text += '# EOF\n';
    if (random.below(8) === 0) text = text.slice(0, -1);
    return random.below(30) === 0 ? '' : text;
  }

  #family(): Line[] {
    const random = this.#random;
    const name = `metric_${random.below(3)}_${this.#names++}`;
    const lines: Line[] = [];
    if (random.below(3) > 0) lines.push({key: `# HELP ${name} Some text.`, tail: ''});
    if (random.below(3) > 0) lines.push({key: `# TYPE ${name} ${random.pick(types)}`, tail: ''});
    const count = 1 + random.below(8);
    for (let i = 0; i < count; i++) lines.push({key: this.#series(name, i), tail: ' 0'});
    return lines;
  }

  #series(name: string, i: number): string {
    const random = this.#random;
    const comma = random.below(12) === 0 ? ',' : '';
    switch (random.below(9)) {
      case 0:
        return name;
      case 1:
        return `${name}{le="${random.pick(['1', '0.5', '+Inf', 'x'])}"}`;
      case 2:
        return `${name}{quantile="${random.pick(['1', '0.99'])}",drop="${random.pick(['', 'yes'])}"}`;
      case 3:
        return `{"${name}.é",path="C:\\\\dir\\"${i}\\n"}`;
      case 4:
        return this.#format === 'text' ? `${name}{text="two\nlines ${i}"}` : `{"${name}\nx",a="${i}"}`;
      case 5:
        return `${name}{a="${i}",instance="mine",empty="",job="x${i}"${comma}}`;
      default:
        return `${name}{cpu="${i}",mode="${random.pick(['idle', 'user', 'system'])}"${comma}}`;
    }
  }

  #tail(nowMs: number): string {
    const random = this.#random;
    const openMetrics = this.#format === 'openmetrics';
    const value = random.below(2) === 0 ? random.pick(values) : String(random.float() * 1000);
    const blank = !openMetrics && random.below(15) === 0 ? '\t ' : ' ';
    let time = '';
    if (random.below(12) === 0) {
      const ms = nowMs - 500 * random.below(3) + (random.below(8) === 0 ? 3_600_000 : 0);
      time = ` ${openMetrics ? ms / 1000 : ms}`;
    }
    const exemplar = openMetrics && random.below(10) === 0 ? ' # {trace_id="x"} 0.5' : '';
    return `${blank}${value}${time}${exemplar}`;
  }

  #change(): void {
    const random = this.#random;
    const lines = this.#lines;
    const at = random.below(lines.length + 1);
    switch (random.below(8)) {
      case 0:
        lines.splice(at, 0, ...this.#family());
        break;
      case 1:
        lines.splice(at, 1 + random.below(4));
        break;
      case 2:
        lines.splice(random.below(lines.length + 1), 0, ...lines.splice(at, 1 + random.below(3)));
        break;
      case 3:
        if (at < lines.length) lines.splice(random.below(lines.length + 1), 0, {...lines[at]!});
        break;
      case 4:
        lines.splice(at, 0, {key: random.pick(comments[this.#format]), tail: ''});
        break;
      case 5:
        if (at < lines.length) lines[at]!.key = lines[at]!.key.replace('cpu="', 'cpu="1');
        break;
      case 6:
        for (let i = lines.length - 1; i > 0; i--) {
          const other = random.below(i + 1);
          [lines[i], lines[other]] = [lines[other]!, lines[i]!];
        }
        break;
      default:
        lines.splice(at, 0, {
          key: this.#series(`metric_${random.below(3)}_${random.below(this.#names)}`, at),
          tail: ' 5',
        });
    }
  }
}
