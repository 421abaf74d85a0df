// Signals, from the program's first moment: a SIGHUP that comes while the code is being loaded must not end the process.

type StopSignal = 'SIGTERM' | 'SIGINT';

export interface SignalHandlers {
  /** May be called more than once. */
  stop: (signal: StopSignal) => void;
  reload: () => void;
}

/** Listens to SIGTERM, SIGINT and SIGHUP; those that come before there are handlers wait for them. */
export class Signals {
  #handlers: SignalHandlers | null = null;
  #stop: StopSignal | null = null;
  #reload = false;

  constructor() {
    process.on('SIGTERM', this.#onStop);
    process.on('SIGINT', this.#onStop);
    process.on('SIGHUP', this.#onReload);
  }

  handle(handlers: SignalHandlers): void {
    this.#handlers = handlers;
    if (this.#stop !== null) handlers.stop(this.#stop);
    else if (this.#reload) handlers.reload();
  }

  /** From here on signals do what they do to any process. */
  close(): void {
    process.off('SIGTERM', this.#onStop);
    process.off('SIGINT', this.#onStop);
    process.off('SIGHUP', this.#onReload);
  }

  readonly #onStop = (signal: NodeJS.Signals): void => {
    this.#stop = signal as StopSignal;
    this.#handlers?.stop(this.#stop);
  };

  readonly #onReload = (): void => {
    this.#reload = true;
    this.#handlers?.reload();
  };
}
