// Follows a template through the contexts of its text and puts into each action what makes its output harmless there.
import {quoteGo} from '../../base/quote.ts';
import {utf8Length} from '../bytes.ts';
import {TemplateError} from '../error.ts';
import type {
  ActionNode,
  BranchNode,
  JumpNode,
  ListNode,
  Node,
  TemplateNode,
  TextNode,
  Tree,
} from '../parse/nodes.ts';
import {
  attributeStates,
  type Context,
  contextOf,
  derivedName,
  type EscapeFailure,
  failedContext,
  isSameContext,
  printContext,
  textContext,
} from './context.ts';
import {escapersFor, functionName, predefined, withEscapers} from './pipeline.ts';
import {escapeText} from './text.ts';

/** The trees with what escaping adds to `name` and all that it calls. Throws TemplateError with html/template's words. */
export function escapeTrees(trees: ReadonlyMap<string, Tree>, name: string): Map<string, Tree> {
  const escaper = new Escaper(trees);
  const tree = trees.get(name);
  if (tree === undefined) throw new TemplateError(`html/template: ${quoteGo(name)} is undefined`);
  const {context} = escaper.escapeTree(textContext, name, tree, tree.root);
  if (context.failure !== null) throw errorOf(context.failure, name);
  if (context.state !== 'Text') {
    throw errorOf({place: null, message: `ends in a non-text context: ${printContext(context)}`}, name);
  }
  return escaper.result();
}

function errorOf({place, message}: EscapeFailure, name: string): TemplateError {
  const where = place ?? name;
  return new TemplateError(where === '' ? `html/template: ${message}` : `html/template:${where}: ${message}`);
}

/** Contexts in which the turns of a loop end early. */
interface Loop {
  readonly jumps: {context: Context; node: JumpNode}[];
}

class Escaper {
  readonly #trees: ReadonlyMap<string, Tree>;
  /** The context after each template, by its derived name. */
  readonly #outputs: Map<string, Context>;
  readonly #derived = new Map<string, Tree>();
  readonly #called = new Set<string>();
  readonly #actions = new Map<ActionNode, readonly string[]>();
  readonly #callees = new Map<TemplateNode, string>();
  readonly #texts = new Map<TextNode, string>();
  #tree: Tree | null = null;
  #loop: Loop | null = null;

  constructor(trees: ReadonlyMap<string, Tree>, outputs: ReadonlyMap<string, Context> = new Map()) {
    this.#trees = trees;
    this.#outputs = new Map(outputs);
  }

