// A slow, obvious Alertmanager: it goes through time second by second, looks at everything, and keeps no index. What it says is
// compared with the real one in week.test.ts.
import type {World, WorldAlert, WorldRoute, WorldSilence} from './week-world.ts';

interface ModelAlert {
  labels: Record<string, string>;
  startsAt: number;
  endsAt: number;
  isTimeout: boolean;
  updatedAt: number;
}

interface ModelGroup {
  route: ModelRoute;
  key: string;
  alerts: Map<string, ModelAlert>;
  /** Second of the next flush. */
  nextAt: number;
}

interface ModelRoute {
  path: string;
  settings: WorldRoute;
  /** Inherited or own. */
  receiver: string;
  groupBy: string[];
  wait: number;
  interval: number;
  repeat: number;
  children: ModelRoute[];
}

interface ModelEntry {
  at: number;
  firing: string[];
  resolved: string[];
  expiresAt: number;
}

const hour = 3600;
const retention = 120 * hour;

export function fingerprintText(labels: Record<string, string>): string {
  return Object.keys(labels)
    .sort()
    .map((name) => `${name}=${labels[name]}`)
    .join(',');
}

export class WeekModel {
  readonly #world: World;
  readonly #root: ModelRoute;
  readonly #store = new Map<string, ModelAlert>();
  #groups: ModelGroup[] = [];
  readonly #log = new Map<string, ModelEntry>();
  readonly #silences: (WorldSilence & {until: number})[] = [];
  readonly lines: string[] = [];
  /** Of one second, so that it is not gathered for each alert. */
  #firing: {at: number; alerts: ModelAlert[]} = {at: -1, alerts: []};

  constructor(world: World) {
    this.#world = world;
    this.#root = this.#routeOf(world.route, null);
  }

  #routeOf(settings: WorldRoute, parent: ModelRoute | null): ModelRoute {
    const matchers = Object.keys(settings.match)
      .sort()
      .map((name) => `${name}="${settings.match[name]}"`);
    const own = `{${matchers.join(',')}}`;
    const route: ModelRoute = {
      path: parent === null ? own : `${parent.path}/${own}`,
      settings,
      receiver: settings.receiver ?? parent!.receiver,
      groupBy: settings.groupBy ?? parent!.groupBy,
      wait: settings.wait ?? parent?.wait ?? 30,
      interval: settings.interval ?? parent?.interval ?? 300,
      repeat: settings.repeat ?? parent?.repeat ?? 4 * hour,
      children: [],
    };
    route.children = settings.routes.map((each) => this.#routeOf(each, route));
    return route;
  }

