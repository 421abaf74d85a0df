// Runs a template over data: Go's text/template, with its messages, within limits.
import {quoteGo} from '../../base/quote.ts';
import {utf8Length} from '../bytes.ts';
import {TemplateError} from '../error.ts';
import {sprint} from '../fmt/print.ts';
import {
  type ActionNode,
  type BranchNode,
  type ChainNode,
  type CommandNode,
  type IdentifierNode,
  type ListNode,
  type Node,
  type Operand,
  type PipeNode,
  printNode,
  type TemplateNode,
  type Tree,
  type VariableNode,
} from '../parse/nodes.ts';
import {
  boolType,
  type GoFunction,
  intType,
  isAssignable,
  isIntKind,
  isUintKind,
  type Signature,
  stringType,
  type Type,
} from '../type.ts';
import {fieldOf, indirect, isTrue, mapEntries, mapGet, unwrapInterface, Value, valueOf} from '../value.ts';
import {builtins, callValue} from './builtins.ts';
import {argumentOf, canBeNil, constantOf, convertTo, idealConstant, resultOf, zeroValue} from './convert.ts';
import {printableOf} from './printable.ts';

export interface Limits {
  /** Of the whole execution, in milliseconds. */
  readonly timeMs: number;
  /** Of the output, and of every string that a function returns, in UTF-16 units. */
  readonly sizeMax: number;
  /** Templates in each other. */
  readonly depthMax: number;
}

/** What a map gives for a key that it does not have. */
export type MissingKey = 'default' | 'zero' | 'error';

export interface Environment {
  readonly tree: (name: string) => Tree | null;
  readonly function: (name: string) => GoFunction | null;
  readonly missingKey: MissingKey;
  readonly limits: Limits;
  /** Milliseconds that only go forward. */
  readonly clock: () => number;
}

/** How a statement ended: what is left of the lists around it is left out after `break` and `continue`. */
type Flow = 'next' | 'break' | 'continue';

/** Stands for the absent last argument of a command that begins a pipeline: null is a value. */
const missing = Symbol('missing');
type Final = Value | null | typeof missing;

interface Variable {
  readonly name: string;
  value: Value | null;
}

/** Steps between two looks at the clock. */
const stepsPerCheck = 64;

export class Execution {
  readonly #environment: Environment;
  readonly #deadline: number;
  readonly #output: string[] = [];
  #size = 0;
  #steps = 0;
  #depth = 0;
  #tree: Tree;
  #variables: Variable[] = [];
  /** What is being evaluated, for messages. */
  #node: Node | Operand | CommandNode | null = null;

  constructor(tree: Tree, environment: Environment) {
    this.#tree = tree;
    this.#environment = environment;
    this.#deadline = environment.clock() + environment.limits.timeMs;
  }

  /** The text that the template makes of `data`. Throws TemplateError. */
  run(data: Value | null): string {
    this.#variables = [{name: '$', value: data}];
    try {
      this.#walkList(data, this.#tree.root);
    } catch (error) {
      // The engine's own stack, should the depth allow more than it can hold.
      if (!(error instanceof RangeError)) throw error;
      const isDeep = error.message.includes('call stack');
      throw this.#error(isDeep ? 'exceeded maximum template depth' : error.message, error);
    }
    return this.#output.join('');
  }

