// The section `route`: a tree.
import * as z from 'zod';
import {quoteGo} from '../base/quote.ts';
import {sortedMap, type YamlMap} from '../base/yaml-write.ts';
import type {YamlNode} from '../base/yaml.ts';
import type {Complain} from '../http/client-config.ts';
import {formatDuration} from '../model/duration.ts';
import {boolean, dictionary, duration, list, optionalSection, section, text} from '../model/fields.ts';
import type {Matcher} from '../model/matcher.ts';
import type {Path} from '../model/problems.ts';
import {linesOf, rawSection} from './fields.ts';
import {matchMap, matchReMap, readMatchers} from './inhibit-config.ts';
import {compareMatchers} from './matchers.ts';
import type {MatcherParser} from './matchers/parse.ts';

/** A route as it is configured. What is null is as in the route above. */
export interface RouteConfig {
  /** '' = as above. */
  readonly receiver: string;
  /** Names of labels, or 'all' for `...`. */
  readonly groupBy: readonly string[] | 'all' | null;
  /** Sorted. */
  readonly matchers: readonly Matcher[];
  readonly continue: boolean;
  readonly groupWaitMs: number | null;
  readonly groupIntervalMs: number | null;
  readonly repeatIntervalMs: number | null;
  readonly muteTimeIntervals: readonly string[];
  readonly activeTimeIntervals: readonly string[];
  /** Templates. Those of the routes above are there too where they are not replaced. */
  readonly labels: ReadonlyMap<string, string>;
  readonly routes: readonly RouteConfig[];
}

const routeFields = section(() => ({
  receiver: text.default(''),
  // Nothing is not the same as an empty list here.
  group_by: optionalSection(list(text)).default(null),
  match: matchMap.default(new Map()),
  match_re: matchReMap.default(new Map()),
  matchers: list(text).default([]),
  mute_time_intervals: list(text).default([]),
  active_time_intervals: list(text).default([]),
  continue: boolean.default(false),
  routes: list(rawSection, '[]*config.Route').default([]),
  group_wait: optionalSection(duration).default(null),
  group_interval: optionalSection(duration).default(null),
  repeat_interval: optionalSection(duration).default(null),
  labels: dictionary(text, 'model.LabelSet').default(new Map()),
}));

type RouteFields = z.output<typeof routeFields>;

export interface RouteContext {
  readonly parser: MatcherParser;
  readonly receivers: ReadonlySet<string>;
  readonly timeIntervals: ReadonlySet<string>;
  readonly complain: (path: Path, message: string) => void;
  readonly complainOfSchema: (path: Path, error: z.ZodError) => void;
}

export interface ReadRoute {
  readonly route: RouteConfig;
  readonly document: YamlMap;
}

const depthMax = 200;

/** Reads a route and those below it; null where its section cannot be read. */
export function readRoute(node: YamlNode, path: Path, context: RouteContext): ReadRoute | null {
  const read = routeFields.safeParse(node);
  if (!read.success) {
    context.complainOfSchema(path, read.error);
    return null;
  }
  if (path.length > depthMax) {
    context.complain(path, `more than ${depthMax / 2} routes within each other`);
    return null;
  }
  const fields = read.data;
  const complain: Complain = (below, message) => context.complain([...path, ...below], message);
  const matchers = readMatchers(
    {match: fields.match, matchRe: fields.match_re, matchers: fields.matchers},
    ['match', 'match_re', 'matchers'],
    context.parser,
    complain,
  );
  checkRoute(fields, context, complain);
  const routes = readRoutes(fields, path, context);
  const route: RouteConfig = {
    receiver: fields.receiver,
    groupBy: groupByOf(fields.group_by),
    matchers: matchers.all.sort(compareMatchers),
    continue: fields.continue,
    groupWaitMs: fields.group_wait,
    groupIntervalMs: fields.group_interval,
    repeatIntervalMs: fields.repeat_interval,
    muteTimeIntervals: fields.mute_time_intervals,
    activeTimeIntervals: fields.active_time_intervals,
    labels: fields.labels,
    routes: routes.map((each) => each.route),
  };
  const documents = routes.map((each) => each.document);
  return {route, document: documentOfRoute(fields, matchers.shown, documents)};
}

function readRoutes(fields: RouteFields, path: Path, context: RouteContext): ReadRoute[] {
  const routes: ReadRoute[] = [];
  for (const [index, node] of fields.routes.entries()) {
    const place: Path = [...path, 'routes', index];
    if (node === null) {
      context.complain(place, 'empty or null route');
      continue;
    }
    const read = readRoute(node, place, context);
    if (read !== null) routes.push(read);
  }
  return routes;
}

function groupByOf(names: readonly string[] | null): readonly string[] | 'all' | null {
  if (names === null) return null;
  return names.includes('...') ? 'all' : names;
}

function checkRoute(fields: RouteFields, context: RouteContext, complain: Complain): void {
  checkGroupBy(fields.group_by ?? [], context.parser, complain);
  for (const name of fields.labels.keys())
    if (!context.parser.isLabelName(name))
      complain(['labels', name], `invalid label name ${quoteGo(name)} in route labels`);
  if (fields.group_interval === 0) complain(['group_interval'], 'group_interval cannot be zero');
  if (fields.repeat_interval === 0) complain(['repeat_interval'], 'repeat_interval cannot be zero');
  if (fields.receiver !== '' && !context.receivers.has(fields.receiver))
    complain(['receiver'], `undefined receiver ${quoteGo(fields.receiver)} used in route`);
  for (const key of ['active_time_intervals', 'mute_time_intervals'] as const)
    for (const [index, name] of fields[key].entries())
      if (!context.timeIntervals.has(name))
        complain([key, index], `undefined time interval ${quoteGo(name)} used in route`);
}

function checkGroupBy(names: readonly string[], parser: MatcherParser, complain: Complain): void {
  const seen = new Set<string>();
  for (const [index, name] of names.entries()) {
    if (name === '...') {
      if (names.some((each) => each !== '...'))
        complain(['group_by'], 'cannot have wildcard group_by (`...`) and other labels at the same time');
      continue;
    }
    if (!parser.isLabelName(name))
      complain(['group_by', index], `invalid label name ${quoteGo(name)} in group_by list`);
    if (seen.has(name)) complain(['group_by', index], `duplicated label ${quoteGo(name)} in group_by`);
    seen.add(name);
  }
}

function documentOfRoute(
  fields: RouteFields,
  matchers: readonly string[],
  routes: readonly YamlMap[],
): YamlMap {
  const lines = (ms: number | null): string => (ms === null ? '' : formatDuration(ms));
  return linesOf({
    receiver: fields.receiver,
    group_by: fields.group_by ?? [],
    match: sortedMap(fields.match),
    match_re: sortedMap(fields.match_re),
    matchers: [...matchers],
    mute_time_intervals: fields.mute_time_intervals,
    active_time_intervals: fields.active_time_intervals,
    continue: fields.continue,
    routes: [...routes],
    group_wait: lines(fields.group_wait),
    group_interval: lines(fields.group_interval),
    repeat_interval: lines(fields.repeat_interval),
    labels: sortedMap(fields.labels),
  });
}
