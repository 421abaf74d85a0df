import type {Logger} from '../sys/log.ts';
import type {DiscoveryCounters} from './statistics.ts';
import type {TargetGroup} from './targetgroup.ts';
import type {DiscoveryWorld} from './world.ts';

/** Finds targets from its creation until it is stopped, and tells its context of them. */
export interface Discoverer {
  /** Nothing is told afterwards. */
  stop(): void;
}

/** Whom a discoverer tells what it finds. */
export interface DiscoveryContext {
  readonly world: DiscoveryWorld;
  readonly logger: Logger;
  readonly counters: DiscoveryCounters;
  /** The first job that wants these targets: names the discoverer in metrics. */
  readonly jobName: string;
  /** These groups replace those of the same sources; one without targets removes its source. Others stay as they are. */
  update(groups: readonly TargetGroup[]): void;
  /** A part of what is to be found cannot be found at the moment, or (null) can again. Its last groups stay in force. */
  report(part: string, failure: Error | null): void;
}
