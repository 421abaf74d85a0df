// Answers of single services that are other than a status.
import assert from 'node:assert/strict';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'node:test';
import {TestAuthority} from '../../http/testing-certificates.ts';
import {alertOf, failureOf, notificationOf, openReceiver} from './testing/open.ts';
import {TestProxy} from './testing/proxy.ts';
import {type Answerer, Recorder, type RecordedRequest} from './testing/recorder.ts';

interface Outcome {
  readonly error: {message: string; retry: boolean; reason: string; retryAfterMs: number} | null;
  readonly requests: RecordedRequest[];
}

async function outcome(
  key: string,
  yaml: string,
  answerer: Answerer,
  notification = notificationOf(),
): Promise<Outcome> {
  const recorder = await Recorder.open(answerer);
  const notifier = openReceiver(key, yaml.replaceAll('$URL', recorder.url));
  const error = await failureOf(notifier, notification);
  await notifier.close();
  recorder.close();
  return {error, requests: recorder.requests};
}

test('telegram tries everything again, and says how long to wait', async () => {
  const yaml = "api_url: $URL\nbot_token: '1:SECRET'\nchat_id: 1";
  const flood = {ok: false, error_code: 429, description: 'Too Many', parameters: {retry_after: 3}};
  const late = await outcome('telegram_configs', yaml, () => ({status: 429, body: JSON.stringify(flood)}));
  assert.deepEqual(
    [late.error!.message, late.error!.retry, late.error!.reason, late.error!.retryAfterMs],
    ['telegram: Too Many (429)', true, 'rateLimited', 3000],
  );
  const wrong = await outcome('telegram_configs', yaml, () => ({status: 502, body: '<html>'}));
  assert.deepEqual([wrong.error!.retry, wrong.error!.reason], [true, 'serverError']);
  const gone = openReceiver('telegram_configs', yaml.replace('$URL', 'http://127.0.0.1:1'));
  const {message} = (await failureOf(gone, notificationOf()))!;
  assert.doesNotMatch(message, /SECRET/);
  await gone.close();
});

test('wechat asks for a token once, and anew when it is old', async () => {
  let tokens = 0;
  const codes = [0, 42001, 0, 40001];
  const recorder = await Recorder.open(({path}) => {
    if (path.includes('/gettoken')) return {body: JSON.stringify({access_token: `t${++tokens}`})};
    const errcode = codes.shift();
    return {body: JSON.stringify({errcode, errmsg: `code ${errcode}`})};
  });
  const notifier = openReceiver('wechat_configs', `api_url: ${recorder.url}\napi_secret: s\ncorp_id: c`);
  const outcomes = [];
  for (let i = 0; i < 4; i++) {
    const error = await failureOf(notifier, notificationOf());
    outcomes.push(error === null ? 'sent' : `${error.message}, retry: ${error.retry}`);
  }
  assert.deepEqual(outcomes, ['sent', 'code 42001, retry: true', 'sent', 'code 40001, retry: false']);
  assert.deepEqual(
    recorder.requests.map(({path}) => path),
    [
      '/gettoken?corpid=c&corpsecret=s',
      '/message/send?access_token=t1',
      '/message/send?access_token=t1',
      '/gettoken?corpid=c&corpsecret=s',
      '/message/send?access_token=t2',
      '/message/send?access_token=t2',
    ],
  );
  await notifier.close();
  recorder.close();
});

test('wechat without a token', async () => {
  const {error} = await outcome('wechat_configs', 'api_url: $URL\napi_secret: s\ncorp_id: c', () => ({
    body: '{"errcode": 40013}',
  }));
  assert.deepEqual([error!.message, error!.retry], ['invalid APISecret for CorpID: c', false]);
});

test('Rocket.Chat may say no with status 200', async () => {
  const yaml = 'api_url: $URL\ntoken: t\ntoken_id: i\nchannel: "#a"';
  const no = await outcome('rocketchat_configs', yaml, () => ({body: '{"success":false,"error":"x"}'}));
  assert.deepEqual(
    [no.error!.message, no.error!.retry, no.error!.reason],
    ['channel "#a": error response from Rocketchat: x', false, 'clientError'],
  );
  const broken = await outcome('rocketchat_configs', yaml, () => ({body: '<'}));
  assert.equal(broken.error!.retry, true);
});

test('PagerDuty says what is wrong with an event, and takes no more than so much', async () => {
  const yaml = 'url: $URL\nrouting_key: k';
  const bad = await outcome('pagerduty_configs', yaml, () => ({
    status: 400,
    body: '{"status":"invalid event","message":"Event object is invalid","errors":["a","b"]}',
  }));
  assert.deepEqual(
    [bad.error!.message, bad.error!.retry],
    ['unexpected status code 400: Event object is invalid: a,b', false],
  );
  const many = await outcome('pagerduty_configs', yaml, () => ({status: 429, body: 'x'}));
  assert.deepEqual(
    [many.error!.message, many.error!.retry, many.error!.reason],
    ['unexpected status code 429', true, 'rateLimited'],
  );
  const annotations = new Map([['text', 'x'.repeat(600_000)]]);
  const big = await outcome(
    'pagerduty_configs',
    yaml,
    () => ({status: 202}),
    notificationOf({alerts: [alertOf({annotations})]}),
  );
  const {payload} = JSON.parse(big.requests[0]!.body) as {payload: {custom_details: unknown}};
  assert.deepEqual(payload.custom_details, {
    error: 'Custom details have been removed because the original event exceeds the maximum size of 512KB',
  });
  const empty = await outcome(
    'pagerduty_configs',
    "url: $URL\nrouting_key: '{{ .CommonLabels.x }}'",
    () => ({}),
  );
  assert.deepEqual([empty.error!.message, empty.error!.retry], ['routing key cannot be empty', false]);
});

