// Text of a template in its context: where it leads to, and what is changed in it.
import {quoteGo} from '../../base/quote.ts';
import {
  type Context,
  contextOf,
  delimiterEnds,
  failedContext,
  isComment,
  isInScriptLiteral,
} from './context.ts';
import {isJavaScriptType} from './js.ts';
import {type Step, transition, untilEndTag} from './transition.ts';

export interface EscapedText {
  readonly context: Context;
  /** Without comments, and with `<` escaped where it begins no tag. */
  readonly text: string;
}

export function escapeText(context: Context, text: string): EscapedText {
  let escaped = '';
  let position = 0;
  while (position < text.length) {
    const rest = text.slice(position);
    const [next, length] = afterText(context, rest);
    escaped += escapePart(context, next, rest.slice(0, length), rest);
    context = next;
    position += length;
  }
  return {context, text: escaped};
}

function escapePart(context: Context, next: Context, part: string, rest: string): string {
  const isPlain = context.delimiter === 'None';
  if (isPlain && isComment(context.state)) return ofComment(context, part);
  let kept = part;
  if (next.state !== context.state && isComment(next.state) && next.delimiter === 'None') {
    kept = part.slice(0, part.length - commentStart(next));
  }
  if (context.state === 'Text' || context.state === 'RCDATA') {
    const isTag = next.state !== context.state;
    const tag = isTag ? part.lastIndexOf('<') : -1;
    const end = tag < 0 ? kept.length : Math.min(tag, kept.length);
    return (
      kept
        .slice(0, end)
        .replaceAll('<', (char, offset: number) => (isDoctype(rest, offset) ? char : '&lt;')) +
      kept.slice(end)
    );
  }
  if (isInScriptLiteral(context.state)) return kept.replaceAll(/<(script|\/script|!--)/gi, '\\x3C$1');
  return kept;
}

function isDoctype(text: string, offset: number): boolean {
  return text.slice(offset, offset + 9).toUpperCase() === '<!DOCTYPE';
}

function commentStart({state}: Context): number {
  if (state === 'HTMLCmt' || state === 'JSHTMLOpenCmt') return 4;
  return state === 'JSHTMLCloseCmt' ? 3 : 2;
}

/** What stays of a comment: what separates the tokens around it. */
function ofComment({state}: Context, part: string): string {
  if (state === 'CSSBlockCmt') return ' ';
  if (state !== 'JSBlockCmt') return '';
  return /[\n\r\u2028\u2029]/.test(part) ? '\n' : ' ';
}

function afterText(context: Context, text: string): Step {
  if (context.delimiter !== 'None') return afterAttributeText(context, text);
  const [ended, length] = untilEndTag(context, text);
  return length === 0 ? [ended, 0] : transition(context, text.slice(0, length));
}

function afterAttributeText(context: Context, text: string): Step {
  const {delimiter} = context;
  const found = text.search(delimiterEnds[delimiter]);
  const end = found < 0 ? text.length : found;
  if (delimiter === 'SpaceOrTagEnd') {
    const bad = /["'<=`]/.exec(text.slice(0, end));
    if (bad !== null) {
      const value = quoteGo(text.slice(0, end));
      return [failedContext(`${quoteGo(bad[0])} in unquoted attr: ${value}`), text.length];
    }
  }
  if (end === text.length) {
    let left = unescapeHtml(text);
    while (left !== '') {
      const [next, length] = transition(context, left);
      context = next;
      left = left.slice(length);
    }
    return [context, text.length];
  }
  const isOtherScript =
    context.state === 'Attr' &&
    context.element === 'Script' &&
    context.attribute === 'ScriptType' &&
    !isJavaScriptType(text.slice(0, end));
  const element = isOtherScript ? 'None' : context.element;
  return [contextOf({state: 'Tag', element}), delimiter === 'SpaceOrTagEnd' ? end : end + 1];
}

const entities: Record<string, string> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: '\u00a0',
  num: '#',
  quest: '?',
  colon: ':',
  sol: '/',
  lpar: '(',
  rpar: ')',
  Tab: '\t',
  NewLine: '\n',
};

/** Entities that mean something in scripts, styles and URLs; the others stand for letters, which do not. */
function unescapeHtml(text: string): string {
  return text.replaceAll(
    /&(?:#(?:[xX]([0-9a-fA-F]+)|([0-9]+));?|([a-zA-Z]+);?)/g,
    (found, hex?: string, digits?: string, name?: string) => {
      if (name !== undefined) return entities[name] ?? found;
      const code = Number.parseInt(hex ?? digits!, hex === undefined ? 10 : 16);
      const isValid = code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
      return String.fromCodePoint(isValid ? code : 0xfffd);
    },
  );
}
