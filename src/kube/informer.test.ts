import assert from 'node:assert/strict';
import test from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {TestKubeApi} from '../../test/lib/kubeapi.ts';
import {ApiError} from '../../test/lib/kubeapi-store.ts';
import {systemClock} from '../sys/clock.ts';
import {KubeClient} from './client.ts';
import {Informer, type InformerOptions} from './informer.ts';
import {type KubeObject, kubeResources} from './resource.ts';

interface ConfigMap extends KubeObject {
  data?: Record<string, string>;
}

function pod(name: string, data = '', namespace = 'default'): Parameters<TestKubeApi['put']>[0] {
  return {apiVersion: 'v1', kind: 'Pod', metadata: {name, namespace, labels: {app: name}}, data};
}

interface Bench {
  api: TestKubeApi;
  informer: Informer;
  events: string[];
  failures: string[];
  successes: number;
}

/** An informer of pods on a server of its own. */
async function bench(
  run: (bench: Bench) => Promise<void>,
  {
    options = {},
    api = new TestKubeApi({bookmarkMs: 20}),
    prepare = () => {},
  }: {
    options?: Partial<InformerOptions>;
    api?: TestKubeApi;
    prepare?: (api: TestKubeApi) => void;
  } = {},
): Promise<void> {
  prepare(api);
  await api.listen();
  const authorization = {type: 'Bearer', credentials: 't'};
  const client = new KubeClient({server: api.url, http: {authorization, followRedirects: true}}, () =>
    performance.now(),
  );
  const state = {api, events: [] as string[], failures: [] as string[], successes: 0};
  const informer = new Informer({
    client,
    clock: systemClock,
    random: () => 0,
    selection: {resource: kubeResources.pods, namespace: '', labelSelector: '', fieldSelector: ''},
    project: (object) => `${object.metadata.name}=${JSON.stringify((object as ConfigMap).data)}`,
    events: {
      onEvent: (type, key, {before, after}) =>
        state.events.push(`${type} ${key}${before === after ? ' same' : ''}`),
      onSynced: () => state.events.push('synced'),
      onFailure: (error) => state.failures.push(error.message),
      onSuccess: () => state.successes++,
    },
    ...options,
  });
  try {
    await run(Object.assign(state, {informer}));
  } finally {
    informer.stop();
    await client.close();
    await api.stop();
  }
}

async function until(condition: () => boolean, what = ''): Promise<void> {
  for (let i = 0; i < 500; i++) {
    if (condition()) return;
    await sleep(10);
  }
  assert.fail(`not within 5 s: ${what || condition.toString()}`);
}

/** What the informer has is what the server has. */
function isEqual({api, informer}: Bench): boolean {
  const keys = [...api.store.collection('', 'v1', 'pods').objects.keys()].sort();
  return (
    JSON.stringify([...informer.keys()].sort()) === JSON.stringify(keys) &&
    keys.every((key) => {
      const {object} = api.store.get(api.store.collection('', 'v1', 'pods'), key);
      return informer.get(key) === `${object.metadata.name}=${JSON.stringify(object['data'])}`;
    })
  );
}

test('an informer lists in pages, then follows what changes', async () => {
  await bench(
    async (state) => {
      const {api, informer, events} = state;
      await until(() => informer.isSynced);
      assert.equal(informer.size, 1234);
      assert.equal(events.at(-1), 'synced');
      assert.ok(isEqual(state));
      events.length = 0;
      await until(() => api.watches.size === 1);
      api.put(pod('new', '1'));
      api.put(pod('p-1', '2'));
      api.put({...pod('p-2', 'x'), status: {probe: 1}});
      api.remove(pod('p-3'));
      await until(() => isEqual(state));
      assert.deepEqual(events, [
        'add default/new',
        'update default/p-1',
        'update default/p-2 same',
        'delete default/p-3',
      ]);
      assert.deepEqual(state.failures, []);
    },
    {
      prepare: (api) => {
        for (let i = 0; i < 1234; i++) api.put(pod(`p-${i}`, 'x'));
      },
    },
  );
});

test('an informer gets pages where the server gives them', async () => {
  await bench(
    async (state) => {
      const {api, informer} = state;
      await until(() => informer.isSynced);
      assert.ok(isEqual(state));
      // The version of the cache was forgotten: the latest list comes in three pages.
      api.store.version += 10;
      api.put(pod('late'));
      await api.stop();
      api.store.compact();
      await api.listen();
      const isPage = (each: string): boolean => each.includes('continue=');
      await until(() => isEqual(state) && api.requests.filter(isPage).length >= 2);
      const lists = api.requests.filter((each) => !each.includes('watch'));
      assert.ok(
        lists.some((each) => each.includes('resourceVersionMatch=NotOlderThan')),
        lists.join('\n'),
      );
    },
    {
      prepare: (api) => {
        for (let i = 0; i < 1234; i++) api.put(pod(`p-${i}`, 'x'));
      },
    },
  );
});

test('pages that are forgotten while they are read are read again, as one', async () => {
  let compacted = false;
  await bench(
    async (state) => {
      const {informer} = state;
      await until(() => informer.isSynced);
      assert.ok(compacted);
      assert.ok(isEqual(state));
      assert.equal(state.failures.length, 2);
      assert.match(state.failures[1]!, /continue parameter is too old/);
    },
    {
      prepare: (api) => {
        for (let i = 0; i < 700; i++) api.put(pod(`p-${i}`, 'x'));
        api.refuse = (url) => {
          if (url.searchParams.get('resourceVersion') === '0')
            return new ApiError(410, 'Expired', 'no cache');
          if (url.searchParams.has('continue') && !compacted) {
            compacted = true;
            api.put(pod('p-0', 'changed'));
            api.remove(pod('p-1'));
            api.store.compact();
          }
          return null;
        };
      },
    },
  );
});

