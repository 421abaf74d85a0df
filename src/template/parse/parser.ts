// Reads the text of a template into trees: Go's text/template/parse, with its messages.
import {quoteGo} from '../../base/quote.ts';
import {describeToken, tokenize, type Token, type TokenKind} from './lexer.ts';
import {
  type ActionNode,
  type BranchNode,
  type CommandNode,
  isEmptyNode,
  type ListNode,
  type Operand,
  type PipeNode,
  printNode,
  type Statement,
  type Tree,
  type VariableNode,
} from './nodes.ts';
import {parseNumber} from './number.ts';
import {unquote} from './quoted.ts';

/** Levels of blocks and parentheses in each other. */
const nestingMax = 400;

/**
 * Trees by name: the text's own, and those of its {{define}} and {{block}}. Throws SyntaxError with Go's words, "template:
 * name:3: unexpected …".
 */
export function parseTemplate(
  name: string,
  text: string,
  hasFunction: (name: string) => boolean,
): Map<string, Tree> {
  const parser = new Parser(name, text, hasFunction);
  return parser.parse();
}

/** {{else}}, {{end}}: they end a list and stay out of the tree. */
interface Ending {
  kind: 'else' | 'end';
  position: number;
}

interface Scope {
  variables: string[];
  rangeDepth: number;
  actionLine: number;
}

const operandKinds = new Set<TokenKind>([
  'bool',
  'character',
  'complex',
  'dot',
  'field',
  'identifier',
  'number',
  'nil',
  'rawString',
  'string',
  'variable',
  'leftParenthesis',
]);

class Parser {
  readonly #name: string;
  readonly #text: string;
  readonly #tokens: Token[];
  readonly #hasFunction: (name: string) => boolean;
  readonly #trees = new Map<string, Tree>();
  #index = 0;
  /** Highest index that was looked at: messages name its line. */
  #furthest = 0;
  #depth = 0;
  #scope: Scope = newScope();

  constructor(name: string, text: string, hasFunction: (name: string) => boolean) {
    this.#name = name;
    this.#text = text;
    this.#hasFunction = hasFunction;
    this.#tokens = tokenize(text);
  }

  parse(): Map<string, Tree> {
    const root = this.#newList(this.#peek().position);
    while (this.#peek().kind !== 'eof') {
      if (this.#peek().kind === 'leftDelimiter') {
        const start = this.#index;
        this.#next();
        if (this.#isKeyword(this.#nextNonSpace(), 'define')) {
          this.#parseDefinition();
          continue;
        }
        this.#index = start;
      }
      const node = this.#textOrAction();
      if (isEnding(node)) this.#fail(`unexpected {{${node.kind}}}`);
      root.nodes.push(node);
    }
    this.#add(this.#name, root);
    return this.#trees;
  }

