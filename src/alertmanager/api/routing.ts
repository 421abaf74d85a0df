// Our own: the routing tree as data, and the way that a set of labels takes through it. Upstream has it in amtool only.
import type {HttpReply} from '../../http/reply.ts';
import type {HttpCall} from '../../http/server.ts';
import {formatDuration} from '../../model/duration.ts';
import {labelsOf, type Labels} from '../../model/labels.ts';
import type {Alertmanager} from '../alertmanager.ts';
import {formatMatcher} from '../matchers.ts';
import type {Route} from '../route.ts';
import {ApiProblem, jsonReply} from './problem.ts';

export interface RouteNode {
  /** No other route has it. */
  id: string;
  receiver: string;
  /** In how many ways the receiver notifies; 0 = nobody is told. */
  integrations: number;
  matchers: string[];
  continue: boolean;
  /** `['...']` = by all labels. */
  groupBy: string[];
  groupWait: string;
  groupInterval: string;
  repeatInterval: string;
  muteTimeIntervals: readonly string[];
  activeTimeIntervals: readonly string[];
  routes: RouteNode[];
}

export interface RoutingAnswer {
  route: RouteNode;
  /** With labels in the request: ids of the routes that an alert with these goes to, and of all on the way there. */
  matched?: string[];
  passed?: string[];
}

/** `label=NAME=VALUE`, once for each label. */
export function routing(alertmanager: Alertmanager, {form}: HttpCall): HttpReply {
  const {route, integrations} = alertmanager;
  const answer: RoutingAnswer = {route: describe(route, integrations)};
  const texts = form.all('label');
  if (texts.length > 0) {
    const matched = new Set(route.match(readLabels(texts)));
    answer.matched = [...matched].map(({id}) => id);
    answer.passed = [...passed(route, matched)].map(({id}) => id);
  }
  return jsonReply(answer);
}

function readLabels(texts: readonly string[]): Labels {
  const labels = texts.map((text): [string, string] => {
    const equals = text.indexOf('=');
    if (equals <= 0)
      throw new ApiProblem(400, `bad label ${JSON.stringify(text)}: it has the form name=value`);
    return [text.slice(0, equals), text.slice(equals + 1)];
  });
  return labelsOf(Object.fromEntries(labels));
}

function describe(route: Route, integrations: Alertmanager['integrations']): RouteNode {
  const {receiver, groupBy, groupWaitMs, groupIntervalMs, repeatIntervalMs, ...rest} = route.options;
  return {
    id: route.id,
    receiver,
    integrations: integrations.get(receiver)?.length ?? 0,
    matchers: route.matchers.map(formatMatcher),
    continue: route.continue,
    groupBy: groupBy === 'all' ? ['...'] : [...groupBy].sort(),
    groupWait: formatDuration(groupWaitMs),
    groupInterval: formatDuration(groupIntervalMs),
    repeatInterval: formatDuration(repeatIntervalMs),
    muteTimeIntervals: rest.muteTimeIntervals,
    activeTimeIntervals: rest.activeTimeIntervals,
    routes: route.routes.map((each) => describe(each, integrations)),
  };
}

/** The routes above those, and themselves. */
function* passed(route: Route, matched: ReadonlySet<Route>): Generator<Route> {
  const below = route.routes.flatMap((each) => [...passed(each, matched)]);
  if (below.length === 0 && !matched.has(route)) return;
  yield route;
  yield* below;
}
