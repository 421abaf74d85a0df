// Labels as people type them: `{severity="page", team="db"}`, or `severity=page team=db`.
import type {LabelSet} from '../api/types.ts';

const pair = /\s*,?\s*("(?:\\.|[^"\\])*"|[^\s=,{}"]+)\s*=\s*("(?:\\.|[^"\\])*"|[^\s,{}"]*)/y;

/** Undefined for what are no labels. */
export function parseLabels(text: string): LabelSet | undefined {
  const inner = text.trim().replace(/^\{/, '').replace(/\}$/, '').trimEnd().replace(/,$/, '');
  const labels: Record<string, string> = {};
  pair.lastIndex = 0;
  while (pair.lastIndex < inner.length) {
    const match = pair.exec(inner);
    if (match === null) return undefined;
    labels[unquote(match[1]!)] = unquote(match[2]!);
  }
  return labels;
}

function unquote(text: string): string {
  if (!text.startsWith('"')) return text;
  try {
    return String(JSON.parse(text));
  } catch {
    return text.slice(1, -1);
  }
}

export function formatLabels(labels: LabelSet): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${/^[^\s=,{}"]+$/.test(name) ? name : JSON.stringify(name)}=${JSON.stringify(value)}`,
  );
  return pairs.join(', ');
}
