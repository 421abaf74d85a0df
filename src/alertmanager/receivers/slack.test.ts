import assert from 'node:assert/strict';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'node:test';
import {noLogger} from '../../sys/log.ts';
import {failureOf, notificationOf, openReceiver, readReceiver, resolvedAlert} from './testing/open.ts';
import {Recorder, type RecorderAnswer} from './testing/recorder.ts';

const json = {'content-type': 'application/json; charset=utf-8'};

async function sent(
  yaml: string,
  notification = notificationOf(),
  answer: RecorderAnswer = {body: 'ok'},
): Promise<unknown> {
  const recorder = await Recorder.open(() => answer);
  const notifier = openReceiver('slack_configs', yaml.replaceAll('$URL', recorder.url));
  await notifier.notify(notification);
  await notifier.close();
  recorder.close();
  assert.equal(recorder.requests.length, 1);
  return JSON.parse(recorder.requests[0]!.body);
}

const attachment = {
  title: '[FIRING:1] Down (a:80 critical)',
  title_link: 'http://am.example/#/alerts?receiver=team-x',
  text: '',
  fallback: '[FIRING:1] Down (a:80 critical) | http://am.example/#/alerts?receiver=team-x',
  callback_id: '',
  footer: '',
  color: 'danger',
  mrkdwn_in: ['fallback', 'pretext', 'text'],
};

test('slack sends the message that Alertmanager sends by default', async () => {
  assert.deepEqual(await sent('api_url: $URL\nchannel: "#a"'), {
    channel: '#a',
    username: 'Alertmanager',
    attachments: [attachment],
  });
});

test('slack tells that all is over', async () => {
  const notification = notificationOf({alerts: [resolvedAlert()]});
  assert.deepEqual(await sent('api_url: $URL', notification), {
    username: 'Alertmanager',
    attachments: [
      {
        ...attachment,
        title: '[RESOLVED] Down (a:80 critical)',
        fallback: '[RESOLVED] Down (a:80 critical) | http://am.example/#/alerts?receiver=team-x',
        color: 'good',
      },
    ],
  });
});

test('slack fields are short as they say, or as all do', async () => {
  const yaml =
    'api_url: $URL\nshort_fields: true\nfields: [{title: a, value: "{{ .Status }}"}, {title: b, value: c, short: false}]';
  const {attachments} = (await sent(yaml)) as {attachments: {fields: unknown}[]};
  assert.deepEqual(attachments[0]!.fields, [
    {title: 'a', value: 'firing', short: true},
    {title: 'b', value: 'c', short: false},
  ]);
});

test('what a failing template leaves of a message is sent, and the log tells of it', async () => {
  const warnings: unknown[] = [];
  const logger = {...noLogger, warn: (msg: string) => void warnings.push(msg)};
  const recorder = await Recorder.open(() => ({body: 'ok'}));
  const yaml = `api_url: ${recorder.url}\ntitle: fine\ntext: '{{ template "missing" . }}'`;
  const notifier = openReceiver('slack_configs', yaml, {logger});
  await notifier.notify(notificationOf());
  await notifier.close();
  recorder.close();
  const {attachments} = JSON.parse(recorder.requests[0]!.body) as {
    attachments: {title: string; text: string}[];
  };
  assert.deepEqual([attachments[0]!.title, attachments[0]!.text], ['fine', '']);
  assert.equal(warnings.length, 1);
});

test('answers of Slack with status 200 may be a no', async () => {
  async function f(answer: RecorderAnswer, message: string, retry: boolean): Promise<void> {
    const recorder = await Recorder.open(() => answer);
    const notifier = openReceiver('slack_configs', `api_url: ${recorder.url}\nchannel: '#a'`);
    const error = await failureOf(notifier, notificationOf());
    await notifier.close();
    recorder.close();
    assert.ok(error!.message.startsWith(`channel "#a": ${message}`), error!.message);
    assert.deepEqual([error!.retry, error!.reason], [retry, 'clientError']);
  }
  await f({body: 'no_text'}, 'received an error response from Slack: no_text', false);
  await f({body: ''}, 'received an error response from Slack: ', false);
  await f(
    {headers: json, body: '{"ok":false,"error":"channel_not_found"}'},
    'error response from Slack: channel_not_found',
    false,
  );
  await f({headers: json, body: 'null'}, 'error response from Slack: ', false);
  await f({headers: json, body: '{'}, 'could not unmarshal JSON response "{": ', true);
  await f({status: 400, body: 'invalid_blocks'}, 'unexpected status code 400: invalid_blocks', false);
});

