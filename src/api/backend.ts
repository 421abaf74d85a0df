// What the HTTP API needs from the rest of the program. The wiring implements these interfaces, mostly as calls to other
// threads: everything that passes through them is plain data that can be cloned.

import type {RelabelConfig} from '../relabel/config.ts';
import type {DiscoveryFailure, DiscoveryStatistics} from '../discovery/statistics.ts';
import type {DroppedTarget, MetricMetadata, TargetStatus} from '../scrape/status.ts';
import type {WriteOutcome} from '../remote/write-outcome.ts';
import type {NotifierStatistics} from '../notifier/statistics.ts';
import type {RuleRequest} from '../rules/evaluation.ts';
import type {BacktestAlert, BacktestResult} from '../rules/backtest.ts';
import type {RuleGroup} from '../rules/group.ts';
import type {RuleFileOptions} from '../rules/rulefile.ts';
import type {RuleConfig} from '../rules/rulegroup-config.ts';
import type {RuleStatistics} from '../rules/statistics.ts';
import type {QueryStatistics, StorageStatistics} from './statistics.ts';

/** `stats=`: '' = none, 'all' = with numbers for each step. Any other text counts as basic, with a warning. */
export type StatsParameter = string;

interface Evaluation {
  query: string;
  /** At most this long, queueing included; the server's own limit (--query.timeout) holds besides. 0 = that alone. */
  timeoutMs: number;
  /** Instead of the server's; at least 1. */
  lookbackDeltaMs?: number;
  /** Series in the answer; 0 = all. Cutting adds the warning `results truncated due to limit`. */
  limit: number;
  stats: StatsParameter;
  /** What each node of the query has cost goes into the answer, as `data.explain`. */
  explain?: boolean;
}

export interface InstantQuery extends Evaluation {
  kind: 'instant';
  timeMs: number;
}

/** Steps are `startMs + i * stepMs <= endMs`; checked: stepMs > 0, at most 11,000 steps. */
export interface RangeQuery extends Evaluation {
  kind: 'range';
  startMs: number;
  endMs: number;
  stepMs: number;
}

interface Lookup {
  /** Texts of series selectors. Empty = everything (not for 'series', which has at least one). */
  matches: string[];
  /** timeMinMs and timeMaxMs of model/timestamp.ts where the request names none. */
  startMs: number;
  endMs: number;
  /** Entries in the answer; 0 = all. Cutting adds the warning `results truncated due to limit`. */
  limit: number;
}

export interface SeriesLookup extends Lookup {
  kind: 'series';
}

export interface LabelNamesLookup extends Lookup {
  kind: 'labelNames';
}

export interface LabelValuesLookup extends Lookup {
  kind: 'labelValues';
  name: string;
}

/** `/format_query` and `/parse_query`. */
export interface QueryTextRequest {
  /** 'selectors': the matchers of each selector, as MatcherData[][]. */
  kind: 'format' | 'parse' | 'selectors';
  query: string;
}

/** `/federate`: the newest sample in [startMs, endMs] of each selected series, as text. */
export interface FederateRequest {
  kind: 'federate';
  matches: string[];
  startMs: number;
  endMs: number;
  externalLabels: Record<string, string>;
  /** The reader knows names with any characters, in quotes. */
  utf8Names: boolean;
}

/** Evaluates a rule. The answer has a `value`, or the text of an error. */
export interface RuleQuery {
  kind: 'rule';
  request: RuleRequest;
}

export type QueryRequest =
  | InstantQuery
  | RangeQuery
  | SeriesLookup
  | LabelNamesLookup
  | LabelValuesLookup
  | QueryTextRequest
  | FederateRequest
  | RuleQuery;

/** A finished answer. */
export interface QueryAnswer {
  /** HTTP status. */
  status: number;
  /** The whole JSON text, envelope included, in UTF-8; other text for 'federate'. Owned by the receiver. */
  body: Uint8Array;
  /** What a RuleQuery gives: a result of RuleEvaluator. */
  value?: unknown;
  /** To be called once the body is not needed any more: its memory counts until then. */
  release?: (() => void) | undefined;
}

