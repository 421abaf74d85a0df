// Texts and values in JavaScript.
import {sprint} from '../fmt/print.ts';
import {marshalJson} from '../json.ts';
import {stringOf, unwrapInterface, Value, valueOf} from '../value.ts';
import {stringType} from '../type.ts';
import {timeType} from '../time.ts';
import {jsStrType, jsType} from './content.ts';
import type {JsContext} from './context.ts';

const keywordsBeforeRegexp = new Set(
  'break case continue delete do else finally in instanceof return throw try typeof void'.split(' '),
);

/** Whether a slash after these tokens begins a regular expression. */
export function nextJsContext(tokens: string, preceding: JsContext): JsContext {
  const text = tokens.trimEnd();
  if (text === '') return preceding;
  const last = text.at(-1)!;
  if (last === '+' || last === '-') {
    // a++ is a value, a+ is none.
    const run = /(\++|-+)$/.exec(text)![0].length;
    return run % 2 === 1 ? 'Regexp' : 'DivOp';
  }
  if (last === '.') return /[0-9]\.$/.test(text) ? 'DivOp' : 'Regexp';
  if (',<>=*%&|^?!~([:;{}'.includes(last)) return 'Regexp';
  const word = /[$0-9A-Z_a-z]*$/.exec(text)![0];
  return keywordsBeforeRegexp.has(word) ? 'Regexp' : 'DivOp';
}

const javaScriptTypes = new Set([
  '',
  ...'ecmascript javascript json ld+json x-ecmascript x-javascript'
    .split(' ')
    .map((each) => `application/${each}`),
  'module',
  ...'ecmascript javascript javascript1.0 javascript1.1 javascript1.2 javascript1.3 javascript1.4 javascript1.5 jscript livescript x-ecmascript x-javascript'
    .split(' ')
    .map((each) => `text/${each}`),
]);

/** Whether a script of that type holds JavaScript. */
export function isJavaScriptType(type: string): boolean {
  return javaScriptTypes.has(type.split(';')[0]!.toLowerCase().trim());
}

/** Pointers are followed until something knows how to write itself. */
function dereference(arg: Value | null): Value | null {
  let value = unwrapInterface(arg);
  while (value !== null && value.type.kind === 'pointer' && value.data !== null) {
    value = new Value(value.type.element!, value.data);
  }
  return value;
}

/** An expression with the value: JSON, with spaces around what might run into a word. */
export function valueToJs(args: readonly (Value | null)[]): string {
  let value: Value | null;
  if (args.length === 1) {
    value = dereference(args[0]!);
    if (value?.type === jsType) return value.data as string;
    if (value?.type === jsStrType) return `"${value.data as string}"`;
    const text = value === null || value.type === timeType ? null : stringOf(value);
    if (text !== null) value = valueOf(stringType, text);
  } else {
    value = valueOf(stringType, sprint(args.map(dereference)));
  }
  let json: string;
  try {
    json = marshalJson(value);
  } catch (error) {
    const message = (error as Error).message
      .replaceAll(/<(\/?)script/gi, '\\x3C$1script')
      .replaceAll('*/', '* /')
      .replaceAll('<!--', '\\x3C!--');
    return ` /* ${message} */null `;
  }
  return isWordCharacter(json[0]!) || isWordCharacter(json.at(-1)!) ? ` ${json} ` : json;
}

function isWordCharacter(char: string): boolean {
  return /[$0-9A-Z_a-z]/.test(char);
}

const controls: Record<string, string> = {'\t': '\\t', '\n': '\\n', '\f': '\\f', '\r': '\\r'};

function escapeWith(text: string, table: Readonly<Record<string, string>>): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/[\x00-\x1f]|[^\x00-\x1fA-Za-z0-9 ]/gu, (char) => {
    const code = char.charCodeAt(0);
    if (code < 0x20) return controls[char] ?? `\\u${code.toString(16).padStart(4, '0')}`;
    if (char === '\u2028' || char === '\u2029') return `\\u${code.toString(16)}`;
    return table[char] ?? char;
  });
}

const common = {
  '"': '\\u0022',
  '`': '\\u0060',
  '&': '\\u0026',
  "'": '\\u0027',
  '+': '\\u002b',
  '/': '\\/',
  '<': '\\u003c',
  '>': '\\u003e',
};
const inString = {...common, '\\': '\\\\'};
const inTemplate = {...inString, $: '\\u0024', '{': '\\u007b', '}': '\\u007d'};
const {'`': _backquote, ...inPattern} = common;
const inRegexp: Record<string, string> = {...inPattern};
for (const char of '$()*-.?[\\]^{|}') inRegexp[char] = `\\${char}`;

/** `isEscaped`: escapes in the text are kept. */
export function escapeJsString(text: string, isEscaped: boolean): string {
  return escapeWith(text, isEscaped ? common : inString);
}

export function escapeJsTemplate(text: string): string {
  return escapeWith(text, inTemplate);
}

/** Empty texts must not make a comment of the slashes. */
export function escapeJsRegexp(text: string): string {
  return escapeWith(text, inRegexp) || '(?:)';
}
