// Whatever stands in a section, whatever a service answers: a notification is sent, or NotifyError says why not.
import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../../base/random.ts';
import {writeYaml, type YamlMap, type YamlValue} from '../../base/yaml-write.ts';
import {NotificationTemplates} from '../../template/alertmanager.ts';
import type {NotificationAlert} from '../../template/alertmanager.ts';
import {NotifyError} from '../integration.ts';
import {alertOf, notificationOf, openReceiver, resolvedAlert} from './testing/open.ts';
import {Recorder, type RecorderAnswer} from './testing/recorder.ts';
import {SmtpServer} from './testing/smtp-server.ts';

const texts = [
  '',
  'plain',
  '{{ .Status }}',
  '{{ template "__subject" . }}',
  '{{ range .Alerts }}{{ .Labels.alertname }}: {{ .Annotations.summary }}\n{{ end }}',
  '{{ .Alerts | toJson }}',
  '{{ .Nothing }}',
  '{{ template "nobody" . }}',
  '{{ index .Alerts 100 }}',
  '{{ printf "%5000s" "é" }}',
  '{{ range $i, $a := .Alerts }}{{ $a.StartsAt.Format "2006" }}{{ end }}',
  '<b title="{{ .CommonAnnotations.summary }}">{{ .CommonLabels.text }}</b>',
  '[{{ .Status }}: x',
  'a\r\nBcc: evil@example.org',
  '{{ "\\xff" }}\u0000\u2028',
];

/** Fields whose texts are templates, by kind; with what makes a section complete. */
const kinds: Record<string, {readonly needs: Record<string, YamlValue>; readonly fields: string[]}> = {
  discord: {needs: {webhook_url: '$URL'}, fields: ['title', 'message', 'content', 'username']},
  email: {
    needs: {smarthost: '$SMTP', require_tls: false, to: 'a@example.org', from: 'b@example.org'},
    fields: ['text', 'html'],
  },
  incidentio: {needs: {url: '$URL', alert_source_token: 't'}, fields: []},
  jira: {
    needs: {api_url: '$URL', project: 'p', issue_type: 'i', resolve_transition: 'r'},
    fields: ['summary', 'description', 'priority', 'project'],
  },
  mattermost: {needs: {webhook_url: '$URL'}, fields: ['text', 'title', 'channel', 'username', 'color']},
  msteams: {needs: {webhook_url: '$URL'}, fields: ['text', 'title', 'summary']},
  msteamsv2: {needs: {webhook_url: '$URL'}, fields: ['text', 'title']},
  opsgenie: {needs: {api_url: '$URL', api_key: 'k'}, fields: ['message', 'tags', 'note', 'priority']},
  pagerduty: {needs: {url: '$URL', routing_key: 'k'}, fields: ['description', 'client', 'severity', 'class']},
  rocketchat: {needs: {api_url: '$URL', token: 't', token_id: 'i'}, fields: ['text', 'title', 'channel']},
  slack: {needs: {api_url: '$URL'}, fields: ['text', 'title', 'channel', 'footer', 'message_text']},
  sns: {
    needs: {
      api_url: '$URL',
      topic_arn: 't',
      sigv4: new Map([
        ['region', 'r'],
        ['access_key', 'a'],
        ['secret_key', 's'],
      ]),
    },
    fields: ['subject', 'message'],
  },
  telegram: {needs: {api_url: '$URL', bot_token: 't', chat_id: 1}, fields: ['message']},
  victorops: {
    needs: {api_url: '$URL', api_key: 'k', routing_key: 'r'},
    fields: ['state_message', 'message_type'],
  },
  webex: {
    needs: {
      api_url: '$URL',
      room_id: 'r',
      http_config: new Map([['authorization', new Map([['credentials', 'c']])]]),
    },
    fields: ['message', 'room_id'],
  },
  webhook: {needs: {url: '$URL'}, fields: ['payload']},
  wechat: {
    needs: {api_url: '$URL', api_secret: 's', corp_id: 'c'},
    fields: ['message', 'to_user', 'agent_id'],
  },
};

const bodies = [
  '',
  'ok',
  '{',
  '[]',
  'null',
  '"text"',
  '{"ok":true}',
  '{"success":true}',
  '{"issues":[{}]}',
].concat(
  '{"issues":[{"key":"K","fields":{"status":{"statusCategory":{"key":"new"}}}}],"transitions":null}',
  '{"errcode":0,"access_token":"t"}',
  '{"errcode":"x","access_token":5}',
  '{"ok":false,"error_code":429,"parameters":{"retry_after":1}}',
  '<Error><Code>Throttling</Code><Message>x</Message></Error>',
  'x'.repeat(100_000),
);

function pick<T>(random: Random, items: readonly T[]): T {
  return items[random.below(items.length)]!;
}

function answerOf(random: Random): RecorderAnswer {
  return {
    status: pick(random, [200, 200, 200, 201, 204, 301, 400, 401, 404, 429, 500, 503]),
    headers: pick(random, [{}, {'content-type': 'application/json'}, {'retry-after': 'x'}, {location: '/'}]),
    body: pick(random, bodies),
  };
}

function alertsOf(random: Random): NotificationAlert[] {
  const odd = new Map([
    ['summary', pick(random, ['', '<&>"', 'é漢😀', '\ud800\udcff', 'a\r\nb'])],
    ['text', 'x'.repeat(random.below(3000))],
  ]);
  const alerts = [alertOf({annotations: odd, labels: odd}), resolvedAlert(), alertOf()];
  return alerts.slice(0, 1 + random.below(3));
}

test('receivers fail with NotifyError or not at all, for any seed', async () => {
  const recorder = await Recorder.open();
  const mail = await SmtpServer.open();
  const templates = new NotificationTemplates();
  const names = Object.keys(kinds);
  const count = {sent: 0, failed: 0, refused: 0};
  for (let seed = 0; seed < 500; seed++) {
    const random = new Random(seed);
    const name = names[seed % names.length]!;
    const {needs, fields} = kinds[name]!;
    const section: YamlMap = new Map(Object.entries(needs));
    for (const field of fields) if (random.below(2) === 0) section.set(field, pick(random, texts));
    const yaml = writeYaml(section).replaceAll('$URL', recorder.url).replaceAll('$SMTP', mail.address);
    recorder.answer(() => answerOf(random));
    let notifier;
    try {
      notifier = openReceiver(`${name}_configs`, yaml, {templates});
    } catch (error) {
      assert.ok(error instanceof SyntaxError, `seed ${seed}: ${String(error)}`);
      count.refused++;
      continue;
    }
    try {
      await notifier.notify(notificationOf({alerts: alertsOf(random)}));
      count.sent++;
    } catch (error) {
      count.failed++;
      assert.ok(error instanceof NotifyError, `seed ${seed}, ${name}: ${(error as Error).stack}`);
      assert.ok(error.message.length < 10_000, `seed ${seed}: a message of ${error.message.length}`);
      assert.ok(!error.message.includes(recorder.url), `seed ${seed}: ${error.message}`);
    }
    await notifier.close();
  }
  assert.ok(count.sent > 50 && count.failed > 100 && count.refused < 50, JSON.stringify(count));
  for (const {text} of mail.mails) assert.doesNotMatch(text.split('\n\n')[0]!, /^Bcc:/m);
  for (const {headers, body} of recorder.requests)
    if (headers['content-type'] === 'application/json') JSON.parse(body);
  recorder.close();
  mail.close();
});
