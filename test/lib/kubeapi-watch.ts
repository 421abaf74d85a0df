// Watches: https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes.
import {ApiError, type ApiStore, type Change, type Collection, type Stored} from './kubeapi-store.ts';

export interface WatchOptions {
  /** '' and '0': begin with all objects as if they were added. */
  resourceVersion: string;
  /** Begin with all objects even where a version is given, and say when they have all been told. */
  sendInitialEvents: boolean;
  allowBookmarks: boolean;
  bookmarkMs: number;
  timeoutMs: number;
  matches: (stored: Stored) => boolean;
}

/** One watch, which writes lines until it ends. */
export class Watch {
  readonly #store: ApiStore;
  readonly #collection: Collection;
  readonly #options: WatchOptions;
  readonly #write: (line: string) => void;
  readonly #onEnd: () => void;
  #timers: NodeJS.Timeout[] = [];
  /** A watch that says nothing more, as one whose server is gone without a word. */
  isSilent = false;

  constructor(
    store: ApiStore,
    collection: Collection,
    options: WatchOptions,
    {write, onEnd}: {write: (line: string) => void; onEnd: () => void},
  ) {
    this.#store = store;
    this.#collection = collection;
    this.#options = options;
    this.#write = write;
    this.#onEnd = onEnd;
  }

  begin(): void {
    const {resourceVersion, sendInitialEvents, allowBookmarks, bookmarkMs, timeoutMs} = this.#options;
    const fromNow = resourceVersion === '' || resourceVersion === '0';
    if (fromNow || sendInitialEvents) {
      for (const stored of this.#collection.objects.values())
        if (this.#options.matches(stored)) this.#event('ADDED', stored.text);
      if (sendInitialEvents) this.#bookmark({'k8s.io/initial-events-end': 'true'});
    } else if (Number(resourceVersion) < this.#store.compacted) {
      const {code, reason, message} = tooOld(resourceVersion, this.#store.compacted);
      this.fail(new ApiError(code, reason, message));
      return;
    } else {
      for (const change of this.#collection.changes)
        if (change.version > Number(resourceVersion)) this.#tell(change);
    }
    this.#collection.watchers.add(this.#tell);
    if (allowBookmarks) this.#timers.push(setInterval(() => this.#bookmark(), bookmarkMs));
    this.#timers.push(
      setTimeout(() => {
        if (allowBookmarks) this.#bookmark();
        this.end();
      }, timeoutMs),
    );
    for (const timer of this.#timers) timer.unref();
  }

  /** Tells an error as the last event. */
  fail(error: ApiError): void {
    this.#event('ERROR', JSON.stringify(error.toStatus()));
    this.end();
  }

  /** Stops without a word, and leaves the connection alone. */
  detach(): void {
    this.#collection.watchers.delete(this.#tell);
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
  }

  end(): void {
    this.detach();
    this.#onEnd();
  }

  readonly #tell = ({version, before, after}: Change): void => {
    const was = before !== null && this.#options.matches(before);
    const is = after !== null && this.#options.matches(after);
    if (is) this.#event(was ? 'MODIFIED' : 'ADDED', after.text);
    else if (was) {
      const last = after ?? before;
      const object = {...last.object, metadata: {...last.object.metadata, resourceVersion: String(version)}};
      this.#event('DELETED', JSON.stringify(object));
    }
  };

  #bookmark(annotations?: Record<string, string>): void {
    const {kind, group, version} = this.#collection.resource;
    const object = {
      kind,
      apiVersion: group === '' ? version : `${group}/${version}`,
      metadata: {
        resourceVersion: String(this.#store.version),
        creationTimestamp: null,
        ...(annotations !== undefined && {annotations}),
      },
    };
    this.#event('BOOKMARK', JSON.stringify(object));
  }

  #event(type: string, object: string): void {
    if (!this.isSilent) this.#write(`{"type":"${type}","object":${object}}\n`);
  }
}

export function tooOld(version: string, compacted: number): ApiError {
  return new ApiError(410, 'Expired', `too old resource version: ${version} (${compacted})`);
}
