// Enough of YAML's grammar to colour a configuration that a server printed: line by line, so that a long one costs little.

export type TokenKind = 'key' | 'string' | 'number' | 'constant' | 'comment' | 'punctuation' | 'plain';

export interface Token {
  kind: TokenKind;
  text: string;
}

const keyLine =
  /^(\s*(?:-\s+)*)((?:"(?:\\.|[^"\\])*"|'(?:''|[^'])*'|[^\s#:'"\-[{][^:#]*?|-[^\s:#][^:#]*?))(:)(?=\s|$)(.*)$/;
const itemLine = /^(\s*(?:-\s+)*-?\s*)(.*)$/;
const number = /^[-+]?(?:\d[\d_]*(?:\.\d*)?(?:e[-+]?\d+)?|0x[0-9a-f]+|\.inf|\.nan)$/i;
/** Prometheus's durations and sizes are best read as numbers, too. */
const quantity = /^\d+(?:ms|[smhdwy]|[KMGTPE]?i?B)(?:\d+(?:ms|[smhdwy]))*$/;
const constant = /^(?:true|false|yes|no|on|off|null|~)$/i;
const blockScalar = /^[|>][-+0-9]*$/;

/** The tokens of each line, without line ends. The texts of a line's tokens make up the line again. */
export function tokenizeYaml(text: string): Token[][] {
  const lines: Token[][] = [];
  // The indentation of the line that began a block scalar (`key: |`): deeper lines are its text.
  let blockIndent = -1;
  for (const line of text.split('\n')) {
    const indent = line.length - line.trimStart().length;
    if (blockIndent >= 0 && (line.trim() === '' || indent > blockIndent)) {
      lines.push(tokens(['string', line]));
      continue;
    }
    const parsed = tokenizeLine(line);
    blockIndent = blockScalar.test(parsed.at(-1)?.text.trim() ?? '') ? indent : -1;
    lines.push(parsed);
  }
  return lines;
}

function tokenizeLine(line: string): Token[] {
  const key = keyLine.exec(line);
  if (key !== null) {
    const [, lead, name, colon, value] = key;
    return tokens(['punctuation', lead!], ['key', name!], ['punctuation', colon!], ...valueTokens(value!));
  }
  const [, lead, value] = itemLine.exec(line)!;
  return tokens(['punctuation', lead!], ...valueTokens(value!));
}

function valueTokens(value: string): [TokenKind, string][] {
  const trimmed = value.trimStart();
  const space: [TokenKind, string] = ['plain', value.slice(0, value.length - trimmed.length)];
  if (trimmed.startsWith('#')) return [space, ['comment', trimmed]];
  const quoted = /^(?:"(?:\\.|[^"\\])*"|'(?:''|[^'])*')/.exec(trimmed);
  if (quoted !== null)
    return [space, ['string', quoted[0]], ...commentTokens(trimmed.slice(quoted[0].length))];
  const comment = trimmed.search(/\s#/);
  const scalar = comment < 0 ? trimmed : trimmed.slice(0, comment);
  return [space, [kindOf(scalar.trim()), scalar], ...commentTokens(trimmed.slice(scalar.length))];
}

function commentTokens(rest: string): [TokenKind, string][] {
  return rest.trimStart().startsWith('#') ? [['comment', rest]] : [['plain', rest]];
}

function kindOf(scalar: string): TokenKind {
  if (number.test(scalar) || quantity.test(scalar)) return 'number';
  if (constant.test(scalar)) return 'constant';
  if (scalar === '' || blockScalar.test(scalar) || /^[[{]/.test(scalar)) return 'punctuation';
  return scalar === '<secret>' ? 'constant' : 'string';
}

function tokens(...parts: [TokenKind, string][]): Token[] {
  return parts.filter(([, text]) => text !== '').map(([kind, text]) => ({kind, text}));
}
