// Which escapers an action needs in its context, and how they get into its pipeline.
import type {ActionNode, CommandNode, PipeNode} from '../parse/nodes.ts';
import {printNode} from '../parse/nodes.ts';
import {type Context, isComment} from './context.ts';

/** Escapers in their order, or what is wrong. */
export function escapersFor(context: Context, node: ActionNode): readonly string[] | {message: string} {
  const names: string[] = [];
  switch (context.state) {
    case 'URL':
    case 'CSSDqStr':
    case 'CSSSqStr':
    case 'CSSDqURL':
    case 'CSSSqURL':
    case 'CSSURL': {
      if (context.urlPart === 'Unknown') {
        return {message: `${printNode(node)} appears in an ambiguous context within a URL`};
      }
      names.push(...urlEscapers(context));
      break;
    }
    case 'MetaContent':
    case 'Attr':
      break;
    default:
      names.push(
        `_html_template_${isComment(context.state) ? 'commentescaper' : stateEscapers[context.state]!}`,
      );
  }
  if (context.delimiter === 'SpaceOrTagEnd') names.push('_html_template_nospaceescaper');
  else if (context.delimiter !== 'None') names.push('_html_template_attrescaper');
  return names;
}

function urlEscapers({state, urlPart}: Context): string[] {
  if (urlPart === 'QueryOrFrag') return ['_html_template_urlescaper'];
  const isCssString = state === 'CSSDqStr' || state === 'CSSSqStr';
  const last = isCssString ? '_html_template_cssescaper' : '_html_template_urlnormalizer';
  return urlPart === 'None' ? ['_html_template_urlfilter', last] : [last];
}

const stateEscapers: Partial<Record<Context['state'], string>> = {
  MetaContentURL: 'urlfilter',
  JS: 'jsvalescaper',
  JSDqStr: 'jsstrescaper',
  JSSqStr: 'jsstrescaper',
  JSTmplLit: 'jstmpllitescaper',
  JSRegexp: 'jsregexpescaper',
  CSS: 'cssvaluefilter',
  Text: 'htmlescaper',
  RCDATA: 'rcdataescaper',
  AttrName: 'htmlnamefilter',
  Tag: 'htmlnamefilter',
  Srcset: 'srcsetescaper',
};

/** Escapers that templates may call themselves, at the end of a pipeline. */
export const predefined = new Set(['html', 'urlquery']);

const equivalents: Record<string, string> = {
  _html_template_attrescaper: 'html',
  _html_template_htmlescaper: 'html',
  _html_template_rcdataescaper: 'html',
  _html_template_urlescaper: 'urlquery',
  _html_template_urlnormalizer: 'urlquery',
};

function normalized(name: string): string {
  return equivalents[name] ?? name;
}

/** After the first, the others change nothing. */
const redundant: Record<string, readonly string[]> = {
  _html_template_commentescaper: ['_html_template_attrescaper', '_html_template_htmlescaper'],
  _html_template_cssescaper: ['_html_template_attrescaper'],
  _html_template_jsregexpescaper: ['_html_template_attrescaper'],
  _html_template_jsstrescaper: ['_html_template_attrescaper'],
  _html_template_jstmpllitescaper: ['_html_template_attrescaper'],
  _html_template_urlescaper: ['_html_template_urlnormalizer'],
};

export function functionName(command: CommandNode): string | null {
  const [first] = command.words;
  return first?.kind === 'identifier' ? first.name : null;
}

/** The pipeline with the escapers behind it. One that the template calls itself takes the place of its equivalent. */
export function withEscapers(pipe: PipeNode, names: readonly string[]): PipeNode {
  if (names.length === 0) return pipe;
  let commands = [...pipe.commands];
  let wanted = [...names];
  const last = commands.at(-1)!;
  const own = functionName(last);
  if (own !== null && predefined.has(own)) {
    if (commands.length === 1 && last.words.length > 1) {
      const joined = {...last.words[0]!, kind: 'identifier', name: '_eval_args_'} as const;
      commands = [{...last, words: [joined, ...last.words.slice(1)]}, callOf(own, pipe.position)];
    }
    if (wanted.some((name) => normalized(name) === own)) {
      wanted = wanted.map((name) => (normalized(name) === own ? own : name));
      commands.pop();
    }
  }
  const present = new Set(commands.map((command) => normalized(functionName(command) ?? '')));
  for (const name of wanted) {
    if (present.has(normalized(name))) continue;
    const before = functionName(commands.at(-1)!);
    if (before === null || redundant[before]?.includes(name) !== true)
      commands.push(callOf(name, pipe.position));
  }
  return {...pipe, commands};
}

function callOf(name: string, position: number): CommandNode {
  return {kind: 'command', position, words: [{kind: 'identifier', position, name}]};
}
