// What the sections of receivers say when they are wrong, and which of them send when all is over.
import assert from 'node:assert/strict';
import test from 'node:test';
import {integrationKinds} from './registry.ts';
import {readReceiver, shownReceiver} from './testing/open.ts';

test('all kinds of Alertmanager are there', () => {
  assert.deepEqual(
    integrationKinds.map(({key, name}) => [key, name]),
    [
      'discord',
      'email',
      'incidentio',
      'pagerduty',
      'slack',
      'webhook',
      'opsgenie',
      'wechat',
      'pushover',
      'victorops',
      'sns',
      'telegram',
      'webex',
      'msteams',
      'msteamsv2',
      'jira',
      'rocketchat',
      'mattermost',
    ].map((name) => [`${name}_configs`, name]),
  );
});

/** The least that each kind wants. */
const least: Record<string, string> = {
  discord: 'webhook_url: http://s',
  email: '{to: a@b, from: c@d, smarthost: "h:25"}',
  incidentio: '{url: http://s, alert_source_token: t}',
  pagerduty: 'routing_key: k',
  slack: 'api_url: http://s',
  webhook: 'url: http://s',
  opsgenie: 'api_key: k',
  wechat: '{api_secret: s, corp_id: c}',
  pushover: '{user_key: u, token: t}',
  victorops: '{api_key: k, routing_key: r}',
  sns: 'topic_arn: t',
  telegram: '{bot_token: t, chat_id: 1}',
  webex: '{room_id: r, http_config: {authorization: {credentials: c}}}',
  msteams: 'webhook_url: http://s',
  msteamsv2: 'webhook_url: http://s',
  jira: '{api_url: http://s, project: p, issue_type: i}',
  rocketchat: '{token: t, token_id: i}',
  mattermost: 'webhook_url: http://s',
};

test('the least that a section may say is enough, and send_resolved has its default', () => {
  const silent = ['email', 'slack', 'wechat', 'rocketchat'];
  for (const {key, name} of integrationKinds) {
    const {config, problems} = readReceiver(key, least[name]!);
    assert.deepEqual(problems, [], name);
    assert.equal(config!.sendResolved, !silent.includes(name), name);
  }
});

test('secrets are not shown', () => {
  function f(key: string, yaml: string): void {
    const shown = shownReceiver(key, yaml);
    assert.match(shown, /<secret>/);
    assert.doesNotMatch(shown, /hidden/, key);
  }
  f('discord_configs', 'webhook_url: http://hidden');
  f('email_configs', '{to: a, from: b, smarthost: "h:25", auth_password: hidden, auth_secret: hidden}');
  f('incidentio_configs', '{url: http://s, alert_source_token: hidden}');
  f('pagerduty_configs', '{routing_key: hidden, service_key: hidden}');
  f('slack_configs', 'api_url: http://hidden');
  f('slack_configs', 'app_token: hidden');
  f('webhook_configs', 'url: http://hidden');
  f('opsgenie_configs', 'api_key: hidden');
  f('wechat_configs', '{api_secret: hidden, corp_id: c}');
  f('pushover_configs', '{user_key: hidden, token: hidden}');
  f('victorops_configs', '{api_key: hidden, routing_key: r}');
  f('sns_configs', '{topic_arn: t, sigv4: {access_key: a, secret_key: hidden}}');
  f('telegram_configs', '{bot_token: hidden, chat_id: 1}');
  f('webex_configs', '{room_id: r, http_config: {authorization: {credentials: hidden}}}');
  f('msteams_configs', 'webhook_url: http://hidden');
  f('msteamsv2_configs', 'webhook_url: http://hidden');
  f(
    'jira_configs',
    '{api_url: http://s, project: p, issue_type: i, http_config: {basic_auth: {username: u, password: hidden}}}',
  );
  f('rocketchat_configs', '{token: hidden, token_id: hidden}');
  f('mattermost_configs', 'webhook_url: http://hidden');
});

