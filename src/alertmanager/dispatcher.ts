// Brings alerts into groups, as the routing tree says.
import type {Labels} from '../model/labels.ts';
import type {Clock} from '../sys/clock.ts';
import type {Logger} from '../sys/log.ts';
import type {AlertTimes} from './alert.ts';
import type {StoredAlert} from './alert-store.ts';
import {Gate} from './gate.ts';
import {Group, type Notify} from './group.ts';
import {groupLabelsOf, type Route} from './route.ts';

export interface DispatcherOptions {
  readonly route: Route;
  readonly notify: Notify;
  readonly clock: Clock;
  readonly logger: Logger;
  /** No notification is sent before, in milliseconds since 1970. */
  readonly startAtMs: number;
}

/** Groups of one receiver that are notified about at the same time, leaving aside those that take longer. */
const flushesAtOnce = 16;
const quickFlushMs = 25;

export class Dispatcher {
  readonly #options: DispatcherOptions;
  /** By route, then by values of the group labels. */
  readonly #groups = new Map<Route, Map<string, Group>>();
  /** By receiver. */
  readonly #gates = new Map<string, Gate>();
  #isStopped = false;
  groupCount = 0;

  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  get route(): Route {
    return this.#options.route;
  }

  /** Brings an alert that was received into its groups. */
  dispatch(stored: StoredAlert): void {
    // Fast path: it is in all of them.
    if (this.#isStopped || stored.isPlaced) return;
    const {labels} = stored;
    for (const route of this.#options.route.match(labels)) this.#insert(stored, labels, route);
    stored.isPlaced = true;
  }

  /** Groups with alerts, by route. */
  *groups(): Generator<Group> {
    for (const groups of this.#groups.values()) yield* groups.values();
  }

  /** Aborts all notifications and waits for their end. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all([...this.groups()].map((group) => group.stop()));
  }

  #insert(alert: StoredAlert, alertLabels: Labels, route: Route): void {
    const labels = groupLabelsOf(alertLabels, route.options);
    let groups = this.#groups.get(route);
    if (groups === undefined) this.#groups.set(route, (groups = new Map()));
    const key = keyOf(labels);
    const known = groups.get(key);
    if (known !== undefined && !known.isDestroyed) {
      if (alert.enter(known)) known.insert(alert);
      return;
    }
    const group = this.#make(route, labels, key);
    if (known === undefined) this.groupCount++;
    groups.set(key, group);
    alert.enter(group);
    group.insert(alert);
    group.start(this.#waitMsOf(alert, route));
  }

  #make(route: Route, labels: Labels, key: string): Group {
    const {clock, notify} = this.#options;
    return new Group(route, labels, {
      clock,
      gate: this.#gateOf(route.options.receiver),
      notify,
      onDestroyed: (group) => this.#forget(route, key, group),
    });
  }

  #gateOf(receiver: string): Gate {
    let gate = this.#gates.get(receiver);
    if (gate === undefined) {
      const {clock} = this.#options;
      gate = new Gate({clock, max: flushesAtOnce, patienceMs: quickFlushMs});
      this.#gates.set(receiver, gate);
    }
    return gate;
  }

  /** An alert that is old already, as after a restart, does not wait once more. */
  #waitMsOf(alert: AlertTimes, {options}: Route): number {
    const nowMs = this.#options.clock.now();
    const isOld = alert.startsAtMs + options.groupWaitMs < nowMs;
    return Math.max(isOld ? 0 : options.groupWaitMs, this.#options.startAtMs - nowMs);
  }

  #forget(route: Route, key: string, group: Group): void {
    const groups = this.#groups.get(route);
    if (groups?.get(key) !== group) return;
    groups.delete(key);
    this.groupCount--;
  }
}

function keyOf(labels: Labels): string {
  return labels.join('\0');
}
