import assert from 'node:assert/strict';
import test from 'node:test';
import {ConfigError} from '../model/problems.ts';
import {type AlertmanagerConfig, formatConfig, parseConfig} from './config.ts';
import {Route} from './route.ts';

function parse(content: string): AlertmanagerConfig {
  return parseConfig(content, {file: '/etc/am/am.yml'});
}

const least = `route: {receiver: x}
receivers: [{name: x}]
`;

test('formatConfig() shows what Alertmanager shows', () => {
  const content = `
global:
  resolve_timeout: 3m
  slack_api_url: http://127.0.0.1:9/slack
  smtp_smarthost: 'mail:25'
templates: ['x/*.tmpl', /y.tmpl]
route:
  receiver: hook
  group_by: [alertname, cluster]
  group_wait: 1s
  routes:
  - matchers: [severity="critical", 'team=~"a|b"']
    receiver: slack
    continue: true
    group_by: ['...']
    mute_time_intervals: [office]
  - match: {severity: info}
    match_re: {team: x.*}
    active_time_intervals: [hours]
    labels: {b: x, a: '{{ .Status }}'}
inhibit_rules:
- source_matchers: [severity="critical"]
  target_matchers: [severity="warning"]
  equal: [cluster]
- name: old
  source_match: {a: b}
  target_match_re: {c: d.*}
receivers:
- name: hook
  webhook_configs:
  - url: http://127.0.0.1:19999/hook
- name: slack
  labels: {team: x}
  slack_configs:
  - channel: '#x'
time_intervals:
- name: office
  time_intervals:
  - weekdays: ['monday:friday', sunday]
    times: [{start_time: '09:00', end_time: '24:00'}]
mute_time_intervals:
- name: hours
  time_intervals:
  - months: ['1:3', may]
`;
  const shown = formatConfig(parse(content));
  const [global, rest] = shown.split(/^(?=route:)/m);
  assert.equal(
    global,
    `global:
  resolve_timeout: 3m
  http_config:
    follow_redirects: true
    enable_http2: true
  smtp_hello: localhost
  smtp_smarthost: mail:25
  smtp_require_tls: true
  smtp_tls_config:
    insecure_skip_verify: false
  slack_api_url: <secret>
  slack_app_url: https://slack.com/api/chat.postMessage
  pagerduty_url: https://events.pagerduty.com/v2/enqueue
  opsgenie_api_url: https://api.opsgenie.com/
  wechat_api_url: https://qyapi.weixin.qq.com/cgi-bin/
  victorops_api_url: https://alert.victorops.com/integrations/generic/20131114/alert/
  telegram_api_url: https://api.telegram.org
  webex_api_url: https://webexapis.com/v1/messages
  rocketchat_api_url: https://open.rocket.chat/
`,
  );
  assert.equal(
    rest!.replace(/^ {2}(?:webhook|slack)_configs:\n(?: {2}[- ].*\n)*/gm, ''),
    `route:
  receiver: hook
  group_by:
  - alertname
  - cluster
  continue: false
  routes:
  - receiver: slack
    group_by:
    - '...'
    matchers:
    - severity="critical"
    - team=~"a|b"
    mute_time_intervals:
    - office
    continue: true
  - match:
      severity: info
    match_re:
      team: x.*
    active_time_intervals:
    - hours
    continue: false
    labels:
      a: '{{ .Status }}'
      b: x
  group_wait: 1s
inhibit_rules:
- source_matchers:
  - severity="critical"
  target_matchers:
  - severity="warning"
  equal:
  - cluster
- name: old
  source_match:
    a: b
  target_match_re:
    c: d.*
receivers:
- name: hook
  labels:
    name: hook
- name: slack
  labels:
    name: slack
    team: x
templates:
- /etc/am/x/*.tmpl
- /y.tmpl
mute_time_intervals:
- name: hours
  time_intervals:
  - months: ["1:3", "5"]
time_intervals:
- name: office
  time_intervals:
  - times:
    - start_time: "09:00"
      end_time: "24:00"
    weekdays: ['monday:friday', sunday]
`,
  );
});

