// A real Prometheus sends its alerts to our Alertmanager, firing and resolved, and what these become is sent on.
import assert from 'node:assert/strict';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {Recorder} from '../../src/alertmanager/receivers/testing/recorder.ts';
import {freePort, startProgram, stopProgram} from '../../tools/programs.ts';
import {startPrometheus} from '../lib/narthex.ts';

const root = join(import.meta.dirname, '../..');

interface Message {
  status: string;
  alerts: {status: string; labels: Record<string, string>; annotations: Record<string, string>}[];
}

test(
  'a real Prometheus sends its alerts to ours, and tells that they are over',
  {timeout: 90_000},
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'narthex-foreign-'));
    const recorder = await Recorder.open();
    const port = await freePort();
    writeFileSync(
      join(folder, 'alertmanager.yml'),
      `route: {receiver: hook, group_wait: 100ms, group_interval: 200ms}
receivers: [{name: hook, webhook_configs: [{url: '${recorder.url}/hook'}]}]
`,
    );
    const alertmanager = await startProgram({
      name: 'narthex alertmanager',
      command: join(root, 'bin/narthex'),
      args: [
        'alertmanager',
        `--config.file=${join(folder, 'alertmanager.yml')}`,
        `--storage.path=${join(folder, 'state')}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      readyUrl: `http://127.0.0.1:${port}/-/ready`,
    });
    // Fires for its first seconds, then is over.
    const until = Math.floor(Date.now() / 1000) + 8;
    writeFileSync(
      join(folder, 'rules.yml'),
      `groups: [{name: g, interval: 1s, rules: [{alert: Soon, expr: 'vector(time()) < ${until}', labels: {severity: page}, annotations: {summary: 'ends soon'}}]}]
`,
    );
    const prometheus = await startPrometheus({
      flags: ['--rules.alert.resend-delay=1s'],
      config: `
global: {evaluation_interval: 1s, external_labels: {cluster: tokyo}}
rule_files: [${join(folder, 'rules.yml')}]
alerting: {alertmanagers: [{static_configs: [{targets: ['127.0.0.1:${port}']}]}]}
`,
    });
    t.after(async () => {
      await prometheus.stop();
      await stopProgram(alertmanager.child);
      recorder.close();
      rmSync(folder, {recursive: true, force: true});
    });
    const messages = (): Message[] =>
      recorder.requests.map(({body}) => JSON.parse(body.toString()) as Message);
    while (!messages().some(({status}) => status === 'resolved')) await sleep(100);
    const [first] = messages();
    assert.equal(first!.status, 'firing');
    assert.deepEqual(
      first!.alerts.map(({labels, annotations}) => ({labels, annotations})),
      [
        {
          labels: {alertname: 'Soon', cluster: 'tokyo', severity: 'page'},
          annotations: {summary: 'ends soon'},
        },
      ],
    );
    assert.equal(messages().at(-1)!.alerts[0]!.status, 'resolved');
  },
);
