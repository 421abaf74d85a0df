import type * as z from 'zod';
import type {YamlNode} from '../base/yaml.ts';

export type Path = (string | number)[];

/** Something wrong at a place of a configuration file. */
export interface ConfigProblem {
  path: Path;
  message: string;
  /** From 1. */
  line: number;
  column: number;
}

const shownMax = 50;
/** After so many a file is not read on. */
const problemsMax = 500;

/** A configuration file that cannot be used; `problems` are in the order of the file. */
export class ConfigError extends SyntaxError {
  override name = 'ConfigError';
  readonly file: string;
  readonly problems: readonly ConfigProblem[];

  constructor(file: string, problems: readonly ConfigProblem[]) {
    super(describeProblems(file, problems));
    this.file = file;
    this.problems = problems;
  }
}

function describeProblems(file: string, problems: readonly ConfigProblem[]): string {
  const lines = problems.slice(0, shownMax).map(({path, message, line, column}) => {
    const field = formatPath(path);
    return `${file}:${line}:${column}: ${field === '' ? '' : `${field}: `}${message}`;
  });
  if (problems.length >= problemsMax) lines.push('and more');
  else if (problems.length > shownMax) lines.push(`and ${problems.length - shownMax} more`);
  const head = `parsing YAML file ${file}:`;
  return lines.length === 1
    ? `${head} ${lines[0]}`
    : `${head} ${problems.length} problems\n  ${lines.join('\n  ')}`;
}

/** `scrape_configs[0].relabel_configs[2].regex`. */
export function formatPath(path: Path): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else if (/^[A-Za-z_][A-Za-z0-9_-]*$/.test(step)) text += text === '' ? step : `.${step}`;
    else text += `[${JSON.stringify(step)}]`;
  }
  return text;
}

/** Gathers the problems of one file. */
export class ProblemList {
  readonly #file: string;
  readonly #text: string;
  readonly #root: YamlNode | null;
  readonly #found: {offset: number; path: Path; message: string}[] = [];

  constructor(file: string, text: string, root: YamlNode | null) {
    this.#file = file;
    this.#text = text;
    this.#root = root;
  }

  /** An offset below 0 is that of an empty key. */
  addAt(offset: number, message: string): void {
    this.#found.push({offset: Math.max(offset, 0), path: [], message});
  }

  add(path: Path, message: string, atKey = false): void {
    this.#found.push({offset: offsetOf(this.#root, path, atKey), path, message});
  }

  /** Problems that a schema found below `path`. */
  addIssues(path: Path, error: z.ZodError): void {
    for (const issue of error.issues) {
      const place = [...path, ...(issue.path as Path)];
      if (issue.code !== 'unrecognized_keys') {
        const atKey = issue.code === 'custom' && issue.params?.['atKey'] === true;
        this.add(place, issue.message, atKey);
        continue;
      }
      const messages = issue.message.split('\n');
      for (const [index, key] of issue.keys.entries())
        this.add([...place, key], messages[index] ?? issue.message, true);
    }
  }

  /** Nobody needs more. */
  get isFull(): boolean {
    return this.#found.length >= problemsMax;
  }

  get isEmpty(): boolean {
    return this.#found.length === 0;
  }

  /** Throws ConfigError where there are problems. */
  check(): void {
    if (this.isEmpty) return;
    this.#found.sort((left, right) => left.offset - right.offset);
    throw new ConfigError(this.#file, this.#placeAll());
  }

  /** Lines and columns of problems that are in the order of the text. */
  #placeAll(): ConfigProblem[] {
    let line = 1;
    let lineStart = 0;
    return this.#found.map(({offset, path, message}) => {
      for (let end = this.#text.indexOf('\n', lineStart); end >= 0 && end < offset;) {
        line++;
        lineStart = end + 1;
        end = this.#text.indexOf('\n', lineStart);
      }
      return {path, message, line, column: offset - lineStart + 1};
    });
  }
}

/** Where the node at `path` stands, or the nearest that is there. */
function offsetOf(root: YamlNode | null, path: Path, atKey: boolean): number {
  let node = root;
  let offset = Math.max(root?.offset ?? 0, 0);
  for (const [depth, step] of path.entries()) {
    if (node?.kind === 'sequence' && typeof step === 'number') {
      node = node.items[step] ?? null;
    } else if (node?.kind === 'mapping') {
      const entry = node.entries.find(({key}) => key === step);
      if (entry === undefined) break;
      if (entry.keyOffset >= 0) offset = entry.keyOffset;
      if (atKey && depth === path.length - 1) break;
      node = entry.value;
    } else break;
    // An empty value stands nowhere: its key does.
    if (node !== null && node.offset >= 0) offset = node.offset;
  }
  return offset;
}
