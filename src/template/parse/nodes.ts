// The syntax tree of a template, and the text that error messages show of it.
import {quoteGo} from '../../base/quote.ts';
import type {NumberConstant} from './number.ts';

/** One parsed body. `name` is the template's own name, `parseName` that of the text in which it was defined. */
export interface Tree {
  readonly name: string;
  readonly parseName: string;
  readonly text: string;
  root: ListNode;
}

/** `position` is an index into the tree's text, in UTF-16 units. */
export interface ListNode {
  kind: 'list';
  position: number;
  nodes: Node[];
}

export interface TextNode {
  kind: 'text';
  position: number;
  text: string;
}

export interface ActionNode {
  kind: 'action';
  position: number;
  line: number;
  pipe: PipeNode;
}

export interface BranchNode {
  kind: 'if' | 'range' | 'with';
  position: number;
  line: number;
  pipe: PipeNode;
  list: ListNode;
  elseList: ListNode | null;
}

export interface JumpNode {
  kind: 'break' | 'continue';
  position: number;
  line: number;
}

export interface TemplateNode {
  kind: 'template';
  position: number;
  line: number;
  name: string;
  pipe: PipeNode | null;
}

export interface PipeNode {
  kind: 'pipe';
  position: number;
  line: number;
  isAssignment: boolean;
  declared: VariableNode[];
  commands: CommandNode[];
}

export interface CommandNode {
  kind: 'command';
  position: number;
  words: Operand[];
}

export interface IdentifierNode {
  kind: 'identifier';
  position: number;
  name: string;
}

/** `$x.Field`: names are `$x` and `Field`. */
export interface VariableNode {
  kind: 'variable';
  position: number;
  names: string[];
}

export interface FieldNode {
  kind: 'field';
  position: number;
  names: string[];
}

/** `(pipeline).Field.Field` or `function.Field`. */
export interface ChainNode {
  kind: 'chain';
  position: number;
  node: Operand;
  names: string[];
}

export interface DotNode {
  kind: 'dot' | 'nil';
  position: number;
}

export interface BoolNode {
  kind: 'bool';
  position: number;
  value: boolean;
}

export interface NumberNode {
  kind: 'number';
  position: number;
  number: NumberConstant;
}

export interface StringNode {
  kind: 'string';
  position: number;
  quoted: string;
  text: string;
}

export type Operand =
  | PipeNode
  | IdentifierNode
  | VariableNode
  | FieldNode
  | ChainNode
  | DotNode
  | BoolNode
  | NumberNode
  | StringNode;

export type Statement = TextNode | ActionNode | BranchNode | JumpNode | TemplateNode;
export type Node = ListNode | Statement;

/** The node as messages show it. */
export function printNode(node: Node | Operand | CommandNode): string {
  switch (node.kind) {
    case 'list':
      return node.nodes.map(printNode).join('');
    case 'text':
      return node.text;
    case 'action':
      return `{{${printNode(node.pipe)}}}`;
    case 'if':
    case 'range':
    case 'with':
      return printBranch(node);
    case 'break':
    case 'continue':
      return `{{${node.kind}}}`;
    case 'template':
      return `{{template ${quoteGo(node.name)}${node.pipe === null ? '' : ` ${printNode(node.pipe)}`}}}`;
    case 'pipe':
      return printPipe(node);
    case 'command':
      return node.words.map(printWord).join(' ');
    case 'identifier':
      return node.name;
    case 'variable':
      return node.names.join('.');
    case 'field':
      return `.${node.names.join('.')}`;
    case 'chain':
      return `${printWord(node.node)}.${node.names.join('.')}`;
    case 'dot':
      return '.';
    case 'nil':
      return 'nil';
    case 'bool':
      return String(node.value);
    case 'number':
      return node.number.text;
    case 'string':
      return node.quoted;
  }
}

function printBranch(node: BranchNode): string {
  const otherwise = node.elseList === null ? '' : `{{else}}${printNode(node.elseList)}`;
  return `{{${node.kind} ${printPipe(node.pipe)}}}${printNode(node.list)}${otherwise}{{end}}`;
}

function printPipe(pipe: PipeNode): string {
  const commands = pipe.commands.map(printNode).join(' | ');
  if (pipe.declared.length === 0) return commands;
  return `${pipe.declared.map(printNode).join(', ')} ${pipe.isAssignment ? '=' : ':='} ${commands}`;
}

function printWord(word: Operand): string {
  return word.kind === 'pipe' ? `(${printPipe(word)})` : printNode(word);
}

/** Whether there is nothing but space and definitions. */
export function isEmptyNode(node: Node): boolean {
  if (node.kind === 'list') return node.nodes.every(isEmptyNode);
  return node.kind === 'text' && node.text.trim() === '';
}
