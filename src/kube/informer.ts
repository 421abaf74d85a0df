import type {Clock} from '../sys/clock.ts';
import type {KubeClient} from './client.ts';
import {JsonValues} from './jsonvalues.ts';
import {collectionPath, keyOf, type KubeObject, type KubeResource} from './resource.ts';
import {KubeStatusError, type StatusObject} from './status.ts';

/** What is followed: all objects of a kind that selectors admit. Plain data: equal ones can share an informer. */
export interface KubeSelection {
  resource: KubeResource;
  /** '' = all of them. */
  namespace: string;
  labelSelector: string;
  fieldSelector: string;
}

export type KubeEventType = 'add' | 'update' | 'delete';

export interface InformerEvents {
  /**
   * An object is there (`before` null), has changed, or (`after` null) is gone. Equal texts: nothing of what is kept has
   * changed. All objects are told as added before `onSynced`.
   */
  onEvent(type: KubeEventType, key: string, change: {before: string | null; after: string | null}): void;
  /** The state of the cluster is known for the first time. */
  onSynced(): void;
  /** A request failed; tried again. */
  onFailure(error: Error): void;
  /** It works (again). */
  onSuccess(): void;
}

export interface InformerOptions {
  client: KubeClient;
  clock: Clock;
  selection: KubeSelection;
  /** What is to be kept of an object, as a text: that is small, and quickly compared. */
  project: (object: KubeObject) => string;
  events: InformerEvents;
  random?: () => number;
  /** A watch that says nothing for so long is given up, and goes on with another connection. */
  silenceMs?: number;
}

interface Entry {
  /** Of the resource; opaque. */
  version: string;
  text: string;
  /** The list that it was last seen in. */
  listing: number;
}

const pageObjects = 500;
const listSilenceMs = 60_000;
/** A server tells bookmarks about every minute, and ends a watch itself after its time. */
const watchSilenceMs = 150_000;
const watchSecondsMin = 300;
const retryMsMin = 100;
const retryMsMax = 30_000;
/** A watch that lasted so long was a good one. */
const goodWatchMs = 1000;

/**
 * Lists, then watches, and keeps what `project` makes of each object. When a watch ends it goes on from where it was; when
 * the server has forgotten that, it lists again and tells what is different.
 */
export class Informer {
  readonly #options: InformerOptions;
  readonly #path: string;
  readonly #entries = new Map<string, Entry>();
  readonly #abort = new AbortController();
  readonly #random: () => number;
  #synced = false;
  #listing = 0;
  /** Where the next watch begins; '' = list first. */
  #version = '';
  /** The list may be as old as this: '0' = whatever the server has in its cache, '' = nothing but the latest. */
  #notOlderThan = '0';
  /** Off for the list after one whose pages were forgotten while they were read. */
  #paged = true;
  #retryMs = retryMsMin;

  constructor(options: InformerOptions) {
    this.#options = options;
    this.#random = options.random ?? Math.random;
    const {resource, namespace} = options.selection;
    this.#path = collectionPath(resource, namespace);
    void this.#run();
  }

  get isSynced(): boolean {
    return this.#synced;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** What is kept of an object, or null. */
  get(key: string): string | null {
    return this.#entries.get(key)?.text ?? null;
  }

  keys(): IterableIterator<string> {
    return this.#entries.keys();
  }

  /** Nothing is told afterwards. */
  stop(): void {
    this.#abort.abort();
  }

  async #run(): Promise<void> {
    const {signal} = this.#abort;
    while (!signal.aborted) {
      const failure = await this.#step();
      if (failure !== null && !signal.aborted) await this.#recover(failure);
    }
  }

  /** One list or one watch; what went wrong with it. */
  async #step(): Promise<Error | null> {
    try {
      if (this.#version === '') await this.#list();
      else await this.#watch();
      return null;
    } catch (cause) {
      return cause instanceof Error ? cause : new Error(String(cause));
    }
  }

  async #recover(failure: Error): Promise<void> {
    const status = failure instanceof KubeStatusError ? failure : null;
    const wasListing = this.#version === '';
    if (status !== null && (status.isExpired || status.isTooNew)) {
      // A cache may be behind what a watch has told already, and may not know a version of before a restore at all.
      this.#notOlderThan = wasListing || status.isTooNew ? '' : this.#version;
      this.#version = '';
    }
    this.#options.events.onFailure(failure);
    if (status?.isExpired === true && !wasListing && this.#retryMs === retryMsMin) this.#retryMs *= 2;
    else await this.#pause(status?.retryAfterMs ?? 0);
  }