test('sections say what is wrong in the words of Alertmanager', () => {
  function f(name: string, yaml: string, problem: string): void {
    assert.deepEqual(readReceiver(`${name}_configs`, yaml).problems, [problem], yaml);
  }
  f('discord', 'title: t', ': one of webhook_url or webhook_url_file must be configured');
  f('email', '{from: a, smarthost: "h:25"}', ': missing to address in email config');
  f('email', '{to: a, from: b}', ': no global SMTP smarthost set');
  f('email', '{to: a, smarthost: "h:25"}', ': no global SMTP from set');
  f('email', '{to: a, from: b, smarthost: h}', 'smarthost: address h: missing port in address');
  f(
    'email',
    '{to: a, from: b, smarthost: "h:25", headers: {subject: a, Subject: b}}',
    'headers.Subject: duplicate header "Subject" in email config',
  );
  f(
    'email',
    '{to: a, from: b, smarthost: "h:25", threading: {enabled: true}}',
    "threading: threading.thread_by_date must be either 'none' or 'daily'",
  );
  f('incidentio', 'url_file: f\nurl: http://s', 'url_file: at most one of url & url_file must be configured');
  f('pagerduty', 'client: c', ': missing service or routing key in PagerDuty config');
  f('webhook', 'max_alerts: 1', ': one of url or url_file must be configured');
  f(
    'webhook',
    '{url: http://s, timeout: 5x}',
    'timeout: cannot unmarshal !!str `5x` into time.Duration (a duration is written like 10s or 1m30s)',
  );
  f('opsgenie', 'tags: a', ': no global OpsGenie API Key set either inline or in a file');
  f(
    'opsgenie',
    '{api_key: k, responders: [{name: n, type: boss}]}',
    'responders.0: opsGenieConfig responder { n  boss} type does not match valid options ^(team|teams|user|escalation|schedule)$',
  );
  f('wechat', 'api_secret: s', ': no global Wechat CorpID set');
  f(
    'wechat',
    '{api_secret: s, corp_id: c, message_type: html}',
    'message_type: weChat message type "html" does not match valid options ^(text|markdown)$',
  );
  f('pushover', 'token: t', ': one of user_key or user_key_file must be configured');
  f(
    'pushover',
    '{token: t, user_key: u, html: true, monospace: true}',
    'monospace: at most one of monospace & html must be configured',
  );
  f('pushover', '{token: t, user_key: u, retry: 60}', 'retry: time: missing unit in duration "60"');
  f('victorops', 'api_key: k', ': missing Routing key in VictorOps config');
  f(
    'victorops',
    '{api_key: k, routing_key: r, custom_fields: {entity_id: a}}',
    'custom_fields.entity_id: victorOps config contains custom field entity_id which cannot be used as it conflicts with the fixed/static fields',
  );
  f(
    'sns',
    '{topic_arn: a, phone_number: b}',
    ': must provide either a Target ARN, Topic ARN, or Phone Number for SNS config',
  );
  f('telegram', 'bot_token: t', ': missing chat_id or chat_id_file on telegram_config');
  f('telegram', 'chat_id: 1', ': missing bot_token or bot_token_file on telegram_config');
  f(
    'telegram',
    '{bot_token: t, chat_id: 1, parse_mode: html}',
    'parse_mode: unknown parse_mode on telegram_config, must be Markdown, MarkdownV2, HTML or empty string',
  );
  f('webex', 'room_id: r', ': missing webex_configs.http_config.authorization');
  f('msteams', 'title: t', ': one of webhook_url or webhook_url_file must be configured');
  f('jira', '{api_url: http://s, project: p}', ': missing issue_type in jira_config');
  f('jira', '{project: p, issue_type: i}', ': no global Jira Cloud URL set');
  f('rocketchat', 'token: t', ': no global Rocketchat TokenID set either inline or in a file');
  f('mattermost', 'title: t', ': missing webhook_url or webhook_url_file on mattermost_config');
  f(
    'mattermost',
    '{webhook_url: http://s, fields: [{title: a}]}',
    'fields.0: missing value in Mattermost field configuration',
  );
});

test('what a section leaves out comes from the global one', () => {
  function f(name: string, yaml: string, global: string, line: RegExp): void {
    assert.match(shownReceiver(`${name}_configs`, yaml, global), line);
  }
  f('opsgenie', 'tags: a', 'opsgenie_api_key: k\nopsgenie_api_url: http://o/x', /api_url: http:\/\/o\/x\/\n/);
  f('victorops', 'routing_key: r', 'victorops_api_key: k', /api_url: https:\/\/alert.victorops.com\//);
  f('wechat', '{}', 'wechat_api_secret: s\nwechat_api_corp_id: c', /corp_id: c\n/);
  f('telegram', 'chat_id: 1', 'telegram_bot_token_file: f', /bot_token_file: f\n/);
  f('mattermost', '{}', 'mattermost_webhook_url_file: f', /webhook_url_file: f\n/);
  f('jira', '{project: p, issue_type: i}', 'jira_api_url: http://j', /api_url: http:\/\/j\n/);
  f('webhook', 'url: http://s', 'http_config: {follow_redirects: false}', /follow_redirects: false\n/);
  f(
    'email',
    'to: a',
    'smtp_from: b\nsmtp_smarthost: "h:25"\nsmtp_require_tls: false\nsmtp_tls_config: {server_name: s}',
    /require_tls: false\ntls_config:\n {2}server_name: s\n/,
  );
});

test('Teams alone takes the global proxy into its own http_config', () => {
  const global = 'http_config: {proxy_url: "http://proxy:3128"}';
  const yaml = (name: string): string => shownReceiver(`${name}_configs`, ownHttp, global);
  const ownHttp = '{webhook_url: http://s, http_config: {follow_redirects: false}}';
  assert.match(yaml('msteamsv2'), /proxy_url: http:\/\/proxy:3128\n/);
  assert.doesNotMatch(yaml('msteams'), /proxy_url/);
  assert.doesNotMatch(yaml('discord'), /proxy_url/);
});
