// Makes a query that shows a difference as short as possible.

import type {Expr} from '../../../src/promql/ast.ts';
import {parseExpr} from '../../../src/promql/parser/parser.ts';
import type {ParseOptions} from '../../../src/promql/parser/tokenstream.ts';
import {forEachChild, visit} from '../../../src/promql/parser/walk.ts';
import {piecesOf} from './spoil.ts';

/** Everything that a query may hold. */
export const parseOptions: ParseOptions = {
  experimentalFunctions: true,
  durationExpressions: true,
  fillModifiers: true,
  extendedRangeSelectors: true,
};

/** How many shorter queries are tried at most. */
const triesMax = 400;

/** `differs` says whether a query still shows the difference; it is asked for shorter and shorter ones. */
export async function shrink(
  query: string,
  differs: (query: string) => Promise<boolean>,
  options: ParseOptions,
): Promise<string> {
  let best = query;
  let tries = 0;
  const seen = new Set([query]);
  for (let shorter = true; shorter && tries < triesMax;) {
    shorter = false;
    for (const candidate of candidatesOf(best, options)) {
      if (candidate.length >= best.length || seen.has(candidate) || tries >= triesMax) continue;
      seen.add(candidate);
      tries++;
      if (await differs(candidate)) {
        best = candidate;
        shorter = true;
        break;
      }
    }
  }
  return best;
}

/** Sub-expressions in the place of what they are part of, then the query without some of its words. */
function* candidatesOf(query: string, options: ParseOptions): Generator<string> {
  yield* hoisted(query, options);
  const pieces = piecesOf(query);
  for (const size of [12, 8, 6, 5, 4, 3, 2, 1]) {
    for (let at = 0; at + size <= pieces.length; at++) {
      yield [...pieces.slice(0, at), ...pieces.slice(at + size)].join('');
    }
  }
}

function* hoisted(query: string, options: ParseOptions): Generator<string> {
  let expr: Expr;
  try {
    expr = parseExpr(query, options);
  } catch {
    return;
  }
  const found: string[] = [];
  visit(expr, (node) => {
    const within: Expr[] = [];
    forEachChild(node, (child) => void within.push(child));
    for (const child of within) {
      forEachChild(child, (grandchild) => void within.push(grandchild));
    }
    for (const {range} of within) {
      const text = query.slice(range.start, range.end);
      const {start, end} = node.range;
      found.push(query.slice(0, start) + text + query.slice(end));
      if (node.kind !== 'paren') found.push(`${query.slice(0, start)}(${text})${query.slice(end)}`);
    }
  });
  yield* found.sort((a, b) => a.length - b.length);
}
