// Ways through a syntax tree.

import {assert} from '../../base/assert.ts';
import type {Matcher} from '../../model/matcher.ts';
import type {Expr, VectorSelector} from '../ast.ts';

/**
 * Calls `enter` for each node, parents first, with the nodes above it (outermost first; the array is reused). The
 * selector inside a range selector is a node of its own. Where `enter` returns false, what is below is left out.
 */
export function visit(expr: Expr, enter: (node: Expr, parents: readonly Expr[]) => boolean | void): void {
  const parents: Expr[] = [];
  const go = (node: Expr): void => {
    if (enter(node, parents) === false) return;
    parents.push(node);
    forEachChild(node, go);
    parents.pop();
  };
  go(expr);
}

/** The sub-expressions, in the order in which Prometheus visits them: an aggregation's parameter comes last. */
export function forEachChild(node: Expr, use: (child: Expr) => void): void {
  switch (node.kind) {
    case 'aggregate':
      use(node.expr);
      if (node.param !== null) use(node.param);
      return;
    case 'binary':
      use(node.left);
      use(node.right);
      return;
    case 'call':
      for (const arg of node.args) use(arg);
      return;
    case 'matrixSelector':
      return use(node.selector);
    case 'subquery':
    case 'paren':
    case 'unary':
      return use(node.expr);
    case 'number':
    case 'string':
    case 'vectorSelector':
  }
}

/**
 * Rebuilds a tree from its leaves upwards: `change` gets each node after its children were changed, and returns what
 * stands in its place. Nodes below which nothing changes stay the same objects.
 */
export function mapExpr(expr: Expr, change: (node: Expr) => Expr): Expr {
  return change(mapChildren(expr, (child) => mapExpr(child, change)));
}

/** A copy of `node` with changed sub-expressions, or `node` itself where none changed. */
export function mapChildren(node: Expr, change: (child: Expr) => Expr): Expr {
  switch (node.kind) {
    case 'aggregate': {
      const expr = change(node.expr);
      const param = node.param === null ? null : change(node.param);
      return expr === node.expr && param === node.param ? node : {...node, expr, param};
    }
    case 'binary': {
      const left = change(node.left);
      const right = change(node.right);
      return left === node.left && right === node.right ? node : {...node, left, right};
    }
    case 'call': {
      const args = node.args.map(change);
      return args.every((arg, index) => arg === node.args[index]) ? node : {...node, args};
    }
    case 'matrixSelector': {
      const selector = change(node.selector);
      assert(selector.kind === 'vectorSelector', 'a range selector holds a selector');
      return selector === node.selector ? node : {...node, selector};
    }
    case 'subquery':
    case 'paren':
    case 'unary': {
      const expr = change(node.expr);
      return expr === node.expr ? node : {...node, expr};
    }
    case 'number':
    case 'string':
    case 'vectorSelector':
      return node;
  }
}

/** All selectors in a query, from left to right. */
export function selectorsOf(expr: Expr): VectorSelector[] {
  const found: VectorSelector[] = [];
  visit(expr, (node) => {
    if (node.kind === 'vectorSelector') found.push(node);
  });
  return found;
}

/** The matchers of all selectors in a query. */
export function extractSelectors(expr: Expr): (readonly Matcher[])[] {
  return selectorsOf(expr).map((selector) => selector.matchers);
}
