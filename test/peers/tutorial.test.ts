// The set-up of the tutorial for alerts on Kubernetes, from its own files, as two whole programs: Prometheus with Debian's
// Alertmanager, and ours. What Slack gets is the same.
import assert from 'node:assert/strict';
import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import test from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {Recorder} from '../../src/alertmanager/receivers/testing/recorder.ts';
import {findProgram, freePort, type RunningProgram, startProgram, stopProgram} from '../../tools/programs.ts';

const prometheus = findProgram('prometheus');
const alertmanager = findProgram('prometheus-alertmanager');
const skip =
  prometheus === null || alertmanager === null
    ? 'prometheus or prometheus-alertmanager is not installed: apt-get install prometheus prometheus-alertmanager'
    : false;

/** As the tutorial has them, but for addresses, and for times that nobody wants to wait for. Alertmanagers are found after 5 s. */
const prometheusFile = (prometheusPort: number, alertmanagerPort: number): string => `
global:
  scrape_interval: 1s
  evaluation_interval: 1s
alerting:
  alertmanagers:
    - static_configs:
        - targets:
            - localhost:${alertmanagerPort}
rule_files:
  - rules.yaml
scrape_configs:
  - job_name: 'prometheus'
    static_configs:
      - targets: ['localhost:${prometheusPort}']
`;

const rulesFile = (expr: string): string => `
groups:
  - name: test
    rules:
      - alert: DeadMansSwitch
        expr: ${expr}
        for: 8s
        labels:
          severity: __severity__
        annotations:
          summary: テストアラート
          description: このアラートは常に発生します
`;

const alertmanagerFile = (slack: string, templates: string): string => `
templates: [${templates}]
global:
  slack_api_url: '${slack}/services/T000/B000/XXXX'
route:
  receiver: slack-notifications
  group_wait: 1s
  group_interval: 5s
receivers:
  - name: 'slack-notifications'
    slack_configs:
      - channel: '#alerts'
        text: |-
          {{ range .Alerts }}
            *Alert:* {{ .Labels.alertname }}
            *Summary:* {{ .Annotations.summary }}
            *Description:* {{ .Annotations.description }}
            *Details:*
            {{ range .Labels.SortedPairs }} *{{ .Name }}:* \`{{ .Value }}\`
            {{ end }}
          {{ end }}
        send_resolved: true
`;

interface Commands {
  readonly prometheus: readonly string[];
  readonly alertmanager: readonly string[];
  readonly templates: string;
}

/** What Slack gets: that the alert fires, and that it is over. */
async function messagesOf(commands: Commands): Promise<unknown[]> {
  const folder = mkdtempSync(join(tmpdir(), 'narthex-tutorial-'));
  const slack = await Recorder.open(() => ({body: 'ok'}));
  const [prometheusPort, alertmanagerPort] = [await freePort(), await freePort()];
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  mkdirSync(join(folder, 'data'));
  const programs: RunningProgram[] = [];
  const start = async (
    [command, ...first]: readonly string[],
    port: number,
    args: string[],
  ): Promise<void> => {
    const common = [`--web.listen-address=127.0.0.1:${port}`, '--web.route-prefix=/'];
    programs.push(
      await startProgram({
        name: command!,
        command: command!,
        args: [...first, ...args, ...common],
        readyUrl: `http://127.0.0.1:${port}/-/ready`,
      }),
    );
  };
  try {
    file('rules.yaml', rulesFile('vector(1)'));
    await start(commands.alertmanager, alertmanagerPort, [
      `--config.file=${file('alertmanager.yaml', alertmanagerFile(slack.url, commands.templates))}`,
      `--storage.path=${join(folder, 'am')}`,
      '--cluster.listen-address=',
      '--web.external-url=http://alertmanager.example:9093/',
    ]);
    await start(commands.prometheus, prometheusPort, [
      `--config.file=${file('prometheus.yml', prometheusFile(prometheusPort, alertmanagerPort))}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      '--web.external-url=http://prometheus.example:9090/',
      '--web.enable-lifecycle',
    ]);
    await untilSent(slack, 1);
    file('rules.yaml', rulesFile('vector(1) > 2'));
    const reload = await fetch(`http://127.0.0.1:${prometheusPort}/-/reload`, {method: 'POST'});
    assert.equal(reload.status, 200);
    await untilSent(slack, 2);
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${programs.map((each) => each.output()).join('\n')}`, {
      cause: error,
    });
  } finally {
    for (const {child} of programs) await stopProgram(child);
    slack.close();
    rmSync(folder, {recursive: true});
  }
  return slack.requests.map(({method, path, headers, body}) => ({
    method,
    path,
    type: headers['content-type'],
    body: JSON.parse(body) as unknown,
  }));
}

async function untilSent(slack: Recorder, count: number): Promise<void> {
  for (let i = 0; slack.requests.length < count; i++) {
    if (i > 300) throw new Error(`${slack.requests.length} messages came, not ${count}`);
    await sleep(100);
  }
}

test('Slack gets the same of the tutorial, when the alert fires and when it is over', {skip}, async () => {
  const templates = join(dirname(alertmanager!), '../share/prometheus/alertmanager/*.tmpl');
  const [theirs, ours] = await Promise.all([
    messagesOf({prometheus: [prometheus!], alertmanager: [alertmanager!], templates: `'${templates}'`}),
    messagesOf({
      prometheus: ['bin/narthex', 'server'],
      alertmanager: ['bin/narthex', 'alertmanager'],
      templates: '',
    }),
  ]);
  assert.deepEqual(ours, theirs);
  const [firing, resolved] = ours.map((each) => JSON.stringify(each));
  assert.match(
    firing!,
    /"title":"\[FIRING:1\] {2}\(DeadMansSwitch __severity__\)".*\*Summary:\* テストアラート/,
  );
  assert.match(resolved!, /"title":"\[RESOLVED\] .*"color":"good"/);
});
