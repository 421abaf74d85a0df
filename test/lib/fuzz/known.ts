// Differences from Prometheus that are none of ours: defects of its own, orders that it does not define, and what older
// versions do otherwise than 3.14, which counts. Each is as narrow as it can be said, and has its reason.

import type {Expr} from '../../../src/promql/ast.ts';
import {parseExpr} from '../../../src/promql/parser/parser.ts';
import {visit} from '../../../src/promql/parser/walk.ts';
import type {Answer} from './compare.ts';
import {olderVersions} from './older.ts';
import {parseOptions} from './shrink.ts';

export interface Difference {
  query: string;
  got: Answer;
  expected: Answer;
  /** As differenceOf() puts it. */
  difference: string;
}

export interface Explanation {
  reason: string;
  explains(found: Difference): boolean;
}

const sameLabelset = 'vector cannot contain metrics with the same labelset';

/** Defects of all versions until 3.14. */
const defects: readonly Explanation[] = [
  {
    reason: 'samples with repaired buckets are counted again with each step',
    explains: ({got, expected, difference}) => {
      const counted = /, over (-?\d+) samples/;
      const without = (text: string): string => text.replace(counted, ', over N samples');
      const counts = new Map(
        (expected.infos ?? []).map((text) => [without(text), Number(counted.exec(text)?.[1] ?? 0)]),
      );
      const isSameOrLess = (text: string): boolean => {
        const theirs = counts.get(without(text));
        // Twice as many with each step soon are more than fit into 64 bits.
        return theirs !== undefined && (theirs < 0 || Number(counted.exec(text)?.[1] ?? 0) <= theirs);
      };
      return (
        difference.startsWith('infos: ') &&
        got.infos?.length === expected.infos?.length &&
        (got.infos ?? []).every(isSameOrLess)
      );
    },
  },
  {
    reason: "Go's logarithm of denormal numbers is wrong on x86-64",
    explains: ({query, difference}) => {
      const got = Number(/: (\S+), not \S+$/.exec(difference)?.[1]);
      const isOfDenormal = (got > -745.2 && got < -708.3) || (got > -323.7 && got < -307.6);
      const mayBeOfDenormal = /odd|what|__name__|\\|e-3\d\d/.test(query);
      return (
        difference.startsWith('values: ') &&
        /\b(ln|log10)\b|\^/.test(query) &&
        (isOfDenormal || mayBeOfDenormal)
      );
    },
  },
  {
    reason: 'timestamp() forgets an offset beside @, and then finds what other selectors have loaded',
    // Where Prometheus finds nothing on one side of an operator it does not look for conflicts on the other.
    explains: ({query, got: {status, error = ''}, expected}) =>
      (status === 200 ||
        /^(found duplicate series for the match group|multiple matches for labels)/.test(error)) &&
      expected.status === 200 &&
      /timestamp\(.*(@.*offset|offset.*@)/is.test(query),
  },
  {
    reason: 'info() behind @, offset or a short range finds only what other selectors have loaded',
    explains: ({query, got, expected}) =>
      got.status === 200 && expected.status === 200 && /\binfo\(.*(@|offset|\[)/is.test(query),
  },
  {
    reason:
      'where a subquery begins when the query does, its offset or @ moves the times of @ within it (setOffsetForAtModifier)',
    explains: ({query}) => hasFixedInMovedSubquery(query),
  },
  {
    reason:
      'matchers of one label count for absent() in another order where there is no data at all to look for',
    explains: ({query, difference}) => difference.startsWith('series: 1 missing') && isAbsentTwice(query),
  },
  {
    reason: '@ in parameters of aggregations counts at the first step only, or not at all',
    explains: ({query}) =>
      parametersHold(
        query,
        (node) => (node.kind === 'vectorSelector' || node.kind === 'subquery') && node.at !== null,
      ),
  },
  {
    reason: 'histogram_quantiles() adds up buckets with equal bounds once for each quantile',
    explains: ({query, difference}) => {
      // See distinctBounds of queries.ts.
      const others = query.replaceAll(/latency_seconds(?:[^(]|\(_b)*?le!="0\.10"/g, '');
      return (
        /histogram_quantiles\(.*latency/is.test(others) && /^(values|series|length|order): /.test(difference)
      );
    },
  },
  {
    reason: 'a window with nothing but a marker that a histogram is stale is refused as one with histograms',
    explains: ({got, expected: {error = ''}}) =>
      got.status === 200 && /^(anchored|smoothed) modifier is not supported with histograms$/.test(error),
  },
  {
    reason:
      'sort_by_label() compares a label that is missing both ways, so the order is that of the algorithm',
    explains: ({query, difference}) => difference.startsWith('order: ') && /sort_by_label/.test(query),
  },
  {
    reason:
      'predict_linear() evaluates a subquery with @ beyond its window too, and remarks or fails on what it finds there',
    explains: ({query, got, expected, difference}) => {
      const said = ({warnings = [], infos = []}: Answer): string[] => [...warnings, ...infos];
      const fails = got.status === 200 && expected.status === 422;
      return (
        (fails || /^(warnings|infos): /.test(difference)) &&
        /predict_linear\(.*\[[^\]]*:[^\]]*\]\s*(offset\s+\S+\s*)?@/is.test(query) &&
        (fails || said(got).every((text) => said(expected).includes(text)))
      );
    },
  },
  {
    reason: 'in parameters of aggregations, remarks on arguments in parentheses stand at the parenthesis',
    explains: ({query, got, expected, difference}) => {
      const plain = ({warnings = [], infos = []}: Answer): string =>
        [...warnings, ...infos]
          .map((text) => text.replace(/ \(\d+:\d+\)$/, ''))
          .toSorted()
          .join('\n');
      return (
        /^(warnings|infos): /.test(difference) &&
        plain(got) === plain(expected) &&
        parametersHold(query, (node, parents) => {
          const parent = parents.at(-1)?.kind;
          return node.kind === 'paren' && (parent === 'call' || parent === 'aggregate');
        })
      );
    },
  },
  {
    reason: 'the evaluation crashes',
    explains: ({expected: {error = ''}}) =>
      error.startsWith('unexpected error: runtime error: ') ||
      error === 'unexpected number of samples' ||
      error === 'histograms with custom buckets have no zero bucket',
  },
  {
    reason: 'a float and a histogram with the same labels and time pass as one series',
    explains: ({query, got, expected: {status, error = ''}}) =>
      got.error === sameLabelset &&
      (status === 200 || error.startsWith('found duplicate series for the match group')) &&
      /rpc_|late|\\|__name__"?\s*[=!]/.test(query),
  },
];

/** Why two answers differ though nothing of ours is wrong, or null; `version` is that of the peer. */
export function explanationOf(found: Difference, version: number): string | null {
  const older = olderVersions.find((each) => version < each.since && each.explains(found));
  if (older !== undefined) return `since ${older.since.toFixed(2).replace('.0', '.')}: ${older.reason}`;
  // What Prometheus does not understand is the same everywhere.
  if (found.got.status === 400 || found.expected.status === 400) return null;
  return defects.find((each) => each.explains(found))?.reason ?? null;
}

function hasFixedInMovedSubquery(query: string): boolean {
  let found = false;
  visit(parseExpr(query, parseOptions), (node, parents) => {
    if ((node.kind !== 'vectorSelector' && node.kind !== 'subquery') || node.at === null) return;
    found ||= parents.some(
      (each) =>
        each.kind === 'subquery' && (each.at !== null || each.offsetExpr !== null || each.offsetMs !== 0),
    );
  });
  return found;
}

/** Whether absent() or absent_over_time() asks for one label twice at a time that is far away. */
function isAbsentTwice(query: string): boolean {
  let found = false;
  visit(parseExpr(query, parseOptions), (node, parents) => {
    if (node.kind !== 'vectorSelector' || node.at === null) return;
    const isAbsent = parents.some((each) => each.kind === 'call' && each.func.name.startsWith('absent'));
    found ||= isAbsent && new Set(node.matchers.map(({name}) => name)).size < node.matchers.length;
  });
  return found;
}

/** Whether anything within the parameter of an aggregation is such. */
function parametersHold(query: string, isSuch: (node: Expr, parents: readonly Expr[]) => boolean): boolean {
  let found = false;
  visit(parseExpr(query, parseOptions), (node) => {
    if (node.kind !== 'aggregate' || node.param === null) return;
    visit(node.param, (each, parents) => {
      found ||= isSuch(each, parents);
    });
  });
  return found;
}
