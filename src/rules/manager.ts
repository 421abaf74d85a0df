import {compareStrings, type Labels} from '../model/labels.ts';
import {type GroupContext, RuleGroup} from './group.ts';
import {createRule, type Rule} from './rule.ts';
import type {RuleGroupConfig} from './rulegroup-config.ts';
import {parseRuleFile} from './rulefile.ts';
import {Semaphore} from './semaphore.ts';
import {createDurations, type RuleStatistics} from './statistics.ts';
import type {RuleWorld} from './world.ts';

/** What the configuration says of rules. */
export interface RulesConfig {
  /** In this order. */
  files: readonly string[];
  /** Of groups that name none. */
  intervalMs: number;
  queryOffsetMs: number;
  externalLabels: Labels;
  /** Names as they were before UTF-8 was allowed. */
  legacyNames: boolean;
}

/** Rule files cannot be used. Each problem begins with its file. */
export class RuleFilesError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

/** Keeps the groups of the rule files going. */
export class RuleManager {
  readonly #world: RuleWorld;
  readonly #context: GroupContext;
  #groups = new Map<string, RuleGroup>();
  /** Groups that are gone, but whose series have no stale markers yet. */
  readonly #retiring = new Set<RuleGroup>();
  #queryOffsetMs = 0;
  #running = false;
  #stopped = false;
  #loaded = false;

  constructor(world: RuleWorld) {
    this.#world = world;
    const {concurrentEvalsMax} = world.settings;
    this.#context = {
      world,
      concurrency: concurrentEvalsMax > 0 ? new Semaphore(concurrentEvalsMax) : null,
      defaultQueryOffsetMs: () => this.#queryOffsetMs,
      ...createDurations(),
    };
  }

  /** Begins to evaluate. Groups that were loaded before have waited for it. */
  start(): void {
    if (this.#running || this.#stopped) return;
    this.#running = true;
    for (const group of this.#groups.values()) group.start();
  }

  /** Ends after the rules that are being evaluated. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const group of this.#retiring) group.forget();
    await Promise.all([...this.#groups.values()].map((group) => group.stop()));
  }

  /**
   * Makes these the rules in force. Groups that stay the same go on; the alerts of those that change are kept. Where a file
   * is wrong, throws RuleFilesError, and the rules before stay in force.
   */
  update(config: RulesConfig): Promise<void> {
    return this.prepare(config)();
  }

  /** Reads the files as update() does, and returns what takes them into use. */
  prepare(config: RulesConfig): () => Promise<void> {
    const groups = this.load(config);
    return () => this.#use(groups, config);
  }

  async #use(groups: ReadonlyMap<string, RuleGroup>, config: RulesConfig): Promise<void> {
    if (this.#stopped) return;
    this.#loaded = true;
    this.#queryOffsetMs = config.queryOffsetMs;
    const before = this.#groups;
    this.#groups = new Map();
    const changes: Promise<void>[] = [];
    for (const [key, group] of groups) {
      const old = before.get(key);
      before.delete(key);
      if (old !== undefined && old.identity === group.identity) this.#groups.set(key, old);
      else {
        this.#groups.set(key, group);
        changes.push(this.#replace(old, group));
      }
    }
    for (const group of before.values()) {
      this.#retiring.add(group);
      changes.push(group.retire(() => this.#retiring.delete(group)));
    }
    await Promise.all(changes);
  }

  async #replace(old: RuleGroup | undefined, group: RuleGroup): Promise<void> {
    if (old !== undefined) {
      await old.stop();
      group.copyState(old);
    }
    if (this.#running && !this.#stopped) group.start();
  }

  /** The groups of these files, by key, not started. Throws RuleFilesError. */
  load(config: RulesConfig, ignoreUnknownFields = false): Map<string, RuleGroup> {
    const {readFile, parse, logger} = this.#world;
    const groups = new Map<string, RuleGroup>();
    for (const file of config.files) {
      let text: string;
      try {
        text = readFile(file);
      } catch (error) {
        throw new RuleFilesError([`${file}: ${(error as Error).message}`]);
      }
      const read = parseRuleFile(text, {ignoreUnknownFields, legacyNames: config.legacyNames, parse});
      for (const warning of read.warnings) logger.warn(warning, {file});
      if (read.problems.length > 0) throw new RuleFilesError(read.problems.map((each) => `${file}: ${each}`));
      for (const each of read.groups) {
        const group = this.#createGroup(file, each, config);
        groups.set(group.key, group);
      }
    }
    return groups;
  }

  #createGroup(file: string, group: RuleGroupConfig, config: RulesConfig): RuleGroup {
    const {parse, settings} = this.#world;
    const restore = !this.#loaded;
    const {externalLabels} = config;
    const {externalUrl} = settings;
    const rules = group.rules.map((rule): Rule =>
      createRule(rule, {parse, externalLabels, externalUrl, restore}),
    );
    const {name, queryOffsetMs, limit} = group;
    const intervalMs = group.intervalMs === 0 ? config.intervalMs : group.intervalMs;
    return new RuleGroup({name, file, intervalMs, queryOffsetMs, limit, rules, restore}, this.#context);
  }

  /** By file and name. */
  get groups(): RuleGroup[] {
    return [...this.#groups.values()].sort(
      (left, right) => compareStrings(left.file, right.file) || compareStrings(left.name, right.name),
    );
  }

  statistics(): RuleStatistics {
    return {
      groups: this.groups.map((group) => group.statistics()),
      rules: this.#context.ruleDurations.snapshot(),
      iterations: this.#context.iterationDurations.snapshot(),
    };
  }
}
