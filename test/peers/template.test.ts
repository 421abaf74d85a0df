// Templates of alerts and notifications: what Debian's promtool and amtool make of them against ours.
import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {globSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {basename, dirname, join} from 'node:path';
import test from 'node:test';
import {NotificationTemplates, templateDataOfJson} from '../../src/template/alertmanager.ts';
import {expandAlertTemplate, type TemplateSample} from '../../src/template/prometheus.ts';
import {findProgram} from '../../tools/programs.ts';

const promtool = findProgram('promtool');
const amtool = findProgram('amtool');

function skipWithout(program: string | null, name: string, debianPackage: string): {skip: string | false} {
  return {skip: program === null ? `${name} is not installed: apt-get install ${debianPackage}` : false};
}

/** Only functions that Prometheus 2.42 has. */
const annotations = [
  '{{ $labels.instance }} is {{ $value }}',
  '{{ .Labels.job }} {{ .Value }} {{ $externalLabels.cluster }}x {{ $labels.missing }}',
  '{{ humanize $value }} {{ humanize1024 $value }} {{ $value | humanizePercentage }}',
  '{{ humanizeDuration $value }} {{ humanizeTimestamp 1767225600.123 }}',
  '{{ printf "%.2f %e %g %v %08.3f" $value $value $value $value $value }}',
  '{{ printf "%q %x %5s|%-5s| %T %d" $labels.job $labels.job "a" "b" $value 3 }}',
  '{{ if gt $value 100.0 }}high{{ else if lt $value 0.0 }}negative{{ else }}low{{ end }}',
  '{{ range $name, $each := $labels }}{{ $name }}={{ $each }};{{ end }}',
  '{{ title "hello world-wide" }} {{ toUpper $labels.job }} {{ toLower "ABC" }}',
  '{{ match "a.*" $labels.job }} {{ reReplaceAll "(a)(.)" "$2$1" $labels.job }}',
  '{{ stripPort $labels.instance }} {{ stripDomain "host.example.com:80" }} {{ stripDomain "10.0.0.1:80" }}',
  '{{ graphLink "up == 1" }} {{ tableLink "a{b=\\"c\\"}" }}',
  '{{ query "value" | first | value | humanize }} {{ with query "value" }}{{ . | first | label "job" }}{{ end }}',
  '{{ range query "value" | sortByLabel "instance" }}{{ .Labels.instance }}:{{ .Value }} {{ end }}',
  '{{ parseDuration "1h30m" }} {{ (parseDuration "5m") | humanizeDuration }}',
  '{{ define "row" }}[{{ .arg0 }}/{{ .arg1 }}]{{ end }}{{ template "row" (args $labels.job $value) }}',
  '{{- /* comment */ -}}\n  text {{- " joined" }}',
  '{{ len $labels }} {{ index $labels "job" }} {{ slice $labels.job 0 2 }} {{ not true }} {{ and 1 0 }} {{ or "" "x" }}',
  '{{ $value | toTime }}',
  '{{ html "<b>" }} {{ js "it\'s" }} {{ urlquery "a b&c" }} {{ print 1 2 "x" 3 }}',
];

const values = [1.5, 123456.789, -0.000123, 86461];

const seriesLabels = {instance: 'web-1:9090', job: 'api "x" é'};

function series(value: number): TemplateSample {
  return {labels: new Map(Object.entries({__name__: 'value', ...seriesLabels})), value};
}

test('promtool test rules finds our annotations', skipWithout(promtool, 'promtool', 'prometheus'), () => {
  const folder = mkdtempSync(join(tmpdir(), 'narthex-template-'));
  const rules = annotations.map((text, i) => ({
    alert: `A${i}`,
    expr: 'value',
    annotations: {text},
  }));
  writeFileSync(join(folder, 'rules.yml'), JSON.stringify({groups: [{name: 'g', rules}]}));
  const tests = values.map((value) => ({
    interval: '1m',
    input_series: [{series: 'value{instance="web-1:9090",job="api \\"x\\" é"}', values: `${value}x5`}],
    alert_rule_test: annotations.map((text, i) => ({
      eval_time: '1m',
      alertname: `A${i}`,
      exp_alerts: [{exp_labels: seriesLabels, exp_annotations: {text: expand(`A${i}`, text, value)}}],
    })),
  }));
  const file = join(folder, 'tests.yml');
  writeFileSync(file, JSON.stringify({rule_files: ['rules.yml'], evaluation_interval: '1m', tests}));
  const {stdout, stderr, status} = spawnSync(promtool!, ['test', 'rules', file], {encoding: 'utf8'});
  rmSync(folder, {recursive: true});
  assert.equal(status, 0, stdout + stderr);
  assert.match(stdout, /SUCCESS/);
});

function expand(alert: string, text: string, value: number): string {
  const data = {
    // Labels of the series alone: the name of the metric is not among an alert's labels while they are templates.
    labels: new Map(Object.entries({__name__: 'value', ...seriesLabels})),
    externalLabels: new Map<string, string>(),
    externalUrl: '',
    value,
  };
  return expandAlertTemplate(alert, text, data, {timestampMs: 60_000, query: () => [series(value)]});
}

/** Only functions and default templates that Alertmanager 0.25 has. */
const notifications = [
  '{{ template "slack.default.title" . }}',
  '{{ template "slack.default.fallback" . }}',
  '{{ template "pagerduty.default.instances" .Alerts.Firing }}',
  '{{ template "opsgenie.default.description" . }}',
  '{{ template "victorops.default.state_message" . }}',
  '{{ template "pushover.default.message" . }}',
  '{{ template "sns.default.message" . }}',
  '{{ template "telegram.default.message" . }}',
  '{{ template "wechat.default.message" . }}',
  '{{ template "email.default.subject" . }}',
  '{{ template "own" . }}',
  '{{ range .Alerts }}{{ .Labels.SortedPairs.Names }} {{ len .Labels }} {{ .StartsAt.Format "2006-01-02 15:04:05 MST" }} {{ .EndsAt }}\n{{ end }}',
  '{{ (.CommonLabels.Remove .GroupLabels.Names).SortedPairs.Values }} {{ .CommonLabels.Values | join "," }}',
  '{{ range .Alerts }}{{ (.StartsAt.Add 28800e9).Format "Jan _2 3:04PM" }} {{ .EndsAt.Sub .StartsAt }} {{ end }}',
  '{{ .Alerts.Firing | len }} {{ title "hello world" }} {{ match "^[a-z]+$" .Receiver }} {{ reReplaceAll "l+" "L" "hello" }}',
  '{{ with index .Alerts 0 }}{{ .Annotations.summary | html }}{{ .GeneratorURL | urlquery }}{{ end }}',
  '{{ range .Alerts }}\n  *Alert:* {{ .Labels.alertname }}\n{{ range .Labels.SortedPairs }} *{{ .Name }}:* `{{ .Value }}`\n{{ end }}{{ end }}',
  '{{ .GroupLabels.missing }}|{{ .ExternalURL }}|{{ printf "%v %q" .Status .Receiver }}',
];

const documents = [
  '<p title="{{ .Receiver }}">{{ range .Alerts }}{{ .Annotations.summary }}<a href="{{ .GeneratorURL }}">x</a>{{ end }}</p>',
  '<script>var status = {{ .Status }}, names = {{ .CommonLabels.Names }};</script>',
  '<a href="/x?q={{ .CommonAnnotations.summary }}" style="color: {{ .Status }}">{{ safeHtml "<b>" }}</a>',
];

const json = {
  receiver: 'team-x',
  status: 'firing',
  alerts: [
    {
      status: 'firing',
      labels: {alertname: 'Down', severity: 'critical', instance: 'a:80'},
      annotations: {summary: 'a <is> "down" & out', description: 'é'},
      startsAt: '2026-01-01T10:00:00.5Z',
      endsAt: '0001-01-01T00:00:00Z',
      generatorURL: 'http://p:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1',
      fingerprint: 'f1',
    },
    {
      status: 'resolved',
      labels: {alertname: 'Down', severity: 'critical', instance: 'b:80'},
      annotations: {summary: "it's"},
      startsAt: '2026-01-01T09:00:00Z',
      endsAt: '2026-01-01T10:30:00Z',
      generatorURL: 'javascript:alert(1)',
      fingerprint: 'f2',
    },
  ],
  groupLabels: {alertname: 'Down'},
  commonLabels: {alertname: 'Down', severity: 'critical'},
  commonAnnotations: {summary: 'x y&z'},
  externalURL: 'http://am:9093',
};

test(
  'amtool template render gives what we give',
  skipWithout(amtool, 'amtool', 'prometheus-alertmanager'),
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'narthex-template-'));
    const own =
      '{{ define "own" }}{{ template "__subject" . }} {{ range .Alerts.Resolved }}{{ .Fingerprint }}{{ end }}{{ end }}';
    const file = join(folder, 'own.tmpl');
    writeFileSync(file, own);
    writeFileSync(join(folder, 'data.json'), JSON.stringify(json));
    const templates = new NotificationTemplates({passesByValue: true});
    templates.parse(basename(file), own);
    const data = templateDataOfJson(json);
    // Debian's amtool has no default templates in itself: they are files.
    const shared = join(dirname(amtool!), '../share/prometheus/alertmanager/*.tmpl');
    const defaults = globSync(shared).map((each) => `--template.glob=${each}`);
    const render = (text: string, type: string): string => {
      const flags = [`--template.glob=${file}`, `--template.text=${text}`, `--template.type=${type}`];
      flags.push(`--template.data=${join(folder, 'data.json')}`, ...defaults);
      const {stdout, stderr, status} = spawnSync(amtool!, ['template', 'render', ...flags], {
        encoding: 'utf8',
        env: {...process.env, TZ: 'UTC'},
      });
      assert.equal(status, 0, stderr);
      return stdout;
    };
    for (const text of notifications)
      assert.equal(templates.renderText(text, data), render(text, 'text'), text);
    for (const text of documents) assert.equal(templates.renderHtml(text, data), render(text, 'html'), text);
    rmSync(folder, {recursive: true});
  },
);
