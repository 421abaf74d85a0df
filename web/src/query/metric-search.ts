// Finding metrics by what a person types: every word must stand in the name or in the help text, names first.

/** Metadata as /api/v1/metadata has it; several targets may disagree, hence the list. */
export type MetadataByMetric = Readonly<
  Record<string, readonly {type: string; help: string; unit: string}[]>
>;

export interface Metric {
  name: string;
  /** counter, gauge, histogram, …; '' where no target says. */
  type: string;
  help: string;
}

const suffix = /_(?:bucket|count|sum|total|created|info)$/;

/**
 * The metrics that exist, sorted by name, with what is known of them. Series of a histogram or summary carry a suffix
 * that its metadata does not.
 */
export function joinMetadata(names: readonly string[], metadata: MetadataByMetric): Metric[] {
  return names.toSorted().map((name) => {
    const known = metadata[name]?.[0] ?? metadata[name.replace(suffix, '')]?.[0];
    return {name, type: known?.type ?? '', help: known?.help ?? ''};
  });
}

/** The metrics that match all words of `text`, the best first; all of them, in their order, for an empty text. */
export function searchMetrics(metrics: readonly Metric[], text: string): Metric[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [...metrics];
  const found: {metric: Metric; score: number}[] = [];
  for (const metric of metrics) {
    const score = scoreOf(metric, words);
    if (score > 0) found.push({metric, score});
  }
  // The sort is stable, so equal scores stay in the order of names.
  return found.sort((a, b) => b.score - a.score).map(({metric}) => metric);
}

/** 0 where a word is missing. */
function scoreOf(metric: Metric, words: readonly string[]): number {
  const name = metric.name.toLowerCase();
  const help = metric.help.toLowerCase();
  let total = 0;
  for (const word of words) {
    const score = scoreWord(name, help, word, metric.type);
    if (score === 0) return 0;
    total += score;
  }
  // A word covers more of a short name.
  return total + 1 / name.length;
}

function scoreWord(name: string, help: string, word: string, type: string): number {
  if (name === word) return 16;
  const at = name.indexOf(word);
  if (at === 0) return 8;
  if (at > 0) return name[at - 1] === '_' || name[at - 1] === ':' ? 6 : 4;
  if (type === word) return 3;
  if (help.includes(word)) return 2;
  return isSubsequence(word, name) ? 1 : 0;
}

/** Whether the letters of `word` stand in `name` in this order: `nmfree` finds `node_memory_MemFree_bytes`. */
function isSubsequence(word: string, name: string): boolean {
  let at = 0;
  for (const letter of word) {
    at = name.indexOf(letter, at) + 1;
    if (at === 0) return false;
  }
  return word.length > 2;
}
