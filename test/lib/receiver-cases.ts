// Sections of receivers that Alertmanager and ours are given alike. `$URL` is the recorder's; the name is the first part of the path.
export interface ReceiverCase {
  readonly name: string;
  readonly key: string;
  readonly yaml: string;
  /** The first version of Alertmanager, after "0.", that sends it so; by default that of Debian 12. */
  readonly since?: number;
}

export const receiverCases: readonly ReceiverCase[] = [
  {name: 'webhook', key: 'webhook_configs', yaml: 'url: $URL/webhook'},
  {
    name: 'webhook-templated',
    since: 31,
    key: 'webhook_configs',
    yaml: `
url: '$URL/webhook-templated/{{ .CommonLabels.severity }}?n={{ len .Alerts }}'
max_alerts: 1
http_config: {basic_auth: {username: u, password: p}}`,
  },
  {
    name: 'webhook-payload',
    since: 33,
    key: 'webhook_configs',
    yaml: `
url: $URL/webhook-payload
payload:
  text: 'subject {{ template "__subject" . }}'
  count: '{{ len .Alerts }}'
  empty: ''
  quoted: '"a"'
  colon: 'a: {{ .Status }}'
  flag: true
  number: 1.5
  when: 2026-01-01
  all: '{{ .Alerts | toJson }}'
  list: ['{{ .Status }}', 3, [null]]
  '{{ .Status }}': {a: 'x:'}`,
  },
  {name: 'slack', key: 'slack_configs', yaml: 'api_url: $URL/slack\nchannel: "#a"\nsend_resolved: true'},
  {
    name: 'slack-tutorial',
    key: 'slack_configs',
    yaml: `
api_url: $URL/slack-tutorial/T000/B000/XXXX
channel: '#alerts'
text: |-
  {{ range .Alerts }}
    *Alert:* {{ .Labels.alertname }}
    *Summary:* {{ .Annotations.summary }}
    *Description:* {{ .Annotations.description }}
    *Details:*
    {{ range .Labels.SortedPairs }} *{{ .Name }}:* \`{{ .Value }}\`
    {{ end }}
  {{ end }}
send_resolved: true`,
  },
  {
    name: 'slack-full',
    since: 31,
    key: 'slack_configs',
    yaml: `
api_url: $URL/slack-full
send_resolved: true
channel: '#{{ .CommonLabels.severity }}'
username: 'bot {{ .Status }}'
color: '{{ if eq .Status "firing" }}#f00{{ end }}'
title: '{{ range .Alerts }}{{ .Labels.instance }} {{ end }}{{ printf "%1100s" "x" }}'
title_link: http://l/{{ .Receiver }}
pretext: pre {{ .ExternalURL }}
text: '{{ .CommonAnnotations.SortedPairs }}'
message_text: top {{ .Status }}
short_fields: true
fields: [{title: a, value: '{{ len .Alerts }}'}, {title: b, value: c, short: false}]
footer: f
fallback: fb
callback_id: cb
icon_emoji: ':x:'
icon_url: http://i
image_url: http://im
thumb_url: http://th
link_names: true
mrkdwn_in: [text]
actions:
  - {type: button, text: Go, url: 'http://go/{{ .Status }}', name: dropped, style: primary}
  - {type: button, text: Ask, name: n, value: v, confirm: {text: sure, title: t, ok_text: y, dismiss_text: n}}
timeout: 3s`,
  },
  {
    name: 'slack-broken',
    since: 32,
    key: 'slack_configs',
    yaml: `
api_url: $URL/slack-broken
channel: '#a'
send_resolved: true
title: fine
text: '{{ template "missing" . }}'
footer: after`,
  },
  {
    name: 'slack-app',
    since: 30,
    key: 'slack_configs',
    yaml: 'app_token: xoxb-1\napp_url: $URL/slack-app\nchannel: C1\nsend_resolved: true',
  },
  {
    name: 'pagerduty',
    key: 'pagerduty_configs',
    since: 28,
    yaml: 'url: $URL/pagerduty\nrouting_key: k',
  },
  {
    name: 'pagerduty-full',
    key: 'pagerduty_configs',
    since: 33,
    yaml: `
url: $URL/pagerduty-full
routing_key: 'k-{{ .Status }}'
client: c
client_url: http://c
description: '{{ printf "%1100s" .Status }}'
severity: '{{ .CommonLabels.severity }}'
class: cl
component: co
group: gr
source: so
details:
  firing: own
  nested: {a: ['{{ .Status }}', 2], b: {c: true}}
  many: '{{ len .Alerts }}'
images: [{src: 'http://i/{{ .Status }}', alt: a, href: http://h}, {alt: none}]
links: [{href: http://l, text: t}, {text: none}]
timeout: 5s`,
  },
  {name: 'opsgenie', key: 'opsgenie_configs', yaml: 'api_url: $URL/opsgenie\napi_key: k'},
  {
    name: 'opsgenie-full',
    key: 'opsgenie_configs',
    since: 28,
    yaml: `
api_url: $URL/opsgenie-full/
api_key: 'k-{{ .Status }}'
message: '{{ printf "%200s" .Status }}'
description: d {{ .Status }}
source: s
details: {severity: over, '{{ .Status }}': k, mine: '{{ len .Alerts }}'}
entity: e
responders:
  - {name: a, type: team}
  - {id: i, type: user}
  - {username: u, type: '{{ if true }}escalation{{ end }}'}
  - {name: 'x,y,,z', type: teams}
  - {name: '{{ .CommonLabels.none }}', type: '{{ .CommonLabels.none }}'}
actions: 'one, two,,three'
tags: 'a,b,{{ .Status }}'
note: n
priority: P1
update_alerts: true`,
  },
  {
    name: 'victorops',
    key: 'victorops_configs',
    yaml: "api_url: $URL/victorops\napi_key: k\nrouting_key: 'team {{ .Status }}/x'",
  },
  {
    name: 'victorops-full',
    key: 'victorops_configs',
    yaml: `
api_url: $URL/victorops-full/a/
api_key: k
routing_key: r
message_type: '{{ if true }}WARNING{{ end }}'
state_message: '{{ printf "%21000s" "x" }}'
entity_display_name: e
monitoring_tool: m
custom_fields: {one: '{{ .Status }}', two: b}`,
  },
  {
    name: 'wechat',
    key: 'wechat_configs',
    yaml: 'api_url: $URL/wechat\napi_secret: s\ncorp_id: c\nsend_resolved: true',
  },
  {
    name: 'wechat-full',
    key: 'wechat_configs',
    yaml: `
api_url: $URL/wechat-full/cgi/
api_secret: 's&{{ .Status }}'
corp_id: c
send_resolved: true
message: m {{ .Status }}
to_user: u
to_party: p
to_tag: t
agent_id: a
message_type: markdown`,
  },
  {
    name: 'telegram',
    key: 'telegram_configs',
    yaml: 'api_url: $URL/telegram\nbot_token: "1:a"\nchat_id: -1001234567890',
  },
  {
    name: 'telegram-full',
    key: 'telegram_configs',
    since: 28,
    yaml: `
api_url: $URL/telegram-full
bot_token: '1:a'
chat_id: 9223372036854775807
message_thread_id: 7
message: '{{ printf "%5000s" .Status }}'
disable_notifications: true
parse_mode: MarkdownV2`,
  },
  {
    name: 'telegram-long',
    key: 'telegram_configs',
    since: 32,
    yaml: `
api_url: $URL/telegram-long
bot_token: '1:a'
chat_id: 1
message: '<b>{{ printf "%5000s" .Status }}</b>'`,
  },
  {
    name: 'telegram-html',
    key: 'telegram_configs',
    yaml: `
api_url: $URL/telegram-html
bot_token: '1:a'
chat_id: 1
message: '<b>{{ .CommonLabels.team }}</b>'`,
  },
  {name: 'discord', key: 'discord_configs', yaml: 'webhook_url: $URL/discord'},
  {
    name: 'discord-full',
    key: 'discord_configs',
    since: 28,
    yaml: `
webhook_url: $URL/discord-full
title: '{{ printf "%300s" .Status }}'
message: '{{ printf "%5000s" .Status }}'
content: '{{ printf "%3000s" .Status }}'
username: u
avatar_url: http://a/b.png`,
  },
  {
    name: 'webex',
    key: 'webex_configs',
    yaml: `
api_url: $URL/webex
room_id: r
http_config: {authorization: {credentials: c}}`,
  },
  {
    name: 'webex-long',
    key: 'webex_configs',
    yaml: `
api_url: $URL/webex-long
room_id: r
message: '{{ printf "%8000s" "é" }}'
http_config: {authorization: {type: Bot, credentials: c}}`,
  },
  {name: 'msteams', key: 'msteams_configs', since: 26, yaml: 'webhook_url: $URL/msteams'},
  {
    name: 'msteams-full',
    key: 'msteams_configs',
    since: 27,
    yaml: 'webhook_url: $URL/msteams-full\ntitle: t {{ .Status }}\nsummary: s\ntext: x',
  },
  {name: 'msteamsv2', key: 'msteamsv2_configs', since: 28, yaml: 'webhook_url: $URL/msteamsv2'},
  {
    name: 'rocketchat',
    key: 'rocketchat_configs',
    since: 28,
    yaml: 'api_url: $URL/rocketchat\ntoken: t\ntoken_id: i\nsend_resolved: true',
  },
  {
    name: 'rocketchat-full',
    key: 'rocketchat_configs',
    since: 28,
    yaml: `
api_url: $URL/rocketchat-full/
token: t
token_id: i
send_resolved: true
channel: '#{{ .Status }}'
color: blue
title: '{{ printf "%1100s" .Status }}'
title_link: http://l
text: x
short_fields: true
fields: [{title: a, value: '{{ .Status }}'}, {title: b, value: c, short: false}, {value: only}]
emoji: ':x:'
icon_url: http://i
image_url: http://im
thumb_url: http://th
link_names: true
actions: [{type: other, text: Go, url: http://go, msg: m, iswebview: true}, {text: t}]`,
  },
  {name: 'mattermost', key: 'mattermost_configs', since: 33, yaml: 'webhook_url: $URL/mattermost'},
  {
    name: 'mattermost-flat',
    key: 'mattermost_configs',
    since: 33,
    yaml: `
webhook_url: $URL/mattermost-flat
channel: c
username: u
text: '{{ printf "%17000s" .Status }}'
fallback: f
color: '#fff'
pretext: p
author_name: an
author_link: al
author_icon: ai
title: t
title_link: tl
fields: [{title: a, value: '{{ .Status }}'}, {title: b, value: c, short: false}]
thumb_url: th
footer: fo
footer_icon: fi
image_url: im
icon_url: ic
icon_emoji: ie
type: custom_x
props: {card: '{{ .Status }}'}
priority: {priority: Urgent, requested_ack: true, persistent_notifications: true}`,
  },
  {
    name: 'mattermost-attached',
    key: 'mattermost_configs',
    since: 33,
    yaml: `
webhook_url: $URL/mattermost-attached
text: '{{ printf "%17000s" .Status }}'
attachments:
  - {text: one, title: '{{ .Status }}', fields: [{title: a, value: b, short: true}]}
  - {pretext: two}
priority: {priority: wrong, requested_ack: true, persistent_notifications: true}`,
  },
  {
    name: 'incidentio',
    key: 'incidentio_configs',
    since: 29,
    yaml: 'url: $URL/incidentio\nalert_source_token: t\nmax_alerts: 1',
  },
  {
    name: 'email',
    key: 'email_configs',
    yaml: `
to: 'email@example.org, "Ops, <all>" <ops@example.org>'
from: 'Alerts <am@example.org>'
smarthost: $SMTP
require_tls: false
send_resolved: true
html: '<b>{{ .Status }}</b> {{ .CommonAnnotations.description }} {{ .CommonLabels.team }}'`,
  },
  {
    name: 'email-full',
    key: 'email_configs',
    since: 33,
    yaml: `
to: email-full@example.org
from: am@example.org
smarthost: $SMTP
require_tls: false
send_resolved: true
hello: me.example
headers:
  subject: '{{ .CommonAnnotations.description }} {{ .CommonAnnotations.description }} {{ .CommonAnnotations.description }} = ? _ {{ .Status }}'
  X-Own: '{{ range .Alerts }}{{ .Annotations.summary }}{{ end }}'
  reply-to: a@example.org
text: |
  {{ range .Alerts }}
  .dots {{ .Annotations.summary }} {{ .Labels.team }}  
  {{ printf "%100s" .Status }}=	
  {{ .Annotations.description }}{{ .Annotations.description }}{{ .Annotations.description }}{{ .Annotations.description }}
  {{ end }}
html: '{{ range .Alerts }}<p title="{{ .Annotations.summary }}">{{ .Annotations.summary }}</p>{{ end }}'
threading: {enabled: true, thread_by_date: daily}`,
  },
  {
    name: 'jira',
    key: 'jira_configs',
    since: 33,
    yaml: 'api_url: $URL/jira/rest/api/2\nproject: OPS\nissue_type: Bug\nresolve_transition: Resolve',
  },
  {
    name: 'jira-open',
    key: 'jira_configs',
    since: 33,
    yaml: `
api_url: $URL/jira-open/rest/api/2/
api_type: cloud
project: 'OP{{ if true }}S{{ end }}'
issue_type: Bug
summary: {template: '{{ printf "%300s" .Status }}', enable_update: false}
description: 'd {{ .Status }}'
labels: [z, '{{ .Status }}']
priority: High
reopen_transition: Reopen
resolve_transition: Resolve
reopen_duration: 2d
wont_fix_resolution: Won't "Fix"
fields:
  customfield_1: '{{ .Status }}'
  customfield_2: {value: '{{ len .Alerts }}'}
  customfield_3: [{name: a}]`,
  },
  {
    name: 'jira-done',
    key: 'jira_configs',
    since: 33,
    yaml: `
api_url: $URL/jira-done/rest/api/3
api_type: datacenter
project: OPS
issue_type: Bug
description: '{"type": "doc", "content": ["{{ .Status }}"]}'
priority: ''
reopen_transition: Reopen`,
  },
  {
    name: 'sns',
    key: 'sns_configs',
    since: 28,
    yaml: `
api_url: $URL/sns
sigv4: {region: eu-west-1, access_key: AKID, secret_key: secret}
topic_arn: arn:aws:sns:eu-west-1:1:topic`,
  },
  {
    name: 'sns-full',
    key: 'sns_configs',
    since: 28,
    yaml: `
api_url: '$URL/sns-full/{{ .Status }}'
sigv4: {region: eu-west-1, access_key: AKID, secret_key: secret}
topic_arn: arn:aws:sns:eu-west-1:1:topic.fifo
subject: 'é {{ .Status }}'
message: '{{ printf "%300000s" .Status }}'
attributes: {key: '{{ .Status }}', '{{ .Status }}': b c}`,
  },
  {
    name: 'sns-phone',
    key: 'sns_configs',
    yaml: `
api_url: $URL/sns-phone/
sigv4: {region: eu-west-1, access_key: AKID, secret_key: secret}
phone_number: '+49 {{ len .Alerts }}'
subject: ''
message: '{{ printf "%2000s" .Status }}'`,
  },
  {
    name: 'pushover',
    key: 'pushover_configs',
    since: 26,
    yaml: "token: pushover\nuser_key: 'u&{{ .Status }}'\n$FIXED",
  },
  {
    name: 'pushover-html',
    key: 'pushover_configs',
    since: 33,
    yaml: `
token: pushover-html
user_key: u
title: '{{ printf "%300s" .Status }}'
message: '<b>{{ .CommonLabels.team }}</b>{{ printf "%2000s" "x" }}'
url: 'http://l/{{ printf "%600s" "x" }}'
url_title: t
device: d
sound: s
priority: '1'
retry: 90s
expire: 2h
ttl: 1h30m
html: true
$FIXED`,
  },
  {
    name: 'pushover-empty',
    key: 'pushover_configs',
    since: 28,
    yaml: "token: pushover-empty\nuser_key: u\nmessage: ' {{ .CommonLabels.none }} '\nmonospace: true\n$FIXED",
  },
  {
    name: 'pagerduty-v1',
    key: 'pagerduty_configs',
    since: 33,
    yaml: 'service_key: pagerduty-v1\ndetails: {a: "{{ .Status }}"}\n$FIXED',
  },
  {
    name: 'slack-update',
    key: 'slack_configs',
    since: 32,
    yaml: `
api_url: https://slack.com/api/chat.postMessage
channel: '#updates'
update_message: true
send_resolved: true
$FIXED`,
  },
];