/** Where a query comes from: among these, the time of the query threads is shared out. */
export interface QuerySource {
  /** The client's address. */
  client: string;
  /** Within that, what the client asks for, such as a dashboard; '' = nothing in particular. */
  group: string;
}

export interface QueryBackend {
  /**
   * Parses, evaluates and serialises in a query thread. What is wrong with the query is an answer (400, 422, 503 …), not
   * an exception. When `signal` aborts (the client is gone), the work is stopped and the promise settles soon, with any
   * answer or by rejecting; nobody looks at it. Rejects otherwise only by a fault of the program, which becomes a 500.
   */
  run(request: QueryRequest, signal: AbortSignal, source: QuerySource): Promise<QueryAnswer>;
  /** Answers at once what is known to be little work; null where that is nothing for this thread: then run() does it. */
  light?(request: QueryRequest): QueryAnswer | null;
  statistics(): Promise<QueryStatistics>;
}

export interface MatcherData {
  type: '=' | '!=' | '=~' | '!~';
  name: string;
  value: string;
}

/** A row of `/targets/metadata`. `metric` is left out where the request named it. */
export interface TargetMetadataRow {
  target: Record<string, string>;
  metric?: string;
  type: string;
  help: string;
  unit: string;
}

export interface TargetMetadataRequest {
  /** The target's labels must match all of these. */
  matchers: MatcherData[];
  /** '' = all. */
  metric: string;
  /** Rows; a negative number = all. */
  limit: number;
}

export interface MetadataRequest {
  /** '' = all. */
  metric: string;
  /** Metrics, and entries for each; 0 or less = all. */
  limit: number;
  limitPerMetric: number;
}

export type MetadataByMetric = Record<string, Omit<MetricMetadata, 'metric'>[]>;

export interface TargetsRequest {
  /** Only this pool; '' = all. */
  scrapePool: string;
  active: boolean;
  dropped: boolean;
}

export interface TargetsAnswer {
  active: TargetStatus[];
  dropped: DroppedTarget[];
  /** For every pool, also where `dropped` is not asked for. */
  droppedCounts: Record<string, number>;
  /** What discovery cannot find at the moment. */
  discoveryFailures?: DiscoveryFailure[];
}

export interface WriteRequestInfo {
  /** Samples far behind it are refused: too far in the future. */
  nowMs: number;
}

export interface ExemplarsRequest {
  /** Series match all matchers of one of these. */
  matcherSets: MatcherData[][];
  /** Both inclusive. */
  startMs: number;
  endMs: number;
}

/** A series of `/query_exemplars`, by labels. */
export interface ExemplarSeries {
  seriesLabels: Record<string, string>;
  exemplars: {labels: Record<string, string>; value: number; timeMs: number}[];
}

/** `/status/tsdb`: counts by name, largest first, at most `limit` each. */
export interface HeadCardinality {
  seriesCountByMetricName: NamedCount[];
  labelValueCountByLabelName: NamedCount[];
  memoryInBytesByLabelName: NamedCount[];
  seriesCountByLabelValuePair: NamedCount[];
  labelPairs: number;
}

export interface NamedCount {
  name: string;
  value: number;
}

export interface StorageAdministration {
  /** Deletes what the series that match all matchers have from `mint` to `maxt`, both inclusive, in milliseconds. */
  deleteSeries(request: {matchers: MatcherData[]; mint: number; maxt: number}): Promise<void>;
  /** Gives back the room of deleted samples in blocks. */
  cleanTombstones(): Promise<void>;
  /** Gives the name of the snapshot's folder in `snapshots/`. */
  snapshot(withHead: boolean): Promise<string>;
}

