// The routing tree as alerts go through it.
import {quoteGo} from '../base/quote.ts';
import type {Labels} from '../model/labels.ts';
import type {Matcher} from '../model/matcher.ts';
import {formatMatchers, matchesAll} from './matchers.ts';
import type {RouteConfig} from './route-config.ts';

/** What holds for alerts of a route; inherited. */
export interface RouteOptions {
  readonly receiver: string;
  readonly groupBy: ReadonlySet<string> | 'all';
  readonly groupWaitMs: number;
  readonly groupIntervalMs: number;
  readonly repeatIntervalMs: number;
  /** Of this route alone. */
  readonly muteTimeIntervals: readonly string[];
  readonly activeTimeIntervals: readonly string[];
  readonly labels: ReadonlyMap<string, string>;
}

const defaultOptions: RouteOptions = {
  receiver: '',
  groupBy: new Set(),
  groupWaitMs: 30_000,
  groupIntervalMs: 300_000,
  repeatIntervalMs: 4 * 3_600_000,
  muteTimeIntervals: [],
  activeTimeIntervals: [],
  labels: new Map(),
};

export class Route {
  readonly options: RouteOptions;
  readonly matchers: readonly Matcher[];
  readonly continue: boolean;
  readonly routes: readonly Route[];
  /** Its matchers and those above it: `{}/{team="x"}`. Several routes may have the same. */
  readonly key: string;
  /** The same with places among siblings, so that no other route has it. */
  readonly id: string;

  constructor(config: RouteConfig, parent: Route | null = null, place = 0) {
    const text = formatMatchers(config.matchers);
    this.matchers = config.matchers;
    this.continue = config.continue;
    this.key = parent === null ? text : `${parent.key}/${text}`;
    this.id = parent === null ? text : `${parent.id}/${text}/${place}`;
    this.options = optionsOf(config, parent?.options ?? defaultOptions);
    this.routes = config.routes.map((each, index) => new Route(each, this, index));
  }

  /** The routes that an alert goes to, depth first; none where this one does not match. */
  match(labels: Labels, into: Route[] = []): Route[] {
    if (!matchesAll(this.matchers, labels)) return into;
    const before = into.length;
    for (const route of this.routes) {
      const count = into.length;
      route.match(labels, into);
      if (into.length > count && !route.continue) break;
    }
    if (into.length === before) into.push(this);
    return into;
  }

  /** This route and all below it, parents first. */
  *walk(): Generator<Route> {
    yield this;
    for (const route of this.routes) yield* route.walk();
  }
}

function optionsOf(config: RouteConfig, inherited: RouteOptions): RouteOptions {
  return {
    receiver: config.receiver === '' ? inherited.receiver : config.receiver,
    groupBy: groupByOf(config, inherited),
    groupWaitMs: config.groupWaitMs ?? inherited.groupWaitMs,
    groupIntervalMs: config.groupIntervalMs ?? inherited.groupIntervalMs,
    repeatIntervalMs: config.repeatIntervalMs ?? inherited.repeatIntervalMs,
    muteTimeIntervals: config.muteTimeIntervals,
    activeTimeIntervals: config.activeTimeIntervals,
    labels: config.labels.size === 0 ? inherited.labels : new Map([...inherited.labels, ...config.labels]),
  };
}

function groupByOf({groupBy}: RouteConfig, inherited: RouteOptions): RouteOptions['groupBy'] {
  if (groupBy === null) return inherited.groupBy;
  return groupBy === 'all' ? 'all' : new Set(groupBy);
}

/** The labels of an alert by which a route groups. */
export function groupLabelsOf(labels: Labels, {groupBy}: RouteOptions): Labels {
  if (groupBy === 'all') return labels;
  if (groupBy.size === 0) return [];
  const found: string[] = [];
  for (let i = 0; i < labels.length; i += 2)
    if (groupBy.has(labels[i]!)) found.push(labels[i]!, labels[i + 1]!);
  return found;
}

/** `{a="b", c="d"}`, as Go's model.LabelSet writes it. */
export function formatLabelSet(labels: Labels): string {
  const parts: string[] = [];
  for (let i = 0; i < labels.length; i += 2) parts.push(`${labels[i]}=${quoteGo(labels[i + 1]!)}`);
  return `{${parts.join(', ')}}`;
}
