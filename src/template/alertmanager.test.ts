import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import test from 'node:test';
import {NotificationTemplates, templateDataOf, templateDataOfJson} from './alertmanager.ts';
import {marshalJson, quoteJson} from './json.ts';
import {valueOfPlain} from './value.ts';

test('random notifications, with all default templates for text, are what Alertmanager 0.34 makes', () => {
  const templates = new NotificationTemplates();
  const lines = readFileSync(new URL('testdata/alertmanager.jsonl', import.meta.url), 'utf8')
    .trimEnd()
    .split('\n');
  const all = lines.slice(0, 10).map((line) => templateDataOfJson(JSON.parse(line)));
  for (const line of lines.slice(10)) {
    const [isHtml, text, index, out, err = ''] = JSON.parse(line) as [
      number,
      string,
      number,
      string,
      string?,
    ];
    let got = '';
    let gotError = '';
    try {
      const each = all[index]!;
      got = isHtml === 1 ? templates.renderHtml(text, each) : templates.renderText(text, each);
    } catch (error) {
      gotError = (error as Error).message;
    }
    assert.deepEqual([got, gotError], [out, err], text);
  }
  assert.ok(lines.length > 250, `${lines.length} cases`);
});

const data = templateDataOf({
  receiver: 'team.x',
  alerts: [
    {
      labels: new Map([
        ['severity', 'critical'],
        ['alertname', 'Down'],
        ['instance', 'a:80'],
      ]),
      annotations: new Map([['summary', 'a <is> down']]),
      startsAtMs: 1767225600000,
      endsAtMs: 0,
      isResolved: false,
      generatorUrl: 'http://p/graph?a=b&c',
      fingerprint: 'ff',
    },
    {
      labels: new Map([
        ['severity', 'critical'],
        ['alertname', 'Down'],
        ['instance', 'b:80'],
      ]),
      annotations: new Map(),
      startsAtMs: 1767225600000,
      endsAtMs: 1767229200000,
      isResolved: true,
      generatorUrl: '',
      fingerprint: 'fe',
    },
  ],
  groupLabels: new Map([['alertname', 'Down']]),
  routeLabels: new Map([
    ['team', '{{.GroupLabels.alertname}}-{{routeLabels "area"}}'],
    ['area', 'db'],
    ['a', '{{routeLabels "b"}}'],
    ['b', '{{routeLabels "a"}}'],
  ]),
  reason: '',
  externalUrl: 'http://am',
});

test('templateDataOf() finds what alerts have in common', () => {
  assert.equal(data.receiver, 'team\\.x');
  assert.equal(data.status, 'firing');
  assert.deepEqual([...data.commonLabels.keys()], ['severity', 'alertname']);
  assert.deepEqual([...data.commonAnnotations], []);
});

test("users' templates override the default ones and call them", () => {
  const templates = new NotificationTemplates();
  templates.parse(
    'my.tmpl',
    '{{define "slack.default.title"}}{{template "__subject" .}}!{{end}}{{define "my"}}<{{.Status}}>{{end}}',
  );
  assert.equal(
    templates.renderText('{{template "slack.default.title" .}} {{template "my" .}}', data),
    '[FIRING:1] Down (critical)! <firing>',
  );
  assert.throws(() => templates.parse('bad.tmpl', '\n{{nope}}'), {
    message: 'template: bad.tmpl:2: function "nope" not defined',
  });
  assert.equal(templates.renderText('  ', data), '  ');
  assert.equal(templates.renderText('', data), '');
});

test("a tutorial's Slack text, with the bytes that Alertmanager 0.34 sends", () => {
  const text = `{{ range .Alerts }}
  *Alert:* {{ .Labels.alertname }}
  *Summary:* {{ .Annotations.summary }}
  *Description:* {{ .Annotations.description }}
  *Details:*
  {{ range .Labels.SortedPairs }} *{{ .Name }}:* \`{{ .Value }}\`
  {{ end }}
{{ end }}`;
  const json = {
    alerts: [
      {
        status: 'firing',
        labels: {alertname: 'DeadMansSwitch', severity: 'page', z: '1'},
        annotations: {summary: 's', description: 'd <x>'},
      },
    ],
  };
  assert.equal(
    new NotificationTemplates().renderText(text, templateDataOfJson(json)),
    '\n  *Alert:* DeadMansSwitch\n  *Summary:* s\n  *Description:* d <x>\n  *Details:*\n' +
      '   *alertname:* `DeadMansSwitch`\n   *severity:* `page`\n   *z:* `1`\n  \n',
  );
});

test('the mail names every alert, escaped', () => {
  const html = new NotificationTemplates().renderHtml('{{template "email.default.html" .}}', data);
  for (const part of [
    '[1] Firing',
    '[1] Resolved',
    'a:80',
    'a &lt;is&gt; down',
    'http://p/graph?a=b&amp;c',
    'Sent by Alertmanager',
  ]) {
    assert.ok(html.includes(part), part);
  }
  assert.match(html, /<title>\[FIRING:1\] Down \(critical\)<\/title>/);
});

test('routeLabels renders labels that name each other, and finds cycles', () => {
  const templates = new NotificationTemplates();
  assert.equal(templates.renderText('{{routeLabels "team"}}', data), 'Down-db');
  assert.equal(templates.routeLabelRenderer(data)('team'), 'Down-db');
  assert.throws(
    () => templates.renderText('{{routeLabels "a"}}', data),
    /route label cycle detected: a -> b -> a$/,
  );
});

test('now and since follow the clock', () => {
  const templates = new NotificationTemplates({now: () => 1767225660000});
  assert.equal(
    templates.renderText('{{(now).Unix}} {{since (index .Alerts 0).StartsAt}}', data),
    '1767225660 1m0s',
  );
});

test('marshalJson() writes as encoding/json does', () => {
  assert.equal(
    marshalJson(valueOfPlain({b: [1.5, 1e21, 1e-7, null, true], a: '<&>\u2028"\u007f\n'})),
    '{"a":"\\u003c\\u0026\\u003e\\u2028\\"\u007f\\n","b":[1.5,1e+21,1e-7,null,true]}',
  );
  assert.equal(quoteJson('a\udc80b'), '"a\\ufffdb"');
  assert.throws(() => marshalJson(valueOfPlain(NaN)), {message: 'json: unsupported value: NaN'});
});

test('notifications that run away are stopped', () => {
  const templates = new NotificationTemplates();
  const f = (text: string, message: RegExp): void =>
    assert.throws(() => templates.renderText(text, data), message, text);
  const long = '{{$x := "0123456789abcdef"}}{{range 19}}{{$x = print $x $x}}{{end}}';
  f(`${long}{{$l := list}}{{join $x (stringSlice $x $x $x)}}`, /cannot join 41943040 characters/);
  f(`${long}{{printf "${'%[1]s'.repeat(50)}" $x}}`, /cannot print more than/);
  f(`${long}{{reReplaceAll "" "$0$0$0" $x}}`, /cannot replace more than 200000 matches/);
  f(`${long}{{reReplaceAll "[0-9]*x" $x $x}}`, /cannot match 8388608 characters/);
  f(`${long}{{reReplaceAll "^." $x (print $x $x)}}`, /exceeded|cannot/);
  f('{{$x := dict "a" 1}}{{range 300}}{{$x = dict "a" $x}}{{end}}{{toJson $x}}', /nested more than 200 deep/);
});
