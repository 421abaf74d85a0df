import type {Matcher} from '../../model/matcher.ts';

interface Found {
  /** Whose values these are; '' = names. */
  name: string;
  matchers: readonly Matcher[];
  /** Sorted; the querier who found them may have given them away, so they are a copy. */
  texts: readonly string[];
}

const foundMax = 16;
/** Longer lists are not kept. */
const textsMax = 256;

/**
 * Names and values of labels that were looked for lately: by the very same list of matchers or without any, and as long as there is no
 * series more or less (`version`, of headerSeriesVersion). Also that there are none, which many queries ask for.
 */
export class FoundTexts {
  /** The oldest first. */
  readonly #found: Found[] = [];
  #version = -1;

  /** null where it is not known. The caller has been inside of an epoch since before it looked at the version. */
  find(version: number, name: string, matchers: readonly Matcher[]): readonly string[] | null {
    if (version !== this.#version) {
      this.#version = version;
      this.#found.length = 0;
      return null;
    }
    for (const each of this.#found) {
      if (each.name !== name) continue;
      if (each.matchers === matchers || (each.matchers.length === 0 && matchers.length === 0))
        return each.texts;
    }
    return null;
  }

  /** Keeps what was found after find() did not know it. */
  keep(version: number, {name, matchers, texts}: Found): void {
    if (version !== this.#version || texts.length > textsMax) return;
    if (this.#found.length === foundMax) this.#found.shift();
    this.#found.push({name, matchers, texts: [...texts]});
  }
}
