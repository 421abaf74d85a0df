import type {QuerySource} from '../api/backend.ts';

/**
 * Seconds that a query may wait for each second that it will probably take. So within a group a light query goes before
 * heavy ones that came somewhat earlier, and none waits forever: what comes much later stays behind it.
 */
const patience = 10;

/** A query that waits or runs. */
export interface Ticket<T> {
  readonly item: T;
  readonly costSeconds: number;
  /** Order within its group: when it should begin at the latest. */
  readonly dueSeconds: number;
  readonly client: Client<T>;
  readonly group: Group<T>;
}

/** What somebody has had, in seconds of workers; counted on from where the others stood when it came. */
interface Share {
  usedSeconds: number;
  waiting: number;
  running: number;
}

interface Client<T> extends Share {
  readonly name: string;
  readonly groups: Map<string, Group<T>>;
}

interface Group<T> extends Share {
  readonly name: string;
  readonly tickets: Ticket<T>[];
}

/**
 * Waiting queries. Next is one of the client that has had the least of the workers' time, of its groups the one that has had
 * the least, and of that group's queries the one that is due first. So a client with two hundred heavy queries and one with
 * a light one take turns. A query counts with what it will probably cost from its beginning, and with what it has cost from
 * its end on.
 */
export class FairQueue<T> {
  readonly #clients = new Map<string, Client<T>>();
  #waiting = 0;

  get length(): number {
    return this.#waiting;
  }

  push(
    item: T,
    source: QuerySource,
    {costSeconds, nowSeconds}: {costSeconds: number; nowSeconds: number},
  ): Ticket<T> {
    const client = shareOf(this.#clients, source.client, () => ({
      name: source.client,
      groups: new Map<string, Group<T>>(),
    }));
    const group = shareOf(client.groups, source.group, () => ({name: source.group, tickets: []}));
    const ticket = {item, costSeconds, dueSeconds: nowSeconds + patience * costSeconds, client, group};
    group.tickets.push(ticket);
    client.waiting++;
    group.waiting++;
    this.#waiting++;
    return ticket;
  }

  /** The next query that is `eligible`; null where there is none. */
  peek(eligible: (ticket: Ticket<T>) => boolean = () => true): Ticket<T> | null {
    let best: Ticket<T> | null = null;
    for (const client of this.#clients.values()) {
      if (client.waiting === 0) continue;
      for (const group of client.groups.values()) {
        for (const ticket of group.tickets) {
          if (eligible(ticket) && (best === null || goesBefore(ticket, best))) best = ticket;
        }
      }
    }
    return best;
  }

  /** Takes out a query that is evaluated now. `finish()` must follow. */
  begin(ticket: Ticket<T>): void {
    for (const share of [ticket.client, ticket.group]) {
      share.running++;
      share.usedSeconds += ticket.costSeconds;
    }
    this.remove(ticket);
  }

  /** Takes a waiting query out; false where it is not in the queue. */
  remove(ticket: Ticket<T>): boolean {
    const {client, group} = ticket;
    const index = group.tickets.indexOf(ticket);
    if (index < 0) return false;
    group.tickets.splice(index, 1);
    client.waiting--;
    group.waiting--;
    this.#waiting--;
    this.#forgetIdle(ticket);
    return true;
  }

  /** A query that was taken out has ended, after so many seconds of a worker. */
  finish(ticket: Ticket<T>, seconds: number): void {
    for (const share of [ticket.client, ticket.group]) {
      share.running--;
      share.usedSeconds += seconds - ticket.costSeconds;
    }
    this.#forgetIdle(ticket);
  }

  /** Everything that waits. */
  drain(): T[] {
    const items: T[] = [];
    for (let ticket = this.peek(); ticket !== null; ticket = this.peek()) {
      this.remove(ticket);
      items.push(ticket.item);
    }
    return items;
  }

  #forgetIdle({client, group}: Ticket<T>): void {
    if (group.waiting + group.running === 0) client.groups.delete(group.name);
    if (client.waiting + client.running === 0) this.#clients.delete(client.name);
  }
}

function goesBefore<T>(left: Ticket<T>, right: Ticket<T>): boolean {
  if (left.client !== right.client) return hadLess(left.client, right.client);
  if (left.group !== right.group) return hadLess(left.group, right.group);
  return left.dueSeconds < right.dueSeconds;
}

function hadLess(left: Share, right: Share): boolean {
  if (left.usedSeconds !== right.usedSeconds) return left.usedSeconds < right.usedSeconds;
  return left.running < right.running;
}

/** Who comes new, or comes back, starts level with the one that has had the least: time without queries is no credit. */
function shareOf<S extends Share>(shares: Map<string, S>, name: string, make: () => Omit<S, keyof Share>): S {
  let share = shares.get(name);
  if (share === undefined) {
    let usedSeconds = Infinity;
    for (const other of shares.values()) usedSeconds = Math.min(usedSeconds, other.usedSeconds);
    if (usedSeconds === Infinity) usedSeconds = 0;
    share = {...make(), usedSeconds, waiting: 0, running: 0} as S;
    shares.set(name, share);
  }
  return share;
}
