// How text moves a template through a document: html/template's transitions.
import {quoteGo} from '../../base/quote.ts';
import {trimEndOf} from '../bytes.ts';
import {attributeContent} from './attributes.ts';
import {
  type AttributeKind,
  attributeStates,
  type Context,
  contextOf,
  type ElementKind,
  failedContext,
  isComment,
  isInScriptLiteral,
  type State,
} from './context.ts';
import {decodeCss, endsWithWord} from './css.ts';
import {nextJsContext} from './js.ts';

/** The context after the first part of a text, and how long that part is. */
export type Step = readonly [context: Context, length: number];

export function transition(context: Context, text: string, state: State = context.state): Step {
  switch (state) {
    case 'Text':
      return inText(context, text);
    case 'Tag':
      return inTag(context, text);
    case 'AttrName':
      return inAttributeName(context, text);
    case 'AfterName':
      return afterName(context, text);
    case 'BeforeValue':
      return beforeValue(context, text);
    case 'HTMLCmt':
      return inHtmlComment(context, text);
    case 'RCDATA':
      return untilEndTag(context, text);
    case 'URL':
    case 'Srcset':
      return [inUrl(context, text), text.length];
    case 'MetaContent':
      return inMetaContent(context, text);
    case 'MetaContentURL':
      return until(context, text, ';', 'MetaContent');
    case 'JS':
      return inJs(context, text);
    case 'JSDqStr':
    case 'JSSqStr':
    case 'JSRegexp':
      return inJsLiteral(context, text);
    case 'JSTmplLit':
      return inJsTemplate(context, text);
    case 'JSBlockCmt':
      return until(context, text, '*/', 'JS');
    case 'CSSBlockCmt':
      return until(context, text, '*/', 'CSS');
    case 'JSLineCmt':
    case 'JSHTMLOpenCmt':
    case 'JSHTMLCloseCmt':
      return untilLineEnd(context, text, /[\n\r\u2028\u2029]/, 'JS');
    case 'CSSLineCmt':
      return untilLineEnd(context, text, /[\n\f\r]/, 'CSS');
    case 'CSS':
      return inCss(context, text);
    case 'CSSDqStr':
    case 'CSSSqStr':
    case 'CSSDqURL':
    case 'CSSSqURL':
    case 'CSSURL':
      return inCssString(context, text);
    default:
      return [context, text.length];
  }
}

function until(context: Context, text: string, end: string, state: State): Step {
  const index = text.indexOf(end);
  return index < 0 ? [context, text.length] : [{...context, state}, index + end.length];
}

/** The line's end is not part of the comment. */
function untilLineEnd(context: Context, text: string, end: RegExp, state: State): Step {
  const index = text.search(end);
  return index < 0 ? [context, text.length] : [{...context, state}, index];
}

const elements: Record<string, ElementKind> = {
  script: 'Script',
  style: 'Style',
  textarea: 'Textarea',
  title: 'Title',
  meta: 'Meta',
};

const tagStart = /<!--|<(\/?)([a-zA-Z](?:[a-zA-Z0-9]|[:-][a-zA-Z0-9])*)/g;

function inText(context: Context, text: string): Step {
  tagStart.lastIndex = 0;
  const found = tagStart.exec(text);
  if (found === null) return [context, text.length];
  const end = found.index + found[0].length;
  if (found[0] === '<!--') return [contextOf({state: 'HTMLCmt'}), end];
  const element = found[1] === '/' ? 'None' : (elements[found[2]!.toLowerCase()] ?? 'None');
  return [contextOf({state: 'Tag', element}), end];
}

const elementStates: Record<ElementKind, State> = {
  None: 'Text',
  Script: 'JS',
  Style: 'CSS',
  Textarea: 'RCDATA',
  Title: 'RCDATA',
  Meta: 'Text',
};

function spaceLength(text: string, start: number): number {
  let end = start;
  while (end < text.length && ' \t\n\f\r'.includes(text[end]!)) end++;
  return end;
}

function inTag(context: Context, text: string): Step {
  const start = spaceLength(text, 0);
  if (start === text.length) return [context, text.length];
  const {element} = context;
  if (text[start] === '>') {
    return [
      contextOf({state: elementStates[element], element: element === 'Meta' ? 'None' : element}),
      start + 1,
    ];
  }
  const end = attributeNameEnd(text, start);
  if (typeof end !== 'number') return [end, text.length];
  if (end === start) {
    const rest = quoteGo(text.slice(start));
    return [failedContext(`expected space, attr name, or end of tag, but got ${rest}`), text.length];
  }
  const attribute = attributeKind(element, text.slice(start, end).toLowerCase());
  return [contextOf({state: end === text.length ? 'AttrName' : 'AfterName', element, attribute}), end];
}

