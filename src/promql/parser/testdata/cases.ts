import type {ParseOptions} from '../tokenstream.ts';

export const allFeatures: ParseOptions = {
  experimentalFunctions: true,
  extendedRangeSelectors: true,
  fillModifiers: true,
};

/** A query and what Prometheus makes of it: `printed` and mostly a `tree`, or an `error`. */
export interface Case {
  query: string;
  options: ParseOptions;
  line: number;
  printed: string | undefined;
  tree: string | undefined;
  error: string | undefined;
}

export const casesUrl = new URL('queries.txt', import.meta.url);

/** `text` is that of queries.txt, whose head describes it. */
export function parseCases(text: string): Case[] {
  const cases: Case[] = [];
  let options: ParseOptions = {};
  for (const [index, line] of text.split('\n').entries()) {
    const content = line.slice(2).replaceAll('⏎', '\n');
    const last = cases.at(-1);
    if (line === '[all features]') options = allFeatures;
    else if (line.startsWith('?')) {
      cases.push({
        query: content,
        options,
        line: index + 1,
        printed: undefined,
        tree: undefined,
        error: undefined,
      });
    } else if (line.startsWith('>')) last!.printed = content;
    else if (line.startsWith('=')) last!.tree = content;
    else if (line.startsWith('!')) last!.error = content;
  }
  return cases;
}
