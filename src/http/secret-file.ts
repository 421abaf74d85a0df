import {readFileSync} from 'node:fs';
import {wordsOfFile} from './file-errors.ts';

/** Files with secrets are read again after this time. */
const freshMs = 1000;

/** The text of a file, or one that is given; the file is read again when it may have changed. */
export class Secret {
  readonly #file: string | undefined;
  readonly #monotonic: () => number;
  #text: string;
  #readAt = -Infinity;

  constructor(text: string | undefined, file: string | undefined, monotonic: () => number) {
    this.#text = text ?? '';
    this.#file = file;
    this.#monotonic = monotonic;
  }

  /** Without white space around it, where it is from a file. Throws an Error that says which file cannot be read. */
  get text(): string {
    if (this.#file === undefined) return this.#text;
    const now = this.#monotonic();
    if (now - this.#readAt < freshMs) return this.#text;
    try {
      this.#text = readFileSync(this.#file, 'utf8').trim();
    } catch (cause) {
      throw new Error(`unable to read file ${this.#file}: ${wordsOfFile(cause, this.#file)}`, {cause});
    }
    this.#readAt = now;
    return this.#text;
  }
}
