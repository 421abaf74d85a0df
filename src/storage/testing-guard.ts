import type {ReadGuard} from './querier.ts';

/** Counts what is asked of it. */
export class CountingGuard implements ReadGuard {
  checks = 0;
  /** Bytes taken and not released, and the most that there were. */
  bytes = 0;
  peakBytes = 0;

  check(): void {
    this.checks++;
  }

  takeBytes(bytes: number): void {
    this.bytes += bytes;
    this.peakBytes = Math.max(this.peakBytes, this.bytes);
  }

  releaseBytes(bytes: number): void {
    this.bytes -= bytes;
  }
}

/** A guard that ends what it guards, with the error 'it is ended', when it is asked whether to go on for the time `looks` + 1. */
export function endingGuard(looks: number): ReadGuard {
  let left = looks;
  return {
    check: () => {
      if (left-- === 0) throw new Error('it is ended');
    },
    takeBytes: () => {},
    releaseBytes: () => {},
  };
}