  /** One second: what is due, then what happens, then what is due at once. */
  step(now: number): void {
    this.#flushDue(now);
    for (const silence of this.#world.silencesAt(now)) this.#silences.push({...silence, until: silence.end});
    for (const index of this.#world.expirationsAt(now)) {
      const silence = this.#silences[index];
      if (silence !== undefined && silence.until > now) silence.until = now;
    }
    for (const alert of this.#world.reportsAt(now)) this.#receive(alert, now);
    this.#flushDue(now);
  }

  /** Whole quarters and half hours lie between seconds of steps. */
  maintain(quarter: number, now: number): void {
    for (const [key, entry] of this.#log) if (entry.expiresAt <= now) this.#log.delete(key);
    if (quarter % 2 !== 0) return;
    for (const [key, alert] of this.#store) if (alert.endsAt <= now) this.#store.delete(key);
  }

  #receive(given: WorldAlert, now: number): void {
    const endsAt = given.endsAt ?? now + this.#world.resolveTimeout;
    let alert: ModelAlert = {
      labels: given.labels,
      startsAt: given.startsAt,
      endsAt,
      isTimeout: given.endsAt === null,
      updatedAt: now,
    };
    const id = fingerprintText(given.labels);
    const old = this.#store.get(id);
    if (old !== undefined && overlaps(old, alert)) alert = merged(old, alert, now);
    this.#store.set(id, alert);
    this.#firing.at = -1;
    for (const route of matching(this.#root, given.labels)) this.#insert(route, id, alert, now);
  }

  #insert(route: ModelRoute, id: string, alert: ModelAlert, now: number): void {
    const names = route.groupBy.includes('...') ? Object.keys(alert.labels) : route.groupBy;
    const pairs = names
      .filter((name) => alert.labels[name] !== undefined)
      .sort()
      .map((name) => `${name}="${alert.labels[name]}"`);
    const key = `${route.path}:{${pairs.join(', ')}}`;
    let group = this.#groups.find((each) => each.route === route && each.key === key);
    if (group === undefined) {
      const wait = alert.startsAt + route.wait < now ? 0 : route.wait;
      group = {route, key, alerts: new Map(), nextAt: now + wait};
      this.#groups.push(group);
    }
    group.alerts.set(id, alert);
  }

  #flushDue(now: number): void {
    for (const group of this.#groups) {
      if (group.nextAt > now) continue;
      group.nextAt = now + group.route.interval;
      if (!this.#notify(group, now)) continue;
      for (const [id, alert] of group.alerts) if (alert.endsAt <= now) group.alerts.delete(id);
      if (group.alerts.size === 0) this.#groups = this.#groups.filter((each) => each !== group);
    }
  }

  /** Whether all went well. */
  #notify(group: ModelGroup, now: number): boolean {
    const {settings, receiver} = group.route;
    let alerts = [...group.alerts].filter(([, {labels}]) => !this.#isInhibited(labels, now));
    if (alerts.length === 0) return true;
    const isIn = (name: string): boolean => this.#world.isIn(name, now);
    if (settings.active.length > 0 && !settings.active.some(isIn)) return true;
    if (settings.mute.some(isIn)) return true;
    alerts = alerts.filter(([, {labels}]) => !this.#isSilenced(labels, now));
    if (alerts.length === 0) return true;
    const ids = (resolved: boolean): string[] =>
      alerts
        .filter(([, {endsAt}]) => endsAt <= now === resolved)
        .map(([id]) => id)
        .sort();
    let ok = true;
    for (const [index, {sendResolved}] of this.#world.integrationsOf(receiver).entries()) {
      const told = this.#tell(group, `${receiver}/${index}`, sendResolved, ids(false), ids(true), now);
      ok = ok && told;
    }
    return ok;
  }

  #tell(
    group: ModelGroup,
    integration: string,
    sendResolved: boolean,
    firing: string[],
    resolved: string[],
    now: number,
  ): boolean {
    const key = `${group.key}:${integration}`;
    const reason = reasonFor(this.#log.get(key), {firing, resolved, sendResolved, now}, group.route.repeat);
    if (reason === '') return true;
    const entry = {at: now, firing, resolved, expiresAt: now + Math.min(2 * group.route.repeat, retention)};
    if (!sendResolved && firing.length === 0) {
      this.#log.set(key, entry);
      return true;
    }
    const shown = sendResolved ? resolved : [];
    const fails = this.#world.fails(integration, group.key, now);
    this.lines.push(
      `${now} ${integration} ${group.key} ${reason} F[${firing.join(' ')}] R[${shown.join(' ')}]${fails ? ' failed' : ''}`,
    );
    if (fails) return false;
    this.#log.set(key, entry);
    return true;
  }

  #isSilenced(labels: Record<string, string>, now: number): boolean {
    return this.#silences.some(
      ({match, start, until}) =>
        start <= now && now < until && Object.entries(match).every(([name, value]) => labels[name] === value),
    );
  }

  #isInhibited(labels: Record<string, string>, now: number): boolean {
    const has = (of: Record<string, string>, match: Record<string, string>): boolean =>
      Object.entries(match).every(([name, value]) => of[name] === value);
    if (this.#firing.at !== now) this.#firing = {at: now, alerts: this.#firingAt(now)};
    return this.#world.inhibitRules.some(({source, target, equal}) => {
      if (!has(labels, target)) return false;
      return this.#firing.alerts.some(
        (other) =>
          equal.every((name) => other.labels[name] === labels[name]) &&
          has(other.labels, source) &&
          !(has(labels, source) && has(other.labels, target)),
      );
    });
  }

  #firingAt(now: number): ModelAlert[] {
    return [...this.#store.values()].filter(({endsAt}) => endsAt > now);
  }
}

function matching(route: ModelRoute, labels: Record<string, string>): ModelRoute[] {
  const matches = Object.entries(route.settings.match).every(([name, value]) => labels[name] === value);
  if (!matches) return [];
  const found: ModelRoute[] = [];
  for (const child of route.children) {
    const below = matching(child, labels);
    found.push(...below);
    if (below.length > 0 && !child.settings.continue) break;
  }
  return found.length === 0 ? [route] : found;
}

function overlaps(old: ModelAlert, {startsAt, endsAt}: ModelAlert): boolean {
  return (endsAt > old.startsAt && endsAt < old.endsAt) || (startsAt > old.startsAt && startsAt < old.endsAt);
}

function merged(old: ModelAlert, alert: ModelAlert, now: number): ModelAlert {
  const startsAt = Math.min(old.startsAt, alert.startsAt);
  const bothResolved = alert.endsAt <= now && old.endsAt <= now;
  const isToldLater = alert.endsAt > now && !old.isTimeout;
  const endsAt = bothResolved || isToldLater ? Math.max(old.endsAt, alert.endsAt) : alert.endsAt;
  return {...alert, startsAt, endsAt};
}

function reasonFor(
  entry: ModelEntry | undefined,
  state: {firing: string[]; resolved: string[]; sendResolved: boolean; now: number},
  repeat: number,
): string {
  const {firing, resolved, sendResolved, now} = state;
  if (entry === undefined) return firing.length > 0 ? 'first notification' : '';
  if (firing.some((id) => !entry.firing.includes(id)))
    return entry.firing.length === 0 ? 'first notification' : 'new alerts added';
  if (firing.length === 0) return entry.firing.length > 0 ? 'all alerts resolved' : '';
  if (sendResolved && resolved.some((id) => !entry.resolved.includes(id))) return 'some alerts resolved';
  return entry.at < now - repeat ? 'repeat interval elapsed' : '';
}