test('the URL is read from its file at each notification', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'narthex-slack-'));
  const file = join(folder, 'url');
  const recorder = await Recorder.open(() => ({body: 'ok'}));
  const notifier = openReceiver('slack_configs', `api_url_file: ${file}`);
  const missing = await failureOf(notifier, notificationOf());
  assert.equal(missing!.message, `open ${file}: no such file or directory`);
  assert.equal(missing!.retry, false);
  for (const path of ['/one', '/two']) {
    writeFileSync(file, `  ${recorder.url}${path}\n`);
    await notifier.notify(notificationOf());
  }
  assert.deepEqual(
    recorder.requests.map((each) => each.path),
    ['/one', '/two'],
  );
  await notifier.close();
  recorder.close();
  rmSync(folder, {recursive: true});
});

test('the token of an app is its authorization, of the section or of all', async () => {
  const recorder = await Recorder.open(() => ({headers: json, body: '{"ok":true}'}));
  const app = `slack_app_url: ${recorder.url}/app`;
  async function f(yaml: string, global: string, path: string, authorization?: string): Promise<void> {
    const notifier = openReceiver('slack_configs', yaml, {global});
    await notifier.notify(notificationOf());
    await notifier.close();
    const [request] = recorder.take();
    assert.deepEqual([request!.path, request!.headers.authorization], [path, authorization]);
  }
  await f('app_token: own', app, '/app', 'Bearer own');
  await f('channel: c', `${app}\nslack_app_token: global`, '/app', 'Bearer global');
  await f(`api_url: ${recorder.url}/hook`, `${app}\nslack_app_token: global`, '/hook');
  await f(
    `{api_url: "${recorder.url}/hook", http_config: {authorization: {credentials: mine}}}`,
    `${app}\nslack_app_token: global`,
    '/hook',
    'Bearer mine',
  );
  await f('channel: c', `slack_api_url: ${recorder.url}/all`, '/all');
  recorder.close();
});

test('slack sections say what is wrong with them', () => {
  function f(yaml: string, problem: string, global = ''): void {
    assert.equal(readReceiver('slack_configs', yaml, global).problems[0], problem);
  }
  const url = 'http://hook';
  f('channel: c', ': no Slack API URL nor App token set either inline or in a file');
  f(
    `{api_url: ${url}, api_url_file: f}`,
    'api_url_file: at most one of api_url & api_url_file must be configured',
  );
  f(
    '{app_token: t, app_token_file: f}',
    'app_token_file: at most one of app_token & app_token_file must be configured',
  );
  f(
    `{api_url: ${url}, app_token: t}`,
    ': at most one of api_url/api_url_file & app_token/app_token_file must be configured',
  );
  f(
    '{app_token: t, http_config: {authorization: {credentials: c}}}',
    "http_config.authorization: http authorization can't be set when using Slack App tokens",
  );
  f(
    `{api_url: ${url}, update_message: true}`,
    'update_message: update_message can only be used with bot tokens. api_url must be set to https://slack.com/api/chat.postMessage',
  );
  f(`{api_url: ${url}, chanel: c}`, ': field chanel not found; did you mean channel?');
  f('api_url: ftp://x', 'api_url: unsupported scheme "ftp" for URL');
  f(`{api_url: ${url}, fields: [{title: a}]}`, 'fields.0: missing value in Slack field configuration');
  f(
    `{api_url: ${url}, actions: [{type: b, text: t}]}`,
    'actions.0: missing name or url in Slack action configuration',
  );
  f(
    `{api_url: ${url}, actions: [{type: b, text: t, name: n, confirm: {title: t}}]}`,
    'actions.0.confirm: missing text in Slack confirmation configuration',
  );
});
