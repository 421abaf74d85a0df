// `npm run bench -- kubernetes`: how soon targets follow a cluster that changes all the time, and what each pod costs in memory.
// Narthex and Prometheus have, one after the other, the same API server of the tests before them, in this process. While objects
// change it restarts, and once more with its history gone, so that watches end with 410.
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {parseArgs} from 'node:util';
import {BigCluster, bigClusterConfig} from '../test/lib/bigcluster.ts';
import {differences, follow, percentile, waitForTargets} from '../test/lib/following.ts';
import {TestKubeApi} from '../test/lib/kubeapi.ts';
import {cpuSeconds, residentBytes, stopProgram} from '../tools/programs.ts';
import {availableSystems, type RunningSystem, type SystemUnderTest} from './lib/systems.ts';
import {median, printTable} from './lib/table.ts';

interface Plan {
  pods: number;
  services: number;
  slices: number;
  seconds: number;
  changes: number;
  memoryPods: number;
}

interface Result {
  name: string;
  firstSeconds: number;
  latenciesMs: number[];
  /** Of changes that were made while the server was there. */
  lost: number;
  wrong: string[];
  residentBytes: number[];
  cpuSeconds: number;
  bytesPerPod: number;
}

export async function run(options: string[]): Promise<void> {
  const {values} = parseArgs({
    args: options,
    options: {
      pods: {type: 'string', default: '5000'},
      services: {type: 'string', default: '500'},
      slices: {type: 'string', default: '1000'},
      seconds: {type: 'string', default: '60'},
      changes: {type: 'string', default: '50'},
      // How many more pods there are when memory is measured.
      'memory-pods': {type: 'string', default: '20000'},
      only: {type: 'string', multiple: true, default: []},
    },
  });
  const plan: Plan = {
    pods: Number(values.pods),
    services: Number(values.services),
    slices: Number(values.slices),
    seconds: Number(values.seconds),
    changes: Number(values.changes),
    memoryPods: Number(values['memory-pods']),
  };
  process.stdout.write(
    `${plan.pods} pods, ${plan.services} services, ${plan.slices} endpoint slices; ${plan.changes} changes a second for ${plan.seconds} s, with two restarts of the API server\n\n`,
  );
  const results: Result[] = [];
  for (const system of availableSystems(values.only)) {
    if (system.name !== 'victoria-metrics') results.push(await measure(system, plan));
  }
  printResults(results);
}

async function measure(system: SystemUnderTest, plan: Plan): Promise<Result> {
  const api = new TestKubeApi({bookmarkMs: 5000});
  const cluster = new BigCluster(api, plan);
  cluster.fill();
  await api.listen();
  try {
    return await withSystem(system, api.url, async (program) => {
      const {baseUrl, child} = program;
      const pid = child.pid!;
      const firstSeconds = await waitForTargets(baseUrl, 'pods', 3 * plan.pods);
      await waitForTargets(baseUrl, 'services', plan.services);
      await sleep(5000);
      const cpuBefore = cpuSeconds(pid);
      const resident: number[] = [residentBytes(pid).now];
      const {latenciesMs, lost} = await follow(baseUrl, cluster, {
        seconds: plan.seconds,
        changesPerSecond: plan.changes,
        everySecond: async (second) => {
          resident.push(residentBytes(pid).now);
          const isLast = second === Math.floor((2 * plan.seconds) / 3);
          if (second === Math.floor(plan.seconds / 3) || isLast) await restart(api, isLast);
        },
      });
      const cpu = cpuSeconds(pid) - cpuBefore;
      await sleep(6000);
      const wrong = await differences(baseUrl, cluster);
      const bytesPerPod = plan.memoryPods === 0 ? Number.NaN : await measureMemory(system, plan);
      return {
        name: system.name,
        firstSeconds,
        latenciesMs,
        lost: lost.length,
        wrong,
        residentBytes: resident,
        cpuSeconds: cpu,
        bytesPerPod,
      };
    });
  } finally {
    await api.stop();
  }
}

/** Gone for a second; then with its objects, and with or without its history. */
async function restart(api: TestKubeApi, forgets: boolean): Promise<void> {
  await api.stop();
  await sleep(1000);
  if (forgets) api.store.compact();
  await api.listen();
}

/** Resident memory for each further pod, that of its targets included, with the job that finds pods only. */
async function measureMemory(system: SystemUnderTest, plan: Plan): Promise<number> {
  const resident: number[] = [];
  for (const pods of [1000, 1000 + plan.memoryPods]) {
    const api = new TestKubeApi();
    new BigCluster(api, {...plan, pods, slices: 0}).fill();
    await api.listen();
    try {
      await withSystem(system, api.url, async ({baseUrl, child}) => {
        await waitForTargets(baseUrl, 'services', plan.services);
        await sleep(20_000);
        resident.push(residentBytes(child.pid!).now);
      });
    } finally {
      await api.stop();
    }
  }
  return (resident[1]! - resident[0]!) / plan.memoryPods;
}

async function withSystem<T>(
  system: SystemUnderTest,
  server: string,
  use: (program: RunningSystem) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'narthex-bench-'));
  const configFile = join(folder, 'prometheus.yml');
  writeFileSync(configFile, bigClusterConfig(server));
  const program = await system.start({configFile, dataFolder: join(folder, 'data')});
  try {
    return await use(program);
  } finally {
    await stopProgram(program.child);
    rmSync(folder, {recursive: true, force: true});
  }
}

function printResults(results: readonly Result[]): void {
  printTable(
    ['', 'first s', 'p50 ms', 'p90 ms', 'p99 ms', 'max ms', 'seen', 'lost', 'wrong', 'CPU s', 'B/pod'],
    results.map(({name, firstSeconds, latenciesMs, lost, wrong, cpuSeconds: cpu, bytesPerPod}) => [
      name,
      firstSeconds,
      ...[0.5, 0.9, 0.99, 1].map((share) => percentile(latenciesMs, share)),
      latenciesMs.length,
      lost,
      wrong.length,
      cpu,
      bytesPerPod,
    ]),
  );
  process.stdout.write('\nresident memory in MiB, of each tenth of the time\n\n');
  printTable(
    ['', ...Array.from({length: 10}, (_, i) => `${(i + 1) * 10} %`)],
    results.map(({name, residentBytes: resident}) => [
      name,
      ...Array.from({length: 10}, (_, i) => {
        const from = Math.floor((resident.length * i) / 10);
        return (
          median(resident.slice(from, Math.max(from + 1, Math.floor((resident.length * (i + 1)) / 10)))) /
          2 ** 20
        );
      }),
    ]),
  );
  for (const {name, wrong} of results)
    for (const line of wrong.slice(0, 5)) process.stdout.write(`${name}: ${line}\n`);
}
