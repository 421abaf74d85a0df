import type {Expr} from '../ast.ts';
import {formatExpr} from '../parser/printer.ts';
import {typeOf} from '../parser/types.ts';
import {selectorsOf, visit} from '../parser/walk.ts';

/** A query of more nodes than this is not searched for expressions that occur twice: its texts would take too long. */
const nodesMax = 500;

/** The vector expressions that a query contains more than once, found by their texts. */
export class RepeatedExprs {
  /** Texts of the outermost expressions that occur several times. */
  readonly #texts = new Map<Expr, string>();

  /** `marked` selectors are not the same as others with the same text. */
  constructor(root: Expr, marked: ReadonlySet<Expr>) {
    if (selectorsOf(root).length < 2) return;
    const nodes: {node: Expr; parents: readonly Expr[]; text: string}[] = [];
    const counts = new Map<string, number>();
    let count = 0;
    visit(root, () => void count++);
    if (count > nodesMax) return;
    visit(root, (node, parents) => {
      if (typeOf(node) !== 'vector' || node.kind === 'paren') return;
      // The selector inside of a range selector is no vector of its own.
      if (parents.at(-1)?.kind === 'matrixSelector') return;
      const marks =
        marked.size === 0
          ? ''
          : selectorsOf(node)
              .map((each) => (marked.has(each) ? 1 : 0))
              .join('');
      // Of the same length, so that what is within stands at the same distances.
      const text = `${formatExpr(node)}${marks} ${node.range.end - node.range.start}`;
      nodes.push({node, parents: [...parents], text});
      counts.set(text, (counts.get(text) ?? 0) + 1);
    });
    for (const {node, parents, text} of nodes) {
      const times = counts.get(text)!;
      if (times < 2 || selectorsOf(node).length === 0) continue;
      // Inside of something that occurs as often, it is evaluated once anyway.
      const covered = parents.some((parent) => {
        const parentText = this.#texts.get(parent);
        return parentText !== undefined && counts.get(parentText)! >= times;
      });
      if (!covered) this.#texts.set(node, text);
    }
  }

  /** The text by which a repeated expression is known; null for all others. */
  textOf(expr: Expr): string | null {
    return this.#texts.get(expr) ?? null;
  }
}
