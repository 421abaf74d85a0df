// YAML text as a tree of nodes that know where they stand. What a scalar means is decided by who reads it, as in Go:
// `yes` is a boolean where one is wanted and a string where a string is wanted.

import {type AliasEvent, type Event, getScalarValue, parseEvents, YAMLException} from 'js-yaml';

export interface YamlScalar {
  kind: 'scalar';
  text: string;
  /** Written without quotes and without a tag: may be null, a boolean or a number. */
  plain: boolean;
  /** As written, for example `!!str`; '' = none. */
  tag: string;
  offset: number;
}

export interface YamlSequence {
  kind: 'sequence';
  items: YamlNode[];
  offset: number;
}

export interface YamlEntry {
  key: string;
  keyOffset: number;
  value: YamlNode;
}

export interface YamlMapping {
  kind: 'mapping';
  /** In the order of the text. No key twice: the later ones are problems. */
  entries: YamlEntry[];
  offset: number;
}

export type YamlNode = YamlScalar | YamlSequence | YamlMapping;

export interface YamlProblem {
  offset: number;
  message: string;
}

export interface YamlDocument {
  /** null = an empty text. */
  root: YamlNode | null;
  /** What is wrong without making the text unreadable: keys that stand twice. */
  problems: YamlProblem[];
  /** Documents in the text; only the first is read. */
  count: number;
}

export interface YamlLimits {
  charsMax: number;
  depthMax: number;
  /** Nodes after every alias has been replaced by what it stands for. */
  nodesMax: number;
}

export const yamlLimits: YamlLimits = {charsMax: 64 << 20, depthMax: 100, nodesMax: 4_000_000};