function attributeKind(element: ElementKind, name: string): AttributeKind {
  if (element === 'Script' && name === 'type') return 'ScriptType';
  if (element === 'Meta' && name === 'content') return 'MetaContent';
  switch (attributeContent(name)) {
    case 'url':
      return 'URL';
    case 'css':
      return 'Style';
    case 'js':
      return 'Script';
    case 'srcset':
      return 'Srcset';
    default:
      return 'None';
  }
}

/** Where the name ends, or what is wrong with it. */
function attributeNameEnd(text: string, start: number): number | Context {
  for (let i = start; i < text.length; i++) {
    if (' \t\n\f\r=>'.includes(text[i]!)) return i;
    if (`'"<`.includes(text[i]!)) {
      return failedContext(`${quoteGo(text[i]!)} in attribute name: ${quoteGo(cut(text, 32))}`);
    }
  }
  return text.length;
}

function cut(text: string, count: number): string {
  return Array.from(text).slice(0, count).join('');
}

function inAttributeName(context: Context, text: string): Step {
  const end = attributeNameEnd(text, 0);
  if (typeof end !== 'number') return [end, text.length];
  return [end === text.length ? context : {...context, state: 'AfterName'}, end];
}

function afterName(context: Context, text: string): Step {
  const start = spaceLength(text, 0);
  if (start === text.length) return [context, start];
  if (text[start] !== '=') return [{...context, state: 'Tag'}, start];
  return [{...context, state: 'BeforeValue'}, start + 1];
}

function beforeValue(context: Context, text: string): Step {
  const start = spaceLength(text, 0);
  if (start === text.length) return [context, start];
  const state = attributeStates[context.attribute];
  if (text[start] === "'") return [{...context, state, delimiter: 'SingleQuote'}, start + 1];
  if (text[start] === '"') return [{...context, state, delimiter: 'DoubleQuote'}, start + 1];
  return [{...context, state, delimiter: 'SpaceOrTagEnd'}, start];
}

function inHtmlComment(context: Context, text: string): Step {
  const end = text.indexOf('-->');
  return end < 0 ? [context, text.length] : [contextOf({}), end + 3];
}

const endTags: Record<ElementKind, RegExp> = {
  None: /$^/,
  Script: /<\/script[> \t\n\f/]/i,
  Style: /<\/style[> \t\n\f/]/i,
  Textarea: /<\/textarea[> \t\n\f/]/i,
  Title: /<\/title[> \t\n\f/]/i,
  Meta: /<\/[> \t\n\f/]/,
};

/** Inside of elements whose content is no HTML, up to their end tag. */
export function untilEndTag(context: Context, text: string): Step {
  if (context.element === 'None') return [context, text.length];
  // In literals and comments of scripts, end tags are escaped and end nothing.
  const isHidden = isInScriptLiteral(context.state) || isComment(context.state);
  if (context.element === 'Script' && isHidden) return [context, text.length];
  const index = text.search(endTags[context.element]);
  return index < 0 ? [context, text.length] : [contextOf({}), index];
}

