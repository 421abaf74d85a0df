// Brings alerts into groups, as the routing tree says.
import type {Labels} from '../model/labels.ts';
import type {Clock} from '../sys/clock.ts';
import type {Logger} from '../sys/log.ts';
import type {Alert} from './alert.ts';
import type {StoredAlert} from './alert-store.ts';
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

export class Dispatcher {
  readonly #options: DispatcherOptions;
  /** By route, then by values of the group labels. */
  readonly #groups = new Map<Route, Map<string, Group>>();
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
    if (this.#isStopped) return;
    const {groups} = stored;
    if (groups !== null && areThere(groups)) {
      // Fast path: it is known, and its groups are there.
      for (let i = 0; i < groups.length; i++) groups[i]!.insert(stored);
      return;
    }
    stored.groups = this.#options.route.match(stored.labels).map((route) => this.#insert(stored, route));
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

  #insert(alert: Alert, route: Route): Group {
    const labels = groupLabelsOf(alert.labels, route.options);
    let groups = this.#groups.get(route);
    if (groups === undefined) this.#groups.set(route, (groups = new Map()));
    const key = keyOf(labels);
    const known = groups.get(key);
    if (known !== undefined && !known.isDestroyed) {
      known.insert(alert);
      return known;
    }
    const group = this.#make(route, labels, key);
    if (known === undefined) this.groupCount++;
    groups.set(key, group);
    group.insert(alert);
    group.start(this.#waitMsOf(alert, route));
    return group;
  }

  #make(route: Route, labels: Labels, key: string): Group {
    const {clock, notify} = this.#options;
    return new Group(route, labels, {
      clock,
      notify,
      onDestroyed: (group) => this.#forget(route, key, group),
    });
  }

  /** An alert that is old already, as after a restart, does not wait once more. */
  #waitMsOf(alert: Alert, {options}: Route): number {
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

function areThere(groups: readonly Group[]): boolean {
  for (let i = 0; i < groups.length; i++) if (groups[i]!.isDestroyed) return false;
  return true;
}

function keyOf(labels: Labels): string {
  return labels.join('\0');
}
