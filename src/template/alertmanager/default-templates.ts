// Templates under the names that users' own templates call. Their texts are what Alertmanager sends by default.

function define(name: string, body: string): string {
  return `{{define "${name}"}}${body}{{end}}`;
}

function call(name: string, dot = '.'): string {
  return `{{template "${name}" ${dot}}}`;
}

/** Several names of one receiver with the same kind of body. */
function defineAll(receiver: string, bodies: Readonly<Record<string, string>>): string {
  return Object.entries(bodies)
    .map(([name, body]) => define(`${receiver}.default.${name}`, body))
    .join('');
}

const subject = call('__subject');
const product = call('__alertmanager');
const link = call('__alertmanagerURL');
const annotations = '{{.CommonAnnotations.SortedPairs.Values | join " "}}';
const color = '{{if eq .Status "firing"}}danger{{else}}good{{end}}';

const groupValues = '{{.GroupLabels.SortedPairs.Values | join " "}}';
/** Labels that all alerts have, besides those of the group. */
const otherValues =
  '{{if gt (len .CommonLabels) (len .GroupLabels)}}({{with .CommonLabels.Remove .GroupLabels.Names}}{{.Values | join " "}}{{end}}){{end}}';
const subjectBody = `[{{.Status | toUpper}}{{if eq .Status "firing"}}:{{.Alerts.Firing | len}}{{end}}] ${groupValues} ${otherValues}`;

function pairLines(field: string, indent: string): string {
  return `{{range .${field}.SortedPairs}}${indent}- {{.Name}} = {{.Value}}\n{{end}}`;
}

const textList = `{{range .}}Labels:\n${pairLines('Labels', ' ')}Annotations:\n${pairLines('Annotations', ' ')}Source: {{.GeneratorURL}}\n{{end}}`;
const markdownList = `{{range .}}\nLabels:\n${pairLines('Labels', '  ')}\nAnnotations:\n${pairLines('Annotations', '  ')}\nSource: {{.GeneratorURL}}\n{{end}}\n`;

/** A heading and the list, for firing and for resolved alerts where there are any; `wrap` sets them apart. */
function lists(list: string, mark: string, wrap: (part: string) => string): string {
  return ['Firing', 'Resolved']
    .map((state) => {
      const body = wrap(`${mark}Alerts ${state}:\n${call(list, `.Alerts.${state}`)}`);
      return `\n{{if .Alerts.${state}}}${body}{{end}}`;
    })
    .join('');
}

/** Close to what stands before. */
const tightLists = lists('__text_alert_list', '', (part) => part);
const looseLists = `${lists('__text_alert_list', '', (part) => `\n${part}\n`)}\n`;
const markdownLists = `${lists('__text_alert_list_markdown', '# ', (part) => `\n${part}\n`)}\n`;

function raise(state: string): string {
  return `{{range .Alerts.${state}}}{{$s := .Labels.severity}}{{if eq $s "critical"}}{{$p = "High"}}{{else if and (eq $s "warning") (ne $p "High")}}{{$p = "Medium"}}{{else if and (eq $s "info") (eq $p "")}}{{$p = "Low"}}{{end}}{{end}}`;
}

/** The highest severity of firing alerts, or else of resolved ones. */
const priority = `{{$p := ""}}${raise('Firing')}{{if eq $p ""}}${raise('Resolved')}{{end}}{{$p}}`;