/** A text that is no YAML, or too much of it. `offset` counts UTF-16 units. */
export class YamlError extends SyntaxError {
  override name = 'YamlError';
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

/** Reads the first document of a text. Throws YamlError. */
export function parseYaml(text: string, limits: YamlLimits = yamlLimits): YamlDocument {
  if (text.length > limits.charsMax)
    throw new YamlError(`cannot read ${text.length} characters of YAML: the limit is ${limits.charsMax}`, 0);
  let events: Event[];
  try {
    events = parseEvents(text, {maxDepth: limits.depthMax});
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    throw new YamlError(error.reason, error.mark?.position ?? 0);
  }
  return new TreeBuilder(text, events, limits).build();
}

/** Line and column of an offset, both from 1; columns count UTF-16 units. */
export function placeOf(text: string, offset: number): {line: number; column: number} {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  let line = 1;
  for (let i = before.indexOf('\n'); i >= 0; i = before.indexOf('\n', i + 1)) line++;
  return {line, column: offset - lineStart + 1};
}

interface Anchor {
  node: YamlNode;
  /** Nodes that stand under it, aliases replaced; 0 while it is not finished. */
  weight: number;
}

/** Where the `|` or `>` of a block scalar stands, whose text begins on the line after it. */
function blockStart(text: string, valueStart: number): number {
  const end = text[valueStart - 1] === '\n' ? valueStart - 1 : valueStart;
  const lineStart = text.lastIndexOf('\n', end - 1) + 1;
  const at = text.slice(lineStart, end).search(/[|>][-+0-9]*[ \t\r]*(?:#.*)?$/);
  return at < 0 ? valueStart : lineStart + at;
}

type OpenEvent = Extract<Event, {type: 2 | 3 | 4}>;

/** As in EVENT_ID of js-yaml; sequence, mapping and scalar are 2, 3 and 4. */
const eventKind = {document: 1, alias: 5, pop: 6};

class TreeBuilder {
  readonly #text: string;
  readonly #events: Event[];
  readonly #limits: YamlLimits;
  readonly #anchors = new Map<string, Anchor>();
  readonly #problems: YamlProblem[] = [];
  #next = 0;
  #weight = 0;

  constructor(text: string, events: Event[], limits: YamlLimits) {
    this.#text = text;
    this.#events = events;
    this.#limits = limits;
  }

  build(): YamlDocument {
    const count = this.#events.filter(({type}) => type === eventKind.document).length;
    let root: YamlNode | null = null;
    if (count > 0) {
      this.#next = 1;
      if (this.#events[1]?.type !== eventKind.pop) root = this.#node();
    }
    return {root, problems: this.#problems, count};
  }

  #node(): YamlNode {
    const event = this.#events[this.#next++]!;
    if (event.type === eventKind.alias) return this.#alias(event as AliasEvent);
    this.#addWeight(1, 0);
    const open = event as OpenEvent;
    const before = this.#weight - 1;
    const node = this.#emptyNode(open);
    let anchor: Anchor | null = null;
    if (open.anchorStart >= 0) {
      anchor = {node, weight: 0};
      this.#anchors.set(this.#text.slice(open.anchorStart, open.anchorEnd), anchor);
    }
    if (node.kind === 'sequence') this.#fillSequence(node);
    else if (node.kind === 'mapping') this.#fillMapping(node);
    if (anchor !== null) anchor.weight = this.#weight - before;
    return node;
  }

  #emptyNode(event: OpenEvent): YamlNode {
    if (event.type === 2) return {kind: 'sequence', items: [], offset: event.start};
    if (event.type === 3) return {kind: 'mapping', entries: [], offset: event.start};
    const tag = event.tagStart < 0 ? '' : this.#text.slice(event.tagStart, event.tagEnd);
    const quoted = event.style === 2 || event.style === 3;
    const isBlock = event.style === 4 || event.style === 5;
    const offset = isBlock ? blockStart(this.#text, event.valueStart) : event.valueStart - Number(quoted);
    const value = getScalarValue(this.#text, event);
    const text = tag === '!!binary' ? this.#decode(value, offset) : value;
    return {kind: 'scalar', text, plain: event.style === 1 && tag === '', tag, offset};
  }

  /** Text that was written as base64. */
  #decode(value: string, offset: number): string {
    const packed = value.replaceAll(/\s/g, '');
    try {
      const bytes = Uint8Array.fromBase64(packed, {lastChunkHandling: 'strict'});
      return new TextDecoder('utf-8', {fatal: true, ignoreBOM: true}).decode(bytes);
    } catch (error) {
      const message =
        error instanceof SyntaxError
          ? '!!binary value contains invalid base64 data'
          : 'the bytes of a !!binary value are not UTF-8';
      this.#problems.push({offset, message});
      return '';
    }
  }

  #alias(event: AliasEvent): YamlNode {
    const name = this.#text.slice(event.anchorStart, event.anchorEnd);
    const anchor = this.#anchors.get(name);
    if (anchor === undefined) throw new YamlError(`unknown anchor '${name}' referenced`, event.anchorStart);
    if (anchor.weight === 0) throw new YamlError(`anchor '${name}' value contains itself`, event.anchorStart);
    this.#addWeight(anchor.weight, event.anchorStart);
    return anchor.node;
  }

  #addWeight(count: number, offset: number): void {
    this.#weight += count;
    if (this.#weight > this.#limits.nodesMax)
      throw new YamlError(
        `document contains excessive aliasing: over ${this.#limits.nodesMax} nodes`,
        offset,
      );
  }

  #fillSequence(node: YamlSequence): void {
    while (this.#events[this.#next]!.type !== eventKind.pop) node.items.push(this.#node());
    this.#next++;
  }

  #fillMapping(node: YamlMapping): void {
    const seen = new Set<string>();
    const merged: YamlMapping[] = [];
    while (this.#events[this.#next]!.type !== eventKind.pop) {
      const key = this.#node();
      const value = this.#node();
      if (key.kind !== 'scalar') {
        this.#problems.push({offset: key.offset, message: `invalid map key: a ${key.kind}`});
      } else if (key.plain && key.text === '<<') {
        merged.push(...this.#mergeSources(value));
      } else if (seen.has(key.text)) {
        this.#problems.push({offset: key.offset, message: `field ${key.text} already set`});
      } else {
        seen.add(key.text);
        node.entries.push({key: key.text, keyOffset: key.offset, value});
      }
    }
    this.#next++;
    // Keys of the mapping itself come before merged ones, earlier merged ones before later ones.
    for (const source of merged) {
      for (const entry of source.entries) {
        if (seen.has(entry.key)) continue;
        seen.add(entry.key);
        node.entries.push(entry);
      }
    }
  }

  #mergeSources(value: YamlNode): YamlMapping[] {
    const sources = value.kind === 'sequence' ? value.items : [value];
    const mappings = sources.filter((source) => source.kind === 'mapping');
    if (mappings.length < sources.length) {
      const message = 'map merge requires map or sequence of maps as the value';
      this.#problems.push({offset: value.offset, message});
    }
    return mappings;
  }
}