test('incident.io gets the first alert alone where all are too long', async () => {
  const annotations = new Map([['text', 'x'.repeat(200_000)]]);
  const alerts = Array.from({length: 4}, () => alertOf({annotations}));
  const {requests, error} = await outcome(
    'incidentio_configs',
    'url: $URL\nalert_source_token: t',
    () => ({status: 429, body: '{"message":"slow","errors":["a","b"]}'}),
    notificationOf({alerts}),
  );
  const message = JSON.parse(requests[0]!.body) as {alerts: unknown[]; version: string};
  assert.deepEqual([message.alerts.length, message.version], [1, '1']);
  assert.equal(requests[0]!.headers.authorization, 'Bearer t');
  assert.deepEqual([error!.message, error!.retry], ['unexpected status code 429: slow: a, b', true]);
});

test('webhooks get at most max_alerts, and are told how many there are besides', async () => {
  const alerts = [alertOf(), alertOf(), alertOf()];
  const {requests} = await outcome(
    'webhook_configs',
    'url: $URL\nmax_alerts: 2',
    () => ({}),
    notificationOf({alerts, groupKey: 'key', reason: 'new alerts added'}),
  );
  const body = JSON.parse(requests[0]!.body) as Record<string, unknown>;
  assert.deepEqual(
    [body['version'], body['groupKey'], body['truncatedAlerts'], body['notification_reason']],
    ['4', 'key', 1, 'new alerts added'],
  );
  assert.deepEqual((body['alerts'] as unknown[])[0], {
    status: 'firing',
    labels: {alertname: 'Down', instance: 'a:80', severity: 'critical'},
    annotations: {summary: 'a is <down> & out'},
    startsAt: '2026-01-01T10:00:00Z',
    endsAt: '0001-01-01T00:00:00Z',
    generatorURL: 'http://p/graph?g0.expr=up+%3D%3D+0&g0.tab=1',
    fingerprint: '1f2e3d4c5b6a7988',
  });
});

test('a webhook whose URL is empty, or whose file is missing, is no URL to send to', async () => {
  const empty = await outcome('webhook_configs', "url: '{{ .CommonLabels.x }}'", () => ({}));
  assert.deepEqual(
    [empty.error!.message, empty.error!.retry],
    ['webhook URL is empty after templating', false],
  );
  const missing = await outcome('webhook_configs', 'url_file: /nowhere', () => ({}));
  assert.equal(missing.error!.message, 'read url_file: open /nowhere: no such file or directory');
});

test('SNS tries again what AWS throttles, and what a template could not make', async () => {
  const yaml = 'api_url: $URL\nsigv4: {region: r, access_key: a, secret_key: s}\ntopic_arn: t';
  const answer = (code: string, status: number) => () => ({
    status,
    body: `<ErrorResponse><Error><Code>${code}</Code><Message>a &lt; b</Message></Error></ErrorResponse>`,
  });
  const no = await outcome('sns_configs', yaml, answer('NotFound', 404));
  assert.deepEqual(
    [no.error!.message, no.error!.retry, no.error!.reason],
    ['unexpected status code 404: a < b', false, 'clientError'],
  );
  assert.equal((await outcome('sns_configs', yaml, answer('Throttling', 400))).error!.retry, true);
  const template = await outcome('sns_configs', `${yaml}\nmessage: '{{ .X }}'`, () => ({}));
  assert.deepEqual([template.error!.retry, template.error!.reason], [true, 'clientError']);
  assert.match(template.error!.message, /^execute 'message' template: /);
});

test('services with fixed addresses are asked there, and a bad certificate is refused', async () => {
  const authority = new TestAuthority();
  const folder = mkdtempSync(join(tmpdir(), 'narthex-services-'));
  const caFile = join(folder, 'ca.pem');
  writeFileSync(caFile, authority.cert);
  const fixed = await Recorder.open(() => ({}), authority.issue({names: ['api.pushover.net']}));
  const proxy = await TestProxy.open(fixed.port);
  const yaml = (tls: string): string =>
    `{token: t, user_key: u, http_config: {proxy_url: '${proxy.url}', tls_config: ${tls}}}`;
  const good = openReceiver('pushover_configs', yaml(`{ca_file: '${caFile}'}`));
  assert.equal(await failureOf(good, notificationOf()), null);
  assert.match(fixed.requests[0]!.path, /^\/1\/messages\.json\?device=&expire=3600&message=/);
  const bad = openReceiver('pushover_configs', yaml('{}'));
  const error = await failureOf(bad, notificationOf());
  assert.equal(
    error!.message,
    'Post "<redacted>": tls: failed to verify certificate: x509: certificate signed by unknown authority',
  );
  assert.equal(error!.retry, true);
  for (const notifier of [good, bad]) await notifier.close();
  fixed.close();
  proxy.close();
  rmSync(folder, {recursive: true});
});
