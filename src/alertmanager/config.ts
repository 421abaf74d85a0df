// Alertmanager's configuration file.
import {dirname, isAbsolute, join} from 'node:path';
import * as z from 'zod';
import {assert} from '../base/assert.ts';
import {quoteGo} from '../base/quote.ts';
import {isNullNode} from '../base/yaml-resolve.ts';
import {writeYaml, type YamlMap, type YamlValue} from '../base/yaml-write.ts';
import {parseYaml, placeOf, type YamlDocument, YamlError, yamlLimits, type YamlNode} from '../base/yaml.ts';
import {type Field, list, section, text} from '../model/fields.ts';
import {ConfigError, type Path, ProblemList} from '../model/problems.ts';
import {linesOf, rawSection} from './fields.ts';
import {globalFields, readGlobal, type ReadGlobal} from './global.ts';
import {type InhibitRule, inhibitRuleFields, readInhibitRule} from './inhibit-config.ts';
import type {IntegrationKind} from './integration.ts';
import {MatcherParser} from './matchers/parse.ts';
import {readReceiver, type ReceiverConfig, receiverFieldsOf} from './receiver-config.ts';
import {integrationKinds} from './receivers/registry.ts';
import {readRoute, type RouteConfig} from './route-config.ts';
import {
  documentOfTimeIntervals,
  namedTimeIntervalsFields,
  type TimeInterval,
  timeIntervalOf,
} from './time-interval.ts';
import {readEventRecorder, readTracing} from './tracing-config.ts';

/** Checked, defaults filled in. */
export interface AlertmanagerConfig {
  readonly resolveTimeoutMs: number;
  readonly route: RouteConfig;
  readonly inhibitRules: readonly InhibitRule[];
  readonly receivers: readonly ReceiverConfig[];
  /** Patterns of files, absolute or relative to the working folder. */
  readonly templates: readonly string[];
  readonly timeIntervals: ReadonlyMap<string, readonly TimeInterval[]>;
  /** To be logged when the configuration is taken into use. */
  readonly warnings: readonly string[];
  /** Everything as it is shown to users: defaults filled in, secrets hidden. */
  readonly document: YamlMap;
  /** The text of the file. */
  readonly text: string;
}

export interface ParseConfigOptions {
  /** For messages; files within the configuration are relative to its folder. */
  readonly file: string;
  readonly parser?: MatcherParser;
  /** Kinds of integrations; all by default. */
  readonly kinds?: readonly IntegrationKind[];
}

const rootFields = section(() => ({
  global: rawSection.default(null),
  route: rawSection.default(null),
  inhibit_rules: list(rawSection, 'a list of inhibit_rules').default([]),
  receivers: list(rawSection, 'a list of receivers').default([]),
  templates: list(text).default([]),
  mute_time_intervals: list(rawSection, 'a list of mute_time_intervals').default([]),
  time_intervals: list(rawSection, 'a list of time_intervals').default([]),
  tracing: rawSection.default(null),
  event_recorder: rawSection.default(null),
}));

type RootFields = z.output<typeof rootFields>;

const emptySection: YamlNode = {kind: 'mapping', entries: [], offset: 0};

/** Checks the text of a configuration file. Throws ConfigError. */
export function parseConfig(content: string, options: ParseConfigOptions): AlertmanagerConfig {
  const {root, problems: found} = parseDocument(content, options.file);
  const problems = new ProblemList(options.file, content, root);
  for (const {offset, message} of found) problems.addAt(offset, message);
  const fields = rootFields.safeParse(root === null || isNullNode(root) ? emptySection : root);
  if (!fields.success) problems.addIssues([], fields.error);
  const config = fields.success ? new ConfigReader(problems, content, options).read(fields.data) : null;
  problems.check();
  assert(config !== null, 'a configuration without problems was read');
  return config;
}

/** The effective configuration as /api/v2/status shows it. */
export function formatConfig(config: AlertmanagerConfig): string {
  return writeYaml(config.document);
}

function parseDocument(content: string, file: string): YamlDocument {
  try {
    return parseYaml(content, yamlLimits);
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    const place = placeOf(content, error.offset);
    throw new ConfigError(file, [{path: [], message: `yaml: ${error.message}`, ...place}]);
  }
}

