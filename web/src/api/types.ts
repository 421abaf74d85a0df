// The answers of the Prometheus HTTP API that the UI reads:
// https://prometheus.io/docs/prometheus/latest/querying/api/.

export type LabelSet = Readonly<Record<string, string>>;

/** `[seconds since 1970, value]`; values are strings, also `NaN` and `+Inf`. */
export type ApiSample = readonly [timeSeconds: number, value: string];

/** `[boundary rule, lower, upper, count]`; the rule says which of the bounds belong to the bucket. */
export type ApiBucket = readonly [rule: 0 | 1 | 2 | 3, lower: string, upper: string, count: string];

export interface ApiHistogram {
  count: string;
  sum: string;
  buckets?: readonly ApiBucket[];
}

export type ApiHistogramSample = readonly [timeSeconds: number, histogram: ApiHistogram];

export interface VectorSeries {
  metric: LabelSet;
  value?: ApiSample;
  histogram?: ApiHistogramSample;
}

export interface MatrixSeries {
  metric: LabelSet;
  values?: readonly ApiSample[];
  histograms?: readonly ApiHistogramSample[];
}

export interface QueryStats {
  timings?: {execTotalTime?: number; evalTotalTime?: number; execQueueTime?: number};
  samples?: {totalQueryableSamples?: number; samplesRead?: number; peakSamples?: number};
}

export type QueryData = (
  | {resultType: 'vector'; result: readonly VectorSeries[]}
  | {resultType: 'matrix'; result: readonly MatrixSeries[]}
  | {resultType: 'scalar' | 'string'; result: ApiSample}
) & {stats?: QueryStats};

export interface RangeQueryData {
  resultType: 'matrix';
  result: readonly MatrixSeries[];
  stats?: QueryStats;
}

/** A node of a query's tree and what it took, with everything beneath it; Narthex's own (`explain=true`). */
export interface ExplainNode {
  kind: string;
  /** Its text, which stands at [start, end) of the query. */
  expr: string;
  start: number;
  end: number;
  seconds: number;
  series: number;
  points: number;
  samples: number;
  /** Evaluated once, at another place of the query. */
  repeated: boolean;
  children: readonly ExplainNode[];
}

export interface ExplainData {
  memoryBytes: number;
  root: ExplainNode;
}

export type ExplainedData = QueryData & {explain?: ExplainData};

export type Health = 'up' | 'down' | 'unknown';

export interface Target {
  discoveredLabels: LabelSet;
  labels: LabelSet;
  scrapePool: string;
  scrapeUrl: string;
  globalUrl?: string;
  lastError: string;
  /** RFC 3339; year 1 before the first scrape. */
  lastScrape: string;
  /** Seconds. */
  lastScrapeDuration: number;
  health: Health;
  scrapeInterval: string;
  scrapeTimeout: string;
}

export interface DroppedTarget {
  discoveredLabels: LabelSet;
  scrapePool: string;
}

export interface TargetsData {
  activeTargets: readonly Target[] | null;
  droppedTargets?: readonly DroppedTarget[] | null;
  droppedTargetCounts?: Readonly<Record<string, number>> | null;
}

/** With the field names of the configuration file. */
export interface RelabelRule {
  source_labels?: readonly string[];
  separator: string;
  regex: string;
  modulus?: number;
  target_label?: string;
  replacement: string;
  action: string;
}

export interface RelabelStep {
  rule: RelabelRule;
  output: LabelSet;
  keep: boolean;
}

export interface Alertmanagers {
  activeAlertmanagers: readonly {url: string}[];
  droppedAlertmanagers: readonly {url: string}[];
}

/** A name and how often, or how much of it, there is. */
export interface TsdbStat {
  name: string;
  value: number;
}

export interface TsdbStatus {
  headStats: {
    numSeries: number;
    numLabelPairs: number;
    chunkCount: number;
    /** Milliseconds; the largest number there is where there are no samples. */
    minTime: number;
    maxTime: number;
  };
  seriesCountByMetricName: readonly TsdbStat[];
  labelValueCountByLabelName: readonly TsdbStat[];
  memoryInBytesByLabelName: readonly TsdbStat[];
  seriesCountByLabelValuePair: readonly TsdbStat[];
}

export interface TsdbBlock {
  ulid: string;
  /** Milliseconds. */
  minTime: number;
  maxTime: number;
  stats?: {numSamples?: number; numSeries?: number; numChunks?: number};
  compaction?: {level?: number};
}

export type RuleHealth = 'ok' | 'err' | 'unknown';
export type AlertState = 'inactive' | 'pending' | 'firing';

export interface Alert {
  labels: LabelSet;
  annotations: LabelSet;
  state: AlertState;
  /** RFC 3339. */
  activeAt: string;
  keepFiringSince?: string;
  value: string;
}

interface EvaluatedRule {
  name: string;
  query: string;
  labels: LabelSet;
  health: RuleHealth;
  lastError?: string;
  /** Seconds. */
  evaluationTime: number;
  /** RFC 3339; year 1 before the first evaluation. */
  lastEvaluation: string;
}

export interface RecordingRule extends EvaluatedRule {
  type: 'recording';
}

export interface AlertingRule extends EvaluatedRule {
  type: 'alerting';
  state: AlertState;
  /** Seconds of `for` and `keep_firing_for`. */
  duration: number;
  keepFiringFor: number;
  annotations: LabelSet;
  alerts: readonly Alert[] | null;
}

export type Rule = RecordingRule | AlertingRule;

export interface RuleGroup {
  name: string;
  file: string;
  rules: readonly Rule[];
  /** Seconds. */
  interval: number;
  limit: number;
  evaluationTime: number;
  lastEvaluation: string;
}

export interface RulesData {
  groups: readonly RuleGroup[];
}

export interface WalReplay {
  /** What is being read at the start; `min`, `max` and `current` are about that. */
  phase?: 'chunks' | 'snapshot' | 'log';
  min: number;
  max: number;
  current: number;
}

/** Facts by name; a server may know more of them than the UI has words for. */
export type Facts = Readonly<Record<string, string | number | boolean | null>>;
