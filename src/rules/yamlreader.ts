// Reads nodes of YAML as Go's yaml package reads them into types, with its words for what does not fit.

import {isNullNode, resolveScalar} from '../base/yaml-resolve.ts';
import {parseYaml, placeOf, yamlLimits, type YamlNode} from '../base/yaml.ts';
import {parseDuration} from '../model/duration.ts';
import {mismatch} from '../model/fields.ts';
import type {Labels} from '../model/labels.ts';
import {labelsWithEmpty} from './labelpairs.ts';

export class YamlReader {
  /** null = an empty text. */
  readonly root: YamlNode | null;
  /** Documents in the text; only the first is read. */
  readonly count: number;
  readonly #text: string;
  readonly #ignoresUnknown: boolean;
  /** Lines of what Go calls unmarshal errors. */
  readonly #mismatches: string[] = [];
  readonly #problems: string[] = [];

  /** Throws YamlError where the text is no YAML. */
  constructor(text: string, {ignoreUnknownFields}: {ignoreUnknownFields: boolean}) {
    this.#text = text;
    this.#ignoresUnknown = ignoreUnknownFields;
    const {root, problems, count} = parseYaml(text, yamlLimits);
    this.root = root;
    this.count = count;
    for (const {offset, message} of problems) this.#mismatch(offset, message);
  }

  /** What did not fit until now. */
  get problems(): string[] {
    const {length} = this.#mismatches;
    return length === 0
      ? this.#problems
      : [`yaml: unmarshal errors:\n${this.#mismatches.join('\n')}`, ...this.#problems];
  }

  /** Adds a problem at the place of a node. */
  complain(node: YamlNode, message: string): void {
    this.#problems.push(`${this.place(node)}: ${message}`);
  }

  /** `line:column` */
  place({offset}: YamlNode): string {
    const {line, column} = placeOf(this.#text, Math.max(0, offset));
    return `${line}:${column}`;
  }

  /** A mapping whose keys are these fields. `type` is Go's name of it. */
  fields(node: YamlNode, type: string, fields: Record<string, (value: YamlNode) => unknown>): void {
    if (isNullNode(node)) return;
    if (node.kind !== 'mapping') return this.#mismatch(node.offset, mismatch(node, type).message);
    for (const {key, keyOffset, value} of node.entries) {
      if (Object.hasOwn(fields, key)) fields[key]!(value);
      else if (!this.#ignoresUnknown) this.#mismatch(keyOffset, `field ${key} not found in type ${type}`);
    }
  }

  list(node: YamlNode, type: string, use: (item: YamlNode) => void): void {
    if (isNullNode(node)) return;
    if (node.kind !== 'sequence') return this.#mismatch(node.offset, mismatch(node, type).message);
    for (const item of node.items) use(item);
  }

  string(node: YamlNode): string {
    if (isNullNode(node)) return '';
    if (node.kind === 'scalar') return node.text;
    this.#mismatch(node.offset, mismatch(node, 'string').message);
    return '';
  }

  /** A mapping of texts; sorted. */
  strings(node: YamlNode): Labels {
    if (isNullNode(node)) return [];
    if (node.kind !== 'mapping') {
      this.#mismatch(node.offset, mismatch(node, 'map[string]string').message);
      return [];
    }
    return labelsWithEmpty(node.entries.map(({key, value}): [string, string] => [key, this.string(value)]));
  }

  integer(node: YamlNode): number {
    return this.#resolved(node, 'int', (value) =>
      typeof value === 'number' && Number.isInteger(value) ? value : undefined,
    );
  }

  float(node: YamlNode): number {
    return this.#resolved(node, 'float64', (value) =>
      typeof value === 'number' || typeof value === 'bigint' ? Number(value) : undefined,
    );
  }

  boolean(node: YamlNode): boolean {
    return (
      this.#resolved(node, 'bool', (value) => (typeof value === 'boolean' ? Number(value) : undefined)) === 1
    );
  }

  /** Milliseconds. */
  duration(node: YamlNode): number {
    if (isNullNode(node)) return 0;
    if (node.kind !== 'scalar') this.#mismatch(node.offset, mismatch(node, 'string').message);
    else {
      try {
        return parseDuration(node.text);
      } catch (error) {
        this.complain(node, (error as Error).message);
      }
    }
    return 0;
  }

  #resolved(node: YamlNode, type: string, read: (value: unknown) => number | undefined): number {
    if (isNullNode(node)) return 0;
    const value = node.kind === 'scalar' ? read(resolveScalar(node).value) : undefined;
    if (value === undefined) this.#mismatch(node.offset, mismatch(node, type).message);
    return value ?? 0;
  }

  #mismatch(offset: number, message: string): void {
    const {line} = placeOf(this.#text, Math.max(0, offset));
    for (const each of message.split('\n')) this.#mismatches.push(`  line ${line}: ${each}`);
  }
}
