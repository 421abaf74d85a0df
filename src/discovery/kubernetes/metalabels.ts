import {joinHostPort} from '../dns.ts';
import {PackedLabels} from '../packedlabels.ts';

/** Labels that are being put together. The last value of a name counts, and an empty one is none. */
export class LabelDraft {
  readonly #names: string[] = [];
  readonly #values: string[] = [];

  /** `labels`: names and values in turn. */
  constructor(...labels: string[]) {
    for (let i = 0; i < labels.length; i += 2) this.set(labels[i]!, labels[i + 1]!);
  }

  set(name: string, value: string): void {
    if (value === '') {
      this.#remove(name);
      return;
    }
    this.#names.push(name);
    this.#values.push(value);
  }

  pack(): PackedLabels {
    return new PackedLabels(this.#names, this.#values);
  }

  #remove(name: string): void {
    for (let i = this.#names.indexOf(name); i >= 0; i = this.#names.indexOf(name)) {
      this.#names.splice(i, 1);
      this.#values.splice(i, 1);
    }
  }
}

/** The beginning of all meta labels of this mechanism. */
export const metaPrefix = '__meta_kubernetes_';
export const namespaceLabel = `${metaPrefix}namespace`;

/** Labels and annotations as they are kept of an object: names and values in turn. */
export type Pairs = readonly string[];

const namesMax = 50_000;
/** Names of meta labels by `kind/what/name`: many objects have the same ones. */
const names = new Map<string, readonly [string, string]>();

/** The meta labels of all labels and annotations of an object; `kind` is the part of their names that says of what. */
export function addPairs(target: LabelDraft, kind: string, labels: Pairs, annotations: Pairs): void {
  addAll(target, kind, 'label', labels);
  addAll(target, kind, 'annotation', annotations);
}

function addAll(target: LabelDraft, kind: string, what: string, pairs: Pairs): void {
  for (let i = 0; i < pairs.length; i += 2) {
    const [name, present] = namesOf(kind, what, pairs[i]!);
    target.set(name, pairs[i + 1]!);
    target.set(present, 'true');
  }
}

function namesOf(kind: string, what: string, name: string): readonly [string, string] {
  const key = `${kind}/${what}/${name}`;
  let found = names.get(key);
  if (found === undefined) {
    const safe = sanitize(name);
    found = [`${metaPrefix}${kind}_${what}_${safe}`, `${metaPrefix}${kind}_${what}present_${safe}`];
    if (names.size >= namesMax) names.clear();
    names.set(key, found);
  }
  return found;
}

/** What may stand in the name of a label. */
export function sanitize(name: string): string {
  return name.replaceAll(/[^a-zA-Z0-9_]/g, '_');
}

/** `host:port`, with brackets around an address that has colons. */
export function addressOf(host: string, port: number): string {
  return joinHostPort(host, port);
}