  result(): Map<string, Tree> {
    const trees = new Map(this.#trees);
    for (const name of this.#outputs.keys()) {
      const tree = this.#template(name);
      if (tree !== undefined) trees.set(name, {...tree, root: this.#rewriteList(tree.root)});
    }
    return trees;
  }

  #template(name: string): Tree | undefined {
    return this.#trees.get(name) ?? this.#derived.get(name);
  }

  #fail(node: Node, message: string): Context {
    const tree = this.#tree!;
    const before = tree.text.slice(0, node.position);
    const column = utf8Length(before.slice(before.lastIndexOf('\n') + 1));
    return failedContext(message, `${tree.parseName}:${before.split('\n').length}:${column}`);
  }

  // Templates.

  /** The context after a template that begins in `context`, and the name under which it is then called. */
  escapeTree(context: Context, name: string, caller: Tree, node: Node): {context: Context; name: string} {
    const derived = derivedName(name, context);
    this.#called.add(derived);
    const known = this.#outputs.get(derived);
    if (known !== undefined) return {context: known, name: derived};
    const tree = this.#template(name);
    if (tree === undefined) {
      this.#tree = caller;
      return {context: this.#fail(node, `no such template ${quoteGo(name)}`), name: derived};
    }
    let own = tree;
    if (derived !== name) {
      own = this.#template(derived) ?? {...tree, name: derived, root: copyList(tree.root)};
      this.#derived.set(derived, own);
    }
    return {context: this.#outputOf(context, own), name: derived};
  }

  /** Assumes that the template ends where it begins, and then that it ends where that leads to. */
  #outputOf(context: Context, tree: Tree): Context {
    const first = this.#escapeBody(context, tree);
    if (first.isRight) return first.context;
    const second = this.#escapeBody(first.context, tree);
    if (second.isRight) return second.context;
    if (first.context.failure !== null) {
      // The second attempt starts from the failure, and may say once more where in a loop that was.
      const again = second.context.failure?.message.endsWith(first.context.failure.message) === true;
      return again ? second.context : first.context;
    }
    this.#tree = tree;
    return this.#fail(tree.root, `cannot compute output context for template ${tree.name}`);
  }

  #escapeBody(assumed: Context, tree: Tree): {context: Context; isRight: boolean} {
    this.#outputs.set(tree.name, assumed);
    const outer = this.#tree;
    this.#tree = tree;
    const result = this.#tryList(assumed, tree.root, (escaper, context) => {
      if (context.state === 'Error') return false;
      return !escaper.#called.has(tree.name) || isSameContext(assumed, context);
    });
    this.#tree = outer;
    return result;
  }

  /** Keeps what was found out on the way only where `isRight` says so. */
  #tryList(
    context: Context,
    list: ListNode,
    isRight: ((escaper: Escaper, context: Context) => boolean) | null,
  ): {context: Context; isRight: boolean} {
    const attempt = new Escaper(this.#trees, this.#outputs);
    attempt.#tree = this.#tree;
    attempt.#loop = this.#loop;
    const after = attempt.#list(context, list);
    if (isRight === null || !isRight(attempt, after)) return {context: after, isRight: false};
    for (const [name, output] of attempt.#outputs) this.#outputs.set(name, output);
    for (const [name, tree] of attempt.#derived) this.#derived.set(name, tree);
    for (const name of attempt.#called) this.#called.add(name);
    for (const [node, names] of attempt.#actions) this.#actions.set(node, names);
    for (const [node, name] of attempt.#callees) this.#callees.set(node, name);
    for (const [node, text] of attempt.#texts) this.#texts.set(node, text);
    return {context: after, isRight: true};
  }

  // Nodes.

  #list(context: Context, list: ListNode): Context {
    for (const node of list.nodes) {
      context = this.#node(context, node);
      if (context.state === 'Dead') break;
    }
    return context;
  }

  #node(context: Context, node: Node): Context {
    switch (node.kind) {
      case 'action':
        return this.#action(context, node);
      case 'break':
      case 'continue':
        this.#loop!.jumps.push({context, node});
        return contextOf({state: 'Dead'});
      case 'if':
      case 'with':
        return this.#join(this.#list(context, node.list), this.#else(context, node), node, node.kind);
      case 'range':
        return this.#range(context, node);
      case 'list':
        return this.#list(context, node);
      case 'template': {
        const called = this.escapeTree(context, node.name, this.#tree!, node);
        if (called.name !== node.name) this.#callees.set(node, called.name);
        return called.context;
      }
      case 'text': {
        const escaped = escapeText(context, node.text);
        this.#texts.set(node, escaped.text);
        return escaped.context;
      }
    }
  }

  #else(context: Context, node: BranchNode): Context {
    return node.elseList === null ? context : this.#list(context, node.elseList);
  }

  #action(before: Context, node: ActionNode): Context {
    if (node.pipe.declared.length > 0) return before;
    let context = nudge(before);
    const {commands} = node.pipe;
    for (let i = 0; i < commands.length; i++) {
      const name = functionName(commands[i]!);
      if (name === null || !predefined.has(name)) continue;
      const isUnquoted = context.state === 'Attr' && context.delimiter === 'SpaceOrTagEnd' && name === 'html';
      if (i < commands.length - 1 || isUnquoted) {
        return this.#fail(node, `predefined escaper ${quoteGo(name)} disallowed in template`);
      }
    }
    if (context.state === 'Error') return context;
    const names = escapersFor(context, node);
    if ('message' in names) return this.#fail(node, names.message);
    // After a value, a slash divides.
    if (context.state === 'JS') context = {...context, jsContext: 'DivOp'};
    if (context.state === 'Tag') context = {...context, state: 'AttrName'};
    this.#actions.set(node, names);
    return context;
  }

  /** A loop must lead back to where it begins. */
  #range(context: Context, node: BranchNode): Context {
    const outer = this.#loop;
    this.#loop = {jumps: []};
    let after = this.#list(context, node.list);
    if (after.state !== 'Error') after = this.#joinJumps(after, this.#loop);
    this.#loop = outer;
    if (after.state === 'Error') return after;
    const again: Loop = {jumps: []};
    this.#loop = again;
    const second = this.#tryList(after, node.list, null).context;
    this.#loop = outer;
    after = this.#join(after, second, node, 'range');
    if (after.failure !== null) return describe(after, 'on range loop re-entry: ');
    after = this.#joinJumps(after, again);
    if (after.state === 'Error') return after;
    return this.#join(after, this.#else(context, node), node, 'range');
  }

  #joinJumps(context: Context, {jumps}: Loop): Context {
    for (const kind of ['break', 'continue'] as const) {
      for (const jump of jumps) {
        if (jump.node.kind !== kind) continue;
        context = this.#join(context, jump.context, jump.node, 'range');
        if (context.state === 'Error') return describe(context, `at range loop ${kind}: `);
      }
    }
    return context;
  }

  #join(left: Context, right: Context, node: Node, name: string): Context {
    if (left.state === 'Error') return left;
    if (right.state === 'Error' || left.state === 'Dead') return right;
    if (right.state === 'Dead' || isSameContext(left, right)) return left;
    if (isSameContext({...left, urlPart: right.urlPart}, right)) return {...left, urlPart: 'Unknown'};
    if (isSameContext({...left, jsContext: right.jsContext}, right)) return {...left, jsContext: 'Unknown'};
    const [nudgedLeft, nudgedRight] = [nudge(left), nudge(right)];
    if (!isSameContext(nudgedLeft, left) || !isSameContext(nudgedRight, right)) {
      const joined = this.#join(nudgedLeft, nudgedRight, node, name);
      if (joined.state !== 'Error') return joined;
    }
    const contexts = `${printContext(left)}, ${printContext(right)}`;
    return this.#fail(node, `{{${name}}} branches end in different contexts: ${contexts}`);
  }

  // What comes of it.

  #rewriteList(list: ListNode): ListNode {
    return {...list, nodes: list.nodes.map((node) => this.#rewrite(node))};
  }

  #rewrite<N extends Node>(node: N): N;
  #rewrite(node: Node): Node {
    switch (node.kind) {
      case 'action': {
        const names = this.#actions.get(node);
        return names === undefined ? node : {...node, pipe: withEscapers(node.pipe, names)};
      }
      case 'text':
        return {...node, text: this.#texts.get(node) ?? node.text};
      case 'template':
        return {...node, name: this.#callees.get(node) ?? node.name};
      case 'if':
      case 'range':
      case 'with':
        return {
          ...node,
          list: this.#rewriteList(node.list),
          elseList: node.elseList === null ? null : this.#rewriteList(node.elseList),
        };
      default:
        return node;
    }
  }
}

function describe(context: Context, prefix: string): Context {
  const {place, message} = context.failure!;
  return failedContext(prefix + message, place);
}

/** What an action without text before it begins: a name or a value. */
function nudge(context: Context): Context {
  switch (context.state) {
    case 'Tag':
      return {...context, state: 'AttrName'};
    case 'BeforeValue':
      return {
        ...context,
        state: attributeStates[context.attribute],
        delimiter: 'SpaceOrTagEnd',
        attribute: 'None',
      };
    case 'AfterName':
      return {...context, state: 'AttrName', attribute: 'None'};
    default:
      return context;
  }
}

/** Nodes of their own, so that the same template can be escaped for several contexts. */
function copyList(list: ListNode): ListNode {
  return {...list, nodes: list.nodes.map(copyNode)};
}

function copyNode<N extends Node>(node: N): N {
  if (node.kind !== 'if' && node.kind !== 'range' && node.kind !== 'with') return {...node};
  const branch: BranchNode = node;
  return {
    ...node,
    list: copyList(branch.list),
    elseList: branch.elseList === null ? null : copyList(branch.elseList),
  };
}
