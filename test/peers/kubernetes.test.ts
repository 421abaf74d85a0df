// kubernetes_sd_configs side by side with Prometheus on one API server: the same targets with the same discovered labels.
import assert from 'node:assert/strict';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {TestAuthority} from '../../src/http/testing-certificates.ts';
import {TestKubeApi} from '../lib/kubeapi.ts';
import {changeSmallCluster, fillSmallCluster} from '../lib/kubecluster.ts';
import {type StartedServer, startNarthex, startPrometheus} from '../lib/narthex.ts';

interface TargetsData {
  activeTargets: {
    discoveredLabels: Record<string, string>;
    labels: unknown;
    scrapePool: string;
    scrapeUrl: string;
  }[];
  droppedTargets: {discoveredLabels: Record<string, string>}[];
}

/** Labels that came after Prometheus 3.5. */
const newerLabels = /^__meta_kubernetes_node_condition_/;
/** Not of discovery. */
const otherLabels = /^__(always_scrape|convert_classic|scrape_native)_/;

/** Targets by pool, as sorted lines. */
async function targetsOf(url: string, newer: boolean): Promise<Map<string, string[]>> {
  const isKnown = ([name]: [string, string]): boolean =>
    !otherLabels.test(name) && (newer || !newerLabels.test(name));
  const known = (labels: Record<string, string>): Record<string, string> =>
    Object.fromEntries(Object.entries(labels).filter(isKnown));
  const response = await fetch(`${url}/api/v1/targets`);
  const {data} = (await response.json()) as {data: TargetsData};
  const pools = new Map<string, string[]>();
  const add = (pool: string, line: unknown): void => {
    const lines = pools.get(pool) ?? [];
    lines.push(JSON.stringify(line));
    pools.set(pool, lines);
  };
  for (const {discoveredLabels, labels, scrapePool, scrapeUrl} of data.activeTargets)
    add(scrapePool, {discoveredLabels: known(discoveredLabels), labels, scrapeUrl});
  for (const {discoveredLabels} of data.droppedTargets)
    add(discoveredLabels['job'] ?? '', {discoveredLabels: known(discoveredLabels)});
  for (const lines of pools.values()) lines.sort();
  return pools;
}

function textOf(pools: Map<string, string[]>): string {
  return [...pools]
    .map(([pool, lines]) => [pool, ...lines].join('\n'))
    .sort()
    .join('\n');
}

/** Waits until both say the same, and `isThere` of it. */
async function agree(
  urls: readonly string[],
  newer: boolean,
  isThere: (text: string) => boolean,
): Promise<Map<string, string[]>> {
  let ours = new Map<string, string[]>();
  let theirs = ours;
  for (let i = 0; i < 150; i++) {
    [ours, theirs] = (await Promise.all(urls.map((url) => targetsOf(url, newer)))) as [
      Map<string, string[]>,
      Map<string, string[]>,
    ];
    const [left, right] = [ours, theirs].map(textOf);
    if (left === right && isThere(left!)) return ours;
    await sleep(100);
  }
  for (const pool of new Set([...theirs.keys(), ...ours.keys()])) {
    const [left, right] = [ours.get(pool) ?? [], theirs.get(pool) ?? []];
    const other = (line: string, index: number): boolean => line !== right[index];
    const index =
      left.length < right.length ? right.findIndex((line, at) => line !== left[at]) : left.findIndex(other);
    if (index >= 0)
      assert.equal(left[index], right[index], `${pool}: ${left.length} and ${right.length} targets`);
  }
  assert.fail(`not there: ${JSON.stringify([...ours]).slice(0, 2000)}`);
}

interface Job {
  name: string;
  role: string;
  rest?: string;
}

const roles = ['node', 'service', 'pod', 'endpoints', 'endpointslice', 'ingress'];

