// The functions that the escaper puts at the end of pipelines.
import {sprint} from '../fmt/print.ts';
import {anyType, type GoFunction, stringType, type Type, variadicFunction} from '../type.ts';
import {unwrapInterface, Value} from '../value.ts';
import {isStringer} from '../exec/printable.ts';
import {textOfArguments} from '../exec/printable.ts';
import {attributeContent} from './attributes.ts';
import {cssType, htmlAttrType, htmlType, jsStrType, jsType, srcsetType, urlType} from './content.ts';
import {type Context, contextOf, delimiterEnds, isInTag, textContext} from './context.ts';
import {escapeCss, failsafe, filterCssValue} from './css.ts';
import {escapeJsRegexp, escapeJsString, escapeJsTemplate, valueToJs} from './js.ts';
import {transition} from './transition.ts';
import {filterSrcset, filterUrl, processUrl} from './url.ts';

type Args = readonly (Value | null)[];

const contentTypes = new Set<Type>([cssType, htmlType, htmlAttrType, jsType, jsStrType, urlType, srcsetType]);

/** The text of the arguments, and its type where it is one of the types of safe content. */
function textOf(args: Args): {text: string; type: Type} {
  if (args.length === 1) {
    let value = unwrapInterface(args[0]!);
    while (value !== null && value.type.kind === 'pointer' && value.data !== null) {
      value = new Value(value.type.element!, value.data);
    }
    if (value !== null && (value.type === stringType || contentTypes.has(value.type))) {
      return {text: value.data as string, type: value.type};
    }
  }
  const printed = args
    .filter((arg) => unwrapInterface(arg) !== null)
    .map((arg) => dereference(unwrapInterface(arg)!));
  return {text: sprint(printed), type: stringType};
}

/** Pointers are followed until something has a String method. */
function dereference(value: Value): Value {
  while (!isStringer(value.type) && value.type.kind === 'pointer' && value.data !== null) {
    value = new Value(value.type.element!, value.data);
  }
  return value;
}

const htmlEscapes: Record<string, string> = {
  '\0': '\ufffd',
  '"': '&#34;',
  '&': '&amp;',
  "'": '&#39;',
  '+': '&#43;',
  '<': '&lt;',
  '>': '&gt;',
};

/** `keepsEntities`: the text is HTML already. */
function escapeText(text: string, keepsEntities: boolean): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/[\0"&'+<>]/g, (char) =>
    keepsEntities && char === '&' ? char : htmlEscapes[char]!,
  );
}

/** For values without quotes around them. */
function escapeUnquoted(text: string, keepsEntities: boolean): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/[\0\t\n\v\f\r "&'+<=>`\ufdd0-\ufdef\ufff0-\uffff]/g, (char) => {
    if (char === '&') return keepsEntities ? char : '&amp;';
    if (char === '<' || char === '>') return htmlEscapes[char]!;
    const code = char.charCodeAt(0);
    if (code === 0) return '&#xfffd;';
    return code < 0x80 ? `&#${code};` : `&#x${code.toString(16)};`;
  });
}

/** What is text in a piece of HTML. */
function stripTags(html: string): string {
  let context: Context = textContext;
  let text = '';
  let position = 0;
  let isAllText = true;
  while (position < html.length) {
    const rest = html.slice(position);
    if (context.delimiter !== 'None') {
      const end = rest.search(delimiterEnds[context.delimiter]);
      if (end < 0) break;
      position += end + (context.delimiter === 'SpaceOrTagEnd' ? 0 : 1);
      context = contextOf({state: 'Tag', element: context.element});
      continue;
    }
    const isRaw = context.element !== 'None' && !isInTag(context.state);
    const [next, length] = transition(context, rest, isRaw ? 'RCDATA' : context.state);
    if (context.state === 'Text' || context.state === 'RCDATA') {
      const taken = rest.slice(0, length);
      const tag = next.state === context.state ? -1 : taken.lastIndexOf('<');
      text += tag < 0 ? taken : taken.slice(0, tag);
    } else isAllText = false;
    context = next;
    position += length;
  }
  if (isAllText) return html;
  return context.state === 'Text' || context.state === 'RCDATA' ? text + html.slice(position) : text;
}

function escapeAttribute(args: Args): string {
  const {text, type} = textOf(args);
  return type === htmlType ? escapeText(stripTags(text), true) : escapeText(text, false);
}

function escapeUnquotedAttribute(args: Args): string {
  const {text, type} = textOf(args);
  if (text === '') return failsafe;
  return type === htmlType ? escapeUnquoted(stripTags(text), true) : escapeUnquoted(text, false);
}

function escapeHtmlText(args: Args): string {
  const {text, type} = textOf(args);
  return type === htmlType ? text : escapeText(text, false);
}

function escapeRcdata(args: Args): string {
  const {text, type} = textOf(args);
  return escapeText(text, type === htmlType);
}

/** The name of an attribute, or a part of it, that is no harm. */
function filterName(args: Args): string {
  const {text, type} = textOf(args);
  if (type === htmlAttrType) return text;
  const name = text.toLowerCase();
  return attributeContent(name) === 'plain' && /^[0-9a-z]+$/.test(name) ? name : failsafe;
}

function escapeJsText(args: Args): string {
  const {text, type} = textOf(args);
  return escapeJsString(text, type === jsStrType);
}

function filterCss(args: Args): string {
  const {text, type} = textOf(args);
  return type === cssType ? text : filterCssValue(text);
}

function filterSrcsets(args: Args): string {
  const {text, type} = textOf(args);
  if (type === srcsetType) return text;
  return type === urlType ? processUrl(text, true).replaceAll(',', '%2c') : filterSrcset(text);
}

function filterUrls(args: Args): string {
  const {text, type} = textOf(args);
  return type === urlType ? text : filterUrl(text);
}

function processUrls(args: Args, keepsSyntax: boolean): string {
  const {text, type} = textOf(args);
  return processUrl(text, keepsSyntax || type === urlType);
}

/** `_eval_args_` joins the arguments of `html` and `urlquery`. */
const escapers: Record<string, (args: Args) => string> = {
  _html_template_attrescaper: escapeAttribute,
  _html_template_commentescaper: () => '',
  _html_template_cssescaper: (args) => escapeCss(textOf(args).text),
  _html_template_cssvaluefilter: filterCss,
  _html_template_htmlnamefilter: filterName,
  _html_template_htmlescaper: escapeHtmlText,
  _html_template_jsregexpescaper: (args) => escapeJsRegexp(textOf(args).text),
  _html_template_jsstrescaper: escapeJsText,
  _html_template_jstmpllitescaper: (args) => escapeJsTemplate(textOf(args).text),
  _html_template_jsvalescaper: valueToJs,
  _html_template_nospaceescaper: escapeUnquotedAttribute,
  _html_template_rcdataescaper: escapeRcdata,
  _html_template_srcsetescaper: filterSrcsets,
  _html_template_urlescaper: (args) => processUrls(args, false),
  _html_template_urlfilter: filterUrls,
  _html_template_urlnormalizer: (args) => processUrls(args, true),
  _eval_args_: (args) =>
    args.length === 1 && args[0]?.type === stringType ? (args[0].data as string) : textOfArguments(args),
};

export const escaperFunctions: ReadonlyMap<string, GoFunction> = new Map(
  Object.entries(escapers).map(([name, escape]) => [
    name,
    variadicFunction([], anyType, stringType, (...args) => escape(args)),
  ]),
);
