// Receivers that fail, each in its way: Debian's Alertmanager and ours try the same ones again, and say the same in their metrics.
import assert from 'node:assert/strict';
import test from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {peerVersion, type Services, skipWithoutPeer, startBoth, type Running} from '../lib/alertmanagers.ts';

/** A notification may take as long as group_interval, which begins anew then. */
const flushMs = 10_000;

const configurationOf = ({recorder, fixed, mail}: Services, templates: string): string => `
templates: [${templates}]
route: {receiver: all, group_wait: 0s, group_interval: 10s}
receivers:
  - name: all
    # Takes it.
    wechat_configs: [{api_url: '${recorder.url}/wechat', api_secret: s, corp_id: c}]
    # Hangs, and has a timeout of its own.
    webhook_configs: [{url: '${recorder.url}/hang', timeout: 200ms}]
    # Says that it is too much, which this kind takes for a no.
    slack_configs: [{api_url: '${recorder.url}/status-429', channel: c}]
    # Says so, and this kind tries again.
    opsgenie_configs: [{api_url: '${recorder.url}/status-429', api_key: k}]
    # A certificate that nobody knows.
    discord_configs: [{webhook_url: 'https://127.0.0.1:${fixed.port}/x'}]
    # Says no.
    victorops_configs: [{api_url: '${recorder.url}/status-400', api_key: k, routing_key: r}]
    # Is out of order.
    webex_configs:
      - {api_url: '${recorder.url}/status-503', room_id: r, http_config: {authorization: {credentials: c}}}
    # Is not there.
    telegram_configs: [{api_url: 'http://127.0.0.1:1', bot_token: t, chat_id: 1}]
    # Has no TLS.
    email_configs: [{to: a@b, from: c@d, smarthost: '${mail.address}'}]
`;

const kinds = [
  'wechat',
  'webhook',
  'slack',
  'opsgenie',
  'discord',
  'victorops',
  'webex',
  'telegram',
  'email',
];

const reasons = [
  'other',
  'clientError',
  'serverError',
  'contextCanceled',
  'contextDeadlineExceeded',
  'authError',
  'rateLimited',
];

/** How often each kind was tried, and how often that failed. */
async function attempts(running: Running): Promise<Record<string, string>> {
  const metrics = await running.metrics();
  const words = (name: string, kind: string): string => {
    const count = metrics.get(`alertmanager_${name}{integration="${kind}"}`) ?? 0;
    return ['never', 'once'][count] ?? 'again and again';
  };
  return Object.fromEntries(
    kinds.map((kind) => [
      kind,
      `tried ${words('notification_requests_total', kind)}, failed ${words('notification_requests_failed_total', kind)}`,
    ]),
  );
}

/** Why notifications of each kind were given up. */
async function failures(running: Running): Promise<Record<string, string[]>> {
  const metrics = await running.metrics();
  const count = (kind: string, reason: string): number =>
    metrics.get(`alertmanager_notifications_failed_total{integration="${kind}",reason="${reason}"}`) ?? 0;
  return Object.fromEntries(kinds.map((kind) => [kind, reasons.filter((reason) => count(kind, reason) > 0)]));
}

const skip = peerVersion < 33 ? 'Alertmanager 0.33 or newer is not installed' : skipWithoutPeer;

test('receivers that fail are tried again or given up as Alertmanager does it', {skip}, async () => {
  const both = await startBoth(configurationOf);
  try {
    const alert = {labels: {alertname: 'Down'}};
    await Promise.all(both.map((each) => each.post([alert])));
    await sleep(4000);
    // Whoever takes notifications has got his, while others fail.
    for (const {services} of both)
      assert.ok(services.recorder.requests.some(({path}) => path.startsWith('/wechat/message/send')));
    const [theirs, own] = await Promise.all(both.map(attempts));
    assert.deepEqual(own, theirs);
    const again = 'tried again and again, failed again and again';
    assert.deepEqual(own, {
      wechat: 'tried once, failed never',
      webhook: again,
      slack: 'tried once, failed once',
      opsgenie: again,
      discord: again,
      victorops: 'tried once, failed once',
      webex: again,
      telegram: again,
      email: again,
    });
    await sleep(flushMs - 2000);
    const [theirFailures, ownFailures] = await Promise.all(both.map(failures));
    const since34 = peerVersion < 34 && {
      slack: ['rateLimited'],
      opsgenie: ['rateLimited'],
      webex: ['serverError'],
    };
    assert.deepEqual(ownFailures, {...theirFailures, ...since34});
  } finally {
    for (const each of both) await each.stop();
  }
});
