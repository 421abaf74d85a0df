import type {HttpDiscoveryConfig} from './config.ts';
import type {Discoverer, DiscoveryContext} from './discoverer.ts';
import {RefreshDiscoverer} from './refresh.ts';
import {recordOf, type TargetGroup} from './targetgroup.ts';
import {parseJsonTargets, targetGroupOf} from './targetlist.ts';

const jsonType = /^application\/json(;\s*charset=("utf-8"|utf-8))?$/i;

/** Gets a list of target groups from a URL. */
export function createHttpDiscoverer(config: HttpDiscoveryConfig, context: DiscoveryContext): Discoverer {
  const {url, refreshIntervalMs} = config;
  const client = context.world.createHttpClient(config.client);
  const headers = {
    accept: 'application/json',
    'x-prometheus-refresh-interval-seconds': String(refreshIntervalMs / 1000),
  };
  let groupCount = 0;
  const get = async (signal: AbortSignal): Promise<TargetGroup[]> => {
    const answer = await client.get(url, {headers, timeoutMs: refreshIntervalMs, signal});
    if (answer.status !== 200)
      throw new Error(`server returned HTTP status ${answer.status} ${answer.statusText}`.trimEnd());
    const type = answer.header('content-type');
    if (!jsonType.test(type.trim())) throw new Error(`unsupported content type ${JSON.stringify(type)}`);
    const groups = parseJsonTargets(answer.text).map((fields, index) => {
      const group = targetGroupOf(`${url}:${index}`, fields);
      return {...group, labels: {...recordOf(group.labels), __meta_url: url}};
    });
    const gone: TargetGroup[] = [];
    for (let i = groups.length; i < groupCount; i++)
      gone.push({source: `${url}:${i}`, targets: [], labels: {}});
    groupCount = groups.length;
    return [...groups, ...gone];
  };
  return new RefreshDiscoverer(context, {
    mechanism: 'http',
    intervalMs: refreshIntervalMs,
    close: () => void client.close(),
    refresh: async (signal) => {
      try {
        return await get(signal);
      } catch (cause) {
        if (!signal.aborted) context.counters.httpFailures++;
        throw cause;
      }
    },
  });
}