/** Reads the sections of one file, gathering what is wrong with them. */
class ConfigReader {
  readonly #problems: ProblemList;
  readonly #content: string;
  readonly #directory: string;
  readonly #parser: MatcherParser;
  readonly #kinds: readonly IntegrationKind[];
  readonly #warnings: string[] = [];
  readonly #document: Record<string, YamlValue> = {};

  constructor(problems: ProblemList, content: string, options: ParseConfigOptions) {
    this.#problems = problems;
    this.#content = content;
    this.#directory = dirname(options.file);
    this.#parser = options.parser ?? new MatcherParser();
    this.#kinds = options.kinds ?? integrationKinds;
  }

  /** Null where something is so wrong that there is nothing to give. */
  read(fields: RootFields): AlertmanagerConfig | null {
    const global = this.#global(fields.global);
    const timeIntervals = new Map([
      ...this.#timeIntervals(fields, 'mute_time_intervals', new Set()),
      ...this.#timeIntervals(fields, 'time_intervals', new Set(this.#namesOf(fields.mute_time_intervals))),
    ]);
    const receivers = this.#receivers(fields.receivers, global);
    const route = this.#route(fields.route, receivers, timeIntervals);
    const inhibitRules = this.#inhibitRules(fields.inhibit_rules);
    const templates = fields.templates.map((each) =>
      each === '' || isAbsolute(each) ? each : join(this.#directory, each),
    );
    this.#tracing(fields);
    if (route === null) return null;
    const {global: globalLines, route: routeLines, receivers: receiverLines, ...others} = this.#document;
    const document = linesOf({
      global: globalLines,
      route: routeLines,
      inhibit_rules: others['inhibit_rules'],
      receivers: receiverLines,
    });
    document.set('templates', templates);
    for (const key of ['mute_time_intervals', 'time_intervals', 'tracing', 'event_recorder'])
      if (others[key] !== undefined) document.set(key, others[key]);
    return {
      resolveTimeoutMs: global.fields.resolve_timeout,
      route,
      inhibitRules,
      receivers,
      templates,
      timeIntervals,
      warnings: this.#warnings,
      document,
      text: this.#content,
    };
  }

  #global(node: YamlNode | null): ReadGlobal {
    const fields = this.#section(globalFields, node ?? emptySection, ['global']);
    const complain = (path: Path, message: string): void => this.#problems.add(['global', ...path], message);
    const read = readGlobal(fields ?? globalFields.parse(emptySection), this.#directory, complain);
    this.#document['global'] = read.document;
    return read;
  }

  #timeIntervals(
    fields: RootFields,
    key: 'mute_time_intervals' | 'time_intervals',
    taken: Set<string>,
  ): Map<string, readonly TimeInterval[]> {
    const word = key === 'time_intervals' ? 'time interval' : 'mute time interval';
    const result = new Map<string, readonly TimeInterval[]>();
    const documents: YamlMap[] = [];
    for (const [index, node] of fields[key].entries()) {
      const path: Path = [key, index];
      const read = this.#section(namedTimeIntervalsFields, node ?? emptySection, path);
      if (read === null) {
        // What refers to it is not wrong too.
        taken.add(nameIn(node));
        result.set(nameIn(node), []);
        continue;
      }
      if (read.name === '') this.#problems.add(path, `missing name in ${word}`);
      else if (taken.has(read.name))
        this.#problems.add([...path, 'name'], `${word} ${quoteGo(read.name)} is not unique`);
      taken.add(read.name);
      result.set(read.name, read.time_intervals.map(timeIntervalOf));
      documents.push(documentOfTimeIntervals(read));
    }
    if (documents.length > 0) this.#document[key] = documents;
    return result;
  }

