// Alerts that mute others: while a source fires, targets with the same labels `equal` are not notified about.
import type {Labels} from '../model/labels.ts';
import {labelOf} from '../model/labels.ts';
import {type Alert, isResolvedAt} from './alert.ts';
import type {InhibitRule} from './inhibit-config.ts';
import {matchesAll} from './matchers.ts';

export interface Inhibition {
  readonly rule: InhibitRule;
  readonly source: Alert;
}

export class Inhibitor {
  readonly #rules: readonly Rule[];

  constructor(rules: readonly InhibitRule[]) {
    this.#rules = rules.map((rule) => new Rule(rule));
  }

  /** Takes note of an alert that was received. Gives whether any rule has it as a source, which does not change. */
  process(alert: Alert): boolean {
    let isSource = false;
    const {labels} = alert;
    for (let i = 0; i < this.#rules.length; i++) if (this.#rules[i]!.process(alert, labels)) isSource = true;
    return isSource;
  }

  /** Whether anything may be muted. */
  get hasSources(): boolean {
    return this.#rules.some((rule) => rule.hasSources);
  }

  /** What mutes alerts with these labels; null where nothing does. */
  inhibitionOf(labels: Labels, nowMs: number): Inhibition | null {
    for (let i = 0; i < this.#rules.length; i++) {
      const rule = this.#rules[i]!;
      const source = rule.sourceFor(labels, nowMs);
      if (source !== null) return {rule: rule.rule, source};
    }
    return null;
  }

  /** Forgets sources that are resolved. */
  collect(nowMs: number): void {
    for (const rule of this.#rules) rule.collect(nowMs);
  }
}

/** Sources with the same values of the labels `equal`. */
interface Sources {
  readonly all: Map<string, Alert>;
  /** The one that ends last, and came last of several. */
  last: Alert;
}

class Rule {
  readonly rule: InhibitRule;
  readonly #sources = new Map<string, Sources>();

  constructor(rule: InhibitRule) {
    this.rule = rule;
  }

  get hasSources(): boolean {
    return this.#sources.size > 0;
  }

  process(alert: Alert, labels: Labels): boolean {
    if (!matchesAll(this.rule.sourceMatchers, labels)) return false;
    const key = this.#keyOf(labels);
    const sources = this.#sources.get(key);
    if (sources === undefined) {
      this.#sources.set(key, {all: new Map([[alert.fingerprint, alert]]), last: alert});
      return true;
    }
    sources.all.set(alert.fingerprint, alert);
    if (alert.fingerprint === sources.last.fingerprint || alert.endsAtMs >= sources.last.endsAtMs)
      sources.last = alert;
    return true;
  }

  sourceFor(labels: Labels, nowMs: number): Alert | null {
    const {sourceMatchers, targetMatchers} = this.rule;
    if (this.#sources.size === 0 || !matchesAll(targetMatchers, labels)) return null;
    const sources = this.#sources.get(this.#keyOf(labels));
    if (sources === undefined) return null;
    // What is both source and target is not muted by another that is both: neither by itself.
    const isSource = matchesAll(sourceMatchers, labels);
    const mutes = (source: Alert): boolean =>
      !isResolvedAt(source, nowMs) && !(isSource && matchesAll(targetMatchers, source.labels));
    if (mutes(sources.last)) return sources.last; // Fast path.
    for (const source of sources.all.values()) if (mutes(source)) return source;
    return null;
  }

  collect(nowMs: number): void {
    for (const [key, sources] of this.#sources) {
      for (const [fingerprint, source] of sources.all)
        if (isResolvedAt(source, nowMs)) sources.all.delete(fingerprint);
      if (sources.all.size === 0) this.#sources.delete(key);
    }
  }

  #keyOf(labels: Labels): string {
    const {equal} = this.rule;
    let key = '';
    for (let i = 0; i < equal.length; i++) key += `${labelOf(labels, equal[i]!)}\0`;
    return key;
  }
}
