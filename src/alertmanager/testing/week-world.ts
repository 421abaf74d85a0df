// A week as a seed makes it: routes, rules, silences, and who reports which alert when. Times are seconds since its start, a
// Monday at midnight UTC.
import {Random} from '../../base/random.ts';

export interface WorldRoute {
  receiver: string | null;
  match: Record<string, string>;
  continue: boolean;
  groupBy: string[] | null;
  wait: number | null;
  interval: number | null;
  repeat: number | null;
  mute: string[];
  active: string[];
  routes: WorldRoute[];
}

export interface WorldAlert {
  labels: Record<string, string>;
  startsAt: number;
  endsAt: number | null;
}

export interface WorldSilence {
  match: Record<string, string>;
  start: number;
  end: number;
}

const hour = 3600;
const day = 24 * hour;
export const weekSeconds = 7 * day;
const resendSeconds = 1800;
const severities = ['critical', 'warning', 'info'];
const receivers = ['pager', 'chat', 'mail', 'flaky'];

export class World {
  readonly route: WorldRoute;
  readonly resolveTimeout = 2700;
  readonly inhibitRules = [
    {source: {severity: 'critical'}, target: {severity: 'warning'}, equal: ['alertname', 'cluster']},
    {source: {alertname: 'Down'}, target: {kind: 'host'}, equal: ['instance']},
    {source: {kind: 'all'}, target: {kind: 'all'}, equal: ['team']},
  ];
  readonly #random: Random;
  readonly #reports = new Map<number, WorldAlert[]>();
  readonly #silences = new Map<number, WorldSilence[]>();
  readonly #expirations = new Map<number, number[]>();

  constructor(seed: number, alertCount: number) {
    this.#random = new Random(seed);
    this.route = this.#makeRoot();
    for (let i = 0; i < alertCount; i++) this.#makeAlert(i);
    for (let i = 0; i < 60; i++) this.#makeSilence(i);
  }

  reportsAt(second: number): readonly WorldAlert[] {
    return this.#reports.get(second) ?? [];
  }

  silencesAt(second: number): readonly WorldSilence[] {
    return this.#silences.get(second) ?? [];
  }

  /** Silences that are ended early, by the order in which they were made. */
  expirationsAt(second: number): readonly number[] {
    return this.#expirations.get(second) ?? [];
  }

  integrationsOf(receiver: string): {sendResolved: boolean}[] {
    if (receiver === 'mail') return [{sendResolved: false}];
    if (receiver === 'chat') return [{sendResolved: true}, {sendResolved: false}];
    return [{sendResolved: true}];
  }

  /** Whether a notification fails, for good. */
  fails(integration: string, groupKey: string, second: number): boolean {
    return integration.startsWith('flaky') && (groupKey.length + second) % 3 === 0;
  }

  /** Of the time intervals below, by their names. */
  isIn(name: string, second: number): boolean {
    const inZone = second + (name === 'tokyo-office' ? 9 * hour : 0);
    const weekday = Math.floor(inZone / day) % 7; // Monday is 0.
    const minute = Math.floor((inZone % day) / 60);
    switch (name) {
      case 'weekend':
        return weekday >= 5;
      case 'night':
        return minute < 6 * 60 || minute >= 22 * 60;
      default:
        return weekday < 5 && minute >= 9 * 60 && minute < 18 * 60;
    }
  }

  /** The configuration file. */
  config(): string {
    return JSON.stringify({
      global: {resolve_timeout: `${this.resolveTimeout}s`},
      route: configOf(this.route),
      inhibit_rules: this.inhibitRules.map(({source, target, equal}) => ({
        source_matchers: Object.entries(source).map(([name, value]) => `${name}="${value}"`),
        target_matchers: Object.entries(target).map(([name, value]) => `${name}="${value}"`),
        equal,
      })),
      receivers: receivers.map((name) => ({
        name,
        test_configs: this.integrationsOf(name).map(({sendResolved}, index) => ({
          name: `${name}/${index}`,
          send_resolved: sendResolved,
        })),
      })),
      time_intervals: [
        {name: 'weekend', time_intervals: [{weekdays: ['saturday', 'sunday']}]},
        {
          name: 'night',
          time_intervals: [
            {
              times: [
                {start_time: '00:00', end_time: '06:00'},
                {start_time: '22:00', end_time: '24:00'},
              ],
            },
          ],
        },
        {
          name: 'tokyo-office',
          time_intervals: [
            {
              weekdays: ['monday:friday'],
              times: [{start_time: '09:00', end_time: '18:00'}],
              location: 'Asia/Tokyo',
            },
          ],
        },
      ],
    });
  }