  #namesOf(nodes: readonly (YamlNode | null)[]): string[] {
    return nodes.map(nameIn);
  }

  #receivers(nodes: readonly (YamlNode | null)[], global: ReadGlobal): ReceiverConfig[] {
    const schema = receiverFieldsOf(this.#kinds);
    const receivers: ReceiverConfig[] = [];
    const documents: YamlMap[] = [];
    const names = new Set<string>();
    const context = {
      kinds: this.#kinds,
      global,
      directory: this.#directory,
      complain: (path: Path, message: string) => this.#problems.add(path, message),
      complainOfSchema: (path: Path, error: z.ZodError) => this.#problems.addIssues(path, error),
    };
    for (const [index, node] of nodes.entries()) {
      const path: Path = ['receivers', index];
      if (this.#problems.isFull) break;
      const fields = this.#section(schema, node ?? emptySection, path);
      if (fields === null) {
        receivers.push({name: nameIn(node), labels: new Map(), integrations: []});
        continue;
      }
      const {receiver, document} = readReceiver(fields, path, context);
      if (receiver.name !== '' && names.has(receiver.name))
        this.#problems.add(
          [...path, 'name'],
          `notification config name ${quoteGo(receiver.name)} is not unique`,
        );
      names.add(receiver.name);
      receivers.push(receiver);
      documents.push(document);
    }
    if (documents.length > 0) this.#document['receivers'] = documents;
    return receivers;
  }

  #route(
    node: YamlNode | null,
    receivers: readonly ReceiverConfig[],
    timeIntervals: ReadonlyMap<string, unknown>,
  ): RouteConfig | null {
    if (node === null) {
      this.#problems.add(
        [],
        this.#content.trim() === '' ? 'no route provided in config' : 'no routes provided',
      );
      return null;
    }
    const path: Path = ['route'];
    const read = readRoute(node, path, {
      parser: this.#parser,
      receivers: new Set(receivers.map(({name}) => name)),
      timeIntervals: new Set(timeIntervals.keys()),
      complain: (place, message) => this.#problems.add(place, message),
      complainOfSchema: (place, error) => this.#problems.addIssues(place, error),
    });
    if (read === null) return null;
    this.#checkRoot(read.route);
    this.#document['route'] = read.document;
    return read.route;
  }

  #checkRoot(route: RouteConfig): void {
    const complain = (key: string, message: string): void => this.#problems.add(['route', key], message);
    if (route.receiver === '') this.#problems.add(['route'], 'root route must specify a default receiver');
    if (route.matchers.length > 0) complain('matchers', 'root route must not have any matchers');
    if (route.muteTimeIntervals.length > 0)
      complain('mute_time_intervals', 'root route must not have any mute time intervals');
    if (route.activeTimeIntervals.length > 0)
      complain('active_time_intervals', 'root route must not have any active time intervals');
    if (route.continue) complain('continue', 'cannot have continue in root route');
  }

  #inhibitRules(nodes: readonly (YamlNode | null)[]): InhibitRule[] {
    const rules: InhibitRule[] = [];
    const documents: YamlMap[] = [];
    for (const [index, node] of nodes.entries()) {
      const path: Path = ['inhibit_rules', index];
      const fields = this.#section(inhibitRuleFields, node ?? emptySection, path);
      if (fields === null) continue;
      const {rule, document} = readInhibitRule(fields, this.#parser, (below, message) =>
        this.#problems.add([...path, ...below], message),
      );
      rules.push(rule);
      documents.push(document);
    }
    if (documents.length > 0) this.#document['inhibit_rules'] = documents;
    return rules;
  }

  #tracing(fields: RootFields): void {
    for (const [key, read] of [
      ['tracing', readTracing],
      ['event_recorder', readEventRecorder],
    ] as const) {
      const node = fields[key];
      if (node === null) continue;
      const result = read(node, this.#directory, {
        complain: (below, message) => this.#problems.add([key, ...below], message),
        complainOfSchema: (error) => this.#problems.addIssues([key], error),
      });
      if (result === null) continue;
      this.#warnings.push(`The section ${key} is read, but has no effect yet`);
      this.#document[key] = result;
    }
  }

  /** Reads one section; null where something is wrong with it. */
  #section<T>(schema: Field<T>, node: YamlNode, path: Path): T | null {
    const read = schema.safeParse(node);
    if (read.success) return read.data;
    this.#problems.addIssues(path, read.error);
    return null;
  }
}

/** What an item that cannot be read is called, as far as one can see. */
function nameIn(node: YamlNode | null): string {
  if (node?.kind !== 'mapping') return '';
  const value = node.entries.find(({key}) => key === 'name')?.value;
  return value?.kind === 'scalar' ? value.text : '';
}