function inUrl(context: Context, text: string): Context {
  if (/[#?]/.test(text)) return {...context, urlPart: 'QueryOrFrag'};
  if (context.urlPart === 'None' && spaceLength(text, 0) !== text.length)
    return {...context, urlPart: 'PreQuery'};
  return context;
}

function inMetaContent(context: Context, text: string): Step {
  const found = /url[ \t\n\f\r]*=/i.exec(text);
  if (found === null || found.index + 3 > text.length - 1) return [context, text.length];
  return [{...context, state: 'MetaContentURL'}, found.index + found[0].length];
}

function inJs(context: Context, text: string): Step {
  const index = text.search(/["'`/{}<\-#]/);
  if (index < 0) return [{...context, jsContext: nextJsContext(text, context.jsContext)}, text.length];
  const jsContext = nextJsContext(text.slice(0, index), context.jsContext);
  const at = (state: State, length: number, js: typeof jsContext = jsContext): Step => [
    {...context, state, jsContext: js},
    index + length,
  ];
  const rest = text.slice(index);
  switch (text[index]) {
    case '"':
      return at('JSDqStr', 1, 'Regexp');
    case "'":
      return at('JSSqStr', 1, 'Regexp');
    case '`':
      return at('JSTmplLit', 1, 'Regexp');
    case '/':
      if (rest.startsWith('//')) return at('JSLineCmt', 2);
      if (rest.startsWith('/*')) return at('JSBlockCmt', 2);
      if (jsContext === 'Regexp') return at('JSRegexp', 1);
      if (jsContext === 'DivOp') return at('JS', 1, 'Regexp');
      return [failedContext(`'/' could start a division or regexp: ${quoteGo(cut(rest, 32))}`), text.length];
    case '<':
      return rest.startsWith('<!--') ? at('JSHTMLOpenCmt', 4) : at('JS', 1);
    case '-':
      return rest.startsWith('-->') ? at('JSHTMLCloseCmt', 3) : at('JS', 1);
    case '#':
      return rest.startsWith('#!') ? at('JSLineCmt', 2) : at('JS', 1);
    default:
      return inJsBrace({...context, jsContext}, text[index]!, index);
  }
}

/** Braces count where they may end a `${…}`. */
function inJsBrace(context: Context, brace: string, index: number): Step {
  const depths = context.jsBraceDepth;
  const jsContext = nextJsContext(brace, context.jsContext);
  if (depths.length === 0) return [{...context, jsContext}, index + 1];
  const depth = depths.at(-1)! + (brace === '{' ? 1 : -1);
  const outer = depths.slice(0, -1);
  if (depth < 0) return [{...context, jsBraceDepth: outer, state: 'JSTmplLit'}, index + 1];
  return [{...context, jsContext, jsBraceDepth: [...outer, depth]}, index + 1];
}

function unfinishedEscape(language: string, text: string): Step {
  return [failedContext(`unfinished escape sequence in ${language} string: ${quoteGo(text)}`), text.length];
}

function inJsTemplate(context: Context, text: string): Step {
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\') {
      if (++i === text.length) return unfinishedEscape('JS', text);
    } else if (text.startsWith('${', i)) {
      return [{...context, state: 'JS', jsBraceDepth: [...context.jsBraceDepth, 0]}, i + 2];
    } else if (text[i] === '`') return [{...context, state: 'JS'}, i + 1];
  }
  return [context, text.length];
}

function inJsLiteral(context: Context, text: string): Step {
  const isRegexp = context.state === 'JSRegexp';
  const end = isRegexp ? '/' : context.state === 'JSDqStr' ? '"' : "'";
  let isInClass = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (char === '\\') {
      if (++i === text.length) return unfinishedEscape('JS', text);
    } else if (isRegexp && (char === '[' || char === ']')) isInClass = char === '[';
    else if (char === end) {
      // What would end the element is escaped later on, and ends no literal.
      if (isRegexp && i > 0 && /^<\/script/i.test(text.slice(i - 1, i + 7))) i++;
      else if (!isInClass) return [{...context, state: 'JS', jsContext: 'DivOp'}, i + 1];
    }
  }
  if (!isInClass) return [context, text.length];
  return [failedContext(`unfinished JS regexp charset: ${quoteGo(text)}`), text.length];
}

function inCss(context: Context, text: string): Step {
  const special = /[("'/]/g;
  for (let found = special.exec(text); found !== null; found = special.exec(text)) {
    const {index} = found;
    switch (text[index]) {
      case '(': {
        if (!endsWithWord(trimEndOf(text.slice(0, index), '\t\n\f\r '), 'url')) break;
        const start = spaceLength(text, index + 1);
        if (text[start] === '"') return [{...context, state: 'CSSDqURL'}, start + 1];
        if (text[start] === "'") return [{...context, state: 'CSSSqURL'}, start + 1];
        return [{...context, state: 'CSSURL'}, start];
      }
      case '/':
        if (text[index + 1] === '/') return [{...context, state: 'CSSLineCmt'}, index + 2];
        if (text[index + 1] === '*') return [{...context, state: 'CSSBlockCmt'}, index + 2];
        break;
      case '"':
        return [{...context, state: 'CSSDqStr'}, index + 1];
      default:
        return [{...context, state: 'CSSSqStr'}, index + 1];
    }
  }
  return [context, text.length];
}

const cssEnds: Partial<Record<State, RegExp>> = {
  CSSDqStr: /[\\"]/g,
  CSSDqURL: /[\\"]/g,
  CSSSqStr: /[\\']/g,
  CSSSqURL: /[\\']/g,
  CSSURL: /[\\\t\n\f\r )]/g,
};

function inCssString(context: Context, text: string): Step {
  const ends = cssEnds[context.state]!;
  let start = 0;
  for (;;) {
    ends.lastIndex = start;
    let index = ends.exec(text)?.index ?? -1;
    if (index < 0) return [inUrl(context, decodeCss(text.slice(start))), text.length];
    if (text[index] !== '\\') return [{...context, state: 'CSS'}, index + 1];
    if (++index === text.length) return unfinishedEscape('CSS', text);
    context = inUrl(context, decodeCss(text.slice(0, index + 1)));
    start = index + 1;
  }
}
