// The measured tree of a query as rows, one for each node.
import type {ExplainNode} from '../api/types.ts';

export interface ExplainRow {
  node: ExplainNode;
  /** Identifies the node: the places of its ancestors and its own among their siblings. */
  path: string;
  depth: number;
  /** For each level above, whether a line goes on there to a later sibling; then for its own. */
  lines: readonly boolean[];
  /** The node's own part of the expression; null stands for each child, which has a row of its own. */
  parts: readonly (string | null)[];
  /** Seconds spent in the node itself. */
  selfSeconds: number;
  /** Of the whole query's time: in the node itself, and with everything beneath it. In [0, 1]. */
  selfShare: number;
  share: number;
}

/** The rows of a tree, parents first, without what lies beneath the nodes in `closed`. */
export function rowsOf(root: ExplainNode, closed: ReadonlySet<string>): ExplainRow[] {
  const rows: ExplainRow[] = [];
  const add = (node: ExplainNode, path: string, lines: readonly boolean[]): void => {
    const beneath = node.children.reduce((sum, child) => sum + child.seconds, 0);
    const selfSeconds = Math.max(0, node.seconds - beneath);
    const share = shareOf(node.seconds, root.seconds);
    rows.push({
      node,
      path,
      depth: lines.length,
      lines,
      parts: partsOf(node),
      selfSeconds,
      selfShare: Math.min(share, shareOf(selfSeconds, root.seconds)),
      share,
    });
    if (closed.has(path)) return;
    for (const [i, child] of node.children.entries()) {
      add(child, `${path}.${i}`, [...lines, i < node.children.length - 1]);
    }
  };
  add(root, '0', []);
  return rows;
}

function shareOf(seconds: number, whole: number): number {
  return whole > 0 ? Math.min(1, seconds / whole) : 0;
}

/** Numbers and texts are told by their parent, and what was evaluated elsewhere has its rows there. */
export function withoutLiterals(node: ExplainNode): ExplainNode {
  if (node.repeated) return {...node, children: []};
  const children = node.children
    .filter(({kind}) => kind !== 'number' && kind !== 'string')
    .map((child) => withoutLiterals(child));
  return {...node, children};
}

/** The expression with gaps where its children stand; spaces are drawn together. */
function partsOf({expr, start, children}: ExplainNode): (string | null)[] {
  const parts: (string | null)[] = [];
  let from = 0;
  const push = (text: string): void => {
    if (text !== '') parts.push(text.replace(/\s+/g, ' '));
  };
  for (const child of children.toSorted((left, right) => left.start - right.start)) {
    push(expr.slice(from, child.start - start));
    parts.push(null);
    from = child.end - start;
  }
  push(expr.slice(from));
  return parts;
}