function jobsOf(newer: boolean): Job[] {
  const jobs: Job[] = roles.map((role) => ({name: role, role}));
  for (const role of ['pod', 'endpoints', 'endpointslice'])
    jobs.push({name: `${role}-nodes`, role, rest: 'attach_metadata: {node: true}'});
  if (newer) {
    for (const role of ['service', 'ingress'])
      jobs.push({name: `${role}-ns`, role, rest: 'attach_metadata: {namespace: true}'});
    for (const role of ['pod', 'endpoints', 'endpointslice'])
      jobs.push({
        name: `${role}-all`,
        role,
        rest: 'attach_metadata: {node: true, namespace: true, deployment: true, job: true, cronjob: true}',
      });
    jobs.push({
      name: 'pod-nodes-selected',
      role: 'pod',
      rest: 'attach_metadata: {node: true}, selectors: [{role: node, label: role=db}]',
    });
  }
  jobs.push(
    {name: 'pod-shop', role: 'pod', rest: 'namespaces: {names: [shop, other]}'},
    {
      name: 'pod-field',
      role: 'pod',
      rest: "selectors: [{role: pod, field: 'spec.nodeName=node-2,status.phase!=Failed'}]",
    },
    {
      name: 'endpoints-selected',
      role: 'endpoints',
      rest: "selectors: [{role: service, label: 'app in (web, x)'}, {role: endpoints, label: 'app!=bare,!odd'}, {role: pod, field: metadata.name=web-1}]",
    },
    {
      name: 'slice-selected',
      role: 'endpointslice',
      rest: 'namespaces: {names: [default]}, selectors: [{role: endpointslice, label: team}, {role: pod, label: app=none}]',
    },
  );
  return jobs;
}

function configOf(jobs: readonly Job[], server: string): string {
  const lines = jobs.map(
    ({name, role, rest = ''}) =>
      `  - job_name: ${name}\n    kubernetes_sd_configs: [{role: ${role}, api_server: ${server}${rest === '' ? '' : `, ${rest}`}}]`,
  );
  return `global: {scrape_interval: 1h}\nscrape_configs:\n${lines.join('\n')}\n`;
}

/** Whether the Prometheus has what came after 3.5; null = it knows no Kubernetes. */
async function peer(): Promise<boolean | null> {
  const config = configOf([{name: 'x', role: 'pod'}], "'http://127.0.0.1:1'");
  let started: StartedServer;
  try {
    started = await startPrometheus({config});
  } catch (error) {
    if ((error as Error).message.includes('kubernetes_sd_configs not found')) return null;
    throw error;
  }
  const response = await fetch(`${started.url}/api/v1/status/buildinfo`);
  const {data} = (await response.json()) as {data: {version: string}};
  await started.stop();
  const [major = 0, minor = 0] = data.version.split('.').map(Number);
  return major > 3 || (major === 3 && minor >= 13);
}

test('all roles find the targets that Prometheus finds, before and after changes', async (context) => {
  const newer = await peer();
  if (newer === null) {
    context.skip('this Prometheus was built without Kubernetes');
    return;
  }
  const authority = new TestAuthority();
  const api = new TestKubeApi({
    tls: authority.issue({names: ['127.0.0.1']}),
    token: 'secret',
    bookmarkMs: 1000,
  });
  await api.listen();
  const folder = mkdtempSync(join(tmpdir(), 'narthex-kube-'));
  writeFileSync(join(folder, 'ca.pem'), authority.cert);
  writeFileSync(join(folder, 'token'), 'secret\n');
  fillSmallCluster(api, newer);
  const http = `authorization: {credentials_file: ${folder}/token}, tls_config: {ca_file: ${folder}/ca.pem}`;
  const config = configOf(jobsOf(newer), `'${api.url}', ${http}`);
  const servers = await Promise.all([startNarthex({config}), startPrometheus({config})]);
  const urls = servers.map(({url}) => url);
  try {
    const first = await agree(
      urls,
      newer,
      (text) => text.includes('10.1.0.1:8080') && text.includes('plain.test'),
    );
    for (const {name} of jobsOf(newer)) assert.ok((first.get(name)?.length ?? 0) > 0, `${name} has targets`);
    await changeSmallCluster(api, newer);
    await agree(
      urls,
      newer,
      (text) =>
        text.includes('10.1.0.77:8080') &&
        text.includes('node_label_changed') &&
        !text.includes('"10.1.0.4"'),
    );
  } finally {
    await Promise.all(servers.map((each) => each.stop()));
    await api.stop();
    rmSync(folder, {recursive: true, force: true});
  }
});
