// What several components read from the server, cached and shared.
import {keepPreviousData, QueryCache, QueryClient, useQuery} from '@tanstack/react-query';
import {ApiError, requestApi, requestReadiness, type Readiness} from './client.ts';
import type {
  Alertmanagers,
  Facts,
  LabelSet,
  RelabelStep,
  RulesData,
  TargetsData,
  TsdbBlock,
  TsdbStatus,
  WalReplay,
} from './types.ts';
import type {MetadataByMetric} from '../query/metric-search.ts';

const retriesMax = 1;

/** A server that did not answer one request is asked at once whether it is there at all. */
const queryCache = new QueryCache({
  onError: (error, {queryKey}) => {
    if (error instanceof ApiError && error.kind === 'network' && queryKey[0] !== 'readiness') {
      void queryClient.invalidateQueries({queryKey: ['readiness']});
    }
  },
});

export const queryClient = new QueryClient({
  queryCache,
  defaultOptions: {
    queries: {
      // The server may well be reachable while the browser believes to be offline: it may run on this machine.
      networkMode: 'always',
      refetchOnWindowFocus: false,
      retry: (failures, error) =>
        error instanceof ApiError && error.kind === 'network' && failures < retriesMax,
      retryDelay: 500,
    },
  },
});

const readyIntervalMs = 10_000;
const notReadyIntervalMs = 2000;

/** Asked again and again, more often while the server is not ready. Undefined before the first answer. */
export function useReadiness(): Readiness | undefined {
  const {data} = useQuery({
    queryKey: ['readiness'],
    queryFn: ({signal}) => requestReadiness(signal),
    refetchInterval: ({state}) => (state.data === 'ready' ? readyIntervalMs : notReadyIntervalMs),
    retry: false,
  });
  return data;
}

export function useWalReplay(enabled: boolean): WalReplay | undefined {
  const {data} = useQuery({
    queryKey: ['walreplay'],
    queryFn: async ({signal}) => (await requestApi<WalReplay>('status/walreplay', {signal})).data,
    refetchInterval: notReadyIntervalMs,
    enabled,
    retry: false,
  });
  return data;
}

/** `intervalMs` false asks once. */
export function useTargets(intervalMs: number | false) {
  return useQuery({
    queryKey: ['targets'],
    queryFn: async ({signal}) => {
      const params = new URLSearchParams({state: 'active'});
      const {data, warnings} = await requestApi<TargetsData>('targets', {params, signal});
      return {...data, warnings};
    },
    refetchInterval: intervalMs,
  });
}

/** All that discovery found, with what relabelling dropped. */
export function useDiscoveredTargets(intervalMs: number | false) {
  return useQuery({
    queryKey: ['discovered-targets'],
    queryFn: async ({signal}) => {
      const {data, warnings} = await requestApi<TargetsData>('targets', {signal});
      return {...data, warnings};
    },
    refetchInterval: intervalMs,
  });
}

/** What the rules of a pool make of a target's labels, one after the other. */
export function useRelabelSteps(scrapePool: string, labels: LabelSet) {
  const text = JSON.stringify(labels);
  return useQuery({
    queryKey: ['relabel-steps', scrapePool, text],
    queryFn: async ({signal}) => {
      const params = new URLSearchParams({scrapePool, labels: text});
      return (await requestApi<{steps: readonly RelabelStep[]}>('targets/relabel_steps', {params, signal}))
        .data.steps;
    },
    staleTime: namesStaleMs,
  });
}

export function useAlertmanagers(intervalMs: number | false) {
  return useQuery({
    queryKey: ['alertmanagers'],
    queryFn: async ({signal}) => (await requestApi<Alertmanagers>('alertmanagers', {signal})).data,
    refetchInterval: intervalMs,
  });
}

/** The head's series, with the `limit` largest of each statistic. */
export function useTsdbStatus(limit: number) {
  return useQuery({
    queryKey: ['status', 'tsdb', limit],
    queryFn: async ({signal}) => {
      const params = new URLSearchParams({limit: String(limit)});
      return (await requestApi<TsdbStatus>('status/tsdb', {params, signal})).data;
    },
    placeholderData: keepPreviousData,
  });
}

export function useTsdbBlocks() {
  return useQuery({
    queryKey: ['status', 'tsdb-blocks'],
    queryFn: async ({signal}) =>
      (await requestApi<{blocks: readonly TsdbBlock[] | null}>('status/tsdb/blocks', {signal})).data.blocks ??
      [],
  });
}

/** Rules of one kind, or all; alerting rules with their alerts. `intervalMs` false asks once. */
export function useRules(type: 'alert' | 'all', intervalMs: number | false) {
  return useQuery({
    queryKey: ['rules', type],
    queryFn: async ({signal}) => {
      const params = new URLSearchParams(type === 'all' ? {exclude_alerts: 'true'} : {type});
      return (await requestApi<RulesData>('rules', {params, signal})).data.groups;
    },
    refetchInterval: intervalMs,
  });
}

const namesStaleMs = 30_000;

export function useMetricNames() {
  return useQuery({
    queryKey: ['metric-names'],
    queryFn: async ({signal}) =>
      (await requestApi<readonly string[]>('label/__name__/values', {signal})).data,
    staleTime: namesStaleMs,
  });
}

export function useMetadata(enabled: boolean) {
  return useQuery({
    queryKey: ['metadata'],
    queryFn: async ({signal}) => {
      const params = new URLSearchParams({limit_per_metric: '1'});
      return (await requestApi<MetadataByMetric>('metadata', {params, signal})).data;
    },
    staleTime: namesStaleMs,
    enabled,
  });
}

/** `/api/v1/status/NAME`, a flat object of facts. */
export function useFacts(name: 'runtimeinfo' | 'buildinfo' | 'flags') {
  return useQuery({
    queryKey: ['status', name],
    queryFn: async ({signal}) => (await requestApi<Facts>(`status/${name}`, {signal})).data,
  });
}

export function useConfig() {
  return useQuery({
    queryKey: ['status', 'config'],
    queryFn: async ({signal}) => (await requestApi<{yaml: string}>('status/config', {signal})).data.yaml,
  });
}
