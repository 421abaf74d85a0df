import type {Clock} from '../sys/clock.ts';
import type {Logger} from '../sys/log.ts';
import type {ParseOptions} from '../promql/parser/tokenstream.ts';
import type {Labels} from '../model/labels.ts';
import type {RuleEvaluator} from './evaluation.ts';
import type {RuleSeries} from './series.ts';

/** What became of the samples of one evaluation. */
export interface AppendOutcome {
  accepted: number;
  outOfOrder: number;
  duplicates: number;
  tooOld: number;
  /** Why the last sample that was refused was; null where none was. */
  error: string | null;
}

export interface AppendRequest {
  /** Number of the rule: the store remembers which series each has written last. */
  rule: number;
  timeMs: number;
  series: RuleSeries;
}

/** Where the results of rules go. Methods reject where the store cannot be written. */
export interface RuleStore {
  /** Stores the samples, and stale markers for those series of the rule's last evaluation that are not among them. */
  append(request: AppendRequest): Promise<AppendOutcome>;
  /** The same for several, one after the other. */
  appendAll(requests: readonly AppendRequest[]): Promise<AppendOutcome[]>;
  /** Stores stale markers for what these rules have written last, and forgets them. */
  retire(rules: readonly number[], timeMs: number): Promise<void>;
}

/** An alert on its way to Alertmanagers. */
export interface NotifiedAlert {
  labels: Labels;
  annotations: Labels;
  startsAtMs: number;
  endsAtMs: number;
  generatorUrl: string;
}

/** Everything around the rules. */
export interface RuleWorld {
  clock: Clock;
  logger: Logger;
  evaluator: RuleEvaluator;
  store: RuleStore;
  notify: (alerts: NotifiedAlert[]) => void;
  /** Text of a file. Throws. */
  readFile: (file: string) => string;
  /** What PromQL is allowed. */
  parse: ParseOptions;
  settings: RuleSettings;
}

/** What the flags say. */
export interface RuleSettings {
  outageToleranceMs: number;
  forGracePeriodMs: number;
  resendDelayMs: number;
  /** Rules that may be evaluated besides those in their turn; 0 = each group one after the other. */
  concurrentEvalsMax: number;
  externalUrl: string;
}
