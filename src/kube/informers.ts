import type {Clock} from '../sys/clock.ts';
import {KubeClient, type KubeConnection} from './client.ts';
import {Informer, type InformerEvents, type KubeSelection} from './informer.ts';
import type {KubeObject} from './resource.ts';

/** After the last one who follows something has gone, it is followed on for so long: another one may come. */
const lingerMs = 10_000;

/** What one follower of a selection sees. */
export interface Following {
  readonly isSynced: boolean;
  /** What is kept of an object, or null. */
  get(key: string): string | null;
  keys(): IterableIterator<string>;
  /** Nothing is told afterwards. */
  stop(): void;
}

/** Informers that are shared: whoever follows the same objects of the same server, follows them together. */
export class KubeInformers {
  readonly #clock: Clock;
  readonly #projections: Readonly<Record<string, (object: KubeObject) => string>>;
  readonly #clients = new Map<string, SharedClient>();
  readonly #shared = new Map<string, SharedInformer>();

  /** `projections`: what is kept of each kind of object, by the name of the resource. */
  constructor(clock: Clock, projections: Readonly<Record<string, (object: KubeObject) => string>>) {
    this.#clock = clock;
    this.#projections = projections;
  }

  /** Follows a selection. What is known already is not told as events: see `keys()`. */
  follow(connection: KubeConnection, selection: KubeSelection, events: InformerEvents): Following {
    const key = JSON.stringify([connection, selection]);
    let shared = this.#shared.get(key);
    if (shared === undefined) {
      shared = this.#open(key, connection, selection);
      this.#shared.set(key, shared);
    }
    return shared.join(events);
  }

  #open(key: string, connection: KubeConnection, selection: KubeSelection): SharedInformer {
    const clientKey = JSON.stringify(connection);
    let client = this.#clients.get(clientKey);
    if (client === undefined) {
      client = {client: new KubeClient(connection, () => this.#clock.elapsed()), users: 0};
      this.#clients.set(clientKey, client);
    }
    client.users++;
    const {plural} = selection.resource;
    const project = this.#projections[plural];
    if (project === undefined) throw new TypeError(`no projection of ${plural}`);
    const shared: SharedInformer = new SharedInformer({
      clock: this.#clock,
      create: (events) =>
        new Informer({client: client.client, clock: this.#clock, selection, project, events}),
      onEnd: () => {
        this.#shared.delete(key);
        client.users--;
        if (client.users > 0) return;
        this.#clients.delete(clientKey);
        void client.client.close();
      },
    });
    return shared;
  }
}

interface SharedClient {
  client: KubeClient;
  users: number;
}

interface SharedParts {
  clock: Clock;
  create: (events: InformerEvents) => Informer;
  onEnd: () => void;
}

class SharedInformer {
  readonly #parts: SharedParts;
  readonly #followers = new Set<InformerEvents>();
  readonly #informer: Informer;
  #failure: Error | null = null;
  #cancelEnd: () => void = () => {};

  constructor(parts: SharedParts) {
    this.#parts = parts;
    this.#informer = parts.create({
      onEvent: (type, key, change) => {
        for (const each of this.#followers) each.onEvent(type, key, change);
      },
      onSynced: () => {
        for (const each of this.#followers) each.onSynced();
      },
      onFailure: (failure) => {
        this.#failure = failure;
        for (const each of this.#followers) each.onFailure(failure);
      },
      onSuccess: () => {
        this.#failure = null;
        for (const each of this.#followers) each.onSuccess();
      },
    });
  }

  join(events: InformerEvents): Following {
    this.#cancelEnd();
    this.#followers.add(events);
    const informer = this.#informer;
    if (this.#failure !== null) events.onFailure(this.#failure);
    return {
      get isSynced() {
        return informer.isSynced;
      },
      get: (key) => informer.get(key),
      keys: () => informer.keys(),
      stop: () => this.#leave(events),
    };
  }

  #leave(events: InformerEvents): void {
    if (!this.#followers.delete(events) || this.#followers.size > 0) return;
    this.#cancelEnd = this.#parts.clock.after(lingerMs, () => {
      this.#informer.stop();
      this.#parts.onEnd();
    });
  }
}