test('a watch goes on where it was after restarts, and the list is compared after 410', async () => {
  await bench(async (state) => {
    const {api, informer, events} = state;
    api.put(pod('a', '1'));
    api.put(pod('b', '1'));
    await until(() => informer.size === 2 && api.watches.size === 1);
    await api.stop();
    api.put(pod('a', '2'));
    api.remove(pod('b'));
    api.put(pod('c', '1'));
    events.length = 0;
    await api.listen();
    await until(() => isEqual(state));
    assert.deepEqual(events, ['update default/a', 'delete default/b', 'add default/c']);
    assert.ok(!api.requests.at(-1)!.includes('limit='), 'no new list was needed');
    await until(() => api.watches.size === 1);
    await api.stop();
    api.put(pod('a', '3'));
    api.remove(pod('c'));
    api.store.compact();
    events.length = 0;
    await api.listen();
    await until(() => isEqual(state));
    assert.deepEqual(events, ['update default/a', 'delete default/c']);
    assert.ok(
      state.failures.some((each) => each.startsWith('too old resource version')),
      state.failures.join('\n'),
    );
    await until(() => api.watches.size === 1);
    api.put(pod('d', '1'));
    await until(() => isEqual(state));
  });
});

test('bookmarks carry a quiet watch over a compaction', async () => {
  await bench(async (state) => {
    const {api, informer} = state;
    api.put(pod('a', '1'));
    await until(() => informer.size === 1 && api.watches.size === 1);
    for (let i = 0; i < 100; i++)
      api.put({apiVersion: 'v1', kind: 'ConfigMap', metadata: {name: 'c', namespace: 'default'}, data: i});
    await sleep(100);
    api.store.compact();
    const before = api.requests.length;
    api.endWatches();
    await until(() => api.requests.length > before && api.watches.size === 1);
    api.put(pod('a', '2'));
    await until(() => isEqual(state));
    assert.deepEqual(state.failures, []);
    assert.ok(api.requests.slice(before).every((each) => each.includes('watch=true')));
  });
});

test('a watch that says nothing any more is given up', async () => {
  await bench(
    async (state) => {
      const {api, informer} = state;
      await until(() => informer.isSynced && api.watches.size === 1);
      api.silenceWatches();
      api.put(pod('unseen', '1'));
      await until(() => isEqual(state));
      assert.match(state.failures[0]!, /nothing came for 0\.2 s/);
    },
    {options: {silenceMs: 200}},
  );
});

test('refusals are told, and asked again as the server wishes', async () => {
  await bench(
    async (state) => {
      const {api, informer} = state;
      await until(() => state.failures.length >= 1);
      assert.deepEqual(state.failures.slice(0, 1), ['Unauthorized']);
      assert.equal(informer.isSynced, false);
      api.token = 't';
      api.refuse = () => new ApiError(429, 'TooManyRequests', 'slow down', {retryAfterSeconds: 1});
      await until(() => state.failures.includes('slow down'));
      const refusedAt = performance.now();
      api.refuse = () => null;
      await until(() => informer.isSynced);
      assert.ok(performance.now() - refusedAt > 900, 'the server asked for a second');
      assert.ok(state.successes > 0);
    },
    {prepare: (api) => (api.token = 'other')},
  );
});

test("selectors and namespaces are the server's to apply: objects come and go with their labels", async () => {
  await bench(
    async ({api, informer, events}) => {
      await until(() => informer.isSynced && api.watches.size === 1);
      assert.deepEqual([...informer.keys()], ['default/in']);
      api.put({...pod('in'), metadata: {name: 'in', namespace: 'default', labels: {app: 'out'}}});
      api.put({...pod('out'), metadata: {name: 'out', namespace: 'default', labels: {app: 'in'}}});
      await until(() => informer.get('default/out') !== null);
      assert.deepEqual(events, ['add default/in', 'synced', 'delete default/in', 'add default/out']);
    },
    {
      prepare: (api) => {
        api.put(pod('in'));
        api.put(pod('out'));
        api.put({...pod('in'), metadata: {name: 'in', namespace: 'kube-system', labels: {app: 'in'}}});
      },
      options: {
        selection: {
          resource: kubeResources.pods,
          namespace: 'default',
          labelSelector: 'app=in',
          fieldSelector: 'metadata.name!=x',
        },
      },
    },
  );
});

test('an informer has what the server has after any changes, restarts, compactions and ended watches', async () => {
  await bench(async (state) => {
    const {api, informer} = state;
    await until(() => informer.isSynced);
    const seed = Math.trunc(Date.now() / 1000) % 100_000;
    let random = seed;
    const below = (max: number): number => (random = (random * 48_271 + 11) % 2_147_483_647) % max;
    for (let i = 0; i < 300; i++) {
      const name = `p-${below(40)}`;
      const kind = below(10);
      if (kind < 7) api.put(pod(name, String(i)));
      else if (state.api.store.collection('', 'v1', 'pods').objects.has(`default/${name}`))
        api.remove(pod(name));
      if (i % 60 === 30) {
        await api.stop();
        api.put(pod('while-away', String(i)));
        if (below(2) === 0) api.store.compact();
        await api.listen();
      }
      if (i % 40 === 10) api.endWatches();
      if (i % 10 === 0) await sleep(below(20));
    }
    await until(() => isEqual(state), `seed ${seed}`);
  });
});
