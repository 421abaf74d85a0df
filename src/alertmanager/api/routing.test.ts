import assert from 'node:assert/strict';
import test from 'node:test';
import {Form} from '../../http/form.ts';
import type {HttpCall} from '../../http/server.ts';
import {Matcher} from '../../model/matcher.ts';
import type {Alertmanager} from '../alertmanager.ts';
import type {RouteConfig} from '../route-config.ts';
import {Route} from '../route.ts';
import {routing, type RoutingAnswer} from './routing.ts';

function config(receiver: string, matchers: Matcher[], more: Partial<RouteConfig> = {}): RouteConfig {
  return {
    receiver,
    matchers,
    continue: false,
    routes: [],
    groupBy: null,
    groupWaitMs: null,
    groupIntervalMs: null,
    repeatIntervalMs: null,
    muteTimeIntervals: [],
    activeTimeIntervals: [],
    labels: new Map(),
    ...more,
  };
}

const pager = config('pager', [new Matcher('=', 'severity', 'page')], {groupBy: 'all', continue: true});
const team = config('team-db', [new Matcher('=~', 'team', 'db.*')], {repeatIntervalMs: 3_600_000});
const route = new Route(config('default', [], {groupBy: ['job', 'alertname'], routes: [pager, team]}));

function ask(search: string): RoutingAnswer {
  const call = {form: Form.of(search, '')} as HttpCall;
  const integrations = new Map([
    ['pager', [{}, {}]],
    ['default', []],
  ]) as Map<string, unknown> as Alertmanager['integrations'];
  const {status, body} = routing({route, integrations} as Alertmanager, call);
  assert.equal(status, 200);
  return JSON.parse(String(body)) as RoutingAnswer;
}

test('routing describes the tree, what is inherited filled in', () => {
  const {route: root, matched} = ask('');
  assert.equal(matched, undefined);
  assert.deepEqual(root.groupBy, ['alertname', 'job']);
  const [first, second] = root.routes;
  assert.deepEqual(
    [first!.receiver, first!.matchers, first!.groupBy],
    ['pager', ['severity="page"'], ['...']],
  );
  assert.deepEqual([second!.repeatInterval, second!.groupWait], ['1h', '30s']);
  assert.deepEqual([root.integrations, first!.integrations], [0, 2]);
});

test('routing says which way labels take', () => {
  const {route: root, matched, passed} = ask('label=severity=page&label=team=db%3D1');
  const [first, second] = root.routes;
  assert.deepEqual(matched, [first!.id, second!.id]);
  assert.deepEqual(passed, [root.id, first!.id, second!.id]);
  assert.deepEqual(ask('label=team=web').matched, [root.id]);
});

test('routing refuses what is no label', () => {
  assert.throws(() => ask('label=page'), {status: 400, message: /"page".*name=value/});
});