/** The storage thread as main sees it. */
export interface StorageBackend {
  targets(request: TargetsRequest): Promise<TargetsAnswer>;
  /** Names of all scrape pools, sorted. */
  scrapePools(): Promise<string[]>;
  /** See `collectMetadata` and `collectTargetMetadata` in metadata.ts, which do it where the targets live. */
  metadata(request: MetadataRequest): Promise<MetadataByMetric>;
  targetMetadata(request: TargetMetadataRequest): Promise<TargetMetadataRow[]>;
  /**
   * Applies the body of a remote write as it came, snappy and all: `WriteReceiver` of remote/writerequest.ts in the storage
   * thread. The body may be transferred: the caller does not use it again.
   */
  write(body: Uint8Array, info: WriteRequestInfo): Promise<WriteOutcome>;
  statistics(): Promise<StorageStatistics>;
  /** Left out where the store has none: the answers are empty then. */
  exemplars?(request: ExemplarsRequest): Promise<ExemplarSeries[]>;
  /** Left out where the store cannot tell: the endpoint then answers with an error that says so. */
  cardinality?(limit: number): Promise<HeadCardinality>;
  /** Descriptions of the blocks, as in their meta.json, the oldest first. Left out where the store has none. */
  blocks?(): Promise<unknown[]>;
  /** What only operators may do. Left out where the store cannot do it. */
  readonly administration?: StorageAdministration;
}

/** What a start reads: files of full chunks, a snapshot of the memory, the write-ahead log. */
export type ReplayPhase = 'chunks' | 'snapshot' | 'log';

/** Progress of a start: files, or segments of the snapshot or the log. */
export interface ReplayProgress {
  /** Null: nothing was read yet. */
  phase: ReplayPhase | null;
  min: number;
  max: number;
  current: number;
}

export type ServerState = 'starting' | 'ready' | 'stopping';

/** The program itself, on the main thread. */
export interface AdminBackend {
  state(): ServerState;
  replayProgress(): ReplayProgress;
  /** Reads the configuration again. Rejects with the reason where the new one is no good; the old one stays in force. */
  reload(): Promise<void>;
  /** Begins to stop; returns at once. */
  quit(): void;
  /** The configuration in force as YAML, secrets hidden. */
  configYaml(): string;
  /** Every flag of the server and its value as text. */
  readonly flags: Readonly<Record<string, string>>;
  readonly startTimeMs: number;
  lastReload(): {successful: boolean; timeMs: number};
  /** Retention as `/status/runtimeinfo` shows it, for example `15d`. */
  storageRetention(): string;
  /** External labels of the configuration. */
  externalLabels(): Readonly<Record<string, string>>;
  /** Rules for the targets of a scrape pool; null where there is no such pool. */
  relabelConfigs(scrapePool: string): readonly RelabelConfig[] | null;
}

export interface AlertingStatistics {
  rules: RuleStatistics;
  notifier: NotifierStatistics;
  discovery: DiscoveryStatistics;
}

/** An alerting rule and when to evaluate it. */
export interface BacktestQuery {
  rule: Pick<RuleConfig, 'alert' | 'expr' | 'forMs' | 'keepFiringForMs' | 'labels' | 'annotations'>;
  startMs: number;
  endMs: number;
  stepMs: number;
}

export interface NotificationEstimate {
  receiver: string;
  /** 'slack' */
  integration: string;
  notifications: number;
}

/** Rules and the notifier, on the main thread. */
export interface AlertingBackend {
  /** By file and name. */
  groups(): readonly RuleGroup[];
  /** URLs of the endpoints that get alerts, and of those that relabelling leaves out. */
  alertmanagers(): {active: string[]; dropped: string[]};
  /** Interval of groups that name none. */
  readonly evaluationIntervalMs: number;
  /** What PromQL and names rules may have. */
  readonly ruleOptions: RuleFileOptions;
  /** What an alerting rule would have done. Rejects with an ApiError where it cannot be told. */
  backtest(request: BacktestQuery, signal: AbortSignal, source: QuerySource): Promise<BacktestResult>;
  /**
   * Notifications that the routing in force would have sent of alerts, by receiver; null where there is no Alertmanager in
   * this process, or too many of them.
   */
  estimateNotifications(
    alerts: readonly BacktestAlert[],
    endMs: number,
  ): Promise<NotificationEstimate[] | null>;
  statistics(): AlertingStatistics;
}

export interface Backend {
  query: QueryBackend;
  storage: StorageBackend;
  /** Left out where there are no rules: the answers are empty then. */
  alerting?: AlertingBackend;
  admin: AdminBackend;
}