  #add(name: string, root: ListNode): void {
    const known = this.#trees.get(name);
    if (known === undefined || isEmptyNode(known.root)) {
      this.#trees.set(name, {name, parseName: this.#name, text: this.#text, root});
    } else if (!isEmptyNode(root)) {
      this.#fail(`template: multiple definition of template ${quoteGo(name)}`);
    }
  }

  #newList(position: number): ListNode {
    return {kind: 'list', position, nodes: []};
  }

  // Tokens.

  #peek(): Token {
    this.#furthest = Math.max(this.#furthest, this.#index);
    return this.#tokens[this.#index]!;
  }

  #next(): Token {
    const token = this.#peek();
    // The last token is read again and again.
    if (this.#index < this.#tokens.length - 1) this.#index++;
    return token;
  }

  #nextNonSpace(): Token {
    let token = this.#next();
    while (token.kind === 'space') token = this.#next();
    return token;
  }

  #peekNonSpace(): Token {
    while (this.#peek().kind === 'space') this.#next();
    return this.#peek();
  }

  #isKeyword(token: Token, word: string): boolean {
    if (token.kind !== 'keyword' || token.text !== word) return false;
    // A function of that name takes its place.
    return (word !== 'break' && word !== 'continue') || !this.#hasFunction(word);
  }

  #expect(kind: TokenKind, context: string): Token {
    const token = this.#nextNonSpace();
    if (token.kind !== kind) this.#unexpected(token, context);
    return token;
  }

  #unexpected(token: Token, context: string): never {
    if (token.kind !== 'error') this.#fail(`unexpected ${describeToken(token)} in ${context}`);
    const {actionLine} = this.#scope;
    let extra = '';
    if (actionLine !== 0 && actionLine !== token.line) {
      extra = `${token.text.endsWith(' action') ? '' : ' in action'} started at ${this.#name}:${actionLine}`;
    }
    this.#fail(token.text + extra);
  }

  #fail(message: string, line = this.#tokens[this.#furthest]!.line): never {
    throw new SyntaxError(`template: ${this.#name}:${line}: ${message}`);
  }

  /** Runs `read` one level deeper. */
  #nested<T>(message: string, read: () => T): T {
    if (++this.#depth > nestingMax) this.#fail(message);
    const result = read();
    this.#depth--;
    return result;
  }

  // Definitions.

  /** After {{define. */
  #parseDefinition(): void {
    const context = 'define clause';
    const token = this.#nextNonSpace();
    if (token.kind !== 'string' && token.kind !== 'rawString') this.#unexpected(token, context);
    const name = this.#unquote(token);
    this.#expect('rightDelimiter', context);
    this.#parseBody(name, context);
  }

  /** A body with variables of its own, up to its {{end}}. */
  #parseBody(name: string, context: string, line?: number): void {
    const outer = this.#scope;
    this.#scope = newScope();
    const {list, ending} = this.#itemList();
    if (ending.kind !== 'end') this.#fail(`unexpected {{${ending.kind}}} in ${context}`, line);
    this.#add(name, list);
    this.#scope = outer;
  }

  #unquote(token: Token): string {
    try {
      return unquote(token.text);
    } catch (error) {
      this.#fail((error as Error).message);
    }
  }

  // Lists.

  #itemList(): {list: ListNode; ending: Ending} {
    return this.#nested('max block depth exceeded', () => {
      const list = this.#newList(this.#peekNonSpace().position);
      while (this.#peekNonSpace().kind !== 'eof') {
        const node = this.#textOrAction();
        if (isEnding(node)) return {list, ending: node};
        list.nodes.push(node);
      }
      this.#fail('unexpected EOF');
    });
  }

  #textOrAction(): Statement | Ending {
    const token = this.#nextNonSpace();
    if (token.kind === 'text') return {kind: 'text', position: token.position, text: token.text};
    if (token.kind !== 'leftDelimiter') this.#unexpected(token, 'input');
    this.#scope.actionLine = token.line;
    const node = this.#action();
    this.#scope.actionLine = 0;
    return node;
  }

  #action(): Statement | Ending {
    const start = this.#index;
    const token = this.#nextNonSpace();
    if (token.kind === 'keyword') {
      const node = this.#control(token);
      if (node !== null) return node;
    }
    this.#index = start;
    const {position, line} = this.#peekNonSpace();
    const action: ActionNode = {
      kind: 'action',
      position,
      line,
      pipe: this.#pipeline('command', 'rightDelimiter'),
    };
    return action;
  }

  #control(token: Token): Statement | Ending | null {
    switch (token.text) {
      case 'block':
        return this.#block();
      case 'break':
      case 'continue':
        return this.#isKeyword(token, token.text) ? this.#jump(token, token.text) : null;
      case 'else':
        return this.#else();
      case 'end':
        return {kind: 'end', position: this.#expect('rightDelimiter', 'end').position};
      case 'if':
      case 'range':
      case 'with':
        return this.#branch(token.text);
      case 'template':
        return this.#template();
      default:
        return null;
    }
  }

  #jump(token: Token, kind: 'break' | 'continue'): Statement {
    const after = this.#nextNonSpace();
    if (after.kind !== 'rightDelimiter') this.#unexpected(after, `{{${kind}}}`);
    if (this.#scope.rangeDepth === 0) this.#fail(`{{${kind}}} outside {{range}}`);
    return {kind, position: token.position, line: token.line};
  }

  /** `else if` and `else with` leave their second word for `#branch`. */
  #else(): Ending {
    const peek = this.#peekNonSpace();
    if (this.#isKeyword(peek, 'if') || this.#isKeyword(peek, 'with')) {
      return {kind: 'else', position: peek.position};
    }
    return {kind: 'else', position: this.#expect('rightDelimiter', 'else').position};
  }

  #branch(kind: BranchNode['kind']): BranchNode {
    const variableCount = this.#scope.variables.length;
    const pipe = this.#pipeline(kind, 'rightDelimiter');
    if (kind === 'range') this.#scope.rangeDepth++;
    const {list, ending} = this.#itemList();
    if (kind === 'range') this.#scope.rangeDepth--;
    const elseList = ending.kind === 'else' ? this.#elseList(kind, ending) : null;
    this.#scope.variables.length = variableCount;
    return {kind, position: pipe.position, line: pipe.line, pipe, list, elseList};
  }

  /** `{{else if x}}…{{end}}` is `{{else}}{{if x}}…{{end}}{{end}}`. */
  #elseList(kind: BranchNode['kind'], ending: Ending): ListNode {
    if (kind !== 'range' && this.#isKeyword(this.#peek(), kind)) {
      this.#next();
      const list = this.#newList(ending.position);
      list.nodes.push(this.#nested('max block depth exceeded', () => this.#branch(kind)));
      return list;
    }
    const {list, ending: last} = this.#itemList();
    if (last.kind !== 'end') this.#fail(`expected end; found {{${last.kind}}}`);
    return list;
  }

  #block(): Statement {
    const context = 'block clause';
    const token = this.#nextNonSpace();
    const name = this.#templateName(token, context);
    const pipe = this.#pipeline(context, 'rightDelimiter');
    // The message about a body that does not end names the line of the clause.
    this.#parseBody(name, context, this.#tokens[this.#furthest]!.line);
    return {kind: 'template', position: token.position, line: token.line, name, pipe};
  }

  #template(): Statement {
    const context = 'template clause';
    const token = this.#nextNonSpace();
    const name = this.#templateName(token, context);
    let pipe: PipeNode | null = null;
    if (this.#peekNonSpace().kind === 'rightDelimiter') this.#next();
    else pipe = this.#pipeline(context, 'rightDelimiter');
    return {kind: 'template', position: token.position, line: token.line, name, pipe};
  }

  #templateName(token: Token, context: string): string {
    if (token.kind !== 'string' && token.kind !== 'rawString') this.#unexpected(token, context);
    return this.#unquote(token);
  }

  // Pipelines.

  #pipeline(context: string, end: TokenKind): PipeNode {
    const {position, line} = this.#peekNonSpace();
    const pipe: PipeNode = {kind: 'pipe', position, line, isAssignment: false, declared: [], commands: []};
    while (this.#peekNonSpace().kind === 'variable' && this.#declaration(pipe, context));
    for (;;) {
      const token = this.#peekNonSpace();
      if (token.kind === end) {
        this.#next();
        this.#checkPipeline(pipe, context);
        return pipe;
      }
      if (!operandKinds.has(token.kind) && !this.#isOperandWord(token)) {
        this.#next();
        this.#unexpected(token, context);
      }
      pipe.commands.push(this.#command());
    }
  }

  /** A function that is called `break` or `continue`. */
  #isOperandWord(token: Token): boolean {
    return (
      token.kind === 'keyword' &&
      (token.text === 'break' || token.text === 'continue') &&
      this.#hasFunction(token.text)
    );
  }

  /** `$x :=`, `$x =` or `$x,`. True where another declaration may follow. */
  #declaration(pipe: PipeNode, context: string): boolean {
    const start = this.#index;
    const token = this.#next();
    const next = this.#peekNonSpace();
    const isComma = next.kind === 'char' && next.text === ',';
    if (next.kind !== 'assign' && next.kind !== 'declare' && !isComma) {
      this.#index = start;
      return false;
    }
    this.#nextNonSpace();
    pipe.declared.push({kind: 'variable', position: token.position, names: [token.text]});
    this.#scope.variables.push(token.text);
    if (!isComma) {
      pipe.isAssignment = next.kind === 'assign';
      return false;
    }
    if (context !== 'range' || pipe.declared.length >= 2) this.#fail(`too many declarations in ${context}`);
    const {kind} = this.#peekNonSpace();
    if (kind !== 'variable' && kind !== 'rightDelimiter' && kind !== 'rightParenthesis') {
      this.#fail('range can only initialize variables');
    }
    return true;
  }

  #checkPipeline(pipe: PipeNode, context: string): void {
    if (pipe.commands.length === 0) this.#fail(`missing value for ${context}`);
    for (let i = 1; i < pipe.commands.length; i++) {
      const {kind} = pipe.commands[i]!.words[0]!;
      if (kind === 'bool' || kind === 'dot' || kind === 'nil' || kind === 'number' || kind === 'string') {
        this.#fail(`non executable command in pipeline stage ${i + 1}`);
      }
    }
  }

  #command(): CommandNode {
    const command: CommandNode = {kind: 'command', position: this.#peekNonSpace().position, words: []};
    for (;;) {
      this.#peekNonSpace();
      const operand = this.#operand();
      if (operand !== null) command.words.push(operand);
      const token = this.#peek();
      if (token.kind === 'rightDelimiter' || token.kind === 'rightParenthesis') break;
      this.#next();
      if (token.kind === 'space') continue;
      if (token.kind === 'pipe') break;
      this.#unexpected(token, 'operand');
    }
    if (command.words.length === 0) this.#fail('empty command');
    return command;
  }

  /** A term with the fields after it; null where the next token begins none. */
  #operand(): Operand | null {
    const node = this.#term();
    if (node === null || this.#peek().kind !== 'field') return node;
    const {position} = this.#peek();
    const names: string[] = [];
    while (this.#peek().kind === 'field') names.push(this.#next().text.slice(1));
    // The place of the chain is that of its second name: messages have it so.
    if (node.kind === 'field' || node.kind === 'variable') {
      return {kind: node.kind, position, names: [...node.names, ...names]};
    }
    if (node.kind === 'identifier' || node.kind === 'pipe' || node.kind === 'chain') {
      return {kind: 'chain', position, node, names};
    }
    this.#fail(`unexpected . after term ${quoteGo(printNode(node))}`);
  }

  #term(): Operand | null {
    const token = this.#peekNonSpace();
    const {position, text} = token;
    if (!operandKinds.has(token.kind) && !this.#isOperandWord(token)) return null;
    this.#next();
    switch (token.kind) {
      case 'dot':
      case 'nil':
        return {kind: token.kind, position};
      case 'variable':
        return this.#variable(token);
      case 'field':
        return {kind: 'field', position, names: [text.slice(1)]};
      case 'bool':
        return {kind: 'bool', position, value: text === 'true'};
      case 'character':
      case 'complex':
      case 'number':
        return this.#number(token);
      case 'leftParenthesis':
        return this.#nested('max expression depth exceeded', () =>
          this.#pipeline('parenthesized pipeline', 'rightParenthesis'),
        );
      case 'string':
      case 'rawString':
        return {kind: 'string', position, quoted: text, text: this.#unquote(token)};
      default:
        if (!this.#hasFunction(text)) this.#fail(`function ${quoteGo(text)} not defined`);
        return {kind: 'identifier', position, name: text};
    }
  }

  #variable({text, position}: Token): VariableNode {
    if (!this.#scope.variables.includes(text)) this.#fail(`undefined variable ${quoteGo(text)}`);
    return {kind: 'variable', position, names: [text]};
  }

  #number(token: Token): Operand {
    try {
      return {kind: 'number', position: token.position, number: parseNumber(token)};
    } catch (error) {
      this.#fail((error as Error).message);
    }
  }
}

function newScope(): Scope {
  return {variables: ['$'], rangeDepth: 0, actionLine: 0};
}

function isEnding(node: Statement | Ending): node is Ending {
  return node.kind === 'else' || node.kind === 'end';
}
