// Go's text/template.
import {quoteGo} from '../base/quote.ts';
import {TemplateError} from './error.ts';
import {builtins} from './exec/builtins.ts';
import {type Environment, Execution, type Limits, type MissingKey} from './exec/execution.ts';
import {isEmptyNode, type Tree} from './parse/nodes.ts';
import {parseTemplate} from './parse/parser.ts';
import type {GoFunction} from './type.ts';
import type {Value} from './value.ts';

export type {Limits, MissingKey} from './exec/execution.ts';

export const defaultLimits: Limits = {timeMs: 5000, sizeMax: 8 * 2 ** 20, depthMax: 400};

export interface TemplateOptions {
  readonly functions?: ReadonlyMap<string, GoFunction>;
  /** What takes the place of some of these for one execution. */
  readonly ownFunctions?: ReadonlyMap<string, GoFunction>;
  readonly missingKey?: MissingKey;
  readonly limits?: Partial<Limits>;
  /** Milliseconds that only go forward. */
  readonly clock?: () => number;
}

/** Templates that know each other by their names. */
export class TemplateSet {
  readonly #trees: Map<string, Tree>;
  readonly #options: TemplateOptions;

  constructor(options: TemplateOptions = {}, trees: ReadonlyMap<string, Tree> = new Map()) {
    this.#options = options;
    this.#trees = new Map(trees);
  }

  /**
   * Adds the template `name` and all that `text` defines. What is there already is replaced, unless the new body is empty.
   * Throws TemplateError, and then has added nothing.
   */
  parse(name: string, text: string): void {
    let trees: Map<string, Tree>;
    try {
      trees = parseTemplate(name, text, (each) => this.#function(each) !== null || builtins.has(each));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw new TemplateError(error.message, {cause: error});
    }
    for (const [each, tree] of trees) {
      if (!this.#trees.has(each) || !isEmptyNode(tree.root)) this.#trees.set(each, tree);
    }
  }

  /** A set with the same templates, to which more can be added. `options` replace single ones of this set. */
  clone(options: TemplateOptions = {}): TemplateSet {
    return new TemplateSet({...this.#options, ...options}, this.#trees);
  }

  get names(): string[] {
    return [...this.#trees.keys()];
  }

  get trees(): ReadonlyMap<string, Tree> {
    return this.#trees;
  }

  get options(): TemplateOptions {
    return this.#options;
  }

  /** The text that template `name` makes of `data`; null is nil. Throws TemplateError. */
  execute(name: string, data: Value | null): string {
    const tree = this.#trees.get(name);
    if (tree === undefined) throw new TemplateError(`template: no template ${quoteGo(name)}`);
    return new Execution(tree, this.#environment()).run(data);
  }

  #function(name: string): GoFunction | null {
    const {ownFunctions, functions} = this.#options;
    return ownFunctions?.get(name) ?? functions?.get(name) ?? null;
  }

  #environment(): Environment {
    return {
      tree: (name) => this.#trees.get(name) ?? null,
      function: (name) => this.#function(name),
      missingKey: this.#options.missingKey ?? 'default',
      limits: {...defaultLimits, ...this.#options.limits},
      clock: this.#options.clock ?? (() => performance.now()),
    };
  }
}

/** One template alone. */
export function renderTemplate(
  name: string,
  text: string,
  data: Value | null,
  options: TemplateOptions = {},
): string {
  const set = new TemplateSet(options);
  set.parse(name, text);
  return set.execute(name, data);
}