test('parseConfig() says what is wrong, and where', () => {
  function f(content: string, ...expected: string[]): void {
    let found: string[] = [];
    try {
      parse(content);
    } catch (error) {
      assert.ok(error instanceof ConfigError);
      found = error.problems.map(({line, column, message}) => `${line}:${column} ${message}`);
    }
    assert.deepEqual(found, expected, content);
  }
  f('', '1:1 no route provided in config');
  f('receivers: [{name: x}]', '1:1 no routes provided');
  f('route: {}\nreceivers: [{name: x}]', '1:8 root route must specify a default receiver');
  f('route: {receiver: y}\nreceivers: [{name: x}]', '1:19 undefined receiver "y" used in route');
  f(`${least}foo: 1`, '3:1 field foo not found');
  f(`${least}inhibit_rule: []`, '3:1 field inhibit_rule not found; did you mean inhibit_rules?');
  f(
    'route: {receiver: x, continue: true, match: {a: b}, mute_time_intervals: [z]}\nreceivers: [{name: x}, {name: x}, {}]',
    '1:8 root route must not have any matchers',
    '1:32 cannot have continue in root route',
    '1:74 root route must not have any mute time intervals',
    '1:75 undefined time interval "z" used in route',
    '2:31 notification config name "x" is not unique',
    '2:35 missing name in receiver',
  );
  f(
    `route:
  receiver: x
  routes:
  - group_by: [a, a, '...']
    group_interval: 0s
    repeat_interval: 0s
    group_wait: 5
  - matchers: ['a=~"("', 'b']
    match: {1a: b}
    labels: {'': b}
  -
receivers: [{name: x}]`,
    '4:3 empty or null route',
    '7:17 not a valid duration string: "5" (a duration is written like 15s, 1m30s or 90d)',
    '9:17 invalid label name "1a"',
  );
  f(
    `route:
  receiver: x
  routes:
  - group_by: [a, a, '...']
    group_interval: 0s
    repeat_interval: 0s
  - matchers: ['a=~"("', 'b']
    labels: {'': b}
receivers: [{name: x}]`,
    '4:15 cannot have wildcard group_by (`...`) and other labels at the same time',
    '4:19 duplicated label "a" in group_by',
    '5:21 group_interval cannot be zero',
    '6:22 repeat_interval cannot be zero',
    '7:16 error parsing regexp: missing closing ): `^(?:()$`',
    '7:26 bad matcher format: b',
    '8:18 invalid label name "" in route labels',
  );
  f(
    `${least}global: {slack_api_url: 'http://x', slack_api_url_file: y, pagerduty_url: 'ftp://x', smtp_smarthost: x, opsgenie_api_key: a, opsgenie_api_key_file: b}`,
    '3:75 unsupported scheme "ftp" for URL',
    '3:102 address x: missing port in address',
  );
  f(
    `${least}global: {slack_api_url: 'http://x', slack_api_url_file: y, opsgenie_api_key: a, opsgenie_api_key_file: b}`,
    '3:57 at most one of slack_api_url & slack_api_url_file must be configured',
    '3:104 at most one of opsgenie_api_key & opsgenie_api_key_file must be configured',
  );
  f(
    `${least}inhibit_rules: [{source_match_re: {a: }, equal: ['']}, {target_match_re: {a: (}}]
time_intervals: [{name: t, time_intervals: [{weekdays: [foo]}]}, {}, {name: t}]
receivers2: 5`,
    '5:1 field receivers2 not found; did you mean receivers?',
  );
  f(
    `${least}inhibit_rules: [{source_match_re: {a: }, equal: ['']}, {target_match_re: {a: (}}]
time_intervals: [{name: t, time_intervals: [{weekdays: [foo]}]}, {}, {name: t}]`,
    '3:36 invalid regexp value for "a"',
    '3:50 invalid label name "" in equal list',
    '3:78 error parsing regexp: missing closing ): `^(?:()$`',
    '4:57 foo is not a valid weekday',
    '4:66 missing name in time interval',
    '4:77 time interval "t" is not unique',
  );
  f(`${least}receivers: []`, '3:1 field receivers already set');
  f(
    `${least}tracing: {client_type: x}`,
    '3:24 expected tracing client type to be to be http or grpc, but got x',
  );
  f(
    `${least}tracing: {compression: x}`,
    '3:10 tracing endpoint must be set',
    '3:24 invalid compression type x provided, valid options: gzip',
  );
});

test('routes inherit, and match depth first', () => {
  const config = parse(`
route:
  receiver: x
  group_by: [a]
  labels: {l: '1', m: '1'}
  routes:
  - matchers: [a="1"]
    group_wait: 1s
    continue: true
    labels: {m: '2'}
    routes:
    - matchers: [b="1"]
      group_by: []
      repeat_interval: 1h
    - matchers: [b="2"]
      receiver: y
      group_by: ['...']
  - matchers: ['a=~"1|2"']
    mute_time_intervals: []
    group_by:
receivers: [{name: x}, {name: y}]
`);
  const root = new Route(config.route);
  function f(labels: string[], ...expected: string[]): void {
    const found = root.match(labels).map(({key, options}) => {
      const by = options.groupBy === 'all' ? '...' : [...options.groupBy].join(',');
      return `${key} ${options.receiver} [${by}] ${options.groupWaitMs} ${options.repeatIntervalMs} ${[...options.labels.values()].join()}`;
    });
    assert.deepEqual(found, expected);
  }
  f([], '{} x [a] 30000 14400000 1,1');
  f(['a', '1'], '{}/{a="1"} x [a] 1000 14400000 1,2', '{}/{a=~"1|2"} x [a] 30000 14400000 1,1');
  f(
    ['a', '1', 'b', '1'],
    '{}/{a="1"}/{b="1"} x [] 1000 3600000 1,2',
    '{}/{a=~"1|2"} x [a] 30000 14400000 1,1',
  );
  f(
    ['a', '1', 'b', '2'],
    '{}/{a="1"}/{b="2"} y [...] 1000 14400000 1,2',
    '{}/{a=~"1|2"} x [a] 30000 14400000 1,1',
  );
  f(['a', '2'], '{}/{a=~"1|2"} x [a] 30000 14400000 1,1');
  assert.deepEqual(
    [...root.walk()].map(({id}) => id),
    ['{}', '{}/{a="1"}/0', '{}/{a="1"}/0/{b="1"}/0', '{}/{a="1"}/0/{b="2"}/1', '{}/{a=~"1|2"}/1'],
  );
});
