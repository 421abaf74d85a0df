// Where in a document of HTML a template is: html/template's contexts. Names are those that its messages show.

export type State =
  | 'Text'
  | 'Tag'
  | 'AttrName'
  | 'AfterName'
  | 'BeforeValue'
  | 'HTMLCmt'
  | 'RCDATA'
  | 'Attr'
  | 'URL'
  | 'Srcset'
  | 'JS'
  | 'JSDqStr'
  | 'JSSqStr'
  | 'JSTmplLit'
  | 'JSRegexp'
  | 'JSBlockCmt'
  | 'JSLineCmt'
  | 'JSHTMLOpenCmt'
  | 'JSHTMLCloseCmt'
  | 'CSS'
  | 'CSSDqStr'
  | 'CSSSqStr'
  | 'CSSDqURL'
  | 'CSSSqURL'
  | 'CSSURL'
  | 'CSSBlockCmt'
  | 'CSSLineCmt'
  | 'Error'
  | 'MetaContent'
  | 'MetaContentURL'
  | 'Dead';

export type Delimiter = 'None' | 'DoubleQuote' | 'SingleQuote' | 'SpaceOrTagEnd';
export type UrlPart = 'None' | 'PreQuery' | 'QueryOrFrag' | 'Unknown';
/** Whether a slash begins a regular expression. */
export type JsContext = 'Regexp' | 'DivOp' | 'Unknown';
export type ElementKind = 'None' | 'Script' | 'Style' | 'Textarea' | 'Title' | 'Meta';
export type AttributeKind = 'None' | 'Script' | 'ScriptType' | 'Style' | 'URL' | 'Srcset' | 'MetaContent';

/** What is wrong with a template; `place` is `name:line:column` where that is known. */
export interface EscapeFailure {
  readonly place: string | null;
  readonly message: string;
}

export interface Context {
  readonly state: State;
  readonly delimiter: Delimiter;
  readonly urlPart: UrlPart;
  readonly jsContext: JsContext;
  /** Braces that are open in each `${` of a template literal. */
  readonly jsBraceDepth: readonly number[];
  readonly attribute: AttributeKind;
  readonly element: ElementKind;
  readonly failure: EscapeFailure | null;
}

export const textContext: Context = {
  state: 'Text',
  delimiter: 'None',
  urlPart: 'None',
  jsContext: 'Regexp',
  jsBraceDepth: [],
  attribute: 'None',
  element: 'None',
  failure: null,
};

export function contextOf(fields: Partial<Context>): Context {
  return {...textContext, ...fields};
}

export function failedContext(message: string, place: string | null = null): Context {
  return contextOf({state: 'Error', failure: {place, message}});
}

export function isSameContext(left: Context, right: Context): boolean {
  return (
    left.state === right.state &&
    left.delimiter === right.delimiter &&
    left.urlPart === right.urlPart &&
    left.jsContext === right.jsContext &&
    left.jsBraceDepth.join() === right.jsBraceDepth.join() &&
    left.attribute === right.attribute &&
    left.element === right.element &&
    left.failure === right.failure
  );
}

export function printContext(context: Context): string {
  const failure = context.failure === null ? '<nil>' : context.failure.message;
  return `{state${context.state} delim${context.delimiter} urlPart${context.urlPart} jsCtx${context.jsContext} [${context.jsBraceDepth.join(' ')}] attr${context.attribute} element${context.element} ${failure}}`;
}

/** The name of what a template becomes when it is called in a context. */
export function derivedName(name: string, context: Context): string {
  if (context.state === 'Text') return name;
  let derived = `${name}$htmltemplate_state${context.state}`;
  if (context.delimiter !== 'None') derived += `_delim${context.delimiter}`;
  if (context.urlPart !== 'None') derived += `_urlPart${context.urlPart}`;
  if (context.jsContext !== 'Regexp') derived += `_jsCtx${context.jsContext}`;
  if (context.jsBraceDepth.length > 0) derived += `_jsBraceDepth([${context.jsBraceDepth.join(' ')}])`;
  if (context.attribute !== 'None') derived += `_attr${context.attribute}`;
  if (context.element !== 'None') derived += `_element${context.element}`;
  return derived;
}

export function isComment(state: State): boolean {
  return state.endsWith('Cmt');
}

const tagStates = new Set<State>(['Tag', 'AttrName', 'AfterName', 'BeforeValue', 'Attr']);

export function isInTag(state: State): boolean {
  return tagStates.has(state);
}

const scriptLiterals = new Set<State>(['JSDqStr', 'JSSqStr', 'JSTmplLit', 'JSRegexp']);

export function isInScriptLiteral(state: State): boolean {
  return scriptLiterals.has(state);
}

export const attributeStates: Record<AttributeKind, State> = {
  None: 'Attr',
  Script: 'JS',
  ScriptType: 'Attr',
  Style: 'CSS',
  URL: 'URL',
  Srcset: 'Srcset',
  MetaContent: 'MetaContent',
};

/** What ends an attribute's value. */
export const delimiterEnds: Record<Delimiter, RegExp> = {
  None: /$^/,
  DoubleQuote: /"/,
  SingleQuote: /'/,
  SpaceOrTagEnd: /[ \t\n\f\r>]/,
};
