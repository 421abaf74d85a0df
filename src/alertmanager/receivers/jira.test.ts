import assert from 'node:assert/strict';
import test from 'node:test';
import {alertOf, failureOf, notificationOf, openReceiver, resolvedAlert} from './testing/open.ts';
import {type Answerer, Recorder} from './testing/recorder.ts';

const section = 'project: OPS\nissue_type: Bug\nreopen_transition: Reopen\nresolve_transition: Resolve';
const resolved = notificationOf({alerts: [resolvedAlert()]});

/** A Jira with one issue of that state, or with none. */
function jiraWith(state: string | null, transitions: unknown[] = []): Answerer {
  return ({path}) => {
    const issues = state === null ? [] : [{key: 'OPS-1', fields: {status: {statusCategory: {key: state}}}}];
    if (path.endsWith('/search')) return {body: JSON.stringify({issues})};
    if (path.endsWith('/transitions')) return {body: JSON.stringify({transitions})};
    return {status: 201, body: 'not JSON'};
  };
}

async function asked(
  answerer: Answerer,
  notification = notificationOf(),
  yaml = section,
): Promise<{requests: string[]; error: string | null}> {
  const recorder = await Recorder.open(answerer);
  const notifier = openReceiver('jira_configs', `api_url: ${recorder.url}/rest/api/2\n${yaml}`);
  const error = await failureOf(notifier, notification);
  await notifier.close();
  recorder.close();
  const requests = recorder.requests.map(({method, path}) => `${method} ${path.replace('/rest/api/2/', '')}`);
  return {requests, error: error === null ? null : `${error.message} (retry: ${error.retry})`};
}

test('an issue is made, changed, reopened and resolved', async () => {
  const both = [
    {id: '1', name: 'Reopen'},
    {id: '2', name: 'Resolve'},
  ];
  async function f(state: string | null, notification: typeof resolved, expected: string[]): Promise<void> {
    const {requests, error} = await asked(jiraWith(state, both), notification);
    assert.deepEqual([requests, error], [['POST search', ...expected], null]);
  }
  const moves = ['PUT issue/OPS-1', 'GET issue/OPS-1/transitions', 'POST issue/OPS-1/transitions'];
  const firing = notificationOf({alerts: [alertOf(), resolvedAlert()]});
  await f(null, firing, ['POST issue']);
  await f(null, resolved, []);
  await f('new', firing, ['PUT issue/OPS-1']);
  await f('new', resolved, moves);
  await f('done', firing, moves);
  await f('done', resolved, ['PUT issue/OPS-1']);
});

test('what goes wrong with Jira', async () => {
  async function f(answerer: Answerer, message: string): Promise<void> {
    assert.equal((await asked(answerer, resolved)).error, message);
  }
  const prefix = 'failed to look up existing issues: HTTP request to JIRA API: unexpected status code';
  await f(() => ({status: 400, body: 'bad'}), `${prefix} 400: bad (retry: false)`);
  await f(() => ({status: 429}), `${prefix} 429 (retry: true)`);
  await f(() => ({status: 502}), `${prefix} 502 (retry: true)`);
  await f(jiraWith('new'), "can't find transition Resolve for issue OPS-1 (retry: false)");
  await f(
    (request) => (request.method === 'PUT' ? {status: 500} : jiraWith('new')(request)),
    'failed to PUT request to "issue/OPS-1": unexpected status code 500 (retry: true)',
  );
});

test('a description for version 3 of the API is JSON', async () => {
  const recorder = await Recorder.open(({path}) => ({body: path.includes('search') ? '{}' : ''}));
  const yaml = (description: string): string =>
    `api_url: ${recorder.url}/rest/api/3/\nproject: p\nissue_type: i\ndescription: '${description}'`;
  const good = openReceiver('jira_configs', yaml('{"type": "doc"}'));
  await good.notify(notificationOf());
  const {fields} = JSON.parse(recorder.take()[1]!.body) as {fields: {description: unknown}};
  assert.deepEqual(fields.description, {type: 'doc'});
  const bad = openReceiver('jira_configs', yaml('text'));
  const error = await failureOf(bad, notificationOf());
  assert.equal(error!.message, 'description template: invalid JSON for API v3');
  await good.close();
  await bad.close();
  recorder.close();
});
