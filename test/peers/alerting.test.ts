// Alerts from Narthex in Debian's Alertmanager, as amtool shows them.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {startAlertmanager, stopProgram} from '../../tools/programs.ts';
import {requireProgram, startNarthex} from '../lib/narthex.ts';

const rules = `groups:
- name: g
  rules:
  - alert: DeadMansSwitch
    expr: vector(1)
    labels: {severity: none}
    annotations: {description: 'This is meant to fire "always" & forever'}
  - alert: Silenced
    expr: vector(2.5)
    annotations: {value: '{{ $value }}'}
  - alert: Ends
    expr: vector(time()) < END
`;

interface ShownAlert {
  labels: Record<string, string>;
  annotations: Record<string, string>;
  generatorURL: string;
  endsAt: string;
  status: {state: string};
}

test('amtool shows the alerts of our rules in an Alertmanager, until they are resolved', async (context) => {
  const alertmanager = requireProgram('prometheus-alertmanager', 'prometheus-alertmanager');
  const amtool = requireProgram('amtool', 'prometheus-alertmanager');
  const folder = mkdtempSync(join(tmpdir(), 'narthex-alerting-'));
  context.after(() => rmSync(folder, {recursive: true, force: true}));
  const {url, port, program} = await startAlertmanager({
    command: [alertmanager],
    folder,
    config: 'route: {receiver: none}\nreceivers: [{name: none}]\n',
    path: '/am',
    args: ['--web.route-prefix=/am'],
  });
  context.after(() => stopProgram(program.child));
  const file = join(folder, 'r.yml');
  writeFileSync(file, rules.replace('END', String(Math.floor(Date.now() / 1000) + 6)));
  writeFileSync(join(folder, 'targets.json'), JSON.stringify([{targets: [`127.0.0.1:${port}`]}]));
  const narthex = await startNarthex({
    config: `
global: {evaluation_interval: 1s, external_labels: {cluster: here}}
rule_files: ['${file}']
alerting:
  alertmanagers:
    - path_prefix: /am
      file_sd_configs: [{files: ['${join(folder, 'targets.json')}']}]
`,
    flags: ['--web.external-url=http://example.org/narthex', '--web.route-prefix=/'],
  });
  context.after(() => narthex.stop('SIGKILL'));
  const shown = (...args: string[]): ShownAlert[] =>
    JSON.parse(
      execFileSync(amtool, [`--alertmanager.url=${url}`, 'alert', 'query', '-o', 'json', ...args], {
        encoding: 'utf8',
      }),
    ) as ShownAlert[];
  const names = (): string =>
    shown()
      .map(({labels}) => labels['alertname'] ?? '')
      .sort((left, right) => (left < right ? -1 : 1))
      .join(' ');
  const until = async (expected: string): Promise<void> => {
    for (let i = 0; i < 150 && names() !== expected; i++) await sleep(100);
    assert.equal(names(), expected);
  };
  await until('DeadMansSwitch Ends Silenced');
  const [alert] = shown('alertname=DeadMansSwitch');
  assert.deepEqual(alert!.labels, {alertname: 'DeadMansSwitch', cluster: 'here', severity: 'none'});
  assert.deepEqual(alert!.annotations, {description: 'This is meant to fire "always" & forever'});
  assert.equal(alert!.generatorURL, 'http://example.org/narthex/graph?g0.expr=vector%281%29&g0.tab=1');
  assert.equal(shown('alertname=Silenced')[0]!.annotations['value'], '2.5');
  await until('DeadMansSwitch Silenced');
  // At the end, what waits is sent, and nothing is resolved.
  await narthex.stop();
  assert.equal(names(), 'DeadMansSwitch Silenced');
});