export const defaultTemplates = [
  define('__alertmanager', 'Alertmanager'),
  define('__alertmanagerURL', '{{.ExternalURL}}/#/alerts?receiver={{.Receiver | urlquery}}'),
  define('__subject', subjectBody),
  define('__description', ''),
  define('__text_alert_list', textList),
  define('__text_alert_list_markdown', markdownList),
  defineAll('slack', {
    title: subject,
    username: product,
    fallback: `${call('slack.default.title')} | ${call('slack.default.titlelink')}`,
    callbackid: '',
    pretext: '',
    titlelink: link,
    iconemoji: '',
    iconurl: '',
    text: '',
    footer: '',
    color,
  }),
  defineAll('pagerduty', {
    description: subject,
    client: product,
    clientURL: link,
    instances: call('__text_alert_list'),
  }),
  defineAll('opsgenie', {message: subject, description: annotations + tightLists, source: link}),
  defineAll('wechat', {
    message: `${subject}\n${annotations}${tightLists}\nAlertmanagerUrl:\n${link}`,
    to_user: '',
    to_party: '',
    to_tag: '',
    agent_id: '',
  }),
  defineAll('victorops', {
    state_message: annotations + tightLists,
    entity_display_name: subject,
    monitoring_tool: product,
  }),
  defineAll('pushover', {title: subject, message: annotations + looseLists, url: link}),
  defineAll('sns', {subject, message: annotations + looseLists}),
  defineAll('telegram', {message: looseLists}),
  defineAll('discord', {content: '', title: subject, message: looseLists}),
  defineAll('webex', {message: annotations + looseLists}),
  defineAll('msteams', {summary: subject, title: subject, text: markdownLists}),
  defineAll('msteamsv2', {title: subject, text: markdownLists}),
  defineAll('jira', {summary: subject, description: markdownLists, priority}),
  defineAll('rocketchat', {
    title: subject,
    alias: product,
    titlelink: link,
    emoji: '',
    iconurl: '',
    text: '',
  }),
  defineAll('mattermost', {
    color,
    username: product,
    title: subject,
    titlelink: link,
    fallback: `${call('mattermost.default.title')} | ${call('mattermost.default.titlelink')}`,
    text: markdownLists,
  }),
].join('');

const font = 'font-family:-apple-system,Segoe UI,Helvetica,Arial,sans-serif';
const cell = 'padding:12px 24px';

function emailAlerts(state: string, background: string): string {
  const pairs = (title: string, field: string): string =>
    `{{if .${field}}}<p style="margin:8px 0 0"><strong>${title}</strong></p><table cellpadding="0" cellspacing="0">{{range .${field}.SortedPairs}}<tr><td style="padding:2px 12px 2px 0;color:#667">{{.Name}}</td><td style="padding:2px 0">{{.Value}}</td></tr>{{end}}</table>{{end}}`;
  return `{{if .Alerts.${state}}}<tr><td style="${cell};background:${background};color:#fff"><strong>[{{.Alerts.${state} | len}}] ${state}</strong></td></tr>
{{range .Alerts.${state}}}<tr><td style="${cell};border-bottom:1px solid #e4e6ea">${pairs('Labels', 'Labels')}${pairs('Annotations', 'Annotations')}<p style="margin:8px 0 0"><a href="{{.GeneratorURL}}">Source</a></p></td></tr>
{{end}}{{end}}`;
}

export const emailTemplates = [
  define('email.default.subject', subject),
  define(
    'email.default.html',
    `<!DOCTYPE html>
<html>
<head><meta charset="UTF-8"><meta name="viewport" content="width=device-width"><title>${subject}</title></head>
<body style="margin:0;background:#f4f5f7;color:#223;font-size:14px;${font}">
<table width="100%" cellpadding="0" cellspacing="0"><tr><td align="center" style="padding:24px 8px">
<table width="600" cellpadding="0" cellspacing="0" style="max-width:600px;background:#fff;border:1px solid #e4e6ea">
<tr><td style="${cell};font-size:16px"><strong>{{.Alerts | len}} alert{{if gt (len .Alerts) 1}}s{{end}} for{{range .GroupLabels.SortedPairs}} {{.Name}}={{.Value}}{{end}}</strong><br><a href="${link}">View in ${product}</a></td></tr>
${emailAlerts('Firing', '#c4351f')}${emailAlerts('Resolved', '#2f7d32')}</table>
<p style="color:#667"><a href="{{.ExternalURL}}" style="color:#667">Sent by ${product}</a></p>
</td></tr></table>
</body>
</html>
`,
  ),
].join('');
