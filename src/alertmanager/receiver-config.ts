// One item of `receivers`: a name, and for each kind of integration a list of sections.
import * as z from 'zod';
import {quoteGo} from '../base/quote.ts';
import {sortedMap, type YamlMap, type YamlValue} from '../base/yaml-write.ts';
import type {YamlNode} from '../base/yaml.ts';
import {dictionary, type Field, list, section, text} from '../model/fields.ts';
import type {Path} from '../model/problems.ts';
import {linesOf, rawSection} from './fields.ts';
import type {ReadGlobal} from './global.ts';
import type {IntegrationConfig, IntegrationKind, ReadContext} from './integration.ts';

export interface ReceiverConfig {
  readonly name: string;
  /** The name among them. */
  readonly labels: ReadonlyMap<string, string>;
  readonly integrations: readonly NamedIntegrationConfig[];
}

export interface NamedIntegrationConfig {
  /** 'slack' */
  readonly name: string;
  /** Counts those of one kind of one receiver. */
  readonly index: number;
  readonly config: IntegrationConfig;
}

export interface ReceiverContext {
  readonly kinds: readonly IntegrationKind[];
  readonly global: ReadGlobal;
  readonly directory: string;
  readonly complain: (path: Path, message: string) => void;
  readonly complainOfSchema: (path: Path, error: z.ZodError) => void;
}

export interface ReadReceiver {
  readonly receiver: ReceiverConfig;
  readonly document: YamlMap;
}

interface ReceiverFields {
  name: string;
  labels: Map<string, string>;
  [kind: string]: unknown;
}

/** Schema of a receiver with these kinds. */
export function receiverFieldsOf(kinds: readonly IntegrationKind[]): Field<ReceiverFields> {
  const lists = Object.fromEntries(kinds.map(({key}) => [key, list(rawSection).default([])]));
  const schema = section(() => ({
    name: text.default(''),
    labels: dictionary(text).default(new Map()),
    ...lists,
  }));
  return schema as unknown as Field<ReceiverFields>;
}

export function readReceiver(fields: ReceiverFields, path: Path, context: ReceiverContext): ReadReceiver {
  const {name} = fields;
  if (name === '') context.complain(path, 'missing name in receiver');
  const given = fields.labels.get('name');
  if (given !== undefined && given !== name)
    context.complain(
      [...path, 'labels', 'name'],
      `receiver label "name" must match receiver name ${quoteGo(name)}, got ${quoteGo(given)}`,
    );
  const labels = new Map([...fields.labels, ['name', name]]);
  const integrations: NamedIntegrationConfig[] = [];
  const lines: Record<string, YamlValue> = {name, labels: sortedMap(labels)};
  for (const kind of context.kinds) {
    const configs = readConfigs(kind, fields[kind.key] as (YamlNode | null)[], path, context);
    for (const [index, config] of configs.entries())
      if (config !== null) integrations.push({name: kind.name, index, config});
    lines[kind.key] = configs.flatMap((config) => (config === null ? [] : [config.document]));
  }
  return {receiver: {name, labels, integrations}, document: linesOf(lines)};
}

const emptySection: YamlNode = {kind: 'mapping', entries: [], offset: 0};

function readConfigs(
  kind: IntegrationKind,
  nodes: readonly (YamlNode | null)[],
  path: Path,
  context: ReceiverContext,
): (IntegrationConfig | null)[] {
  return nodes.map((node, index) => {
    const place: Path = [...path, kind.key, index];
    if (node === null && kind.emptyMessage !== null) {
      context.complain(place, kind.emptyMessage);
      return null;
    }
    const readContext: ReadContext = {
      global: context.global,
      directory: context.directory,
      complain: (below, message) => context.complain([...place, ...below], message),
      complainOfSchema: (error) => context.complainOfSchema(place, error),
    };
    return kind.read(node ?? emptySection, readContext);
  });
}