  /** Longer each time, until a watch has lasted. */
  async #pause(msMin = 0): Promise<void> {
    await this.#sleep(Math.max(msMin, this.#retryMs * (1 + this.#random())));
    this.#retryMs = Math.min(retryMsMax, this.#retryMs * 2);
  }

  async #list(): Promise<void> {
    this.#listing++;
    let token = '';
    let version = '';
    do {
      const page = await this.#page(token);
      token = page.metadata?.continue ?? '';
      version = page.metadata?.resourceVersion ?? '';
    } while (token !== '');
    if (version === '') throw new SyntaxError(`the list ${this.#path} has no resourceVersion`);
    for (const [key, {listing}] of this.#entries) if (listing !== this.#listing) this.#delete(key);
    this.#version = version;
    this.#notOlderThan = '0';
    this.#paged = true;
    this.#options.events.onSuccess();
    if (this.#synced) return;
    this.#synced = true;
    this.#options.events.onSynced();
  }

  async #page(token: string): Promise<ListHead> {
    const {signal} = this.#abort;
    const values = JsonValues.ofList((text) => {
      if (!signal.aborted) this.#put(JSON.parse(text) as KubeObject);
    });
    const parameters = {
      ...this.#selectors(),
      ...(this.#paged && {limit: String(pageObjects)}),
      ...(token === '' ? this.#age() : {continue: token}),
    };
    const request = {path: this.#path, parameters, silenceMsMax: listSilenceMs, signal};
    try {
      await this.#options.client.get(request, (chunk) => values.write(chunk));
    } catch (cause) {
      // What is left of the list could be had as of now, but what has changed of the pages that were read could not.
      if (token !== '' && cause instanceof KubeStatusError && cause.isExpired) this.#paged = false;
      throw cause;
    }
    return values.end() as ListHead;
  }

  #age(): Record<string, string> {
    const version = this.#notOlderThan;
    if (version === '') return {};
    // With a limit, another version than 0 would be meant exactly.
    return {resourceVersion: version, ...(version !== '0' && {resourceVersionMatch: 'NotOlderThan'})};
  }

  async #watch(): Promise<void> {
    const {client, clock, events, silenceMs = watchSilenceMs} = this.#options;
    const {signal} = this.#abort;
    const started = clock.elapsed();
    let error: KubeStatusError | null = null;
    const values = JsonValues.ofWatch((text) => {
      if (!signal.aborted && error === null) error = this.#take(JSON.parse(text) as WatchEvent);
    });
    const parameters = {
      ...this.#selectors(),
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: this.#version,
      timeoutSeconds: String(Math.round(watchSecondsMin * (1 + this.#random()))),
    };
    const onOpen = (): void => {
      if (!signal.aborted) events.onSuccess();
    };
    const request = {path: this.#path, parameters, silenceMsMax: silenceMs, signal, onOpen};
    try {
      await client.get(request, (chunk) => {
        values.write(chunk);
        if (error !== null) throw error;
      });
    } finally {
      if (clock.elapsed() - started >= goodWatchMs) this.#retryMs = retryMsMin;
    }
    // A server that ends watches at once would be asked again and again.
    if (clock.elapsed() - started < goodWatchMs) await this.#pause();
  }

  /** Gives the error that an event tells. */
  #take({type, object}: WatchEvent): KubeStatusError | null {
    if (type === 'ERROR') return new KubeStatusError(object as StatusObject, 500);
    const {metadata} = object as KubeObject;
    if (type === 'ADDED' || type === 'MODIFIED') this.#put(object as KubeObject);
    else if (type === 'DELETED') this.#delete(keyOf(metadata));
    // A bookmark says how far the watch is. So does any event.
    if (metadata.resourceVersion !== undefined) this.#version = metadata.resourceVersion;
    return null;
  }

  #put(object: KubeObject): void {
    const key = keyOf(object.metadata);
    const version = object.metadata.resourceVersion ?? '';
    const entry = this.#entries.get(key);
    if (entry === undefined) {
      const text = this.#options.project(object);
      this.#entries.set(key, {version, text, listing: this.#listing});
      this.#options.events.onEvent('add', key, {before: null, after: text});
      return;
    }
    entry.listing = this.#listing;
    if (entry.version === version) return;
    const before = entry.text;
    const text = this.#options.project(object);
    entry.version = version;
    // The older text stays where they are equal: others may hold it too.
    if (text !== before) entry.text = text;
    this.#options.events.onEvent('update', key, {before, after: entry.text});
  }

  #delete(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#options.events.onEvent('delete', key, {before: entry.text, after: null});
  }

  #selectors(): Record<string, string> {
    const {labelSelector, fieldSelector} = this.#options.selection;
    return {...(labelSelector !== '' && {labelSelector}), ...(fieldSelector !== '' && {fieldSelector})};
  }

  #sleep(ms: number): Promise<void> {
    const {promise, resolve} = Promise.withResolvers<void>();
    const cancel = this.#options.clock.after(ms, resolve);
    const {signal} = this.#abort;
    const onAbort = (): void => {
      cancel();
      resolve();
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort);
    return promise.finally(() => signal.removeEventListener('abort', onAbort));
  }
}

interface ListHead {
  metadata?: {resourceVersion?: string; continue?: string};
}

interface WatchEvent {
  type: string;
  object: unknown;
}
