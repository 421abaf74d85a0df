// A series' labels as PromQL writes them, and in the parts that the table and the legend show.

export type LabelSet = Readonly<Record<string, string>>;

const plainMetric = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const plainLabel = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** A PromQL string. JSON's escapes are a part of PromQL's. */
export function quote(value: string): string {
  return JSON.stringify(value);
}

/** `instance="a:1"`, the name in quotes where it is not a plain one. */
export function formatMatcher(name: string, value: string): string {
  return `${plainLabel.test(name) ? name : quote(name)}=${quote(value)}`;
}

/** The selector of exactly these labels, `up{instance="a:1"}`; `{}` without labels. */
export function formatSeries(labels: LabelSet): string {
  const metric = labels['__name__'] ?? '';
  const matchers = matchersOf(labels).map(([name, value]) => formatMatcher(name, value));
  if (metric === '') return `{${matchers.join(', ')}}`;
  if (!plainMetric.test(metric)) return `{${[quote(metric), ...matchers].join(', ')}}`;
  return matchers.length === 0 ? metric : `${metric}{${matchers.join(', ')}}`;
}

/** The labels other than the metric name, in the server's order. */
export function matchersOf(labels: LabelSet): [name: string, value: string][] {
  return Object.entries(labels).filter(([name]) => name !== '__name__');
}

/** A selector for the series, or undefined where it would select everything. */
export function selectorOf(labels: LabelSet): string | undefined {
  return Object.values(labels).some((value) => value !== '') ? formatSeries(labels) : undefined;
}

/** The labels that all series have with the same value. Of one series: none, since nothing tells it from another. */
export function commonLabels(series: readonly LabelSet[]): LabelSet {
  const [first, ...rest] = series;
  if (first === undefined || rest.length === 0) return {};
  const common = {...first};
  for (const labels of rest) {
    for (const name of Object.keys(common)) if (labels[name] !== common[name]) delete common[name];
  }
  return common;
}

/** The shortest name that tells a series from the others: without common labels, or whole where none are left. */
export function shortName(labels: LabelSet, common: LabelSet): string {
  const own = Object.fromEntries(Object.entries(labels).filter(([name]) => !(name in common)));
  return formatSeries(Object.keys(own).length === 0 ? labels : own);
}

/** All label names of the series, sorted, the metric name first: the columns of a table. */
export function labelNamesOf(series: readonly LabelSet[]): string[] {
  const names = new Set<string>();
  for (const labels of series) for (const name of Object.keys(labels)) names.add(name);
  return [...names].sort((a, b) => Number(b === '__name__') - Number(a === '__name__') || (a < b ? -1 : 1));
}