  #fail(message: string, cause?: unknown): never {
    throw this.#error(message, cause);
  }

  #error(message: string, cause?: unknown): TemplateError {
    const options = cause === undefined ? {} : {cause};
    const name = quoteGo(this.#tree.name);
    if (this.#node === null) return new TemplateError(`template: ${this.#tree.name}: ${message}`, options);
    const context = printNode(this.#node);
    return new TemplateError(
      `template: ${this.#location(this.#node.position)}: executing ${name} at <${context}>: ${message}`,
      options,
    );
  }

  /** name:line:column, the column in bytes. */
  #location(position: number): string {
    const before = this.#tree.text.slice(0, position);
    const lineStart = before.lastIndexOf('\n') + 1;
    const line = before.split('\n').length;
    return `${this.#tree.parseName}:${line}:${utf8Length(before.slice(lineStart))}`;
  }

  #step(): void {
    if (++this.#steps % stepsPerCheck !== 0) return;
    if (this.#environment.clock() < this.#deadline) return;
    this.#fail(`exceeded maximum execution time (${this.#environment.limits.timeMs} ms)`);
  }

  #write(text: string): void {
    this.#size += text.length;
    if (this.#size > this.#environment.limits.sizeMax) this.#failSize();
    this.#output.push(text);
  }

  #failSize(): never {
    this.#fail(`exceeded maximum output size (${this.#environment.limits.sizeMax} characters)`);
  }

  // Statements.

  #walkList(dot: Value | null, list: ListNode): Flow {
    this.#node = list;
    for (let i = 0; i < list.nodes.length; i++) {
      const flow = this.#walk(dot, list.nodes[i]!);
      if (flow !== 'next') return flow;
    }
    return 'next';
  }

  #walk(dot: Value | null, node: Node): Flow {
    this.#node = node;
    this.#step();
    switch (node.kind) {
      case 'text':
        this.#write(node.text);
        return 'next';
      case 'action':
        this.#walkAction(dot, node);
        return 'next';
      case 'if':
      case 'with':
        return this.#walkCondition(dot, node);
      case 'range':
        return this.#walkRange(dot, node);
      case 'break':
      case 'continue':
        return node.kind;
      case 'template':
        this.#walkTemplate(dot, node);
        return 'next';
      case 'list':
        return this.#walkList(dot, node);
    }
  }

  /** Variables that an action declares stay until the end of its block. */
  #walkAction(dot: Value | null, node: ActionNode): void {
    const value = this.#pipeline(dot, node.pipe);
    if (node.pipe.declared.length > 0) return;
    this.#node = node;
    const printable = printableOf(value);
    if (printable === undefined) this.#fail(`can't print ${printNode(node)} of type ${value!.type.text}`);
    this.#write(sprint([printable]));
  }

  #walkCondition(dot: Value | null, node: BranchNode): Flow {
    const mark = this.#variables.length;
    const value = this.#pipeline(dot, node.pipe);
    let flow: Flow = 'next';
    if (isTrue(value)) flow = this.#walkList(node.kind === 'with' ? value : dot, node.list);
    else if (node.elseList !== null) flow = this.#walkList(dot, node.elseList);
    this.#variables.length = mark;
    return flow;
  }

  #walkRange(dot: Value | null, node: BranchNode): Flow {
    const mark = this.#variables.length;
    const {value} = indirect(this.#pipeline(dot, node.pipe));
    const isEmpty = !this.#iterate(node, value);
    let flow: Flow = 'next';
    if (isEmpty && node.elseList !== null) flow = this.#walkList(dot, node.elseList);
    this.#variables.length = mark;
    // `continue` in the else branch is the outer loop's, `break` is lost: so it is in Go.
    return flow === 'break' ? 'next' : flow;
  }

  /** Whether there was anything to iterate over. */
  #iterate(node: BranchNode, value: Value | null): boolean {
    if (value === null) return false;
    const {kind} = value.type;
    if (isIntKind(kind) || isUintKind(kind)) return this.#iterateInteger(node, value);
    if (kind === 'slice') {
      const items = (value.data ?? []) as readonly unknown[];
      for (let i = 0; i < items.length; i++) {
        const item = new Value(value.type.element!, items[i], true);
        if (!this.#iteration(node, valueOf(intType, BigInt(i)), item)) break;
      }
      return items.length > 0;
    }
    if (kind === 'map') {
      const entries = mapEntries(value);
      for (const {key, value: item} of entries) if (!this.#iteration(node, key, item)) break;
      return entries.length > 0;
    }
    this.#fail(`range can't iterate over ${sprint([value])}`);
  }

  #iterateInteger(node: BranchNode, value: Value): boolean {
    if (node.pipe.declared.length > 1) {
      this.#fail(`can't use ${sprint([value])} to iterate over more than one variable`);
    }
    const end = value.data as bigint;
    for (let i = 0n; i < end; i++) if (!this.#iteration(node, null, new Value(value.type, i))) break;
    return end > 0n;
  }

  /** False after `break`. */
  #iteration(node: BranchNode, index: Value | null, item: Value): boolean {
    this.#step();
    const {declared, isAssignment} = node.pipe;
    const mark = this.#variables.length;
    if (isAssignment) {
      if (declared.length > 1) this.#assign(declared[0]!, index);
      if (declared.length > 0) this.#assign(declared.at(-1)!, item);
    } else {
      // The pipeline has declared them already, as the last variables.
      if (declared.length > 0) this.#variables[mark - 1]!.value = item;
      if (declared.length > 1) this.#variables[mark - 2]!.value = index;
    }
    const flow = this.#walkList(item, node.list);
    this.#variables.length = mark;
    return flow !== 'break';
  }

  #walkTemplate(dot: Value | null, node: TemplateNode): void {
    const {limits} = this.#environment;
    const tree = this.#environment.tree(node.name);
    if (tree === null) this.#fail(`template ${quoteGo(node.name)} not defined`);
    if (this.#depth >= limits.depthMax) this.#fail(`exceeded maximum template depth (${limits.depthMax})`);
    const value = node.pipe === null ? null : this.#pipeline(dot, node.pipe);
    const outer = {tree: this.#tree, variables: this.#variables};
    this.#tree = tree;
    this.#variables = [{name: '$', value}];
    this.#depth++;
    this.#walkList(value, tree.root);
    this.#depth--;
    this.#tree = outer.tree;
    this.#variables = outer.variables;
  }

  // Pipelines.

  #pipeline(dot: Value | null, pipe: PipeNode): Value | null {
    this.#node = pipe;
    let value: Final = missing;
    for (let i = 0; i < pipe.commands.length; i++) {
      const result: Value | null = this.#command(dot, pipe.commands[i]!, value);
      value = result?.type.kind === 'interface' && !result.type.isNamed ? unwrapInterface(result) : result;
    }
    const result = value as Value | null;
    for (const variable of pipe.declared) {
      if (pipe.isAssignment) this.#assign(variable, result);
      else this.#variables.push({name: variable.names[0]!, value: result});
    }
    return result;
  }

  #assign({names: [name]}: VariableNode, value: Value | null): void {
    this.#variable(name!).value = value;
  }

  #variable(name: string): Variable {
    for (let i = this.#variables.length - 1; i >= 0; i--) {
      if (this.#variables[i]!.name === name) return this.#variables[i]!;
    }
    this.#fail(`undefined variable: ${name}`);
  }

  #command(dot: Value | null, command: CommandNode, final: Final): Value | null {
    const {words} = command;
    const first = words[0]!;
    switch (first.kind) {
      case 'field':
        this.#node = first;
        return this.#fieldChain(dot, dot, first, first.names, words, final);
      case 'chain':
        return this.#chain(dot, first, words, final);
      case 'identifier':
        return this.#function(dot, first, command, words, final);
      case 'pipe':
        this.#refuseArguments(words, final);
        return this.#pipeline(dot, first);
      case 'variable':
        return this.#variableChain(dot, first, words, final);
    }
    this.#node = first;
    this.#refuseArguments(words, final);
    switch (first.kind) {
      case 'dot':
        return dot;
      case 'nil':
        return this.#fail('nil is not a command');
      case 'bool':
        return valueOf(boolType, first.value);
      case 'string':
        return valueOf(stringType, first.text);
      case 'number':
        return this.#convert(() => idealConstant(first.number));
    }
  }

  #refuseArguments(words: readonly Operand[], final: Final): void {
    if (words.length > 1 || final !== missing) {
      this.#fail(`can't give argument to non-function ${printNode(words[0]!)}`);
    }
  }

  #convert<T>(convert: () => T): T {
    try {
      return convert();
    } catch (error) {
      this.#fail((error as Error).message, error);
    }
  }

  // Fields and methods.

  #chain(dot: Value | null, chain: ChainNode, words: readonly Operand[] | null, final: Final): Value | null {
    this.#node = chain;
    const receiver = this.#argument(dot, null, chain.node);
    return this.#fieldChain(dot, receiver, chain, chain.names, words, final);
  }

  #variableChain(
    dot: Value | null,
    node: VariableNode,
    words: readonly Operand[] | null,
    final: Final,
  ): Value | null {
    this.#node = node;
    const {value} = this.#variable(node.names[0]!);
    if (node.names.length > 1) return this.#fieldChain(dot, value, node, node.names.slice(1), words, final);
    this.#refuseArguments(words ?? [node], final);
    return value;
  }

  /** `.X.Y.Z`: only the last name gets arguments. */
  #fieldChain(
    dot: Value | null,
    receiver: Value | null,
    node: Operand,
    names: readonly string[],
    words: readonly Operand[] | null,
    final: Final,
  ): Value | null {
    const last = names.length - 1;
    for (let i = 0; i < last; i++) receiver = this.#field(dot, names[i]!, node, null, missing, receiver);
    return this.#field(dot, names[last]!, node, words, final, receiver);
  }

  #field(
    dot: Value | null,
    name: string,
    node: Operand,
    words: readonly Operand[] | null,
    final: Final,
    wrapped: Value | null,
  ): Value | null {
    if (wrapped === null) {
      if (this.#environment.missingKey === 'error') this.#fail(`nil data; no entry for key ${quoteGo(name)}`);
      return null;
    }
    const {type} = wrapped;
    const {value, isNil} = indirect(wrapped);
    const receiver = value!;
    if (isNil && receiver.type.kind === 'interface')
      this.#fail(`nil pointer evaluating ${type.text}.${name}`);
    const method = methodOf(receiver, name);
    if (method !== null) return this.#call(dot, method, node, name, words, final);
    const hasArguments = (words !== null && words.length > 1) || final !== missing;
    switch (receiver.type.kind) {
      case 'struct': {
        const found = this.#structField(receiver, name, type, hasArguments);
        if (found !== null) return found;
        break;
      }
      case 'map':
        if (!isAssignable(stringType, receiver.type.key!)) break;
        if (hasArguments) this.#fail(`${name} is not a method but has arguments`);
        return mapGet(receiver, name) ?? this.#missingEntry(receiver, name);
      case 'pointer': {
        const element = receiver.type.element!;
        if (element.kind === 'struct' && element.fields.every((field) => field.name !== name)) break;
        this.#fail(`nil pointer evaluating ${type.text}.${name}`);
      }
    }
    this.#fail(`can't evaluate field ${name} in type ${type.text}`);
  }

  #structField(receiver: Value, name: string, type: Type, hasArguments: boolean): Value | null {
    const field = receiver.type.fields.find((each) => each.name === name);
    if (field === undefined) return null;
    if (!field.isExported) this.#fail(`${name} is an unexported field of struct type ${type.text}`);
    if (hasArguments) this.#fail(`${name} has arguments but cannot be invoked as function`);
    return fieldOf(receiver, name);
  }

  #missingEntry(map: Value, name: string): Value | null {
    switch (this.#environment.missingKey) {
      case 'default':
        return null;
      case 'zero':
        return zeroValue(map.type.element!);
      case 'error':
        this.#fail(`map has no entry for key ${quoteGo(name)}`);
    }
  }

  // Functions.

  #function(
    dot: Value | null,
    node: IdentifierNode,
    command: CommandNode | IdentifierNode,
    words: readonly Operand[] | null,
    final: Final,
  ): Value | null {
    this.#node = node;
    const {name} = node;
    const own = this.#environment.function(name);
    if (own !== null) return this.#call(dot, own, command, name, words, final);
    const builtin = builtins.get(name);
    if (builtin === undefined) this.#fail(`${quoteGo(name)} is not a defined function`);
    if (name === 'and' || name === 'or') return this.#shortCircuit(dot, builtin, name, words, final);
    if (name !== 'call') return this.#call(dot, builtin, command, name, words, final);
    return this.#call(dot, this.#callee(builtin, words, final), command, name, words, final);
  }

  /** `call` with the name that its messages show. */
  #callee({type}: GoFunction, words: readonly Operand[] | null, final: Final): GoFunction {
    let name = '';
    if (words !== null && words.length > 1) name = printNode(words[1]!);
    else if (final !== missing && final !== null) {
      name = final.type.kind === 'string' ? (final.data as string) : `<${final.type.text} Value>`;
    } else name = '<invalid Value>';
    return {
      type,
      call: (callee, ...args) => callValue(name, callee as Value | null, args as (Value | null)[]),
    };
  }

  #checkCount({params, isVariadic}: Signature, name: string, given: number, words: number): void {
    if (!isVariadic && given !== params.length) {
      this.#fail(`wrong number of args for ${name}: want ${params.length} got ${given}`);
    }
    if (isVariadic && given < params.length - 1) {
      this.#fail(`wrong number of args for ${name}: want at least ${params.length - 1} got ${words}`);
    }
  }

  #shortCircuit(
    dot: Value | null,
    {type}: GoFunction,
    name: 'and' | 'or',
    words: readonly Operand[] | null,
    final: Final,
  ): Value | null {
    const count = words === null ? 0 : words.length - 1;
    this.#checkCount(type.signature!, name, count + (final === missing ? 0 : 1), count);
    let value: Value | null = null;
    for (let i = 1; i <= count; i++) {
      value = this.#argument(dot, type.signature!.params[0]!, words![i]!);
      if (isTrue(value) === (name === 'or')) return value;
    }
    return final === missing ? value : final;
  }

  #call(
    dot: Value | null,
    {type, call}: GoFunction,
    node: Operand | CommandNode,
    name: string,
    words: readonly Operand[] | null,
    final: Final,
  ): Value | null {
    this.#step();
    const signature = type.signature!;
    const {params, isVariadic, result} = signature;
    const count = words === null ? 0 : words.length - 1;
    const given = count + (final === missing ? 0 : 1);
    this.#checkCount(signature, name, given, count);
    const paramOf = (i: number): Type =>
      isVariadic && i >= params.length - 1 ? params.at(-1)!.element! : params[i]!;
    const args: unknown[] = [];
    for (let i = 0; i < count; i++)
      args.push(argumentOf(this.#argument(dot, paramOf(i), words![i + 1]!), paramOf(i)));
    if (final !== missing) {
      const param = paramOf(count);
      args.push(
        argumentOf(
          this.#convert(() => convertTo(final, param)),
          param,
        ),
      );
    }
    let data: unknown;
    try {
      data = call(...args);
    } catch (error) {
      this.#node = node;
      this.#fail(`error calling ${name}: ${(error as Error).message}`, error);
    }
    if (typeof data === 'string' && data.length > this.#environment.limits.sizeMax) {
      this.#node = node;
      this.#failSize();
    }
    return resultOf(data, result);
  }

  /** An argument of the given type; null = whatever it is. */
  #argument(dot: Value | null, type: Type | null, node: Operand): Value | null {
    this.#node = node;
    if (node.kind === 'nil' && type !== null) {
      if (!canBeNil(type)) this.#fail(`cannot assign nil to ${type.text}`);
      return zeroValue(type);
    }
    if (node.kind === 'bool' || node.kind === 'string' || node.kind === 'number' || node.kind === 'nil') {
      return this.#convert(() => constantOf(node, type!));
    }
    const value = this.#evaluate(dot, node);
    return type === null ? value : this.#convert(() => convertTo(value, type));
  }

  #evaluate(dot: Value | null, node: Exclude<Operand, {kind: 'bool' | 'string' | 'number'}>): Value | null {
    switch (node.kind) {
      case 'field':
        return this.#fieldChain(dot, dot, node, node.names, [node], missing);
      case 'variable':
        return this.#variableChain(dot, node, null, missing);
      case 'pipe':
        return this.#pipeline(dot, node);
      case 'identifier':
        return this.#function(dot, node, node, null, missing);
      case 'chain':
        return this.#chain(dot, node, null, missing);
      default:
        return dot;
    }
  }
}

/** A method of the value or, where it lies in memory, of its pointer. */
function methodOf(receiver: Value, name: string): GoFunction | null {
  const {type, data, isAddressable} = receiver;
  const method = type.method(name) ?? (isAddressable ? type.pointer.method(name) : null);
  if (method === null) return null;
  return {
    type: method.type,
    call: (...args) => {
      if (type.kind === 'pointer' && data === null) throw nilReceiverError(type, name, method.needsPointer);
      return method.call(data, ...args);
    },
  };
}

function nilReceiverError({element}: Type, name: string, needsPointer: boolean): TypeError {
  if (needsPointer) return new TypeError('runtime error: invalid memory address or nil pointer dereference');
  const {text} = element!;
  const typeName = text.slice(text.lastIndexOf('.') + 1);
  return new TypeError(`value method ${text}.${name} called using nil *${typeName} pointer`);
}
