// What a user chose, remembered in the browser's local storage and shared by all tabs of this server.
import {useSyncExternalStore} from 'react';

/** Every key of the local storage starts so, since other programs may be served from the same origin. */
const keyPrefix = 'narthex.';

/** One remembered choice. `parse` returns undefined for what is not (or no longer) a valid value. */
export class Preference<T> {
  readonly #key: string;
  readonly #parse: (value: unknown) => T | undefined;
  readonly #fallback: T;
  readonly #listeners = new Set<() => void>();
  #value: T | undefined;

  constructor(name: string, fallback: T, parse: (value: unknown) => T | undefined) {
    this.#key = keyPrefix + name;
    this.#fallback = fallback;
    this.#parse = parse;
  }

  readonly get = (): T => {
    this.#value ??= this.#read();
    return this.#value;
  };

  readonly set = (value: T): void => {
    this.#value = value;
    try {
      localStorage.setItem(this.#key, JSON.stringify(value));
    } catch {
      // Storage is full or forbidden: the choice holds until the page is left.
    }
    for (const listener of this.#listeners) listener();
  };

  /** Also hears of changes in other tabs. */
  readonly subscribe = (listener: () => void): (() => void) => {
    const onStorage = (event: StorageEvent): void => {
      if (event.key !== this.#key) return;
      this.#value = this.#read();
      listener();
    };
    this.#listeners.add(listener);
    window.addEventListener('storage', onStorage);
    return () => {
      this.#listeners.delete(listener);
      window.removeEventListener('storage', onStorage);
    };
  };

  #read(): T {
    try {
      const text = localStorage.getItem(this.#key);
      return (text === null ? undefined : this.#parse(JSON.parse(text))) ?? this.#fallback;
    } catch {
      return this.#fallback;
    }
  }
}

/** A parser for a choice among a few strings. */
export function oneOf<const T extends string>(choices: readonly T[]): (value: unknown) => T | undefined {
  return (value) => choices.find((choice) => choice === value);
}

/** A parser for any string. */
export function anyText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

export function usePreference<T>(preference: Preference<T>): [T, (value: T) => void] {
  return [useSyncExternalStore(preference.subscribe, preference.get), preference.set];
}