  #makeRoot(): WorldRoute {
    const routes = Array.from({length: 10}, (_, team) => {
      const route = this.#makeRoute({team: `t${team}`});
      route.routes = Array.from({length: 4}, (__, i) => {
        const label = i % 2 === 0 ? 'severity' : 'cluster';
        const value = label === 'severity' ? this.#random.pick(severities) : `c${this.#random.below(4)}`;
        return this.#makeRoute({[label]: value});
      });
      return route;
    });
    const root = this.#makeRoute({});
    return {
      ...root,
      receiver: 'chat',
      interval: 1200,
      groupBy: ['alertname'],
      continue: false,
      mute: [],
      active: [],
      routes,
    };
  }

  #makeRoute(match: Record<string, string>): WorldRoute {
    const random = this.#random;
    const orNull = <T>(value: T): T | null => (random.below(3) === 0 ? null : value);
    return {
      receiver: orNull(random.pick(receivers)),
      match,
      continue: random.below(3) === 0,
      groupBy: orNull(random.pick([['alertname'], ['alertname', 'cluster'], ['...'], [], ['team']])),
      wait: orNull(random.pick([0, 10, 30, 120])),
      interval: orNull(random.pick([600, 1800, 3600])),
      repeat: orNull(random.pick([1800, 2 * hour, 12 * hour])),
      mute: random.below(4) === 0 ? [random.pick(['weekend', 'night'])] : [],
      active: random.below(6) === 0 ? ['tokyo-office'] : [],
      routes: [],
    };
  }

  #makeAlert(index: number): void {
    const random = this.#random;
    const labels: Record<string, string> = {
      alertname: random.below(20) === 0 ? 'Down' : `A${random.below(15)}`,
      cluster: `c${random.below(4)}`,
      instance: `i${random.below(300)}`,
      severity: random.pick(severities),
      team: `t${random.below(12)}`,
      kind: random.pick(['host', 'service', 'all', 'service']),
      id: String(index),
    };
    for (let at = random.below(2 * day); at < weekSeconds;) {
      const end = at + 60 + random.below(random.below(4) === 0 ? day : 2 * hour);
      this.#makePeriod(labels, at, Math.min(end, weekSeconds));
      at = end + 60 + random.below(3 * day);
    }
  }

  /** Reports of one time that an alert fires: now and then, and at its end, unless nobody says that it has ended. */
  #makePeriod(labels: Record<string, string>, start: number, end: number): void {
    const random = this.#random;
    const tellsEnd = random.below(5) > 0;
    const startsAt = random.below(10) === 0 ? start - 600 : start;
    for (let at = start; at < end; at += resendSeconds)
      this.#report(at, {labels, startsAt, endsAt: tellsEnd ? at + 2 * resendSeconds : null});
    if (!tellsEnd) return;
    for (let i = 0; i < 2; i++) this.#report(end + i * 300, {labels, startsAt, endsAt: end});
  }

  #report(second: number, alert: WorldAlert): void {
    const reports = this.#reports.get(second);
    if (reports === undefined) this.#reports.set(second, [alert]);
    else reports.push(alert);
  }

  #makeSilence(index: number): void {
    const random = this.#random;
    // In the order in which they are made, at different seconds.
    const at = Math.floor((index * weekSeconds) / 60) + random.below(1000);
    const start = at + (random.below(3) === 0 ? random.below(2 * hour) : 0);
    const match: Record<string, string> = {team: `t${random.below(12)}`};
    if (random.below(2) === 0) match['severity'] = random.pick(severities);
    this.#silences.set(at, [{match, start, end: start + 600 + random.below(12 * hour)}]);
    if (random.below(3) === 0) {
      const early = at + 60 + random.below(4 * hour);
      this.#expirations.set(early, [...(this.#expirations.get(early) ?? []), index]);
    }
  }
}

function configOf(route: WorldRoute): Record<string, unknown> {
  const seconds = (value: number | null): string | undefined => (value === null ? undefined : `${value}s`);
  return {
    receiver: route.receiver ?? undefined,
    matchers: Object.entries(route.match).map(([name, value]) => `${name}="${value}"`),
    continue: route.continue,
    group_by: route.groupBy ?? undefined,
    group_wait: seconds(route.wait),
    group_interval: seconds(route.interval),
    repeat_interval: seconds(route.repeat),
    mute_time_intervals: route.mute,
    active_time_intervals: route.active,
    routes: route.routes.map(configOf),
  };
}
