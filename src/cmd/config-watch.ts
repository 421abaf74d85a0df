import type {Config} from '../config/config.ts';
import {systemFiles} from '../config/files.ts';
import {lazyCrypto} from '../sys/lazy-crypto.ts';

/** Tells whether the files of a configuration are other ones than when they were last looked at. */
export class ConfigWatch {
  readonly #file: string;
  #checksum = '';

  constructor(file: string) {
    this.#file = file;
  }

  /** Notes how the files are now. */
  note(config: Config): void {
    this.#checksum = this.#read(config);
  }

  /** Whether something has changed since the last call of this or of `note`. */
  changed(config: Config): boolean {
    const checksum = this.#read(config);
    const changed = checksum !== this.#checksum;
    this.#checksum = checksum;
    return changed;
  }

  /** Of the texts of all files; what cannot be read counts as another text. */
  #read({ruleFiles, scrapeConfigFiles}: Config): string {
    const hash = lazyCrypto().createHash('sha256');
    const add = (file: string): void => {
      hash.update(`${file}\0`);
      try {
        hash.update(`${systemFiles.read(file)}\0`);
      } catch (error) {
        hash.update(`${(error as Error).message}\0`);
      }
    };
    add(this.#file);
    for (const pattern of [...ruleFiles, ...scrapeConfigFiles])
      for (const file of systemFiles.expand(pattern)) add(file);
    return hash.digest('hex');
  }
}
